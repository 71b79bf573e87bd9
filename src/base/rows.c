// rows.c: images as rows of neighbouring elements, whichever layout they have. Called by the drivers that work row by
// row, and by the binding, which copies an image whose rows do not lie together. Invariant: rows with different numbers
// share no element.
#include "base.h"
#include "kernels/layout.h"

static bool neighbours(const dw_tensor *t, int axis, int64_t step) {
  return t->shape[axis] <= 1 || t->strides[axis] == step;
}

bool dw_image_has_rows(const dw_tensor *image, bool planes) {
  if (dw_numel(image) == 0) return true;
  if (planes) return neighbours(image, 3, 1);
  return neighbours(image, 4, 1) && neighbours(image, 3, image->shape[4]);
}

void dw_rows_init(struct dw_rows *r, const dw_tensor *image, bool planes) {
  const int64_t *size = image->shape, *step = image->strides, bytes = (int64_t)dw_dtype_size(image->dtype);
  DW_REQUIRE(image->rank == DW_IMAGE_RANK && dw_image_has_rows(image, planes));
  *r = (struct dw_rows){.data = image->data,
                        .images = size[0],
                        .planes = planes ? size[4] : 1,
                        .depth = size[1],
                        .height = size[2],
                        .width = size[3],
                        .lanes = planes ? 1 : size[4],
                        .step = {step[0] * bytes, step[4] * bytes, step[1] * bytes, step[2] * bytes}};
}

int64_t dw_rows_count(const struct dw_rows *r) { return r->images * r->planes * r->depth * r->height; }

struct dw_row dw_row_of(const struct dw_rows *r, int64_t number) {
  struct dw_row at;
  at.height = number % r->height, number /= r->height;
  at.depth = number % r->depth, number /= r->depth;
  at.plane = number % r->planes, at.image = number / r->planes;
  return at;
}

char *dw_row_at(const struct dw_rows *r, const struct dw_row *at) {
  return r->data + at->image * r->step[0] + at->plane * r->step[1] + at->depth * r->step[2] + at->height * r->step[3];
}

// ---- planes as pixels --------------------------------------------------------------------------------------

void dw_rows_packed(struct dw_rows *packed, const struct dw_rows *r, int64_t planes, char *data, int64_t bytes) {
  int64_t row = r->width * planes * bytes;
  *packed = *r;
  packed->data = data, packed->images = packed->planes = 1, packed->lanes = planes;
  packed->step[0] = packed->step[1] = 0, packed->step[2] = r->height * row, packed->step[3] = row;
}

// Pieces of planes that are carried at once: all of a plane where its rows lie together.
struct pieces {
  int64_t depth, height, length;
};

static struct pieces pieces_of(const struct dw_rows *packed, const struct dw_rows *r) {
  int64_t row = packed->step[3] / packed->lanes; // bytes of a plane's row
  bool rows = r->height == 1 || r->step[3] == row, planes = r->depth == 1 || r->step[2] == r->height * row;
  struct pieces p = {r->depth, r->height, r->width};
  if (rows) p.length *= p.height, p.height = 1;
  if (rows && planes) p.length *= p.depth, p.depth = 1;
  return p;
}

void dw_rows_pack(const struct dw_rows *packed, const struct dw_rows *r, int64_t image, int64_t plane,
                  const struct dw_layout_kernels *layout) {
  int64_t bytes = packed->step[3] / packed->width / packed->lanes;
  struct pieces p = pieces_of(packed, r);
  for (int64_t d = 0; d < p.depth; d++) {
    for (int64_t h = 0; h < p.height; h++) {
      char *from = dw_row_at(r, &(struct dw_row){image, plane, d, h});
      char *to = dw_row_at(packed, &(struct dw_row){0, 0, d, h});
      layout->transpose(to, packed->lanes, from, r->step[1] / bytes, packed->lanes, p.length);
    }
  }
}

void dw_rows_unpack(const struct dw_rows *packed, const struct dw_rows *r, int64_t image, int64_t plane,
                    const struct dw_layout_kernels *layout) {
  int64_t bytes = packed->step[3] / packed->width / packed->lanes;
  struct pieces p = pieces_of(packed, r);
  for (int64_t d = 0; d < p.depth; d++) {
    for (int64_t h = 0; h < p.height; h++) {
      char *to = dw_row_at(r, &(struct dw_row){image, plane, d, h});
      char *from = dw_row_at(packed, &(struct dw_row){0, 0, d, h});
      layout->transpose(to, r->step[1] / bytes, from, packed->lanes, p.length, packed->lanes);
    }
  }
}

// What is packed should stay in a cache of the second level, if that leaves at least a vector of planes.
struct dw_blocks dw_blocks_of(const struct dw_rows *r, int64_t vector, int64_t bytes) {
  enum { CACHE = 1 << 18, VECTORS = 4 };
  if (r->planes < vector) return (struct dw_blocks){r->planes, 0, 0};
  int64_t vectors = most(1, least(VECTORS, CACHE / most(1, times(bytes, vector)))), block = vectors * vector;
  return (struct dw_blocks){r->planes, block, most(1, r->planes / block)};
}

int64_t dw_blocks_size(const struct dw_blocks *b, int64_t block) {
  return block + 1 < b->count ? b->block : b->planes - block * b->block;
}

// rows.c: images as rows of neighbouring elements, whichever layout they have. Called by the drivers that work row by row,
// and by the binding, which copies an image whose rows do not lie together. Invariant: rows with different numbers share
// no element.
#include "base.h"

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

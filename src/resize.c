// resize.c: images of another size, and the transposed map. Called by the binding. Both are sums of neighbouring pixels
// with weights, along each axis on its own: tables of these are made by a pass of their own, then rows are computed.
// Invariant: a unit is a row of the result, or a block of its planes, and owns it. Where pixels come from is computed
// with whole numbers, so it is exact.
#include <string.h>

#include "base/base.h"
#include "kernels/layout.h"
#include "kernels/pool.h"
#include "kernels/resize.h"

enum { AXES = 3, PIECE = 1 << 20 }; // elements after which an interruption is looked for

struct resize {
  const struct dw_resize_kernels *k;
  const struct dw_pool_kernels *rows; // of floats
  struct dw_rows to, from;
  dw_interpolation how;
  bool back;
  int64_t bytes; // of an element
  const struct dw_layout_kernels *layout;
  struct dw_blocks blocks; // of planes, which are packed; none where rows are computed where they lie
  int64_t taps[AXES], weights[AXES], buffer, pitch, packed[2]; // where these are in the scratch
};

static struct resize *resize_of(dw_job *j) { return DW_STATE(struct resize, j); }

static int64_t size_of(const struct dw_rows *r, int axis) {
  return axis == 0 ? r->depth : axis == 1 ? r->height : r->width;
}

static struct dw_resize_taps *taps_of(dw_job *j, int axis) {
  return (struct dw_resize_taps *)(void *)(j->memory + resize_of(j)->taps[axis]);
}

static double *weights_of(dw_job *j, int axis) { return (double *)(void *)(j->memory + resize_of(j)->weights[axis]); }

// ---- where pixels come from --------------------------------------------------------------------------------

// Output i of n takes (1 - share) of pixel `at` of an axis of `from` pixels, and `share` of the next one.
struct source {
  int64_t at;
  double share;
};

static struct source find_source(int64_t i, int64_t n, int64_t from, dw_interpolation how) {
  __int128 twice = (__int128)(2 * i + 1) * from; // over 2n: where the centre is, counted from the edge
  if (how == DW_NEAREST) return (struct source){(int64_t)(twice / (2 * n)), 0};
  twice -= n;
  int64_t at = twice < 0 ? -1 : (int64_t)(twice / (2 * n));
  if (at < 0) return (struct source){0, 0};
  if (at >= from - 1) return (struct source){from - 1, 0};
  return (struct source){at, (double)(int64_t)(twice % (2 * n)) / (double)(2 * n)};
}

static void fill_forward(struct dw_resize_taps *taps, double *weights, int64_t n, int64_t from, dw_interpolation how) {
  for (int64_t i = 0; i < n; i++) {
    struct source s = find_source(i, n, from, how);
    taps[i] = (struct dw_resize_taps){s.at, s.share > 0 ? 2 : 1, 2 * i};
    weights[2 * i] = 1 - s.share, weights[2 * i + 1] = s.share;
  }
}

// Pixel q of `from` gives to the outputs of n whose first or second source it is, which are neighbours.
static void fill_back(struct dw_resize_taps *taps, double *weights, int64_t n, int64_t from, dw_interpolation how) {
  int64_t first = 0, at = 0; // the first output that may take from q; weights written
  for (int64_t q = 0; q < from; q++) {
    while (first < n) {
      struct source s = find_source(first, n, from, how);
      if (s.at >= q || (s.at == q - 1 && s.share > 0)) break;
      first++;
    }
    taps[q] = (struct dw_resize_taps){least(first, n - 1), 0, at};
    for (int64_t i = first; i < n; i++) {
      struct source s = find_source(i, n, from, how);
      if (s.at > q) break;
      weights[at++] = s.at == q ? 1 - s.share : s.share;
      taps[q].count++;
    }
  }
}

static void resize_tables(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct resize *s = resize_of(j);
  (void)slot;
  for (int64_t i = a; i < b; i++) {
    int64_t to = size_of(&s->to, (int)i), from = size_of(&s->from, (int)i);
    if (s->back)
      fill_back(taps_of(j, (int)i), weights_of(j, (int)i), from, to, s->how);
    else
      fill_forward(taps_of(j, (int)i), weights_of(j, (int)i), to, from, s->how);
  }
}

// ---- rows --------------------------------------------------------------------------------------------------

// The sum of the rows that a row is made of, or the only one. NULL: the job is to stop.
static const char *join_rows(dw_job *j, const struct resize *s, const struct dw_row *to, char *buffer, int slot) {
  const struct dw_resize_taps d = taps_of(j, 0)[to->depth], h = taps_of(j, 1)[to->height];
  const double *wd = weights_of(j, 0) + d.weight, *wh = weights_of(j, 1) + h.weight;
  const void *rows[DW_POOL_WEIGHTS];
  double weights[DW_POOL_WEIGHTS];
  int64_t n = s->from.width * s->from.lanes, all = d.count * h.count;
  int have = 0;
  bool add = false;
  struct dw_row at = {to->image, to->plane, d.first, h.first};
  if (all == 1 && wd[0] * wh[0] == 1) return dw_row_at(&s->from, &at);
  for (int64_t i = 0; i < all; i++) {
    at.depth = d.first + i / h.count, at.height = h.first + i % h.count;
    rows[have] = dw_row_at(&s->from, &at);
    weights[have++] = wd[i / h.count] * wh[i % h.count];
    if (have < DW_POOL_WEIGHTS && i + 1 < all) continue;
    s->rows->weigh(buffer, rows, weights, have, n, add);
    have = 0, add = true;
    if (dw_stopped(j->cx, slot)) return NULL;
  }
  return buffer;
}

static void resize_row(dw_job *j, const struct resize *s, int64_t number, int slot) {
  struct dw_row to = dw_row_of(&s->to, number);
  if (taps_of(j, 0)[to.depth].count * taps_of(j, 1)[to.height].count == 0) { // a row that nothing is made of
    memset(dw_row_at(&s->to, &to), 0, (size_t)(s->to.width * s->to.lanes * s->bytes));
    return;
  }
  const char *from = join_rows(j, s, &to, j->memory + s->buffer + slot * s->pitch, slot);
  int64_t lanes = s->to.lanes, piece = most(1, PIECE / lanes), pixel = lanes * s->bytes;
  for (int64_t i = 0; from != NULL && i < s->to.width; i += piece) {
    char *at = dw_row_at(&s->to, &to) + i * pixel;
    int64_t n = least(piece, s->to.width - i);
    if (s->how == DW_NEAREST && !s->back)
      s->k->pick(at, from, taps_of(j, 2) + i, n, lanes);
    else
      s->k->weigh(at, from, taps_of(j, 2) + i, weights_of(j, 2), n, lanes);
    if (piece < s->to.width && dw_stopped(j->cx, slot)) return;
  }
}

static void resize_rows(dw_job *j, int64_t a, int64_t b, int slot) {
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) resize_row(j, resize_of(j), u, slot);
}

// Units are blocks of planes.
static void resize_blocks(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct resize *s = resize_of(j);
  char *own = j->memory + s->buffer + slot * s->pitch;
  for (int64_t u = a; u < b; u++) {
    struct resize packed = *s;
    int64_t image = u / s->blocks.count, block = u % s->blocks.count, n = dw_blocks_size(&s->blocks, block);
    dw_rows_packed(&packed.from, &s->from, n, own + s->packed[0], s->bytes);
    dw_rows_packed(&packed.to, &s->to, n, own + s->packed[1], s->bytes);
    dw_rows_pack(&packed.from, &s->from, image, block * s->blocks.block, s->layout);
    for (int64_t row = 0; row < dw_rows_count(&packed.to); row++) {
      if (dw_stopped(j->cx, slot)) return;
      resize_row(j, &packed, row, slot);
    }
    dw_rows_unpack(&packed.to, &s->to, image, block * s->blocks.block, s->layout);
  }
}

static bool next_rows(dw_job *j) {
  const struct resize *s = resize_of(j);
  double n = (double)dw_rows_count(&s->to) * (double)s->to.lanes * (double)s->to.width;
  double m = (double)dw_rows_count(&s->from) * (double)s->from.lanes * (double)s->from.width;
  j->pass = (dw_pass){dw_rows_count(&s->to), (n > m ? n : m) * DW_WORK_SCAN, resize_rows};
  if (s->blocks.count > 0) j->pass.units = s->to.images * s->blocks.count, j->pass.run = resize_blocks;
  j->next = NULL;
  return true;
}

// ---- drivers -----------------------------------------------------------------------------------------------

static int64_t plane_of(const struct dw_rows *r) { return times(times(r->depth, r->height), r->width); }

static dw_status resize_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from, bool planes,
                             dw_interpolation how, bool back) {
  struct resize *s = resize_of(j);
  int64_t used = 0;
  DW_REQUIRE(to->dtype == from->dtype);
  dw_job_init(j, cx, 0, 0, resize_tables);
  if (dw_numel(to) == 0) return DW_OK;
  DW_REQUIRE(dw_numel(from) > 0);
  *s = (struct resize){.k = cx->kernels->resize[to->dtype], .how = how, .back = back};
  if (dw_dtype_is_float(to->dtype)) s->rows = cx->kernels->pool[to->dtype];
  s->bytes = (int64_t)dw_dtype_size(to->dtype);
  dw_rows_init(&s->to, to, planes);
  dw_rows_init(&s->from, from, planes);
  for (int i = 0; i < AXES; i++) {
    int64_t n = size_of(&s->to, i), m = size_of(&s->from, i);
    s->taps[i] = dw_scratch_take(&used, times(n, sizeof(struct dw_resize_taps)));
    s->weights[i] = dw_scratch_take(&used, times(2 * (back ? m : n), sizeof(double)));
  }
  int64_t each = 0, sizes[2] = {plane_of(&s->from), plane_of(&s->to)};
  s->layout = dw_layout_kernels(cx, s->bytes);
  s->blocks = dw_blocks_of(&s->to, s->k->vector, times(sizes[0] + sizes[1], s->bytes));
  bool packs = s->blocks.count > 0;
  int64_t lanes = packs ? dw_blocks_size(&s->blocks, s->blocks.count - 1) : s->from.lanes;
  dw_scratch_take(&each, times(s->from.width, lanes * s->bytes)); // joined rows
  for (int i = 0; i < 2; i++) s->packed[i] = dw_scratch_take(&each, packs ? times(sizes[i], lanes * s->bytes) : 0);
  s->buffer = dw_scratch_each(&used, each, j->slots, &s->pitch);
  j->pass.units = AXES;
  j->next = next_rows;
  return dw_scratch_tell(j, used);
}

dw_status dw_resize_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, bool planes,
                         dw_interpolation how) {
  DW_REQUIRE(how == DW_NEAREST || dw_dtype_is_float(x->dtype));
  return resize_init(j, cx, y, x, planes, how, false);
}

dw_status dw_resize_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, bool planes,
                                dw_interpolation how) {
  DW_REQUIRE(dw_dtype_is_float(g->dtype));
  return resize_init(j, cx, dx, g, planes, how, true);
}

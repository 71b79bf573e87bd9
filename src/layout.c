// layout.c: drivers that move elements: copy between any two strided layouts, fill, conversion.
// Invariant: a walk visits every element of `to` once; units of a walk never share an element.
#include <math.h>

#include "dwconv.h"
#include "kernels/kernels.h"

enum { TO, FROM };

// Two tensors of one shape, reduced to the fewest axes: size-1 axes dropped, axes ordered by TO's
// strides, neighbours merged where both allow it. The last `inner` axes are one kernel call, cut into
// blocks along the last; the others are counted through.
struct walk {
  int rank, inner;
  int64_t size[DW_MAX_RANK];
  int64_t step[2][DW_MAX_RANK];
  char *data[2];
  int64_t bytes[2]; // of an element
  int64_t block, blocks, units, units_per_task;
  const struct dw_layout_kernels *layout;
  const struct dw_cast_kernels *cast[2];
  bool through_i64; // conversion's wide type
  void (*visit)(const struct walk *w, char *to, char *from, int64_t n);
};

static void swap_axes(struct walk *w, int i, int j) {
  int64_t n = w->size[i], a = w->step[TO][i], b = w->step[FROM][i];
  w->size[i] = w->size[j], w->step[TO][i] = w->step[TO][j], w->step[FROM][i] = w->step[FROM][j];
  w->size[j] = n, w->step[TO][j] = a, w->step[FROM][j] = b;
}

static int64_t distance(int64_t step) { return step < 0 ? -step : step; }

static void order_axes(struct walk *w) {
  for (int i = 1; i < w->rank; i++) {
    for (int j = i; j > 0 && distance(w->step[TO][j - 1]) < distance(w->step[TO][j]); j--) swap_axes(w, j - 1, j);
  }
}

static void merge_axes(struct walk *w) {
  int n = 0; // axes kept so far
  for (int i = 0; i < w->rank; i++) {
    bool fits = n > 0;
    for (int s = TO; s <= FROM && fits; s++) fits = w->step[s][n - 1] == w->step[s][i] * w->size[i];
    if (fits) {
      w->size[n - 1] *= w->size[i];
      for (int s = TO; s <= FROM; s++) w->step[s][n - 1] = w->step[s][i];
    } else {
      w->size[n] = w->size[i];
      for (int s = TO; s <= FROM; s++) w->step[s][n] = w->step[s][i];
      n++;
    }
  }
  w->rank = n;
}

static void walk_init(struct walk *w, const dw_tensor *to, const dw_tensor *from) {
  *w = (struct walk){.data = {to->data, from->data}};
  w->bytes[TO] = (int64_t)dw_dtype_size(to->dtype);
  w->bytes[FROM] = (int64_t)dw_dtype_size(from->dtype);
  for (int i = 0; i < to->rank; i++) {
    if (to->shape[i] == 1) continue;
    w->size[w->rank] = to->shape[i];
    w->step[TO][w->rank] = to->strides[i];
    w->step[FROM][w->rank++] = from->strides[i];
  }
  order_axes(w);
  merge_axes(w);
  if (w->rank == 0) w->size[w->rank++] = 1;
  w->inner = 1;
}

static void walk_run(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct walk *w = job;
  int64_t end = b * w->units_per_task < w->units ? b * w->units_per_task : w->units;
  int last = w->rank - 1;
  for (int64_t unit = a * w->units_per_task; unit < end; unit++) {
    int64_t block = unit % w->blocks, outer = unit / w->blocks, at[2];
    int64_t n = w->size[last] - block * w->block;
    for (int s = TO; s <= FROM; s++) at[s] = block * w->block * w->step[s][last];
    for (int i = w->rank - w->inner - 1; i >= 0; outer /= w->size[i--]) {
      for (int s = TO; s <= FROM; s++) at[s] += outer % w->size[i] * w->step[s][i];
    }
    w->visit(w, w->data[TO] + at[TO] * w->bytes[TO], w->data[FROM] + at[FROM] * w->bytes[FROM],
             n < w->block ? n : w->block);
  }
}

static dw_status walk_all(const dw_context *cx, struct walk *w, int64_t block) {
  enum { TASK = 1 << 14 }; // elements
  int64_t outer = 1, all = 1, last = w->size[w->rank - 1];
  for (int i = 0; i < w->rank; i++) all *= w->size[i];
  if (all == 0) return DW_OK;
  for (int i = 0; i < w->rank - w->inner; i++) outer *= w->size[i];
  w->block = block < last ? block : last;
  w->blocks = (last + w->block - 1) / w->block;
  w->units = outer * w->blocks;
  int64_t unit = all / w->units;
  w->units_per_task = unit < TASK ? TASK / (unit > 0 ? unit : 1) : 1;
  int64_t tasks = (w->units + w->units_per_task - 1) / w->units_per_task;
  return dw_parallel(cx, tasks, (double)all * 2, walk_run, w);
}

static const struct dw_layout_kernels *kernels_for(const dw_context *cx, int64_t bytes) {
  return cx->kernels->layout[bytes == 1 ? DW_SIZE1 : bytes == 4 ? DW_SIZE4 : DW_SIZE8];
}

// ---- copy ---------------------------------------------------------------------------------------

static void visit_copy(const struct walk *w, char *to, char *from, int64_t n) {
  int last = w->rank - 1;
  w->layout->copy(to, w->step[TO][last], from, w->step[FROM][last], n);
}

// Axes rank-2 and rank-1 hold, in either order, the one contiguous in TO and the one contiguous in FROM.
static void visit_transpose(const struct walk *w, char *to, char *from, int64_t n) {
  int i = w->rank - 2, j = w->rank - 1;
  if (w->step[TO][j] == 1) {
    w->layout->transpose(to, w->step[TO][i], from, w->step[FROM][j], n, w->size[i]);
  } else {
    w->layout->transpose(to, w->step[TO][j], from, w->step[FROM][i], w->size[i], n);
  }
}

static int axis_contiguous_in_from(const struct walk *w) {
  for (int i = 0; i < w->rank - 1; i++) {
    if (w->step[FROM][i] == 1) return i;
  }
  return -1;
}

dw_status dw_copy(const dw_context *cx, const dw_tensor *dst, const dw_tensor *src) {
  enum { BLOCK = 1 << 15, SIDE = 256 };
  struct walk w;
  walk_init(&w, dst, src);
  w.layout = kernels_for(cx, w.bytes[TO]);
  w.visit = visit_copy;
  int last = w.rank - 1, i = axis_contiguous_in_from(&w);
  if (i < 0 || w.step[TO][last] != 1 || w.step[FROM][last] == 1) return walk_all(cx, &w, BLOCK);

  w.visit = visit_transpose;
  w.inner = 2;
  for (; i < last - 1; i++) swap_axes(&w, i, i + 1); // the others keep their order
  if (w.size[last - 1] > w.size[last]) swap_axes(&w, last - 1, last);
  return walk_all(cx, &w, SIDE);
}

// ---- fill ---------------------------------------------------------------------------------------

static void visit_fill(const struct walk *w, char *to, char *from, int64_t n) {
  w->layout->fill(to, w->step[TO][w->rank - 1], from, n);
}

dw_status dw_fill(const dw_context *cx, const dw_tensor *dst, const void *element) {
  dw_tensor one = *dst;
  one.data = (void *)element; // read only
  for (int i = 0; i < one.rank; i++) one.strides[i] = 0;
  struct walk w;
  walk_init(&w, dst, &one);
  w.layout = kernels_for(cx, w.bytes[TO]);
  w.visit = visit_fill;
  return walk_all(cx, &w, 1 << 15);
}

// ---- conversion ---------------------------------------------------------------------------------

static void visit_cast(const struct walk *w, char *to, char *from, int64_t n) {
  enum { CHUNK = 256 };
  union {
    int64_t i64[CHUNK];
    double f64[CHUNK];
  } wide;
  int64_t to_step = w->step[TO][w->rank - 1], from_step = w->step[FROM][w->rank - 1];
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t m = n - i < CHUNK ? n - i : CHUNK;
    char *p = to + i * to_step * w->bytes[TO];
    w->cast[FROM]->widen(&wide, from + i * from_step * w->bytes[FROM], from_step, m);
    if (w->through_i64) {
      w->cast[TO]->from_i64(p, to_step, wide.i64, m);
    } else {
      w->cast[TO]->from_f64(p, to_step, wide.f64, m);
    }
  }
}

dw_status dw_cast(const dw_context *cx, const dw_tensor *dst, const dw_tensor *src) {
  if (dst->dtype == src->dtype) return dw_copy(cx, dst, src);
  struct walk w;
  walk_init(&w, dst, src);
  w.cast[TO] = cx->kernels->cast[dst->dtype];
  w.cast[FROM] = cx->kernels->cast[src->dtype];
  w.through_i64 = !dw_dtype_is_float(src->dtype);
  w.visit = visit_cast;
  return walk_all(cx, &w, 1 << 14);
}

// ---- comparison ---------------------------------------------------------------------------------

static const void *element_at(const dw_tensor *t, int64_t flat) {
  int64_t at = 0;
  for (int i = t->rank - 1; i >= 0; flat /= t->shape[i--]) at += flat % t->shape[i] * t->strides[i];
  return (const char *)t->data + at * (int64_t)dw_dtype_size(t->dtype);
}

double dw_element(const dw_tensor *t, int64_t flat) {
  const void *p = element_at(t, flat);
  switch (t->dtype) {
    case DW_FLOAT32: return (double)*(const float *)p;
    case DW_FLOAT64: return *(const double *)p;
    case DW_INT32: return *(const int32_t *)p;
    case DW_INT64: return (double)*(const int64_t *)p;
    default: return *(const uint8_t *)p;
  }
}

// |a - b|, exact for int64 too; 0 when both are NaN or the same infinity.
static double distance_at(const dw_tensor *a, const dw_tensor *b, int64_t i) {
  if (a->dtype == DW_INT64) {
    uint64_t p = *(const uint64_t *)element_at(a, i), q = *(const uint64_t *)element_at(b, i);
    return (double)((int64_t)p > (int64_t)q ? p - q : q - p);
  }
  double x = dw_element(a, i), y = dw_element(b, i);
  return x == y || (isnan(x) && isnan(y)) ? 0 : fabs(x - y);
}

bool dw_close(const dw_tensor *a, const dw_tensor *b, double rtol, double atol, int64_t *worst) {
  double most = 0;
  bool close = true;
  int64_t n = dw_numel(a);
  for (int64_t i = 0; i < n; i++) {
    double apart = distance_at(a, b, i), y = dw_element(b, i), excess = apart - (atol + rtol * fabs(y));
    if (apart == 0 || (excess <= 0 && isfinite(y))) continue;
    if (close || !(excess <= most)) *worst = i, most = isnan(excess) ? INFINITY : excess;
    close = false;
  }
  return close;
}

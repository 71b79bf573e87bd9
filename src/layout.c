// layout.c: drivers that move elements: copy between any two strided layouts, fill, conversion.
// Invariant: a walk visits every element of `to` once; units of a walk never share an element.
#include <math.h>
#include <stdatomic.h>

#include "dwconv.h"
#include "kernels/kernels.h"
#include "walk.h"

enum { TO, FROM };

// The last `inner` axes are one kernel call, cut into blocks along the last; the others are counted through.
struct walk {
  struct dw_walk axes;
  int inner;
  int64_t block, blocks, units, units_per_task;
  const struct dw_layout_kernels *layout;
  const struct dw_cast_kernels *cast[2];
  bool through_i64; // conversion's wide type
  bool streams;     // a copy goes past the caches
  void (*visit)(const struct walk *w, char *to, char *from, int64_t n);
};

static void walk_init(struct walk *w, const dw_tensor *to, const dw_tensor *from) {
  *w = (struct walk){.inner = 1};
  dw_walk_init(&w->axes, 2, (const dw_tensor *[]){to, from});
}

static void walk_run(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct walk *w = job;
  const struct dw_walk *x = &w->axes;
  int64_t end = b * w->units_per_task < w->units ? b * w->units_per_task : w->units;
  int last = x->rank - 1;
  for (int64_t unit = a * w->units_per_task; unit < end; unit++) {
    int64_t first = unit % w->blocks * w->block, n = x->size[last] - first;
    char *at[2];
    for (int s = TO; s <= FROM; s++) {
      at[s] = dw_walk_at(x, s, x->rank - w->inner, unit / w->blocks) + first * x->step[s][last] * x->bytes[s];
    }
    w->visit(w, at[TO], at[FROM], n < w->block ? n : w->block);
  }
  if (w->streams) atomic_thread_fence(memory_order_seq_cst); // what was streamed is there before the task is done
}

static dw_status walk_all(const dw_context *cx, struct walk *w, int64_t block) {
  enum { TASK = 1 << 14 }; // elements
  int64_t outer = 1, all = 1, last = w->axes.size[w->axes.rank - 1];
  for (int i = 0; i < w->axes.rank; i++) all *= w->axes.size[i];
  if (all == 0) return DW_OK;
  for (int i = 0; i < w->axes.rank - w->inner; i++) outer *= w->axes.size[i];
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
  int last = w->axes.rank - 1;
  int64_t to_step = w->axes.step[TO][last], from_step = w->axes.step[FROM][last];
  if (w->streams && to_step == 1 && from_step == 1) {
    w->layout->stream(to, from, n);
  } else {
    w->layout->copy(to, to_step, from, from_step, n);
  }
}

// Axis rank-1 counts rows, axis rank-2 their elements.
static void visit_rows(const struct walk *w, char *to, char *from, int64_t n) {
  const int64_t *to_step = &w->axes.step[TO][w->axes.rank - 2], *from_step = &w->axes.step[FROM][w->axes.rank - 2];
  w->layout->copy_rows(to, to_step[1], to_step[0], from, from_step[1], from_step[0], n, w->axes.size[w->axes.rank - 2]);
}

// Axes rank-2 and rank-1 hold, in either order, the one contiguous in TO and the one contiguous in FROM.
static void visit_transpose(const struct walk *w, char *to, char *from, int64_t n) {
  int i = w->axes.rank - 2, j = w->axes.rank - 1;
  void (*transpose)(void *, ptrdiff_t, const void *, ptrdiff_t, int64_t, int64_t) =
      w->streams ? w->layout->stream_transpose : w->layout->transpose;
  if (w->axes.step[TO][j] == 1) {
    transpose(to, w->axes.step[TO][i], from, w->axes.step[FROM][j], n, w->axes.size[i]);
  } else {
    transpose(to, w->axes.step[TO][j], from, w->axes.step[FROM][i], w->axes.size[i], n);
  }
}

static int axis_contiguous_in_from(const struct walk *w) {
  for (int i = 0; i < w->axes.rank - 1; i++) {
    if (w->axes.step[FROM][i] == 1) return i;
  }
  return -1;
}

// The last before the elements, or the longest where that one is short.
static int row_axis(const struct walk *w) {
  enum { ENOUGH = 16 };
  int axis = w->axes.rank - 2;
  if (w->axes.size[axis] >= ENOUGH) return axis;
  for (int i = axis - 1; i >= 0; i--) {
    if (w->axes.size[i] > w->axes.size[axis]) axis = i;
  }
  return axis;
}

dw_status dw_copy(const dw_context *cx, const dw_tensor *dst, const dw_tensor *src) {
  enum { BLOCK = 1 << 15, SIDE = 256, SHORT = 1 << 10 };
  struct walk w;
  walk_init(&w, dst, src);
  w.layout = kernels_for(cx, w.axes.bytes[TO]);
  w.visit = visit_copy;
  w.streams = dw_numel(dst) * w.axes.bytes[TO] > cx->stream;
  int last = w.axes.rank - 1, i = axis_contiguous_in_from(&w);
  if (i < 0 || w.axes.step[TO][last] != 1 || w.axes.step[FROM][last] == 1) {
    int64_t n = w.axes.size[last];
    if (last == 0 || n >= SHORT || n == 0) return walk_all(cx, &w, BLOCK);
    w.visit = visit_rows;
    w.inner = 2;
    dw_walk_swap(&w.axes, row_axis(&w), last - 1);
    dw_walk_swap(&w.axes, last - 1, last);
    return walk_all(cx, &w, BLOCK / n);
  }

  w.visit = visit_transpose;
  w.inner = 2;
  for (; i < last - 1; i++) dw_walk_swap(&w.axes, i, i + 1); // the others keep their order
  if (w.axes.size[last - 1] > w.axes.size[last]) dw_walk_swap(&w.axes, last - 1, last);
  return walk_all(cx, &w, SIDE);
}

// ---- fill ---------------------------------------------------------------------------------------

static void visit_fill(const struct walk *w, char *to, char *from, int64_t n) {
  w->layout->fill(to, w->axes.step[TO][w->axes.rank - 1], from, n);
}

dw_status dw_fill(const dw_context *cx, const dw_tensor *dst, const void *element) {
  dw_tensor one = *dst;
  one.data = (void *)element; // read only
  for (int i = 0; i < one.rank; i++) one.strides[i] = 0;
  struct walk w;
  walk_init(&w, dst, &one);
  w.layout = kernels_for(cx, w.axes.bytes[TO]);
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
  int64_t to_step = w->axes.step[TO][w->axes.rank - 1], from_step = w->axes.step[FROM][w->axes.rank - 1];
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t m = n - i < CHUNK ? n - i : CHUNK;
    char *p = to + i * to_step * w->axes.bytes[TO];
    w->cast[FROM]->widen(&wide, from + i * from_step * w->axes.bytes[FROM], from_step, m);
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

struct comparison {
  const dw_context *cx;
  const dw_tensor *a, *b;
  double rtol, atol, most; // most: the largest excess so far
  bool close;
  int64_t worst;
};

// One task, as the first of equal excesses counts.
static void compare(void *job, int64_t a, int64_t b, int slot) {
  enum { OFTEN = 1 << 16 };
  struct comparison *c = job;
  int64_t n = dw_numel(c->a);
  for (int64_t i = 0; a < b && i < n; i++) {
    if (i % OFTEN == OFTEN - 1 && dw_stopped(c->cx, slot)) return;
    double apart = distance_at(c->a, c->b, i), y = dw_element(c->b, i);
    double excess = apart - (c->atol + c->rtol * fabs(y));
    if (apart == 0 || (excess <= 0 && isfinite(y))) continue;
    if (c->close || !(excess <= c->most)) c->worst = i, c->most = isnan(excess) ? INFINITY : excess;
    c->close = false;
  }
}

dw_status dw_close(const dw_context *cx, bool *close, int64_t *worst, const dw_tensor *a, const dw_tensor *b,
                   double rtol, double atol) {
  struct comparison c = {.cx = cx, .a = a, .b = b, .rtol = rtol, .atol = atol, .close = true};
  dw_status s = dw_parallel(cx, 1, (double)dw_numel(a) * 8, compare, &c);
  *close = c.close, *worst = c.worst;
  return s;
}

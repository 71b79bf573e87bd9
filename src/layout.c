// layout.c: drivers that move elements: copy between any two strided layouts, fill, conversion, comparison.
// Invariant: a walk visits every element of `to` once; units of a walk never share an element.
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/base.h"
#include "kernels/cast.h"
#include "kernels/layout.h"

enum { TO, FROM };

// The last `inner` axes are one kernel call, cut into blocks along the last; the others are counted through.
struct move {
  struct dw_walk axes;
  int inner;
  int64_t block, blocks;
  const struct dw_layout_kernels *layout;
  const struct dw_cast_kernels *cast[2];
  bool through_i64; // conversion's wide type
  bool streams;     // a copy goes past the caches
  int64_t element;  // what is filled in, or its first bytes
  void (*visit)(const struct move *m, char *to, char *from, int64_t n);
};

DW_BEFORE_SERIES(struct move);

static struct move *move_of(dw_job *j) { return DW_STATE(struct move, j); }

static void move_units(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct move *m = move_of(j);
  const struct dw_walk *w = &m->axes;
  int last = w->rank - 1;
  for (int64_t unit = a; unit < b; unit++) {
    int64_t first = unit % m->blocks * m->block;
    char *at[2];
    for (int s = TO; s <= FROM; s++) {
      at[s] = dw_walk_at(w, s, w->rank - m->inner, unit / m->blocks) + first * w->step[s][last] * w->bytes[s];
    }
    m->visit(m, at[TO], at[FROM], least(w->size[last] - first, m->block));
  }
  if (m->streams) atomic_thread_fence(memory_order_seq_cst); // what was streamed is there before the task is done
}

static struct move *move_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from) {
  struct move *m = move_of(j);
  DW_REQUIRE(dw_same_shape(to, from));
  dw_job_init(j, cx, 0, 0, move_units);
  m->inner = 1, m->streams = false;
  dw_walk_init(&m->axes, 2, (const dw_tensor *[]){to, from});
  m->layout = dw_layout_kernels(cx, m->axes.bytes[TO]);
  return m;
}

// Units are blocks of this many elements along the last axis.
static void cut(dw_job *j, int64_t block) {
  struct move *m = move_of(j);
  int64_t all = 1, outer = 1, last = m->axes.size[m->axes.rank - 1];
  for (int i = 0; i < m->axes.rank; i++) all *= m->axes.size[i];
  if (all == 0) return;
  for (int i = 0; i < m->axes.rank - m->inner; i++) outer *= m->axes.size[i];
  m->block = least(block, last);
  m->blocks = parts(last, m->block);
  j->pass.units = outer * m->blocks;
  j->pass.work = (double)all * DW_WORK_MOVE;
}

// ---- copy ---------------------------------------------------------------------------------------

static void visit_copy(const struct move *m, char *to, char *from, int64_t n) {
  int last = m->axes.rank - 1;
  int64_t to_step = m->axes.step[TO][last], from_step = m->axes.step[FROM][last];
  if (m->streams && to_step == 1 && from_step == 1) {
    m->layout->stream(to, from, n);
  } else {
    m->layout->copy(to, to_step, from, from_step, n);
  }
}

// Axis rank-1 counts rows, axis rank-2 their elements.
static void visit_rows(const struct move *m, char *to, char *from, int64_t n) {
  const int64_t *to_step = &m->axes.step[TO][m->axes.rank - 2], *from_step = &m->axes.step[FROM][m->axes.rank - 2];
  m->layout->copy_rows(to, to_step[1], to_step[0], from, from_step[1], from_step[0], n, m->axes.size[m->axes.rank - 2]);
}

// Axes rank-2 and rank-1 hold, in either order, the one contiguous in TO and the one contiguous in FROM.
static void visit_transpose(const struct move *m, char *to, char *from, int64_t n) {
  int i = m->axes.rank - 2, j = m->axes.rank - 1;
  void (*transpose)(void *, ptrdiff_t, const void *, ptrdiff_t, int64_t, int64_t) =
      m->streams ? m->layout->stream_transpose : m->layout->transpose;
  if (m->axes.step[TO][j] == 1) {
    transpose(to, m->axes.step[TO][i], from, m->axes.step[FROM][j], n, m->axes.size[i]);
  } else {
    transpose(to, m->axes.step[TO][j], from, m->axes.step[FROM][i], m->axes.size[i], n);
  }
}

static int axis_contiguous_in_from(const struct move *m) {
  for (int i = 0; i < m->axes.rank - 1; i++) {
    if (m->axes.step[FROM][i] == 1) return i;
  }
  return -1;
}

// The axis to run rows along: the next to last, unless it is short and an outer one is longer.
static int row_axis(const struct move *m) {
  enum { ENOUGH = 16 };
  int axis = m->axes.rank - 2;
  if (m->axes.size[axis] >= ENOUGH) return axis;
  for (int i = axis - 1; i >= 0; i--) {
    if (m->axes.size[i] > m->axes.size[axis]) axis = i;
  }
  return axis;
}

void dw_copy_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const dw_tensor *src) {
  enum { BLOCK = 1 << 15, SIDE = 256, SHORT = 1 << 10 }; // elements; `make bench BENCHES=layout` shows what they do
  struct move *m = move_init(j, cx, dst, src);
  DW_REQUIRE(dst->dtype == src->dtype);
  m->visit = visit_copy;
  m->streams = dw_numel(dst) * m->axes.bytes[TO] > cx->stream;
  int last = m->axes.rank - 1, i = axis_contiguous_in_from(m);
  if (i < 0 || m->axes.step[TO][last] != 1 || m->axes.step[FROM][last] == 1) {
    int64_t n = m->axes.size[last];
    if (last == 0 || n >= SHORT || n == 0) return cut(j, BLOCK);
    m->visit = visit_rows;
    m->inner = 2;
    dw_walk_swap(&m->axes, row_axis(m), last - 1);
    dw_walk_swap(&m->axes, last - 1, last);
    return cut(j, BLOCK / n);
  }

  m->visit = visit_transpose;
  m->inner = 2;
  for (; i < last - 1; i++) dw_walk_swap(&m->axes, i, i + 1); // the others keep their order
  if (m->axes.size[last - 1] > m->axes.size[last]) dw_walk_swap(&m->axes, last - 1, last);
  cut(j, SIDE);
}

// ---- rows by their index -------------------------------------------------------------------------

// A job that copies one row after another, as two rows may have the same index.
struct put_rows {
  struct move row; // first, so that the units find it
  dw_tensor x, rows;
  const int64_t *indices;
  int64_t done;
};

static bool next_row(dw_job *j) {
  struct put_rows *p = DW_STATE(struct put_rows, j);
  dw_tensor to, from;
  if (p->done == p->rows.shape[0]) return false;
  dw_select_view(&to, &p->x, 0, p->indices[p->done] - 1);
  dw_select_view(&from, &p->rows, 0, p->done++);
  dw_copy_init(j, j->cx, &to, &from);
  j->next = next_row;
  return true;
}

void dw_put_rows_init(dw_job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *rows,
                      const int64_t *indices) {
  struct put_rows *p = DW_STATE(struct put_rows, j);
  DW_REQUIRE(x->rank > 0 && x->rank == rows->rank && x->dtype == rows->dtype);
  dw_job_init(j, cx, 0, 0, move_units);
  p->x = *x, p->rows = *rows, p->indices = indices, p->done = 0;
  j->next = next_row;
}

// ---- fill ---------------------------------------------------------------------------------------

static void visit_fill(const struct move *m, char *to, char *from, int64_t n) {
  (void)from;
  m->layout->fill(to, m->axes.step[TO][m->axes.rank - 1], &m->element, n);
}

void dw_fill_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const void *element) {
  struct move *m = move_init(j, cx, dst, dst);
  memcpy(&m->element, element, dw_dtype_size(dst->dtype));
  m->visit = visit_fill;
  cut(j, 1 << 15);
}

// ---- conversion ---------------------------------------------------------------------------------

static void visit_cast(const struct move *m, char *to, char *from, int64_t n) {
  enum { CHUNK = 256 };
  union {
    int64_t i64[CHUNK];
    double f64[CHUNK];
  } wide;
  int64_t to_step = m->axes.step[TO][m->axes.rank - 1], from_step = m->axes.step[FROM][m->axes.rank - 1];
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t count = least(n - i, CHUNK);
    char *p = to + i * to_step * m->axes.bytes[TO];
    m->cast[FROM]->widen(&wide, from + i * from_step * m->axes.bytes[FROM], from_step, count);
    if (m->through_i64) {
      m->cast[TO]->from_i64(p, to_step, wide.i64, count);
    } else {
      m->cast[TO]->from_f64(p, to_step, wide.f64, count);
    }
  }
}

void dw_cast_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const dw_tensor *src) {
  if (dst->dtype == src->dtype) return dw_copy_init(j, cx, dst, src);
  struct move *m = move_init(j, cx, dst, src);
  m->cast[TO] = cx->kernels->cast[dst->dtype];
  m->cast[FROM] = cx->kernels->cast[src->dtype];
  m->through_i64 = !dw_dtype_is_float(src->dtype);
  m->visit = visit_cast;
  cut(j, 1 << 14);
}

// ---- pixels -------------------------------------------------------------------------------------

struct pixels {
  const void *from;
  uint8_t *to;
  bool f32;
};

static void make_pixels(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct pixels *p = DW_STATE(struct pixels, j);
  for (int64_t i = a; i < b; i++) {
    double v = p->f32 ? (double)((const float *)p->from)[i] : ((const double *)p->from)[i];
    p->to[i] = !(v > 0) ? 0 : v >= 1 ? 255 : (uint8_t)(v * 255 + 0.5);
  }
}

void dw_pixels_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const dw_tensor *src) {
  int64_t n = dw_numel(dst);
  DW_REQUIRE(dst->dtype == DW_UINT8 && dw_dtype_is_float(src->dtype) && dw_same_shape(dst, src));
  dw_job_init(j, cx, n, (double)n * DW_WORK_MOVE, make_pixels);
  *DW_STATE(struct pixels, j) = (struct pixels){src->data, dst->data, src->dtype == DW_FLOAT32};
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
  dw_tensor a, b;
  double rtol, atol, most; // most: the largest excess so far
  bool *close;
  int64_t *worst;
};

// There is one unit, as the first of equal excesses counts.
static void compare(dw_job *j, int64_t begin, int64_t end, int slot) {
  enum { OFTEN = 1 << 16 };
  (void)begin, (void)end;
  struct comparison *c = DW_STATE(struct comparison, j);
  int64_t n = dw_numel(&c->a);
  for (int64_t i = 0; i < n; i++) {
    if (i % OFTEN == OFTEN - 1 && dw_stopped(j->cx, slot)) return;
    double apart = distance_at(&c->a, &c->b, i), y = dw_element(&c->b, i);
    double excess = apart - (c->atol + c->rtol * fabs(y));
    if (apart == 0 || (excess <= 0 && isfinite(y))) continue;
    if (*c->close || !(excess <= c->most)) *c->worst = i, c->most = isnan(excess) ? INFINITY : excess;
    *c->close = false;
  }
}

void dw_close_init(dw_job *j, const dw_context *cx, bool *close, int64_t *worst, const dw_tensor *a, const dw_tensor *b,
                   double rtol, double atol) {
  DW_REQUIRE(dw_same_shape(a, b) && a->dtype == b->dtype);
  dw_job_init(j, cx, 1, (double)dw_numel(a) * DW_WORK_PICK, compare);
  *DW_STATE(struct comparison, j) = (struct comparison){*a, *b, rtol, atol, 0, close, worst};
  *close = true, *worst = 0;
}

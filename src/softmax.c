// softmax.c: softmax along one axis. Called by the binding. Invariant: a unit is a line along the axis, and owns it.
// NaN anywhere in a line makes all of it NaN.
#include <math.h>

#include "base/base.h"
#include "kernels/softmax.h"

enum { Y, X };
enum { PIECE = 1 << 16 }; // elements of a line after which an interruption is looked for

struct softmax {
  struct dw_walk others; // the axes but the one
  int64_t n;             // elements of a line
  ptrdiff_t step[2];
  const struct dw_softmax_kernels *k;
  bool log;
};

// The first of the n elements that are left of a line, in y and x.
struct piece {
  char *at[2];
  int64_t left, n;
};

static struct piece begin_line(const struct softmax *s, int64_t u) {
  struct piece p = {.left = s->n, .n = least(s->n, PIECE)};
  for (int i = Y; i <= X; i++) p.at[i] = dw_walk_at(&s->others, i, s->others.rank, u);
  return p;
}

// Moves to the next piece; false: there is none, or the job is to stop.
static bool next_piece(const dw_job *j, const struct softmax *s, struct piece *p, int slot) {
  p->left -= p->n;
  if (p->left == 0 || dw_stopped(j->cx, slot)) return false;
  for (int i = Y; i <= X; i++) p->at[i] += p->n * s->step[i] * s->others.bytes[i];
  p->n = least(p->left, PIECE);
  return true;
}

// False: the job is to stop.
static bool softmax_line(const dw_job *j, const struct softmax *s, int64_t u, int slot) {
  const ptrdiff_t *step = s->step;
  double off = -INFINITY, sum = 0;
  struct piece p = begin_line(s, u);
  do off = s->k->largest(off, p.at[X], step[X], p.n);
  while (next_piece(j, s, &p, slot));
  if (p.left > 0) return false;
  p = begin_line(s, u);
  do sum = s->k->raise(sum, p.at[Y], step[Y], p.at[X], step[X], p.n, off);
  while (next_piece(j, s, &p, slot));
  if (p.left > 0) return false;
  double log_sum = log(sum);
  p = begin_line(s, u);
  do {
    if (s->log) s->k->shift(p.at[Y], step[Y], p.at[X], step[X], p.n, off, log_sum);
    if (!s->log) s->k->scale(p.at[Y], step[Y], p.n, 1 / sum);
  } while (next_piece(j, s, &p, slot));
  return p.left == 0;
}

static void softmax_lines(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct softmax *s = DW_STATE(struct softmax, j);
  for (int64_t u = a; u < b && softmax_line(j, s, u, slot); u++) continue;
}

void dw_softmax_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, int axis, bool log) {
  struct softmax *s = DW_STATE(struct softmax, j);
  const dw_tensor *both[2] = {[Y] = y, [X] = x};
  dw_tensor others[2];
  DW_REQUIRE(dw_dtype_is_float(x->dtype) && y->dtype == x->dtype && dw_same_shape(y, x) && axis < x->rank);
  dw_job_init(j, cx, 0, 0, softmax_lines);
  if (dw_numel(y) == 0) return;
  s->k = cx->kernels->softmax[x->dtype], s->log = log;
  s->n = x->shape[axis];
  for (int i = Y; i <= X; i++) {
    s->step[i] = both[i]->strides[axis];
    dw_select_view(&others[i], both[i], axis, 0);
  }
  dw_walk_init(&s->others, 2, (const dw_tensor *[]){&others[Y], &others[X]});
  j->pass.units = dw_numel(y) / s->n;
  j->pass.work = (double)dw_numel(y) * DW_WORK_PICK;
}

// softmax.c: softmax along one axis. Called by the binding. Invariant: a unit is a line along the axis, and owns it.
#include "base/base.h"
#include "kernels/softmax.h"

enum { Y, X };

struct softmax {
  struct dw_walk others; // all axes except that one
  int64_t n;             // elements of a line
  ptrdiff_t step[2];
  void (*run)(void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t n);
};

static void softmax_lines(dw_job *j, int64_t a, int64_t b, int slot) {
  enum { LONG = 1 << 16 }; // elements of a line, after which an interruption is looked for
  const struct softmax *s = DW_STATE(struct softmax, j);
  const struct dw_walk *w = &s->others;
  for (int64_t u = a; u < b; u++) {
    s->run(dw_walk_at(w, Y, w->rank, u), s->step[Y], dw_walk_at(w, X, w->rank, u), s->step[X], s->n);
    if (s->n >= LONG && dw_stopped(j->cx, slot)) return;
  }
}

void dw_softmax_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, int axis, bool log) {
  struct softmax *s = DW_STATE(struct softmax, j);
  const struct dw_softmax_kernels *k = cx->kernels->softmax[x->dtype];
  const dw_tensor *both[2] = {[Y] = y, [X] = x};
  dw_tensor others[2];
  DW_REQUIRE(dw_dtype_is_float(x->dtype) && y->dtype == x->dtype && dw_same_shape(y, x) && axis < x->rank);
  dw_job_init(j, cx, 0, 0, softmax_lines);
  if (dw_numel(y) == 0) return;
  s->run = log ? k->log_softmax : k->softmax;
  s->n = x->shape[axis];
  for (int i = Y; i <= X; i++) {
    s->step[i] = both[i]->strides[axis];
    dw_select_view(&others[i], both[i], axis, 0);
  }
  dw_walk_init(&s->others, 2, (const dw_tensor *[]){&others[Y], &others[X]});
  j->pass.units = dw_numel(y) / s->n;
  j->pass.work = (double)dw_numel(y) * DW_WORK_PICK;
}

// sort.c: the order of the elements along a last axis. Called by the binding. A line is one task's whole work.
#include "dwconv.h"
#include "kernels/kernels.h"

struct job {
  const struct dw_sort_kernels *k;
  int64_t *order, *work;
  const char *keys;
  int64_t n, lines, per_task;
  size_t bytes;
  bool descending;
};

static void run(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  int64_t end = b * j->per_task < j->lines ? b * j->per_task : j->lines;
  for (int64_t i = a * j->per_task; i < end; i++) {
    j->k->argsort(j->order + i * j->n, j->work + slot * j->n, j->keys + (size_t)(i * j->n) * j->bytes, j->n,
                  j->descending);
  }
}

dw_status dw_argsort(const dw_context *cx, const dw_tensor *order, const dw_tensor *x, bool descending, void *memory,
                     size_t *scratch) {
  enum { TASK = 1 << 12 };
  int64_t n = x->shape[x->rank - 1], all = dw_numel(x);
  struct job j = {.k = cx->kernels->sort[x->dtype], .order = order->data, .work = memory, .keys = x->data, .n = n};
  j.lines = n > 0 ? all / n : 0;
  j.per_task = n < TASK ? TASK / (n > 0 ? n : 1) : 1;
  j.bytes = dw_dtype_size(x->dtype);
  j.descending = descending;
  int64_t tasks = (j.lines + j.per_task - 1) / j.per_task;
  double work = (double)all * 30;
  if (scratch != NULL) {
    *scratch = tasks > 0 ? (size_t)dw_slots(cx, tasks, work) * (size_t)n * sizeof(int64_t) : 0;
    return DW_OK;
  }
  return dw_parallel(cx, tasks, work, run, &j);
}

// sort.c: the order of the elements along a last axis. Called by the binding. Short lines are sorted whole, by one task
// each; long ones one after the other, by tasks that sort blocks, then by passes of tasks that each write a piece of
// what two sorted runs merge into. Invariant: the order is stable, so it is the same however it comes about.
#include "dwconv.h"
#include "kernels/kernels.h"

enum {
  TASK = 1 << 12,  // elements that are worth a task
  BLOCK = 1 << 15, // elements of a block and of a piece; of longer lines
  PER_ELEMENT = 30 // multiply-adds that sorting one element takes the time of, about
};

struct job {
  const struct dw_sort_kernels *k;
  int64_t *order, *work; // of a long line: what is written, and room of its length
  const int64_t *sorted; // runs of `run` elements, which a pass merges
  const char *keys;
  int64_t n, lines, per_task, run;
  size_t bytes;
  bool descending;
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void run_lines(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  int64_t end = least(b * j->per_task, j->lines);
  for (int64_t i = a * j->per_task; i < end; i++) {
    j->k->argsort(j->order + i * j->n, j->work + slot * j->n, j->keys + (size_t)(i * j->n) * j->bytes, 0, j->n,
                  j->descending);
  }
}

static void run_blocks(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  for (int64_t first = a * BLOCK; first < least(b * BLOCK, j->n); first += BLOCK) {
    j->k->argsort(j->order + first, j->work + first, j->keys, first, least(BLOCK, j->n - first), j->descending);
  }
}

// A piece lies within one pair of runs, as these are whole pieces but for the last.
static void run_pieces(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  for (int64_t at = a * BLOCK; at < least(b * BLOCK, j->n); at += BLOCK) {
    int64_t pair = at / (2 * j->run) * 2 * j->run, left = least(j->run, j->n - pair);
    int64_t right = least(j->run, j->n - pair - left);
    j->k->merge(j->order + at, at - pair, least(BLOCK, j->n - at), j->sorted + pair, left, j->sorted + pair + left,
                right, j->keys, j->descending);
  }
}

static dw_status sort_long(const dw_context *cx, struct job line) {
  int64_t *to[2] = {line.order, line.work}, tasks = (line.n + BLOCK - 1) / BLOCK;
  int passes = 0;
  for (int64_t run = BLOCK; run < line.n; run *= 2) passes++;
  int at = passes % 2; // the last pass writes the order
  line.order = to[at], line.work = to[1 - at];
  dw_status s = dw_parallel(cx, tasks, (double)line.n * PER_ELEMENT, run_blocks, &line);
  for (line.run = BLOCK; s == DW_OK && line.run < line.n; line.run *= 2) {
    line.sorted = to[at];
    at = 1 - at;
    line.order = to[at];
    s = dw_parallel(cx, tasks, (double)line.n * PER_ELEMENT, run_pieces, &line);
  }
  return s;
}

static dw_status sort_long_lines(const dw_context *cx, const struct job *j) {
  dw_status s = DW_OK;
  for (int64_t i = 0; s == DW_OK && i < j->lines; i++) {
    struct job line = *j;
    line.order += i * j->n;
    line.keys += (size_t)(i * j->n) * j->bytes;
    s = sort_long(cx, line);
  }
  return s;
}

dw_status dw_argsort(const dw_context *cx, const dw_tensor *order, const dw_tensor *x, bool descending, void *memory,
                     size_t *scratch) {
  int64_t n = x->shape[x->rank - 1], all = dw_numel(x);
  struct job j = {.k = cx->kernels->sort[x->dtype], .order = order->data, .work = memory, .keys = x->data, .n = n};
  j.lines = n > 0 ? all / n : 0;
  j.per_task = n < TASK ? TASK / (n > 0 ? n : 1) : 1;
  j.bytes = dw_dtype_size(x->dtype);
  j.descending = descending;
  int64_t tasks = (j.lines + j.per_task - 1) / j.per_task;
  double work = (double)all * PER_ELEMENT;
  if (scratch != NULL) {
    *scratch = tasks > 0 ? (size_t)(n > BLOCK ? 1 : dw_slots(cx, tasks, work)) * (size_t)n * sizeof(int64_t) : 0;
    return DW_OK;
  }
  return n > BLOCK ? sort_long_lines(cx, &j) : dw_parallel(cx, tasks, work, run_lines, &j);
}

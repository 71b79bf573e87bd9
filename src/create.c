// create.c: drivers that make numbers from their positions alone. Called by the binding. Invariant: element i
// depends on i alone, so results are the same for any number of threads.
#include "base/base.h"

struct sequence {
  void *data;
  int64_t n;
  union {
    int64_t whole[2]; // the first number and the step
    double real[2];   // the same, or both ends
  } of;
};

static struct sequence *sequence_init(dw_job *j, const dw_context *cx, const dw_tensor *y, dw_run_units *run) {
  struct sequence *s = DW_STATE(struct sequence, j);
  DW_REQUIRE(y->rank == 1 && dw_is_contiguous(y));
  s->data = y->data, s->n = y->shape[0];
  dw_job_init(j, cx, s->n, (double)s->n * DW_WORK_MOVE, run);
  return s;
}

static void count_whole(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct sequence *s = DW_STATE(struct sequence, j);
  for (int64_t i = a; i < b; i++) ((int64_t *)s->data)[i] = s->of.whole[0] + i * s->of.whole[1];
}

static void count_real(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct sequence *s = DW_STATE(struct sequence, j);
  for (int64_t i = a; i < b; i++) ((double *)s->data)[i] = s->of.real[0] + (double)i * s->of.real[1];
}

// Exact at both ends, and without a difference that could overflow.
static void divide_span(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct sequence *s = DW_STATE(struct sequence, j);
  for (int64_t i = a; i < b; i++) {
    double f = s->n > 1 ? (double)i / (double)(s->n - 1) : 0;
    ((double *)s->data)[i] = s->of.real[0] * (1 - f) + s->of.real[1] * f;
  }
}

void dw_count_init(dw_job *j, const dw_context *cx, const dw_tensor *y, int64_t first, int64_t step) {
  DW_REQUIRE(y->dtype == DW_INT64);
  struct sequence *s = sequence_init(j, cx, y, count_whole);
  s->of.whole[0] = first, s->of.whole[1] = step;
}

void dw_range_init(dw_job *j, const dw_context *cx, const dw_tensor *y, double first, double step) {
  DW_REQUIRE(y->dtype == DW_FLOAT64);
  struct sequence *s = sequence_init(j, cx, y, count_real);
  s->of.real[0] = first, s->of.real[1] = step;
}

void dw_linspace_init(dw_job *j, const dw_context *cx, const dw_tensor *y, double first, double last) {
  DW_REQUIRE(y->dtype == DW_FLOAT64);
  struct sequence *s = sequence_init(j, cx, y, divide_span);
  s->of.real[0] = first, s->of.real[1] = last;
}

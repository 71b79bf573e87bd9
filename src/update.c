// update.c: steps of optimizers in place, and the sum of squares that clipping by norms asks for. Called by the
// binding. A unit is a block of neighbouring elements. Invariant: blocks are cut by the number of elements alone, so
// results are the same for every thread count.
#include <string.h>

#include "base/base.h"
#include "kernels/update.h"

enum { BLOCK = 1 << 13 }; // elements of a unit

static const struct {
  const char *name;
  int slots, numbers;
} steps[DW_STEPS] = {
#define STEP(name, slots, numbers) [DW_STEP_##name] = {#name, slots, numbers},
#include "kernels/update_list.h"
};

int dw_update_find(const char *name) {
  for (int i = 0; i < DW_STEPS; i++) {
    if (strcmp(steps[i].name, name) == 0) return i;
  }
  return -1;
}

int dw_update_slots(int step) { return steps[step].slots; }
int dw_update_numbers(int step) { return DW_UPDATE_COMMON + steps[step].numbers; }

// ---- steps --------------------------------------------------------------------------------------

struct update {
  void (*step)(void *w, const void *g, void *const *slots, int64_t n, const double *numbers);
  char *w, *slots[DW_UPDATE_SLOTS];
  const char *g;
  int64_t n, bytes;
  int count; // of slots
  double numbers[DW_UPDATE_NUMBERS];
};

static void update_blocks(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct update *u = DW_STATE(struct update, j);
  (void)slot;
  for (; a < b; a++) {
    int64_t first = a * BLOCK, at = first * u->bytes;
    void *slots[DW_UPDATE_SLOTS];
    for (int i = 0; i < u->count; i++) slots[i] = u->slots[i] + at;
    u->step(u->w + at, u->g + at, slots, least(u->n - first, BLOCK), u->numbers);
  }
}

void dw_update_init(dw_job *j, const dw_context *cx, int step, const dw_tensor *w, const dw_tensor *const *slots,
                    const dw_tensor *g, const double *numbers) {
  struct update *u = DW_STATE(struct update, j);
  u->step = cx->kernels->update[w->dtype]->step[step];
  u->w = w->data, u->g = g->data;
  u->n = dw_numel(w), u->bytes = (int64_t)dw_dtype_size(w->dtype);
  u->count = steps[step].slots;
  DW_REQUIRE(g->dtype == w->dtype && dw_same_shape(g, w) && dw_is_contiguous(g) && dw_is_contiguous(w));
  for (int i = 0; i < u->count; i++) {
    u->slots[i] = slots[i]->data;
    DW_REQUIRE(slots[i]->dtype == w->dtype && dw_same_shape(slots[i], w) && dw_is_contiguous(slots[i]));
  }
  memcpy(u->numbers, numbers, (size_t)dw_update_numbers(step) * sizeof *numbers);
  dw_job_init(j, cx, parts(u->n, BLOCK), (double)u->n * DW_WORK_PICK, update_blocks);
}

// ---- sums of squares ----------------------------------------------------------------------------

struct squares {
  double (*of)(const void *x, int64_t n);
  const char *x;
  double *sum;
  int64_t n, bytes, blocks;
};

static void square_blocks(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct squares *s = DW_STATE(struct squares, j);
  double *sums = (double *)(void *)j->memory;
  (void)slot;
  for (; a < b; a++) sums[a] = s->of(s->x + a * BLOCK * s->bytes, least(s->n - a * BLOCK, BLOCK));
}

static bool join_squares(dw_job *j) {
  const struct squares *s = DW_STATE(struct squares, j);
  const double *sums = (const double *)(void *)j->memory;
  double sum = 0;
  for (int64_t i = 0; i < s->blocks; i++) sum += sums[i];
  *s->sum = sum;
  return false;
}

dw_status dw_squares_init(dw_job *j, const dw_context *cx, double *sum, const dw_tensor *x) {
  struct squares *s = DW_STATE(struct squares, j);
  int64_t used = 0;
  DW_REQUIRE(dw_is_contiguous(x) && dw_dtype_is_float(x->dtype));
  s->of = cx->kernels->update[x->dtype]->squares;
  s->x = x->data, s->sum = sum;
  s->n = dw_numel(x), s->bytes = (int64_t)dw_dtype_size(x->dtype);
  s->blocks = parts(s->n, BLOCK);
  *sum = 0;
  dw_job_init(j, cx, s->blocks, (double)s->n * DW_WORK_COMBINE, square_blocks);
  j->next = join_squares;
  dw_scratch_take(&used, s->blocks * (int64_t)sizeof *sum);
  return dw_scratch_tell(j, used);
}

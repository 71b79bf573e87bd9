// elementwise.c: ops that combine tensors number by number. Called by the binding.
// Invariant: kernels see contiguous blocks. Where an operand is strided or repeats itself in a block, its elements are
// first brought together in a small buffer, which stays as long as the next block repeats the same elements.
#include <string.h>

#include "dwconv.h"
#include "kernels/kernels.h"
#include "walk.h"

static const struct {
  const char *name;
  int operands;
  bool tests;   // the result is bool
  bool chooses; // the first operand is bool
} ops[DW_ELEMENTWISE_OPS] = {
#define OP1(kinds, name, value) [DW_ELEMENTWISE_##name] = {#name, 1, false, false},
#define RARE(kinds, name, ...) OP1(kinds, name, )
#define OP2(kinds, name, value) [DW_ELEMENTWISE_##name] = {#name, 2, false, false},
#define OP3(kinds, name, value) [DW_ELEMENTWISE_##name] = {#name, 3, false, false},
#define TEST(kinds, name, value) [DW_ELEMENTWISE_##name] = {#name, 2, true, false},
#define CHOOSE(kinds, name, value) [DW_ELEMENTWISE_##name] = {#name, 3, false, true},
#include "kernels/elementwise.h"
};

int dw_elementwise_find(const char *name) {
  for (int op = 0; op < DW_ELEMENTWISE_OPS; op++) {
    if (strcmp(ops[op].name, name) == 0) return op;
  }
  return -1;
}

int dw_elementwise_operands(int op) { return ops[op].operands; }

bool dw_elementwise_chooses(int op) { return ops[op].chooses; }

dw_dtype dw_elementwise_result(int op, dw_dtype d) { return ops[op].tests ? DW_BOOL : d; }

bool dw_elementwise_takes(const dw_context *cx, int op, dw_dtype d) {
  return cx->kernels->elementwise[d]->run[op] != NULL;
}

static bool any_element(const dw_tensor *t, bool (*is)(double)) {
  int64_t n = dw_numel(t);
  for (int64_t i = 0; i < n; i++) {
    if (is(dw_element(t, i))) return true;
  }
  return false;
}

static bool is_zero(double x) { return x == 0; }
static bool is_negative(double x) { return x < 0; }

dw_status dw_elementwise_check(const dw_context *cx, int op, const dw_tensor *const *x) {
  const dw_tensor *last = x[ops[op].operands - 1];
  if (!dw_elementwise_takes(cx, op, last->dtype)) return DW_DTYPE;
  if (dw_dtype_is_float(last->dtype)) return DW_OK;
  bool divides = op == DW_ELEMENTWISE_floor_divide || op == DW_ELEMENTWISE_mod;
  if (divides && any_element(last, is_zero)) return DW_DIVISION;
  if (op == DW_ELEMENTWISE_power && any_element(last, is_negative)) return DW_EXPONENT;
  return DW_OK;
}

// ---- blocks -------------------------------------------------------------------------------------

enum { BUFFER = 4096 };  // bytes: one for each operand, together half of a small L1
enum { LONG = 1 << 14 }; // elements of a block in which nothing is staged

typedef void run_block(void *y, const void *const *x, int64_t n);

// A block is a piece of axis `cut` times all of the axes behind it.
struct job {
  struct dw_walk w; // y is operand 0
  run_block *run;
  const struct dw_layout_kernels *layout[DW_OPERANDS];
  int cut;
  int64_t piece, pieces, inner; // of axis `cut`; elements behind it
  int64_t blocks, blocks_per_task;
  bool direct[DW_OPERANDS]; // contiguous within a block
};

static bool is_direct(const struct job *j, int s) {
  const struct dw_walk *w = &j->w;
  if (w->step[s][w->rank - 1] != 1) return false;
  for (int i = w->rank - 1; i > j->cut; i--) {
    if (w->step[s][i - 1] != w->step[s][i] * w->size[i]) return false;
  }
  return true;
}

static void cut_blocks(struct job *j) {
  struct dw_walk *w = &j->w;
  int64_t chunk = BUFFER;
  for (int s = 0; s < w->operands; s++) chunk = BUFFER / w->bytes[s] < chunk ? BUFFER / w->bytes[s] : chunk;
  j->cut = w->rank - 1;
  j->inner = 1;
  while (j->cut > 0 && j->inner * w->size[j->cut] <= chunk) j->inner *= w->size[j->cut--];
  bool all = j->inner == 1;
  for (int s = 0; s < w->operands; s++) {
    j->direct[s] = is_direct(j, s);
    all = all && j->direct[s];
  }
  j->piece = all ? LONG : chunk / j->inner;
  if (j->piece > w->size[j->cut]) j->piece = w->size[j->cut];
}

// Between operand s, from the block's first element on, and a buffer; `into`: towards the operand.
static void stage(const struct job *j, int s, char *at, char *buffer, int64_t count, bool into) {
  const struct dw_walk *w = &j->w;
  int last = w->rank - 1;
  int64_t row = j->cut == last ? count : w->size[last], rows = count * j->inner / row, step = w->step[s][last];
  for (int64_t r = 0; r < rows; r++, buffer += row * w->bytes[s]) {
    int64_t rest = r, offset = 0;
    for (int i = last - 1; i > j->cut; rest /= w->size[i--]) offset += rest % w->size[i] * w->step[s][i];
    if (j->cut < last) offset += rest * w->step[s][j->cut];
    char *p = at + offset * w->bytes[s];
    if (into) {
      j->layout[s]->copy(p, step, buffer, 1, row);
    } else if (step == 0) {
      j->layout[s]->fill(buffer, 1, p, row);
    } else {
      j->layout[s]->copy(buffer, 1, p, step, row);
    }
  }
}

static void run_blocks(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  const struct dw_walk *w = &j->w;
  char buffers[DW_OPERANDS][BUFFER] __attribute__((aligned(64)));
  struct {
    const char *at;
    int64_t count;
  } staged[DW_OPERANDS] = {{0}};
  int64_t end = b * j->blocks_per_task < j->blocks ? b * j->blocks_per_task : j->blocks;
  for (int64_t block = a * j->blocks_per_task; block < end; block++) {
    int64_t first = block % j->pieces * j->piece, count = w->size[j->cut] - first;
    if (count > j->piece) count = j->piece;
    char *at[DW_OPERANDS];
    for (int s = 0; s < w->operands; s++) {
      at[s] = dw_walk_at(w, s, j->cut, block / j->pieces) + first * w->step[s][j->cut] * w->bytes[s];
    }
    const void *x[DW_OPERANDS];
    for (int s = 1; s < w->operands; s++) {
      x[s - 1] = j->direct[s] ? at[s] : buffers[s];
      if (j->direct[s] || (staged[s].at == at[s] && count <= staged[s].count)) continue;
      stage(j, s, at[s], buffers[s], count, false);
      staged[s].at = at[s], staged[s].count = count;
    }
    j->run(j->direct[0] ? at[0] : buffers[0], x, count * j->inner);
    if (!j->direct[0]) stage(j, 0, at[0], buffers[0], count, true);
  }
}

// All of it as one block, if it is a short one.
static bool run_short(run_block *run, const dw_tensor *y, int operands, const dw_tensor *const *x, int64_t n) {
  const void *data[DW_OPERANDS];
  if (n > LONG || !dw_is_contiguous(y)) return false;
  for (int s = 0; s < operands; s++) {
    if (!dw_is_contiguous(x[s])) return false;
    data[s] = x[s]->data;
  }
  run(y->data, data, n);
  return true;
}

dw_status dw_elementwise(const dw_context *cx, int op, const dw_tensor *y, const dw_tensor *const *x) {
  enum { TASK = 1 << 14 }; // elements
  const dw_tensor *all[DW_OPERANDS] = {y};
  int64_t n = dw_numel(y);
  run_block *run = cx->kernels->elementwise[x[ops[op].operands - 1]->dtype]->run[op];
  if (n == 0 || run_short(run, y, ops[op].operands, x, n)) return DW_OK;
  for (int s = 0; s < ops[op].operands; s++) all[s + 1] = x[s];
  struct job j;
  j.run = run;
  dw_walk_init(&j.w, ops[op].operands + 1, all);
  for (int s = 0; s < j.w.operands; s++) {
    j.layout[s] = cx->kernels->layout[j.w.bytes[s] == 1 ? DW_SIZE1 : j.w.bytes[s] == 4 ? DW_SIZE4 : DW_SIZE8];
  }
  cut_blocks(&j);
  j.pieces = (j.w.size[j.cut] + j.piece - 1) / j.piece;
  j.blocks = n / j.inner / j.w.size[j.cut] * j.pieces;
  int64_t block = j.piece * j.inner;
  j.blocks_per_task = block < TASK ? TASK / block : 1;
  return dw_parallel(cx, (j.blocks + j.blocks_per_task - 1) / j.blocks_per_task, (double)n * 3, run_blocks, &j);
}

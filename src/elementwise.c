// elementwise.c: ops that combine tensors number by number. Called by the binding.
// Invariant: kernels see contiguous blocks. Where an operand is strided or repeats itself in a block, its elements are
// first brought together in a small buffer, which stays as long as the next block repeats the same elements.
#include <stdatomic.h>
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
#define ASK(kinds, name, value) [DW_ELEMENTWISE_##name] = {#name, 1, true, false},
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

struct search {
  const dw_context *cx;
  const struct dw_walk *w;
  dw_dtype dtype;
  bool negative;
  atomic_bool found;
};

// Tasks are rows of the walk; a long one looks for interruptions itself.
static void search_rows(void *job, int64_t a, int64_t b, int slot) {
  enum { CHUNK = 256, OFTEN = 1 << 18 };
  struct search *s = job;
  const struct dw_walk *w = s->w;
  int last = w->rank - 1;
  int64_t wide[CHUNK], step = w->step[0][last];
  for (int64_t row = a; row < b && !s->found; row++) {
    const char *p = dw_walk_at(w, 0, last, row);
    for (int64_t i = 0; i < w->size[last]; i += CHUNK) {
      int64_t count = w->size[last] - i < CHUNK ? w->size[last] - i : CHUNK;
      int found = 0;
      s->cx->kernels->cast[s->dtype]->widen(wide, p + i * step * w->bytes[0], step, count);
      for (int64_t k = 0; k < count; k++) found |= s->negative ? wide[k] < 0 : wide[k] == 0;
      if (found) s->found = true;
      if (found || (i % OFTEN == 0 && i > 0 && dw_stopped(s->cx, slot))) return;
    }
  }
}

// Whether a whole number in t is zero, or, if asked so, negative: then `yes`.
static dw_status any_element(const dw_context *cx, const dw_tensor *t, bool negative, dw_status yes) {
  struct dw_walk w;
  struct search s = {.cx = cx, .w = &w, .dtype = t->dtype, .negative = negative};
  int64_t n = dw_numel(t);
  if (n == 0) return DW_OK;
  dw_walk_init(&w, 1, &t);
  dw_status status = dw_parallel(cx, n / w.size[w.rank - 1], (double)n, search_rows, &s);
  return s.found ? yes : status;
}

dw_status dw_elementwise_check(const dw_context *cx, int op, const dw_tensor *const *x) {
  const dw_tensor *last = x[ops[op].operands - 1];
  if (!dw_elementwise_takes(cx, op, last->dtype)) return DW_DTYPE;
  if (dw_dtype_is_float(last->dtype)) return DW_OK;
  bool divides = op == DW_ELEMENTWISE_floor_divide || op == DW_ELEMENTWISE_mod;
  if (divides) return any_element(cx, last, false, DW_DIVISION);
  if (op == DW_ELEMENTWISE_power) return any_element(cx, last, true, DW_EXPONENT);
  return DW_OK;
}

// ---- blocks -------------------------------------------------------------------------------------

enum { BUFFER = 4096 };  // bytes: one for each operand, together half of a small L1
enum { LONG = 1 << 14 }; // elements of a block in which nothing is staged

typedef void run_block(void *y, const void *const *x, int64_t n);

struct job {
  struct dw_walk w; // y is operand 0
  run_block *run;
  const struct dw_layout_kernels *layout[DW_OPERANDS];
  int64_t box[DW_MAX_RANK], boxes[DW_MAX_RANK]; // of each axis: its share in a block, and how many there are
  int64_t blocks, blocks_per_task;
  bool direct[DW_OPERANDS]; // contiguous within a block
  bool streams;             // y is direct, and written past the caches
};

// An axis along which some operand is contiguous that is far from contiguous along the last one; -1 if there is none.
static int find_across(const struct dw_walk *w) {
  enum { FEW = 4 };
  int last = w->rank - 1;
  for (int s = 1; s < w->operands; s++) {
    if (w->step[s][last] == 0 || w->step[s][last] == 1 || w->size[last] < FEW) continue;
    for (int i = 0; i < last; i++) {
      if (w->step[s][i] == 1 && w->size[i] >= FEW) return i;
    }
  }
  return -1;
}

// Boxes of the last axes until `chunk` elements are in one; where an operand is transposed, a line of it by the rest.
static void fill_boxes(struct job *j, int64_t chunk) {
  enum { LINE = 64 };
  struct dw_walk *w = &j->w;
  int last = w->rank - 1, across = find_across(w);
  int64_t most = chunk;
  if (across >= 0) {
    for (; across < last - 1; across++) dw_walk_swap(w, across, across + 1); // the others keep their order
    int64_t line = LINE * chunk / BUFFER;
    most = chunk / (w->size[last - 1] < line ? w->size[last - 1] : line);
  }
  for (int i = last; i >= 0; i--, most = chunk) {
    j->box[i] = w->size[i] < most ? w->size[i] : most;
    chunk /= j->box[i];
  }
}

static bool is_direct(const struct job *j, int s) {
  int64_t step = 1;
  for (int i = j->w.rank - 1; i >= 0; step *= j->box[i--]) {
    if (j->box[i] > 1 && j->w.step[s][i] != step) return false;
  }
  return true;
}

static void cut_blocks(struct job *j) {
  enum { TASK = 1 << 14 }; // elements
  struct dw_walk *w = &j->w;
  int64_t chunk = BUFFER, block = 1;
  int last = w->rank - 1;
  for (int s = 0; s < w->operands; s++) chunk = BUFFER / w->bytes[s] < chunk ? BUFFER / w->bytes[s] : chunk;
  fill_boxes(j, chunk);
  bool all = j->box[last] == chunk;
  for (int s = 0; s < w->operands; s++) all = (j->direct[s] = is_direct(j, s)) && all;
  j->streams = j->streams && j->direct[0];
  if (all && !j->streams) j->box[last] = w->size[last] < LONG ? w->size[last] : LONG;
  j->blocks = 1;
  for (int i = 0; i < w->rank; i++) {
    j->boxes[i] = (w->size[i] + j->box[i] - 1) / j->box[i];
    j->blocks *= j->boxes[i];
    block *= j->box[i];
  }
  j->blocks_per_task = block < TASK ? TASK / block : 1;
}

// Where a block begins in each operand, and how many elements it has along each axis; gives how many in all.
static int64_t find_block(const struct job *j, int64_t block, char **at, int64_t *count) {
  const struct dw_walk *w = &j->w;
  int64_t n = 1;
  for (int s = 0; s < w->operands; s++) at[s] = w->data[s];
  for (int i = w->rank - 1; i >= 0; n *= count[i--]) {
    count[i] = j->box[i];
    if (j->boxes[i] == 1) continue;
    int64_t first = block % j->boxes[i] * j->box[i];
    block /= j->boxes[i];
    if (w->size[i] - first < count[i]) count[i] = w->size[i] - first;
    for (int s = 0; s < w->operands; s++) at[s] += first * w->step[s][i] * w->bytes[s];
  }
  return n;
}

// Between operand s and a buffer, axis `i` and those behind it; `into`: towards the operand.
static void stage(const struct job *j, int s, int i, const int64_t *count, char *at, char *buffer, bool into) {
  const struct dw_layout_kernels *layout = j->layout[s];
  int last = j->w.rank - 1;
  int64_t bytes = j->w.bytes[s], step = j->w.step[s][i], along = j->w.step[s][last], n = count[last];
  if (i == last) {
    if (into) return layout->copy(at, step, buffer, 1, n);
    if (step == 0) return layout->fill(buffer, 1, at, n);
    return layout->copy(buffer, 1, at, step, n);
  }
  if (i == last - 1 && step == 1 && along != 1) {
    if (into) return layout->transpose(at, along, buffer, n, count[i], n);
    return layout->transpose(buffer, n, at, along, n, count[i]);
  }
  int64_t row = bytes, have = step == 0 ? 1 : count[i]; // rows that differ
  for (int k = i + 1; k <= last; k++) row *= count[k];
  for (int64_t k = 0; k < have; k++) stage(j, s, i + 1, count, at + k * step * bytes, buffer + k * row, into);
  for (int64_t more; have < count[i]; have += more) {
    more = have < count[i] - have ? have : count[i] - have;
    memcpy(buffer + have * row, buffer, (size_t)(more * row));
  }
}

static void run_blocks(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  const struct dw_walk *w = &j->w;
  char buffers[DW_OPERANDS][BUFFER] __attribute__((aligned(64)));
  struct {
    const char *at;
    int64_t n, row;
  } staged[DW_OPERANDS] = {{0}};
  int64_t end = b * j->blocks_per_task < j->blocks ? b * j->blocks_per_task : j->blocks;
  for (int64_t block = a * j->blocks_per_task; block < end; block++) {
    char *at[DW_OPERANDS];
    const void *x[DW_OPERANDS];
    int64_t count[DW_MAX_RANK], n = find_block(j, block, at, count), row = count[w->rank - 1];
    for (int s = 1; s < w->operands; s++) {
      x[s - 1] = j->direct[s] ? at[s] : buffers[s];
      if (j->direct[s] || (staged[s].at == at[s] && staged[s].n == n && staged[s].row == row)) continue;
      stage(j, s, 0, count, at[s], buffers[s], false);
      staged[s].at = at[s], staged[s].n = n, staged[s].row = row;
    }
    char *y = j->direct[0] && !j->streams ? at[0] : buffers[0];
    j->run(y, x, n);
    if (j->streams) j->layout[0]->stream(at[0], y, n);
    if (!j->direct[0]) stage(j, 0, 0, count, at[0], y, true);
  }
  if (j->streams) atomic_thread_fence(memory_order_seq_cst); // what was streamed is there before the task is done
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
  const dw_tensor *all[DW_OPERANDS] = {y};
  int64_t n = dw_numel(y);
  struct job j;
  j.run = cx->kernels->elementwise[x[ops[op].operands - 1]->dtype]->run[op];
  j.streams = n * (int64_t)dw_dtype_size(y->dtype) > cx->stream;
  if (n == 0 || (!j.streams && run_short(j.run, y, ops[op].operands, x, n))) return DW_OK;
  for (int s = 0; s < ops[op].operands; s++) all[s + 1] = x[s];
  dw_walk_init(&j.w, ops[op].operands + 1, all);
  for (int s = 0; s < j.w.operands; s++) {
    j.layout[s] = cx->kernels->layout[j.w.bytes[s] == 1 ? DW_SIZE1 : j.w.bytes[s] == 4 ? DW_SIZE4 : DW_SIZE8];
  }
  cut_blocks(&j);
  return dw_parallel(cx, (j.blocks + j.blocks_per_task - 1) / j.blocks_per_task, (double)n * 3, run_blocks, &j);
}

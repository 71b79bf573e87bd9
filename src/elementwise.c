// elementwise.c: ops that combine tensors number by number. Called by the binding.
// Invariant: kernels see contiguous blocks. Where an operand is strided or repeats itself in a block, its elements are
// first brought together in a small buffer, which stays as long as the next block repeats the same elements.
#include <stdatomic.h>
#include <string.h>

#include "base/base.h"
#include "kernels/cast.h"
#include "kernels/elementwise.h"
#include "kernels/layout.h"

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
#include "kernels/elementwise_list.h"
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

// ---- whole numbers that an op cannot take -------------------------------------------------------

struct search {
  struct dw_walk w;
  const struct dw_cast_kernels *cast;
  bool negative; // what is looked for: these, or 0
  dw_status found_status;
  atomic_bool found;
};

// Units are rows of the walk; a long one looks for interruptions itself.
static void search_rows(dw_job *j, int64_t a, int64_t b, int slot) {
  enum { CHUNK = 256, OFTEN = 1 << 18 };
  struct search *s = DW_STATE(struct search, j);
  const struct dw_walk *w = &s->w;
  int last = w->rank - 1;
  int64_t wide[CHUNK], step = w->step[0][last];
  for (int64_t row = a; row < b && !s->found; row++) {
    const char *p = dw_walk_at(w, 0, last, row);
    for (int64_t i = 0; i < w->size[last]; i += CHUNK) {
      int64_t count = least(w->size[last] - i, CHUNK);
      bool found = false;
      s->cast->widen(wide, p + i * step * w->bytes[0], step, count);
      for (int64_t k = 0; k < count; k++) found |= s->negative ? wide[k] < 0 : wide[k] == 0;
      if (found) s->found = true;
      if (found || (i % OFTEN == 0 && i > 0 && dw_stopped(j->cx, slot))) return;
    }
  }
}

static bool end_search(dw_job *j) {
  const struct search *s = DW_STATE(struct search, j);
  if (s->found) j->status = s->found_status;
  return false;
}

// Whether a whole number in t is zero or, if that is asked, negative: then `yes`.
static bool search_init(dw_job *j, const dw_context *cx, const dw_tensor *t, bool negative, dw_status yes) {
  struct search *s = DW_STATE(struct search, j);
  int64_t n = dw_numel(t);
  if (n == 0) return false;
  s->negative = negative, s->found_status = yes, s->cast = cx->kernels->cast[t->dtype];
  atomic_init(&s->found, false);
  dw_walk_init(&s->w, 1, &t);
  dw_job_init(j, cx, n / s->w.size[s->w.rank - 1], (double)n, search_rows);
  j->next = end_search;
  return true;
}

bool dw_elementwise_check_init(dw_job *j, const dw_context *cx, const dw_tensor *const *x, int op) {
  const dw_tensor *last = x[ops[op].operands - 1];
  if (dw_dtype_is_float(last->dtype)) return false;
  if (op == DW_ELEMENTWISE_power) return search_init(j, cx, last, true, DW_EXPONENT);
  bool divides = op == DW_ELEMENTWISE_floor_divide || op == DW_ELEMENTWISE_mod;
  return divides && search_init(j, cx, last, false, DW_DIVISION);
}

// ---- blocks -------------------------------------------------------------------------------------

// `make bench BENCHES=elementwise` shows what these do.
enum { BUFFER = 4096 };  // bytes: one for each operand, together half of a small L1
enum { LONG = 1 << 14 }; // elements of a block in which nothing goes through a buffer

typedef void run_block(void *y, const void *const *x, int64_t n);

struct combination {
  struct dw_walk w; // y is operand 0
  run_block *run;
  const struct dw_layout_kernels *layout[DW_OPERANDS];
  int64_t box[DW_MAX_RANK], boxes[DW_MAX_RANK]; // of each axis: its share in a block, and how many there are
  int64_t blocks;
  bool direct[DW_OPERANDS]; // contiguous within a block
  bool streams;             // y is direct, and bypasses the caches
};

DW_BEFORE_SERIES(struct combination);

// An axis along which an operand is contiguous that is far from contiguous along the last axis; -1 if there is none.
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
static void fill_boxes(struct combination *c, int64_t chunk) {
  struct dw_walk *w = &c->w;
  int last = w->rank - 1, across = find_across(w);
  int64_t longest = chunk;
  if (across >= 0) {
    for (; across < last - 1; across++) dw_walk_swap(w, across, across + 1); // the others keep their order
    longest = chunk / least(w->size[last - 1], DW_LINE * chunk / BUFFER);
  }
  for (int i = last; i >= 0; i--, longest = chunk) {
    c->box[i] = least(w->size[i], longest);
    chunk /= c->box[i];
  }
}

static bool is_direct(const struct combination *c, int s) {
  int64_t step = 1;
  for (int i = c->w.rank - 1; i >= 0; step *= c->box[i--]) {
    if (c->box[i] > 1 && c->w.step[s][i] != step) return false;
  }
  return true;
}

static void cut_blocks(struct combination *c) {
  struct dw_walk *w = &c->w;
  int64_t chunk = BUFFER;
  int last = w->rank - 1;
  for (int s = 0; s < w->operands; s++) chunk = least(BUFFER / w->bytes[s], chunk);
  fill_boxes(c, chunk);
  bool all = c->box[last] == chunk;
  for (int s = 0; s < w->operands; s++) all = (c->direct[s] = is_direct(c, s)) && all;
  c->streams = c->streams && c->direct[0];
  if (all && !c->streams) c->box[last] = least(w->size[last], LONG);
  c->blocks = 1;
  for (int i = 0; i < w->rank; i++) {
    c->boxes[i] = parts(w->size[i], c->box[i]);
    c->blocks *= c->boxes[i];
  }
}

// Where a block begins in each operand, and how many elements it has along each axis; gives the number of all.
static int64_t find_block(const struct combination *c, int64_t block, char **at, int64_t *count) {
  const struct dw_walk *w = &c->w;
  int64_t n = 1;
  for (int s = 0; s < w->operands; s++) at[s] = w->data[s];
  for (int i = w->rank - 1; i >= 0; n *= count[i--]) {
    count[i] = c->box[i];
    if (c->boxes[i] == 1) continue;
    int64_t first = block % c->boxes[i] * c->box[i];
    block /= c->boxes[i];
    count[i] = least(w->size[i] - first, count[i]);
    for (int s = 0; s < w->operands; s++) at[s] += first * w->step[s][i] * w->bytes[s];
  }
  return n;
}

// Between operand s and a buffer, axis `i` and those after it; `into`: towards the operand.
static void carry(const struct combination *c, int s, int i, const int64_t *count, char *at, char *buffer, bool into) {
  const struct dw_layout_kernels *layout = c->layout[s];
  int last = c->w.rank - 1;
  int64_t bytes = c->w.bytes[s], step = c->w.step[s][i], along = c->w.step[s][last], n = count[last];
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
  for (int64_t k = 0; k < have; k++) carry(c, s, i + 1, count, at + k * step * bytes, buffer + k * row, into);
  for (int64_t more; have < count[i]; have += more) {
    more = least(have, count[i] - have);
    memcpy(buffer + have * row, buffer, (size_t)(more * row));
  }
}

static void combine_blocks(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct combination *c = DW_STATE(struct combination, j);
  const struct dw_walk *w = &c->w;
  char buffers[DW_OPERANDS][BUFFER] __attribute__((aligned(64)));
  struct {
    const char *at;
    int64_t n, row;
  } carried[DW_OPERANDS] = {{0}};
  for (int64_t block = a; block < b; block++) {
    char *at[DW_OPERANDS];
    const void *x[DW_OPERANDS];
    int64_t count[DW_MAX_RANK], n = find_block(c, block, at, count), row = count[w->rank - 1];
    for (int s = 1; s < w->operands; s++) {
      x[s - 1] = c->direct[s] ? at[s] : buffers[s];
      if (c->direct[s] || (carried[s].at == at[s] && carried[s].n == n && carried[s].row == row)) continue;
      carry(c, s, 0, count, at[s], buffers[s], false);
      carried[s].at = at[s], carried[s].n = n, carried[s].row = row;
    }
    char *y = c->direct[0] && !c->streams ? at[0] : buffers[0];
    c->run(y, x, n);
    if (c->streams) c->layout[0]->stream(at[0], y, n);
    if (!c->direct[0]) carry(c, 0, 0, count, at[0], y, true);
  }
  if (c->streams) atomic_thread_fence(memory_order_seq_cst); // what was streamed is there before the task is done
}

// ---- short ones ---------------------------------------------------------------------------------

// All of it as one block.
struct brief {
  run_block *run;
  void *y;
  const void *x[DW_OPERANDS];
  int64_t n;
};

static void combine_brief(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)a, (void)b, (void)slot;
  const struct brief *s = DW_STATE(struct brief, j);
  s->run(s->y, s->x, s->n);
}

static bool is_brief(const dw_tensor *y, int operands, const dw_tensor *const *x, int64_t n) {
  bool contiguous = n <= LONG && dw_is_contiguous(y);
  for (int s = 0; s < operands && contiguous; s++) contiguous = dw_is_contiguous(x[s]);
  return contiguous;
}

static void brief_init(dw_job *j, const dw_context *cx, run_block *run, const dw_tensor *y, int operands,
                       const dw_tensor *const *x, int64_t n) {
  struct brief *s = DW_STATE(struct brief, j);
  dw_job_init(j, cx, 1, (double)n * DW_WORK_COMBINE, combine_brief);
  s->run = run, s->y = y->data, s->n = n;
  for (int i = 0; i < operands; i++) s->x[i] = x[i]->data;
}

void dw_elementwise_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *const *x, int op) {
  const dw_tensor *all[DW_OPERANDS] = {y};
  int operands = ops[op].operands;
  int64_t n = dw_numel(y);
  run_block *run = cx->kernels->elementwise[x[operands - 1]->dtype]->run[op];
  DW_REQUIRE(run != NULL && y->dtype == dw_elementwise_result(op, x[operands - 1]->dtype));
  for (int s = 0; s < operands; s++) DW_REQUIRE(dw_same_shape(x[s], y));
  bool streams = n * (int64_t)dw_dtype_size(y->dtype) > cx->stream;
  if (n == 0) return dw_job_init(j, cx, 0, 0, NULL);
  if (!streams && is_brief(y, operands, x, n)) return brief_init(j, cx, run, y, operands, x, n);
  struct combination *c = DW_STATE(struct combination, j);
  c->run = run, c->streams = streams;
  for (int s = 0; s < operands; s++) all[s + 1] = x[s];
  dw_walk_init(&c->w, operands + 1, all);
  for (int s = 0; s < c->w.operands; s++) c->layout[s] = dw_layout_kernels(cx, c->w.bytes[s]);
  cut_blocks(c);
  dw_job_init(j, cx, c->blocks, (double)n * DW_WORK_COMBINE, combine_blocks);
}

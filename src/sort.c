// sort.c: the order of the elements along a last axis. Called by the binding. Short lines are sorted whole, each as one
// unit; long ones one after the other, by units that sort blocks, then by passes whose units each write a piece of what
// two sorted runs merge into. Invariant: the order is stable, so it does not depend on how it is computed.
#include "base/base.h"
#include "kernels/sort.h"

enum { BLOCK = 1 << 15 }; // elements of a block and of a piece; of longer lines

struct sorting {
  const struct dw_sort_kernels *k;
  int64_t *order;
  const char *keys;
  int64_t n, lines;
  int64_t work_pitch; // bytes of a slot's room for indices
  size_t bytes;
  bool descending;
  // Of a long line: which it is, the runs of `run` elements that are merged (0: blocks are sorted), and whether the
  // pass reads the order and writes the room in memory, rather than the other way round.
  int64_t line, run;
  bool to_memory;
};

static struct sorting *sorting_of(dw_job *j) { return DW_STATE(struct sorting, j); }

// ---- short lines --------------------------------------------------------------------------------

static void sort_lines(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct sorting *s = sorting_of(j);
  int64_t *work = (int64_t *)(void *)(j->memory + slot * s->work_pitch);
  for (int64_t i = a; i < b; i++) {
    s->k->argsort(s->order + i * s->n, work, s->keys + (size_t)(i * s->n) * s->bytes, 0, s->n, s->descending);
  }
}

// ---- long lines ---------------------------------------------------------------------------------

struct long_line {
  int64_t *to, *from;
  const char *keys;
};

static struct long_line long_line(dw_job *j) {
  const struct sorting *s = sorting_of(j);
  int64_t *order = s->order + s->line * s->n, *memory = (int64_t *)(void *)j->memory;
  const char *keys = s->keys + (size_t)(s->line * s->n) * s->bytes;
  return s->to_memory ? (struct long_line){memory, order, keys} : (struct long_line){order, memory, keys};
}

static void sort_blocks(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct sorting *s = sorting_of(j);
  struct long_line l = long_line(j);
  for (int64_t first = a * BLOCK; first < least(b * BLOCK, s->n); first += BLOCK) {
    s->k->argsort(l.to + first, l.from + first, l.keys, first, least(BLOCK, s->n - first), s->descending);
  }
}

// A piece lies within one pair of runs, as these are whole pieces but for the last.
static void sort_pieces(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct sorting *s = sorting_of(j);
  struct long_line l = long_line(j);
  for (int64_t at = a * BLOCK; at < least(b * BLOCK, s->n); at += BLOCK) {
    int64_t pair = at / (2 * s->run) * 2 * s->run, left = least(s->run, s->n - pair);
    int64_t right = least(s->run, s->n - pair - left);
    s->k->merge(l.to + at, at - pair, least(BLOCK, s->n - at), l.from + pair, left, l.from + pair + left, right, l.keys,
                s->descending);
  }
}

// The last of the passes of a line writes the order.
static void begin_line(dw_job *j) {
  struct sorting *s = sorting_of(j);
  bool odd = false;
  for (int64_t run = BLOCK; run < s->n; run *= 2) odd = !odd;
  s->run = 0, s->to_memory = odd;
  j->pass = (dw_pass){parts(s->n, BLOCK), (double)s->n * DW_WORK_SORT, sort_blocks};
}

static bool next_of_long(dw_job *j) {
  struct sorting *s = sorting_of(j);
  s->run = s->run == 0 ? BLOCK : 2 * s->run;
  if (s->run < s->n) {
    s->to_memory = !s->to_memory;
    j->pass.run = sort_pieces;
    return true;
  }
  if (++s->line == s->lines) return false;
  begin_line(j);
  return true;
}

dw_status dw_argsort_init(dw_job *j, const dw_context *cx, const dw_tensor *order, const dw_tensor *x,
                          bool descending) {
  struct sorting *s = sorting_of(j);
  int64_t n = x->shape[x->rank - 1], all = dw_numel(x), used = 0, room = times(n, sizeof(int64_t));
  DW_REQUIRE(order->dtype == DW_INT64 && dw_same_shape(order, x) && dw_is_contiguous(order) && dw_is_contiguous(x));
  *s = (struct sorting){.k = cx->kernels->sort[x->dtype == DW_BOOL ? DW_UINT8 : x->dtype]};
  s->order = order->data, s->keys = x->data, s->n = n, s->lines = n > 0 ? all / n : 0;
  s->bytes = dw_dtype_size(x->dtype), s->descending = descending;
  dw_job_init(j, cx, s->lines, (double)all * DW_WORK_SORT, sort_lines);
  if (all == 0) return DW_OK;
  if (n > BLOCK) {
    begin_line(j);
    j->next = next_of_long;
    dw_scratch_take(&used, room);
  } else {
    j->slots = dw_slots(cx, s->lines, j->pass.work);
    dw_scratch_each(&used, room, j->slots, &s->work_pitch);
  }
  return dw_scratch_tell(j, used);
}

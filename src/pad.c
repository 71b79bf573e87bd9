// pad.c: a tensor with further elements around it, and the transposed map. Called by the binding. Made of other
// drivers' jobs, which run one after another on views: the padding of an axis is filled with a value, or is a mirrored
// copy of what y already holds. Invariant: no job reads what it writes, and the order of additions follows from the
// shapes alone.
#include <string.h>

#include "base/base.h"

struct pad {
  dw_tensor x, y;              // dx and g, for the gradient
  int64_t before[DW_MAX_RANK]; // of y, along each axis; what is after follows from the sizes
  dw_pad_mode mode;
  int step; // forward: axes done, twice; the gradient: parts of g done
  double element;
};

static struct pad *pad_of(dw_job *j) { return DW_SERIES(struct pad, j); }

static int64_t after_of(const struct pad *p, int axis) { return p->y.shape[axis] - p->x.shape[axis] - p->before[axis]; }

static int64_t skip_of(const struct pad *p) { return p->mode == DW_REFLECT ? 1 : 0; } // the edge is not repeated

// The part of y that x is copied to, from `axis` on; whole along the axes before.
static dw_tensor inner_view(const struct pad *p, int axis) {
  dw_tensor v = p->y;
  for (int i = axis; i < v.rank; i++) dw_range_view(&v, &v, i, p->before[i], 1, p->x.shape[i]);
  return v;
}

static struct pad *pad_start(dw_job *j, const dw_tensor *x, const dw_tensor *y, const int64_t *pads, dw_pad_mode mode) {
  struct pad *p = pad_of(j);
  DW_REQUIRE(x->rank == y->rank && x->dtype == y->dtype);
  *p = (struct pad){.x = *x, .y = *y, .mode = mode};
  for (int i = 0; i < x->rank; i++) p->before[i] = pads[2 * i];
  return p;
}

// ---- forward -----------------------------------------------------------------------------------------------

// Steps 2*axis and 2*axis + 1 are what is before and after along an axis; where both are 0 there is nothing to do.
static bool next_side(dw_job *j) {
  struct pad *p = pad_of(j);
  for (; p->step < 2 * p->y.rank; p->step++) {
    int axis = p->step / 2;
    bool ahead = p->step % 2 == 0;
    int64_t before = p->before[axis], n = p->x.shape[axis], size = ahead ? before : after_of(p, axis);
    if (size == 0) continue;
    dw_tensor rest = inner_view(p, axis + 1), to, from;
    dw_range_view(&to, &rest, axis, ahead ? 0 : before + n, 1, size);
    if (p->mode == DW_CONSTANT) {
      dw_fill_init(j, j->cx, &to, &p->element);
    } else {
      int64_t first = ahead ? 2 * before - 1 + skip_of(p) : before + n - 1 - skip_of(p);
      dw_range_view(&from, &rest, axis, first, -1, size);
      dw_copy_init(j, j->cx, &to, &from);
    }
    p->step++;
    j->next = next_side;
    return true;
  }
  return false;
}

void dw_pad_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *pads,
                 dw_pad_mode mode, const void *element) {
  struct pad *p = pad_start(j, x, y, pads, mode);
  if (mode == DW_CONSTANT) memcpy(&p->element, element, dw_dtype_size(y->dtype));
  dw_tensor inner = inner_view(p, 0);
  dw_copy_init(j, cx, &inner, x);
  j->next = next_side;
}

// ---- the gradient ------------------------------------------------------------------------------------------

enum { INNER, BEFORE, AFTER, PARTS }; // of an axis of g

// The part of g whose number has for each axis one of these as its digit, and where in dx it goes; false: it is empty.
static bool find_part(const struct pad *p, int number, dw_tensor *to, dw_tensor *from) {
  *to = p->x, *from = p->y;
  for (int i = 0; i < to->rank; i++, number /= PARTS) {
    int part = number % PARTS;
    int64_t before = p->before[i], after = after_of(p, i), n = p->x.shape[i];
    int64_t size = part == INNER ? n : part == BEFORE ? before : after;
    if (part != INNER && size == 0) return false;
    if (part == INNER) {
      dw_range_view(from, from, i, before, 1, n);
    } else {
      dw_range_view(to, to, i, part == BEFORE ? skip_of(p) : n - skip_of(p) - after, 1, size);
      dw_range_view(from, from, i, part == BEFORE ? before - 1 : before + n + after - 1, -1, size);
    }
  }
  return true;
}

static bool next_part(dw_job *j) {
  struct pad *p = pad_of(j);
  int all = 1;
  for (int i = 0; i < p->x.rank; i++) all *= PARTS;
  if (p->mode == DW_CONSTANT) return false;
  for (p->step++; p->step < all; p->step++) {
    dw_tensor to, from;
    if (!find_part(p, p->step, &to, &from)) continue;
    dw_elementwise_init(j, j->cx, &to, (const dw_tensor *[]){&to, &from}, dw_elementwise_find("add"));
    j->next = next_part;
    return true;
  }
  return false;
}

void dw_pad_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, const int64_t *pads,
                        dw_pad_mode mode) {
  struct pad *p = pad_start(j, dx, g, pads, mode);
  dw_tensor to, from;
  DW_REQUIRE(dw_dtype_is_float(g->dtype));
  find_part(p, 0, &to, &from);
  dw_copy_init(j, cx, &to, &from);
  j->next = next_part;
}

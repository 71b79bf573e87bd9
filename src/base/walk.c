// walk.c: how drivers see strided tensors of one shape together. Called by the drivers that take any strides.
// Invariant: the axes of a walk visit every element of the shape once.
#include "base.h"

void dw_walk_swap(struct dw_walk *w, int i, int j) {
  int64_t n = w->size[i];
  w->size[i] = w->size[j], w->size[j] = n;
  for (int s = 0; s < w->operands; s++) {
    int64_t step = w->step[s][i];
    w->step[s][i] = w->step[s][j], w->step[s][j] = step;
  }
}

static int64_t distance(int64_t step) { return step < 0 ? -step : step; }

static void order_axes(struct dw_walk *w) {
  for (int i = 1; i < w->rank; i++) {
    for (int j = i; j > 0 && distance(w->step[0][j - 1]) < distance(w->step[0][j]); j--) dw_walk_swap(w, j - 1, j);
  }
}

static bool merges(const struct dw_walk *w, int outer, int inner) {
  for (int s = 0; s < w->operands; s++) {
    if (w->step[s][outer] != w->step[s][inner] * w->size[inner]) return false;
  }
  return true;
}

static void merge_axes(struct dw_walk *w) {
  int n = 0; // axes kept so far
  for (int i = 0; i < w->rank; i++) {
    bool joins = n > 0 && merges(w, n - 1, i);
    int to = joins ? n - 1 : n++;
    w->size[to] = joins ? w->size[to] * w->size[i] : w->size[i];
    for (int s = 0; s < w->operands; s++) w->step[s][to] = w->step[s][i];
  }
  w->rank = n;
}

void dw_walk_init(struct dw_walk *w, int operands, const dw_tensor *const *tensors) {
  const dw_tensor *first = tensors[0];
  w->operands = operands;
  w->rank = 0;
  for (int s = 0; s < operands; s++) {
    w->data[s] = tensors[s]->data;
    w->bytes[s] = (int64_t)dw_dtype_size(tensors[s]->dtype);
  }
  for (int i = 0; i < first->rank; i++) {
    if (first->shape[i] == 1) continue;
    w->size[w->rank] = first->shape[i];
    for (int s = 0; s < operands; s++) w->step[s][w->rank] = tensors[s]->strides[i];
    w->rank++;
  }
  order_axes(w);
  merge_axes(w);
  if (w->rank > 0) return;
  w->size[w->rank++] = 1;
  for (int s = 0; s < operands; s++) w->step[s][0] = 1;
}

char *dw_walk_at(const struct dw_walk *w, int s, int axes, int64_t outer) {
  int64_t at = 0;
  for (int i = axes - 1; i >= 0; outer /= w->size[i--]) at += outer % w->size[i] * w->step[s][i];
  return w->data[s] + at * w->bytes[s];
}

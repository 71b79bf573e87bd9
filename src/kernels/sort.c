// sort.c: stable order of keys by merging. Called by src/sort.c.
#include "kernels.h"

// Whether key b must come before key a that stands before it.
static inline bool overtakes(T b, T a, bool descending) {
  if (a != a) return b == b;
  return descending ? b > a : b < a;
}

static void insert(int64_t *order, const T *keys, int64_t n, bool descending) {
  for (int64_t i = 1; i < n; i++) {
    int64_t moving = order[i], j = i;
    for (; j > 0 && overtakes(keys[moving - 1], keys[order[j - 1] - 1], descending); j--) order[j] = order[j - 1];
    order[j] = moving;
  }
}

static void merge(int64_t *to, const int64_t *a, int64_t na, const int64_t *b, int64_t nb, const T *keys,
                  bool descending) {
  while (na > 0 && nb > 0) {
    if (overtakes(keys[*b - 1], keys[*a - 1], descending)) {
      *to++ = *b++, nb--;
    } else {
      *to++ = *a++, na--;
    }
  }
  for (; na > 0; na--) *to++ = *a++;
  for (; nb > 0; nb--) *to++ = *b++;
}

static void argsort(int64_t *order, int64_t *work, const void *keys, int64_t n, bool descending) {
  enum { RUN = 8 };
  for (int64_t i = 0; i < n; i++) order[i] = i + 1;
  for (int64_t i = 0; i < n; i += RUN) insert(order + i, keys, n - i < RUN ? n - i : RUN, descending);
  int64_t *from = order, *to = work;
  for (int64_t run = RUN; run < n; run *= 2) {
    for (int64_t i = 0; i < n; i += 2 * run) {
      int64_t na = n - i < run ? n - i : run, nb = n - i - na < run ? n - i - na : run;
      merge(to + i, from + i, na, from + i + na, nb, keys, descending);
    }
    int64_t *other = from;
    from = to, to = other;
  }
  for (int64_t i = 0; from != order && i < n; i++) order[i] = from[i];
}

const struct dw_sort_kernels DW_NAME(sort) = {argsort};

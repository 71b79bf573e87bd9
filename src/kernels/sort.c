// sort.c: stable order of keys by merging. Called by src/sort.c.
#include "sort.h"
#include "vec.h"

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

// How many of a's elements are among the first `count` of both runs merged.
static int64_t taken(int64_t count, const int64_t *a, int64_t na, const int64_t *b, int64_t nb, const T *keys,
                     bool descending) {
  int64_t low = count > nb ? count - nb : 0, high = count < na ? count : na;
  while (low < high) {
    int64_t i = low + (high - low) / 2; // whether a[i] stands before the last that would come from b
    if (!overtakes(keys[b[count - i - 1] - 1], keys[a[i] - 1], descending)) {
      low = i + 1;
    } else {
      high = i;
    }
  }
  return low;
}

static void merge(int64_t *to, int64_t from, int64_t count, const int64_t *a, int64_t na, const int64_t *b, int64_t nb,
                  const void *keys_, bool descending) {
  const T *keys = keys_;
  int64_t before = taken(from, a, na, b, nb, keys, descending);
  const int64_t *a_end = a + na, *b_end = b + nb, *end = to + count;
  a += before, b += from - before;
  while (to < end && a < a_end && b < b_end) {
    *to++ = overtakes(keys[*b - 1], keys[*a - 1], descending) ? *b++ : *a++;
  }
  while (to < end && a < a_end) *to++ = *a++;
  while (to < end) *to++ = *b++;
}

static void argsort(int64_t *order, int64_t *work, const void *keys, int64_t first, int64_t n, bool descending) {
  enum { RUN = 8 };
  for (int64_t i = 0; i < n; i++) order[i] = first + i + 1;
  for (int64_t i = 0; i < n; i += RUN) insert(order + i, keys, n - i < RUN ? n - i : RUN, descending);
  int64_t *from = order, *to = work;
  for (int64_t run = RUN; run < n; run *= 2) {
    for (int64_t i = 0; i < n; i += 2 * run) {
      int64_t na = n - i < run ? n - i : run, nb = n - i - na < run ? n - i - na : run;
      merge(to + i, 0, na + nb, from + i, na, from + i + na, nb, keys, descending);
    }
    int64_t *other = from;
    from = to, to = other;
  }
  for (int64_t i = 0; from != order && i < n; i++) order[i] = from[i];
}

const struct dw_sort_kernels DW_NAME(sort) = {argsort, merge};

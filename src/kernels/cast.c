// cast.c: conversion between one element type and the wide types, int64_t and double. Called by src/layout.c.
// Whole numbers wrap when they narrow; floats truncate towards zero and saturate, NaN becomes 0; to bool,
// everything but zero is true (NaN too).
#include <stdbool.h>

#include "cast.h"
#include "vec.h"

#if defined DW_IS_FLOAT
typedef double wide_t;
#else
typedef int64_t wide_t;
#endif

static void widen(void *wide, const void *from_, ptrdiff_t from_step, int64_t n) {
  const T *from = from_;
  for (int64_t i = 0; i < n; i++) ((wide_t *)wide)[i] = (wide_t)from[i * from_step];
}

static void from_i64(void *to_, ptrdiff_t to_step, const int64_t *wide, int64_t n) {
  T *to = to_;
#if defined DW_IS_BOOL
  for (int64_t i = 0; i < n; i++) to[i * to_step] = wide[i] != 0;
#elif defined DW_IS_FLOAT
  for (int64_t i = 0; i < n; i++) to[i * to_step] = (T)wide[i];
#else
  for (int64_t i = 0; i < n; i++) to[i * to_step] = (T)(uint64_t)wide[i];
#endif
}

static void from_f64(void *to_, ptrdiff_t to_step, const double *wide, int64_t n) {
  T *to = to_;
#if defined DW_IS_BOOL
  for (int64_t i = 0; i < n; i++) to[i * to_step] = wide[i] != 0;
#elif defined DW_IS_FLOAT
  for (int64_t i = 0; i < n; i++) to[i * to_step] = (T)wide[i];
#else
  // LOWEST and the first double past the largest are exact in double; the cast between them is defined.
  const T lowest = (T)-1 > 0 ? 0 : (T)((uint64_t)1 << (8 * sizeof(T) - 1)), highest = (T)~lowest;
  const double past = (double)(highest / 2 + 1) * 2;
  for (int64_t i = 0; i < n; i++) {
    double x = wide[i];
    to[i * to_step] = !(x > (double)lowest) ? (x != x ? 0 : lowest) : x < past ? (T)x : highest;
  }
#endif
}

const struct dw_cast_kernels DW_NAME(cast) = {widen, from_i64, from_f64};

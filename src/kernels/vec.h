// vec.h: the vector vocabulary of the kernels, over GCC and Clang vector types of the ISA's width.
// Included by kernels only, after T is defined by the command line.
#ifndef DWCONV_VEC_H
#define DWCONV_VEC_H

#if defined __SSE2__ && !defined __clang__
#include <immintrin.h>
#endif

#if defined DW_WIDE // the avx512 source on any machine, see isa.c
#define VECTOR_BYTES 64
#elif defined __AVX512F__
#define VECTOR_BYTES 64
#elif defined __AVX2__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

// One source serves types without a sign and types without NaN.
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__ // unrolls by a count too late to keep the arrays of vectors in registers
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
// The iterations of the loop that follows do not depend on each other.
#if defined __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored "-Wpass-failed" // a loop that calls libm is not vectorised
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

// Known where a function was inlined.
#define IS_CONSTANT(x) __builtin_constant_p(x)

// What holds nearly always is laid out without a jump.
#define LIKELY(x) __builtin_expect(x, 1)

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

enum { LANES = VECTOR_BYTES / (int)sizeof(T) };

typedef T vec __attribute__((vector_size(VECTOR_BYTES)));
typedef T vec_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(T)), may_alias));

INLINE vec load(const T *p) { return *(const vec_unaligned *)p; }
INLINE void store(T *p, vec v) { *(vec_unaligned *)p = v; }
// To an aligned place, past the caches where compiler and CPU can; not ordered with other stores before a fence.
INLINE void stream_store(T *p, vec v) {
#if defined __clang__
  __builtin_nontemporal_store(v, (vec *)p);
#elif defined __AVX512F__
  _mm512_stream_si512((void *)p, (__m512i)v);
#elif defined __AVX2__ && VECTOR_BYTES == 32
  _mm256_stream_si256((__m256i *)p, (__m256i)v);
#elif defined __SSE2__ && VECTOR_BYTES == 16
  _mm_stream_si128((__m128i *)p, (__m128i)v);
#else
  *(vec *)p = v;
#endif
}

INLINE vec all(T x) { return x - (vec){0}; }

#if defined DW_IS_FLOAT
// a > b ? a : b in each lane, so b where one of them is NaN.
INLINE vec larger_lanes(vec a, vec b) {
#if defined __AVX512F__ && !defined __clang__ && !defined DW_WIDE && DW_SIZE == 4
  return _mm512_max_ps(a, b);
#elif defined __AVX512F__ && !defined __clang__ && !defined DW_WIDE
  return _mm512_max_pd(a, b);
#elif defined __AVX2__ && !defined __clang__ && !defined DW_WIDE && DW_SIZE == 4
  return _mm256_max_ps(a, b);
#elif defined __AVX2__ && !defined __clang__ && !defined DW_WIDE
  return _mm256_max_pd(a, b);
#elif defined __SSE2__ && !defined __clang__ && !defined DW_WIDE && DW_SIZE == 4
  return _mm_max_ps(a, b);
#elif defined __SSE2__ && !defined __clang__ && !defined DW_WIDE
  return _mm_max_pd(a, b);
#else
  vec r = b;
  for (int i = 0; i < LANES; i++) r[i] = a[i] > b[i] ? a[i] : b[i];
  return r;
#endif
}
#endif

// Lanes lo .. hi-1 of what is at p, or of v; 0 in the others, which are not read.
#if defined __AVX512F__ && !defined __clang__ && defined DW_IS_FLOAT
#define LANE_BITS(lo, hi) ((hi) > (lo) ? (1u << (hi)) - (1u << (lo)) : 0)
#if DW_SIZE == 4
INLINE vec load_lanes(const T *p, int64_t lo, int64_t hi) {
  return (vec)_mm512_maskz_loadu_ps((__mmask16)LANE_BITS(lo, hi), p);
}
INLINE vec keep_lanes(vec v, int64_t lo, int64_t hi) {
  return (vec)_mm512_maskz_mov_ps((__mmask16)LANE_BITS(lo, hi), v);
}
#else
INLINE vec load_lanes(const T *p, int64_t lo, int64_t hi) {
  return (vec)_mm512_maskz_loadu_pd((__mmask8)LANE_BITS(lo, hi), p);
}
INLINE vec keep_lanes(vec v, int64_t lo, int64_t hi) {
  return (vec)_mm512_maskz_mov_pd((__mmask8)LANE_BITS(lo, hi), v);
}
#endif
#else
INLINE vec load_lanes(const T *p, int64_t lo, int64_t hi) {
  T part[LANES] = {0};
  for (int64_t l = lo; l < hi; l++) part[l] = p[l];
  return load(part);
}
INLINE vec keep_lanes(vec v, int64_t lo, int64_t hi) {
  T part[LANES];
  store(part, v);
  return load_lanes(part, lo, hi);
}
#endif

// The compiler may neither derive p from other pointers (which takes more registers than an addition for each step) nor
// load v again from memory wherever it is used.
#define KEEP(p) __asm__ volatile("" : "+r"(p))
#if defined DW_WIDE
#define KEEP_VECTOR(v) (void)(v)
#elif defined __SSE2__
#define KEEP_VECTOR(v) __asm__("" : "+v"(v))
#elif defined __aarch64__
#define KEEP_VECTOR(v) __asm__("" : "+w"(v))
#else
#define KEEP_VECTOR(v) (void)(v)
#endif

// a0 b0 a1 b1 ... , its first half and its second; and back, from two vectors, what is at even and at odd places.
#if defined DW_SIZE && VECTOR_BYTES / DW_SIZE == 16
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#elif defined DW_SIZE && VECTOR_BYTES / DW_SIZE == 8
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#elif defined DW_SIZE && VECTOR_BYTES / DW_SIZE == 4
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7)
#elif defined DW_SIZE && VECTOR_BYTES / DW_SIZE == 2
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 2)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 1, 3)
#define EVEN ZIP_LOW
#define ODD ZIP_HIGH
#endif
#if defined DW_SIZE && DW_SIZE == 8
typedef int64_t place;
#else
typedef int32_t place;
#endif
typedef place places __attribute__((vector_size(VECTOR_BYTES)));
#if defined __clang__ || __GNUC__ >= 12
#define SHUFFLE __builtin_shufflevector
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (places){__VA_ARGS__})
#endif

// Lane i is lane at[i] modulo LANES of v.
#if defined DW_IS_FLOAT
INLINE vec permute(vec v, places at) {
#if defined __clang__
  vec r;
  for (int i = 0; i < LANES; i++) r[i] = v[at[i] & (LANES - 1)];
  return r;
#else
  return __builtin_shuffle(v, at);
#endif
}
#endif

#endif

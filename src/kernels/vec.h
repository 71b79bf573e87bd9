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

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__ // unrolls by a count too late to keep the arrays of vectors in registers
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
// The iterations of the loop that follows do not depend on each other.
#if defined __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored "-Wpass-failed" // a loop that calls libm stays what it is
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

// The compiler no longer knows what the integer or pointer x is, and cannot keep what it derived from it.
#define FORGET(x) __asm__("" : "+r"(x))

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

#endif

// isa.c: looks at the CPU and picks the kernel table of a context. Compiled without any -m flag.
// Every table is whole and constant, so choosing another one later is a pointer assignment.
#include "dwconv.h"
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

static bool cpu_has_base(void) { return true; }

#ifdef DW_HAVE_avx2
static bool cpu_has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
#ifdef DW_HAVE_avx512
static bool cpu_has_avx512(void) {
#ifdef DW_AVX512_AS_AVX2 // the 512-bit source lowered to 256-bit instructions, to test it on any machine
  return cpu_has_avx2();
#else
  return cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#endif
}
#endif

// From the plainest to the most capable; __builtin_cpu_supports also asks whether the system saves the registers.
static const struct {
  const char *name;
  const struct dw_kernels *kernels;
  bool (*runs_here)(void);
} isas[] = {
    {"base", &dw_kernels_base, cpu_has_base},
#ifdef DW_HAVE_avx2
    {"avx2", &dw_kernels_avx2, cpu_has_avx2},
#endif
#ifdef DW_HAVE_avx512
    {"avx512", &dw_kernels_avx512, cpu_has_avx512},
#endif
};
enum { ISAS = sizeof isas / sizeof isas[0] };

bool dw_context_set_isa(dw_context *cx, const char *name) {
  for (int i = 0; i < ISAS; i++) {
    if (strcmp(isas[i].name, name) != 0 || !isas[i].runs_here()) continue;
    cx->kernels = isas[i].kernels;
    return true;
  }
  return false;
}

const char *dw_context_isa(const dw_context *cx) { return cx->kernels->isa; }

void dw_context_init(dw_context *cx) {
  *cx = (dw_context){.threads = dw_default_threads(), .grain = 3e5}; // grain: some 10 us of one core
  cx->stream = dw_cache_size() / 2 - 1;
  const char *wish = getenv("DWCONV_ISA");
  if (wish != NULL && dw_context_set_isa(cx, wish)) return;
  for (int i = 0; i < ISAS; i++) {
    if (isas[i].runs_here()) cx->kernels = isas[i].kernels;
  }
}

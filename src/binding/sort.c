// sort.c: sorting for Lua.
#include "binding.h"

static int argsort(lua_State *L) { // x, whether descending; along the last axis
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  if (x->rank == 0) dwl_expected(L, "x", "a tensor with at least one axis", 1);
  bool descending = lua_toboolean(L, 2);
  x = dwl_contiguous(L, 1);
  dw_tensor *order = dwl_newtensor(L, DW_INT64, x->rank, x->shape);
  dw_job j;
  dwl_check(L, dw_argsort_init(&j, dwl_context(L), order, x, descending));
  dwl_run(L, &j);
  return 1;
}

const luaL_Reg dwl_sort_functions[] = {{"argsort", argsort}, {NULL, NULL}};

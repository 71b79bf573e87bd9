// softmax.c: softmax and its logarithm for Lua.
#include "binding.h"

static int softmax_of(lua_State *L, bool log) { // x, axis
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  if (!dw_dtype_is_float(x->dtype)) {
    dwl_error(L, "x must be of dtype float32, float64, got %s", dw_dtype_name(x->dtype));
  }
  int axis = dwl_checkaxis(L, 2, "axis", x->rank);
  const dw_tensor *y = dwl_newtensor(L, x->dtype, x->rank, x->shape);
  dw_job j;
  dw_softmax_init(&j, dwl_context(L), y, x, axis, log);
  dwl_run(L, &j);
  return 1;
}

static int softmax(lua_State *L) { return softmax_of(L, false); }
static int log_softmax(lua_State *L) { return softmax_of(L, true); }

const luaL_Reg dwl_softmax_functions[] = {{"softmax", softmax}, {"log_softmax", log_softmax}, {NULL, NULL}};

// tape.c: what the tape asks about tensors, in one call for all operands of an op, as it asks for every op.
#include "binding.h"

// Whether a tape had better keep a tensor than describe it. A small view may keep a large owner alive.
static bool is_small(const dwl_tensor *u, int64_t most) {
  return u->writes == &u->own_writes && dw_numel(&u->t) * (int64_t)dw_dtype_size(u->t.dtype) <= most;
}

// track(bytes, result, arguments...): whether all of them can be kept as they are, that is tensors of at most so many
// bytes and no tables; then for each how often its numbers were written so far, false for what is no tensor. Nothing at
// all unless the result is a tensor of floats, as nothing else has a gradient.
static int track(lua_State *L) {
  int n = lua_gettop(L);
  int64_t most = lua_tointeger(L, 1);
  const dw_tensor *y = dwl_totensor(L, 2);
  bool small = true;
  if (y == NULL || !dw_dtype_is_float(y->dtype)) return 0;
  luaL_checkstack(L, n + 4, NULL);
  lua_pushnil(L); // `small`, later
  for (int i = 2; i <= n; i++) {
    dwl_tensor *u = (dwl_tensor *)dwl_totensor(L, i);
    if (u != NULL) {
      small = small && is_small(u, most);
      lua_pushinteger(L, (lua_Integer)*u->writes);
    } else {
      small = small && lua_type(L, i) != LUA_TTABLE;
      lua_pushboolean(L, 0);
    }
  }
  lua_pushboolean(L, small);
  lua_replace(L, n + 1);
  return n;
}

// ghost(value, bytes): what a tape keeps of an argument whose numbers no gradient reads: of a tensor of more than so
// many bytes {shape =, dtype =}, of others themselves.
static int ghost(lua_State *L) {
  const dw_tensor *t = dwl_totensor(L, 1);
  int64_t most = dwl_checkinteger(L, 2, "bytes", -1, INT64_MAX);
  lua_settop(L, 1);
  if (t == NULL || is_small((const dwl_tensor *)t, most)) return 1;
  lua_createtable(L, 0, 2);
  dwl_pushshape(L, t);
  lua_setfield(L, -2, "shape");
  lua_pushstring(L, dw_dtype_name(t->dtype));
  lua_setfield(L, -2, "dtype");
  return 1;
}

// owner(t): the tensor that holds t's numbers: itself, unless it is a view.
static int owner(lua_State *L) {
  dwl_checktensor(L, 1, "x");
  dwl_pushowner(L, 1);
  return 1;
}

static int detach(lua_State *L) { // a view is a tensor of its own for gradients from now on
  dwl_checktensor(L, 1, "x");
  dwl_detach(L, 1);
  return 0;
}

static int64_t distance(const dw_tensor *t, const dw_tensor *from) { // in elements
  return ((char *)t->data - (char *)from->data) / (int64_t)dw_dtype_size(t->dtype);
}

// part(t): of a view: its root, then what makes it of the root: shape, strides and the first element, from 1; the lowest
// and the highest element that it takes in; whether the root lies in row-major order. Nothing of other tensors.
static int part(lua_State *L) {
  const dw_tensor *t = dwl_checktensor(L, 1, "x");
  lua_settop(L, 1);
  dwl_pushroot(L, 1);
  if (lua_rawequal(L, 1, 2)) return 0;
  const dw_tensor *root = lua_touserdata(L, 2);
  int64_t first = dw_numel(t) > 0 ? distance(t, root) + 1 : 1, low = first, high = first;
  lua_createtable(L, t->rank, 0);
  lua_createtable(L, t->rank, 0);
  for (int i = 0; i < t->rank; i++) {
    int64_t stride = dw_numel(t) > 0 && t->shape[i] > 1 ? t->strides[i] : 0;
    lua_pushinteger(L, t->shape[i]);
    lua_rawseti(L, 3, i + 1);
    lua_pushinteger(L, stride);
    lua_rawseti(L, 4, i + 1);
    *(stride < 0 ? &low : &high) += stride * (t->shape[i] - 1);
  }
  lua_pushinteger(L, first);
  lua_pushinteger(L, low);
  lua_pushinteger(L, high);
  lua_pushboolean(L, dw_is_contiguous(root));
  return 7;
}

const luaL_Reg dwl_tape_functions[] = {{"track", track},   {"ghost", ghost}, {"owner", owner},
                                       {"detach", detach}, {"part", part},   {NULL, NULL}};

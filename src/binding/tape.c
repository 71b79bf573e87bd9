// tape.c: what tapes ask about tensors, in one call for all operands of an op, as they ask for every op; the roots of
// views, by which tapes know variables; and which of their scopes count. Called by lua/dwconv/grad/tape.lua and
// numbering.lua.
#include "binding.h"

// Whether a tape should keep a tensor rather than describe it. A small view may keep a large owner alive.
static bool is_small(const dwl_tensor *u, int64_t most) {
  return u->writes == &u->own_writes && dw_numel(&u->t) * (int64_t)dw_dtype_size(u->t.dtype) <= most;
}

// track(bytes, result, arguments...): whether all of them can be kept as they are, that is tensors of at most so many
// bytes and no tables; then for each how often its numbers were written so far, false if it is no tensor. Nothing at
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

// ghost(value, bytes): what a tape keeps of an argument whose numbers no gradient reads: of a tensor of more than
// `bytes` bytes {shape =, dtype =}, of others themselves.
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
  if (dwl_totensor(L, 1) != NULL) dwl_detach(L, 1);
  return 0;
}

static int64_t distance(const dw_tensor *t, const dw_tensor *from) { // in elements
  return ((char *)t->data - (char *)from->data) / (int64_t)dw_dtype_size(t->dtype);
}

// part(t): of a view: its root, then what makes it of the root: shape, strides and the first element, from 1; the
// lowest and the highest element that it takes in; whether the root lies in row-major order. Nothing of other tensors.
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

// ---- scopes -------------------------------------------------------------------------------------

enum scope_state { OVER, ASLEEP, RUNS };

// Of the scope on top, which is popped, see lua/dwconv/grad/tape.lua. Allocates nothing.
static enum scope_state state_of(lua_State *L) {
  enum scope_state state = OVER;
  lua_Debug ar;
  if (lua_rawgeti(L, -1, 2) == LUA_TTABLE) {
    lua_rawgeti(L, -1, 1);
    lua_State *thread = lua_tothread(L, -1);
    int status = thread != NULL ? lua_status(thread) : LUA_ERRRUN;
    if (status == LUA_YIELD) state = ASLEEP;
    if (status == LUA_OK && lua_getstack(thread, 0, &ar)) state = RUNS;
    lua_pop(L, 1);
  } else if (lua_toboolean(L, -1)) {
    state = RUNS; // the main thread is never suspended while anything runs
  }
  lua_pop(L, 2);
  return state;
}

// innermost(scopes, from): the last up to `from` whose thread runs or waits for one that it resumed, nil for none;
// whether any after it is over.
static int innermost(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer i = luaL_checkinteger(L, 2);
  bool over = false;
  for (; i > 0; i--) {
    if (lua_rawgeti(L, 1, i) != LUA_TTABLE) return luaL_argerror(L, 1, "scopes expected");
    enum scope_state state = state_of(L);
    if (state == RUNS) break;
    over = over || state == OVER;
  }
  if (i > 0) lua_pushinteger(L, i);
  if (i <= 0) lua_pushnil(L);
  lua_pushboolean(L, over);
  return 2;
}

static int is_over(lua_State *L) { // a scope
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushboolean(L, state_of(L) == OVER);
  return 1;
}

const luaL_Reg dwl_tape_functions[] = {{"track", track},     {"ghost", ghost}, {"owner", owner},
                                       {"detach", detach},   {"part", part},   {"innermost", innermost},
                                       {"is_over", is_over}, {NULL, NULL}};

// layout.c: copies, conversion and writing in place.
#include <string.h>

#include "binding.h"

static void copy_to_new(lua_State *L, dw_tensor *t, dw_dtype dtype) {
  dw_tensor *c = dwl_newtensor(L, dtype, t->rank, t->shape);
  dwl_cast(L, c, t);
}

static int clone(lua_State *L) {
  dw_tensor *t = dwl_checktensor(L, 1, "x");
  copy_to_new(L, t, t->dtype);
  return 1;
}

static int contiguous(lua_State *L) {
  dwl_checktensor(L, 1, "x");
  dwl_contiguous(L, 1);
  lua_settop(L, 1);
  return 1;
}

static int cast(lua_State *L) { // x, dtype; always a copy
  dw_tensor *t = dwl_checktensor(L, 1, "x");
  copy_to_new(L, t, dwl_checkdtype(L, 2, "dtype"));
  return 1;
}

static int item(lua_State *L) {
  dw_tensor *t = dwl_checktensor(L, 1, "self");
  if (dw_numel(t) != 1) {
    dwl_error(L, "only a tensor of one element has an item, this one has shape %s", dwl_shape_text(L, t));
  }
  dwl_pushelement(L, t->dtype, t->data);
  return 1;
}

static int to_bytes(lua_State *L) {
  dwl_checktensor(L, 1, "self");
  dw_tensor *t = dwl_contiguous(L, 1);
  lua_pushlstring(L, t->data, (size_t)dw_numel(t) * dw_dtype_size(t->dtype));
  return 1;
}

static void assign_tensor(lua_State *L, const dw_tensor *view, int index, const char *argument) {
  dw_tensor *u = lua_touserdata(L, index);
  if (u->dtype != view->dtype) {
    dwl_error(L, "%s is %s but the tensor written to is %s; use astype", argument, dw_dtype_name(u->dtype),
              dw_dtype_name(view->dtype));
  }
  if (!dw_same_shape(u, view)) {
    const char *shape = dwl_shape_text(L, view);
    dwl_error(L, "%s has shape %s but %s is written to", argument, dwl_shape_text(L, u), shape);
  }
  uint64_t *to = ((dwl_tensor *)lua_touserdata(L, 1))->writes;
  if (to == ((dwl_tensor *)lua_touserdata(L, index))->writes) { // they may overlap
    copy_to_new(L, u, u->dtype);
    u = lua_touserdata(L, -1);
  }
  ++*to;
  dwl_copy(L, view, u);
}

void dwl_assign(lua_State *L, const dw_tensor *view, int index, const char *argument) {
  dwl_checkwritable(L, 1, "the tensor");
  if (dwl_totensor(L, index) != NULL) {
    assign_tensor(L, view, index, argument);
  } else if (lua_type(L, index) == LUA_TTABLE) {
    dwl_fromtable(L, index, argument, view->dtype, DW_FLOAT32);
    assign_tensor(L, view, lua_gettop(L), argument);
  } else {
    int64_t element = 0;
    dwl_checkelement(L, index, argument, view->dtype, &element);
    dwl_wrote(L, 1);
    dwl_fill(L, view, &element);
  }
}

static int fill(lua_State *L) { // self, number or boolean
  dw_tensor *t = dwl_checktensor(L, 1, "self");
  int64_t element = 0;
  dwl_checkelement(L, 2, "value", t->dtype, &element);
  dwl_checkwritable(L, 1, "self");
  dwl_wrote(L, 1);
  dwl_fill(L, t, &element);
  lua_settop(L, 1);
  return 1;
}

static int copy_into(lua_State *L, const char *to, const char *from) { // two tensors of one shape and dtype
  dw_tensor *t = dwl_checktensor(L, 1, to);
  dwl_checktensor(L, 2, from);
  dwl_checkwritable(L, 1, to);
  assign_tensor(L, t, 2, from);
  lua_settop(L, 1);
  return 1;
}

static int copy_(lua_State *L) { return copy_into(L, "self", "source"); }
static int update(lua_State *L) { return copy_into(L, "x", "new_x"); }

// writes(): how often this tensor's numbers were written in place, through any view.
static int writes(lua_State *L) {
  dwl_checktensor(L, 1, "self");
  lua_pushinteger(L, (lua_Integer) * ((dwl_tensor *)lua_touserdata(L, 1))->writes);
  return 1;
}

static int close(lua_State *L) { // a, b, rtol, atol -> boolean, text of the worst difference
  dw_tensor *a = dwl_checktensor(L, 1, "a"), *b = dwl_checktensor(L, 2, "b");
  double rtol = dwl_checknumber(L, 3, "rtol"), atol = dwl_checknumber(L, 4, "atol");
  if (a->dtype != b->dtype || !dw_same_shape(a, b)) {
    const char *shape_a = dwl_shape_text(L, a), *shape_b = dwl_shape_text(L, b);
    lua_pushboolean(L, 0);
    lua_pushfstring(L, "a is %s %s, b is %s %s", dw_dtype_name(a->dtype), shape_a, dw_dtype_name(b->dtype), shape_b);
    return 2;
  }
  int64_t worst;
  bool same;
  dw_job j;
  dw_close_init(&j, dwl_context(L), &same, &worst, a, b, rtol, atol);
  dwl_run(L, &j);
  lua_pushboolean(L, same);
  if (same) return 1;
  lua_pushfstring(L, "element %I is %f in a and %f in b", (LUAI_UACINT)worst + 1, dw_element(a, worst),
                  dw_element(b, worst));
  return 2;
}

static int to_pixels(lua_State *L) { // floats in 0..1, clipped, to uint8
  dw_tensor *x = dwl_checktensor(L, 1, "self");
  if (!dw_dtype_is_float(x->dtype)) dwl_expected(L, "self", "float32 or float64", 1);
  dw_tensor *t = dwl_contiguous(L, 1), *q = dwl_newtensor(L, DW_UINT8, t->rank, t->shape);
  dw_job j;
  dw_pixels_init(&j, dwl_context(L), q, t);
  dwl_run(L, &j);
  return 1;
}

const luaL_Reg dwl_layout_functions[] = {
    {"cast", cast}, {"close", close}, {"clone", clone}, {"contiguous", contiguous}, {"update", update}, {NULL, NULL}};

const luaL_Reg dwl_layout_methods[] = {
    {"clone", clone}, {"contiguous", contiguous}, {"astype", cast},         {"item", item},     {"to_bytes", to_bytes},
    {"fill", fill},   {"copy_", copy_},           {"to_pixels", to_pixels}, {"writes", writes}, {NULL, NULL},
};

// gather.c: elements picked by index, for Lua. Indices count from 1.
#include "binding.h"

// The tensor of indices at `index`, made contiguous int64.
static const dw_tensor *read_indices(lua_State *L, int index, const char *argument) {
  const dw_tensor *t = dwl_checktensor(L, index, argument);
  if (t->dtype != DW_INT64 && t->dtype != DW_INT32 && t->dtype != DW_UINT8) {
    dwl_expected(L, argument, "a tensor of whole numbers (int32, int64, uint8)", index);
  }
  if (t->dtype != DW_INT64) {
    dw_tensor *wide = dwl_newtensor(L, DW_INT64, t->rank, t->shape);
    dwl_cast(L, wide, t);
    lua_replace(L, index);
  }
  return dwl_contiguous(L, index);
}

// All of them must be from 1 to n. This comes after the last allocation, in which a finaliser may write into them.
static void check_indices(lua_State *L, const dw_tensor *t, const char *argument, int64_t n) {
  enum { BLOCK = 1 << 10 };
  const int64_t *i = t->data;
  int64_t count = dw_numel(t);
  for (int64_t first = 0; first < count; first += BLOCK) {
    int64_t end = count - first < BLOCK ? count : first + BLOCK;
    int outside = 0;
    dwl_poll(L, first);
    for (int64_t k = first; k < end; k++) outside |= (uint64_t)i[k] - 1 >= (uint64_t)n;
    for (int64_t k = first; outside && k < end; k++) {
      if (i[k] >= 1 && i[k] <= n) continue;
      const char *hint = i[k] == 0 ? "; counting starts at 1" : "";
      dwl_error(L, "%s holds %I, outside 1 to %I%s", argument, (LUAI_UACINT)i[k], (LUAI_UACINT)n, hint);
    }
  }
}

static const dw_tensor *check_rows(lua_State *L, int index, const char *argument) {
  const dw_tensor *t = dwl_checktensor(L, index, argument);
  if (t->rank == 0) dwl_expected(L, argument, "a tensor with at least one axis", index);
  return t;
}

static int gather(lua_State *L) { // reference, indices
  const dw_tensor *x = check_rows(L, 1, "reference");
  const dw_tensor *i = read_indices(L, 2, "indices");
  int64_t shape[2 * DW_MAX_RANK];
  if (i->rank + x->rank - 1 > DW_MAX_RANK) dwl_error(L, "the result would have more than %d axes", DW_MAX_RANK);
  for (int k = 0; k < i->rank; k++) shape[k] = i->shape[k];
  for (int k = 1; k < x->rank; k++) shape[i->rank + k - 1] = x->shape[k];
  x = dwl_contiguous(L, 1);
  dw_tensor *y = dwl_newtensor(L, x->dtype, i->rank + x->rank - 1, shape);
  check_indices(L, i, "indices", x->shape[0]);
  dw_job j;
  dw_gather_init(&j, dwl_context(L), y, x, i->data);
  dwl_run(L, &j);
  return 1;
}

static int one_hot(lua_State *L) { // indices, num_classes
  const dw_tensor *i = read_indices(L, 1, "indices");
  int64_t n = dwl_checkinteger(L, 2, "num_classes", 0, INT64_MAX), shape[DW_MAX_RANK];
  if (i->rank == DW_MAX_RANK) dwl_error(L, "the result would have more than %d axes", DW_MAX_RANK);
  for (int k = 0; k < i->rank; k++) shape[k] = i->shape[k];
  shape[i->rank] = n;
  dw_tensor *y = dwl_newtensor(L, DW_FLOAT32, i->rank + 1, shape);
  check_indices(L, i, "indices", n);
  int64_t zero = 0;
  dwl_fill(L, y, &zero);
  dw_tensor rows;
  dw_tensor_init(&rows, y->data, DW_FLOAT32, 2, (int64_t[]){dw_numel(i), n});
  dw_job j;
  dw_put_ones_init(&j, dwl_context(L), &rows, i->data);
  dwl_run(L, &j);
  return 1;
}

static int scatter(lua_State *L) { // rows, indices, n: the rows added up at their indices, in a tensor of n rows
  const dw_tensor *y = dwl_checktensor(L, 1, "rows");
  int64_t n = dwl_checkinteger(L, 3, "n", 0, INT64_MAX), shape[DW_MAX_RANK] = {n};
  const dw_tensor *i = read_indices(L, 2, "indices");
  bool fits = y->rank >= i->rank && y->dtype != DW_BOOL;
  for (int k = 0; fits && k < i->rank; k++) fits = y->shape[k] == i->shape[k];
  if (!fits) {
    const char *rows = dwl_shape_text(L, y);
    dwl_error(L, "rows (%s) must be numbers and begin with the shape of indices (%s)", rows, dwl_shape_text(L, i));
  }
  if (y->rank - i->rank + 1 > DW_MAX_RANK) dwl_error(L, "the result would have more than %d axes", DW_MAX_RANK);
  for (int k = i->rank; k < y->rank; k++) shape[k - i->rank + 1] = y->shape[k];
  y = dwl_contiguous(L, 1);
  dw_tensor *x = dwl_newtensor(L, y->dtype, y->rank - i->rank + 1, shape);
  int result = lua_gettop(L);
  dw_job j;
  dwl_check(L, dw_scatter_init(&j, dwl_context(L), x, y, i->data));
  void *scratch = dwl_scratch(L, j.scratch);
  check_indices(L, i, "indices", n);
  dwl_check(L, dw_run(&j, scratch));
  lua_settop(L, result);
  return 1;
}

// Indices have the other's shape, except along the axis.
static void check_along(lua_State *L, const dw_tensor *t, const dw_tensor *i, int axis, const char *argument) {
  bool fits = i->rank == t->rank;
  for (int k = 0; fits && k < t->rank; k++) fits = k == axis || i->shape[k] == t->shape[k];
  if (fits) return;
  const char *shape = dwl_shape_text(L, i);
  dwl_error(L, "indices (%s) must have the shape of %s (%s) but on axis %d", shape, argument, dwl_shape_text(L, t),
            axis + 1);
}

static int take_along_axis(lua_State *L) { // x, indices, axis
  const dw_tensor *x = check_rows(L, 1, "x");
  int axis = dwl_checkaxis(L, 3, "axis", x->rank);
  const dw_tensor *i = read_indices(L, 2, "indices");
  check_along(L, x, i, axis, "x");
  x = dwl_contiguous(L, 1);
  dw_tensor *y = dwl_newtensor(L, x->dtype, i->rank, i->shape);
  check_indices(L, i, "indices", x->shape[axis]);
  dw_job j;
  dw_take_init(&j, dwl_context(L), y, x, i->data, axis);
  dwl_run(L, &j);
  return 1;
}

static int put_along_axis(lua_State *L) { // y, indices, axis, n
  const dw_tensor *y = check_rows(L, 1, "y");
  int axis = dwl_checkaxis(L, 3, "axis", y->rank);
  int64_t n = dwl_checkinteger(L, 4, "n", 0, INT64_MAX), shape[DW_MAX_RANK] = {0};
  const dw_tensor *i = read_indices(L, 2, "indices");
  if (!dw_same_shape(i, y) || y->dtype == DW_BOOL) {
    const char *of = dwl_shape_text(L, y);
    dwl_error(L, "y (%s) must be numbers in the shape of indices (%s)", of, dwl_shape_text(L, i));
  }
  y = dwl_contiguous(L, 1);
  for (int k = 0; k < y->rank; k++) shape[k] = k == axis ? n : y->shape[k];
  dw_tensor *x = dwl_newtensor(L, y->dtype, y->rank, shape);
  int result = lua_gettop(L);
  dw_job j;
  dwl_check(L, dw_put_init(&j, dwl_context(L), x, y, i->data, axis));
  void *scratch = dwl_scratch(L, j.scratch);
  check_indices(L, i, "indices", n);
  dwl_check(L, dw_run(&j, scratch));
  lua_settop(L, result);
  return 1;
}

static int nonzero(lua_State *L) { // x: where it is not 0, a row of positions for each
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  dw_tensor *mask = dwl_newtensor(L, DW_BOOL, x->rank, x->shape); // a copy, which no finaliser can write into
  dwl_cast(L, mask, x);
  int64_t shape[2] = {0, x->rank}, *counts = dwl_scratch(L, (size_t)dw_nonzero_runs(mask) * sizeof(int64_t));
  dw_job j;
  dw_nonzero_count_init(&j, dwl_context(L), counts, &shape[0], mask);
  dwl_run(L, &j);
  dw_tensor *at = dwl_newtensor(L, DW_INT64, 2, shape);
  dw_nonzero_init(&j, dwl_context(L), at->data, mask, counts);
  dwl_run(L, &j);
  return 1;
}

// Where the tensor at `index` shares its numbers with the one at 1, which is to be written, it becomes a copy.
static const dw_tensor *separate(lua_State *L, int index) {
  const dwl_tensor *u = lua_touserdata(L, index), *written = lua_touserdata(L, 1);
  if (u->writes != written->writes) return &u->t;
  dw_tensor *copy = dwl_newtensor(L, u->t.dtype, u->t.rank, u->t.shape);
  dwl_copy(L, copy, lua_touserdata(L, index));
  lua_replace(L, index);
  return copy;
}

// put_rows(x, indices, rows): writes the rows into x at their indices along its first axis; x is written in place.
static int put_rows(lua_State *L) {
  const dw_tensor *x = check_rows(L, 1, "x");
  const dw_tensor *i = read_indices(L, 2, "indices"), *rows = check_rows(L, 3, "rows");
  bool fits = i->rank == 1 && rows->rank == x->rank && rows->dtype == x->dtype && rows->shape[0] == i->shape[0];
  for (int k = 1; fits && k < x->rank; k++) fits = rows->shape[k] == x->shape[k];
  if (!fits) dwl_error(L, "rows must be like those of x, one for each index");
  dwl_checkwritable(L, 1, "the tensor");
  i = separate(L, 2), rows = separate(L, 3);
  check_indices(L, i, "indices", x->shape[0]);
  dwl_wrote(L, 1);
  dw_job j;
  dw_put_rows_init(&j, dwl_context(L), x, rows, i->data);
  dwl_run(L, &j);
  return 0;
}

const luaL_Reg dwl_gather_functions[] = {
    {"gather", gather},
    {"one_hot", one_hot},
    {"scatter", scatter},
    {"take_along_axis", take_along_axis},
    {"put_along_axis", put_along_axis},
    {"nonzero", nonzero},
    {"put_rows", put_rows},
    {NULL, NULL},
};

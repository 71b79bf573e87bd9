// gemm.c: the matrix product for Lua. Batch axes broadcast here, into strides of zero; the driver sees one shape.
// Invariant: everything is checked before the result is allocated, and the result is contiguous.
#include "binding.h"

static const dw_tensor *check_operand(lua_State *L, int index, const char *argument) {
  const dw_tensor *t = dwl_checktensor(L, index, argument);
  if (t->rank == 0) dwl_expected(L, argument, "a tensor with at least one axis", index);
  if (t->dtype == DW_BOOL) dwl_error(L, "%s must hold numbers, got bool; cast it first", argument);
  return t;
}

static void check_columns(lua_State *L, const dw_tensor *a, const dw_tensor *b) {
  int64_t columns = a->shape[a->rank - 1], rows = b->shape[b->rank - 2];
  if (columns != rows) {
    const char *shape = dwl_shape_text(L, a);
    dwl_error(L, "a (%s) has %I columns but b (%s) has %I rows", shape, (LUAI_UACINT)columns, dwl_shape_text(L, b),
              (LUAI_UACINT)rows);
  }
}

// NumPy's rule: axes are matched from the last; one that is missing or has size 1 matches any.
static void broadcast_batch(lua_State *L, const dw_tensor *a, const dw_tensor *b, int rank, int64_t *shape) {
  for (int i = 0; i < rank - 2; i++) {
    int in_a = i - (rank - a->rank), in_b = i - (rank - b->rank);
    int64_t p = in_a >= 0 ? a->shape[in_a] : 1, q = in_b >= 0 ? b->shape[in_b] : 1;
    if (p != q && p != 1 && q != 1) {
      const char *text = dwl_shape_text(L, a);
      dwl_error(L, "the batch axes of a (%s) and b (%s) do not go together: %I is not %I", text, dwl_shape_text(L, b),
                (LUAI_UACINT)p, (LUAI_UACINT)q);
    }
    shape[i] = p == 1 ? q : p;
  }
}

// t with the batch axes of `shape`: its stride is 0 along those that it lacks, or that have size 1 in it.
static dw_tensor stretch(const dw_tensor *t, int rank, const int64_t *shape) {
  dw_tensor v = {.data = t->data, .rank = rank, .dtype = t->dtype};
  for (int i = 0; i < rank - 2; i++) v.shape[i] = shape[i];
  for (int i = 0; i < t->rank; i++) {
    int to = i + rank - t->rank;
    bool matrix = i >= t->rank - 2;
    if (matrix) v.shape[to] = t->shape[i];
    if (matrix || t->shape[i] != 1) v.strides[to] = t->strides[i];
  }
  return v;
}

// matmul(a, b): the product of matrices of floats. Operands that fit together but have no kernel, vectors or whole
// numbers, give nothing: the Lua layer makes other ops of them.
static int matmul(lua_State *L) {
  const dw_tensor *a = check_operand(L, 1, "a"), *b = check_operand(L, 2, "b");
  if (a->dtype != b->dtype) dwl_mixed(L, a->dtype, "a", b->dtype, "b");
  if (a->rank == 1 || b->rank == 1) return 0;
  check_columns(L, a, b);
  int rank = a->rank > b->rank ? a->rank : b->rank;
  int64_t shape[DW_MAX_RANK];
  broadcast_batch(L, a, b, rank, shape);
  if (!dw_dtype_is_float(a->dtype)) return 0;
  shape[rank - 2] = a->shape[a->rank - 2];
  shape[rank - 1] = b->shape[b->rank - 1];
  dw_tensor from_a = stretch(a, rank, shape), from_b = stretch(b, rank, shape);
  const dw_tensor *c = dwl_newtensor(L, a->dtype, rank, shape);
  dw_job j;
  dwl_check(L, dw_gemm_init(&j, dwl_context(L), c, &from_a, &from_b, NULL, NULL));
  dwl_run(L, &j);
  return 1;
}

const luaL_Reg dwl_gemm_functions[] = {{"matmul", matmul}, {NULL, NULL}};

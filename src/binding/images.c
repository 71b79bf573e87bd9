// images.c: images as arguments: tensors of rank 3 to 5 in either layout become the (n,d,h,w,c) that the core takes.
// Called by the rooms of pooling and resizing. Invariant: axes that an image does not have are of size 1, and stand
// before those it has.
#include <string.h>

#include "binding.h"

static int spatial(const dwl_layout *l) { return l->rank - 2; }

// Where axis i of (n,d,h,w,c) is in the user's tensor; -1: it has no such axis.
static int axis_of(const dwl_layout *l, int i) {
  if (i == 0) return 0;
  if (i == 4) return l->channels_first ? 1 : l->rank - 1;
  int at = i - 1 - (3 - spatial(l));
  return at < 0 ? -1 : at + (l->channels_first ? 2 : 1);
}

static dw_tensor to_image(const dwl_layout *l, const dw_tensor *t) {
  dw_tensor v = {.data = t->data, .rank = DW_IMAGE_RANK, .dtype = t->dtype};
  for (int i = 0; i < DW_IMAGE_RANK; i++) {
    int at = axis_of(l, i);
    v.shape[i] = at < 0 ? 1 : t->shape[at];
    v.strides[i] = at < 0 ? 0 : t->strides[at];
  }
  return v;
}

static void shape_of(const dwl_layout *l, const dw_tensor *image, int64_t *shape) {
  for (int i = 0; i < DW_IMAGE_RANK; i++) {
    if (axis_of(l, i) >= 0) shape[axis_of(l, i)] = image->shape[i];
  }
}

dwl_layout dwl_checklayout(lua_State *L, int index) {
  const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
  bool first = strcmp(name, "channels_first") == 0;
  if (!first && strcmp(name, "channels_last") != 0) {
    dwl_expected(L, "data_format", "\"channels_last\" or \"channels_first\"", index);
  }
  return (dwl_layout){.L = L, .channels_first = first};
}

dw_tensor dwl_checkimage(dwl_layout *l, int index, const char *argument, bool floats) {
  lua_State *L = l->L;
  const dw_tensor *t = dwl_checktensor(L, index, argument);
  if (t->rank < 3 || t->rank > DW_IMAGE_RANK) dwl_expected(L, argument, "a tensor of rank 3 to 5", index);
  if (floats && !dw_dtype_is_float(t->dtype)) {
    dwl_error(L, "%s must be of dtype float32, float64, got %s", argument, dw_dtype_name(t->dtype));
  }
  l->rank = t->rank;
  return to_image(l, t);
}

dw_tensor dwl_checkimageshape(dwl_layout *l, int index, const char *argument, dw_dtype dtype) {
  int64_t shape[DW_MAX_RANK];
  dw_tensor t;
  l->rank = dwl_checkshape(l->L, index, argument, shape);
  if (l->rank < 3 || l->rank > DW_IMAGE_RANK) dwl_error(l->L, "%s must have 3 to 5 axes, got %d", argument, l->rank);
  if (dw_tensor_init(&t, NULL, dtype, l->rank, shape) != DW_OK) {
    dwl_error(l->L, "%s %s is too large", argument, dwl_shape_text(l->L, &t));
  }
  return to_image(l, &t);
}

dw_tensor dwl_lendrows(const dwl_layout *l, int index) {
  dw_tensor image = to_image(l, lua_touserdata(l->L, index));
  return dw_image_has_rows(&image, l->channels_first) ? image : to_image(l, dwl_contiguous(l->L, index));
}

dw_tensor dwl_newimage(const dwl_layout *l, const dw_tensor *like) {
  int64_t shape[DW_MAX_RANK];
  shape_of(l, like, shape);
  return to_image(l, dwl_newtensor(l->L, like->dtype, l->rank, shape));
}

const char *dwl_imagetext(const dwl_layout *l, const dw_tensor *image) {
  dw_tensor t = {.rank = l->rank};
  shape_of(l, image, t.shape);
  return lua_pushfstring(l->L, "%s, %s", dwl_shape_text(l->L, &t),
                         l->channels_first ? "channels_first" : "channels_last");
}

void dwl_checksizes(const dwl_layout *l, int index, const char *argument, int64_t sizes[3]) {
  lua_State *L = l->L;
  int n = spatial(l);
  bool many = lua_type(L, index) == LUA_TTABLE;
  for (int i = 0; i < 3; i++) sizes[i] = 1;
  if (many && (int)lua_rawlen(L, index) != n) {
    const char *each = n == 1 ? "one number" : lua_pushfstring(L, "%d numbers", n);
    dwl_expected(L, argument, lua_pushfstring(L, "a whole number or a table of %s", each), index);
  }
  for (int i = 0; i < n; i++) {
    if (many) lua_rawgeti(L, index, i + 1);
    sizes[3 - n + i] = dwl_checkinteger(L, many ? -1 : index, argument, 1, INT64_C(1) << 31);
    if (many) lua_pop(L, 1);
  }
}

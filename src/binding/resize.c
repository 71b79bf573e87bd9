// resize.c: images of another size, and the transposed map, for Lua.
#include <string.h>

#include "binding.h"

static dw_interpolation check_interpolation(lua_State *L, int index) {
  const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
  if (strcmp(name, "nearest") == 0) return DW_NEAREST;
  if (strcmp(name, "bilinear") != 0) dwl_expected(L, "interpolation", "\"nearest\" or \"bilinear\"", index);
  return DW_BILINEAR;
}

// An axis without pixels has none to take; with no images or channels there is nothing to compute.
static void check_pixels(const dwl_layout *l, const dw_tensor *image, const char *argument) {
  for (int i = 1; i < 4; i++) {
    if (image->shape[i] == 0) {
      dwl_error(l->L, "%s has no pixels to take (%s)", argument, dwl_imagetext(l, image));
    }
  }
}

// The image at 1, and one that is like it but of the sizes at 2, which is pushed.
static int resize(lua_State *L, const char *argument, bool back) { // x or g, size, interpolation, data_format
  dw_interpolation how = check_interpolation(L, 3);
  dwl_layout l = dwl_checklayout(L, 4);
  dw_tensor from = dwl_checkimage(&l, 1, argument, back || how == DW_BILINEAR), like = from;
  dwl_checksizes(&l, 2, "size", &like.shape[1]);
  check_pixels(&l, &from, argument);
  from = dwl_lendrows(&l, 1);
  dw_tensor to = dwl_newimage(&l, &like);
  dw_job j;
  dw_status s = back ? dw_resize_grad_x_init(&j, dwl_context(L), &to, &from, l.channels_first, how)
                     : dw_resize_init(&j, dwl_context(L), &to, &from, l.channels_first, how);
  dwl_check(L, s);
  dwl_run(L, &j);
  return 1;
}

static int forward(lua_State *L) { return resize(L, "x", false); }
static int grad_x(lua_State *L) { return resize(L, "g", true); }

const luaL_Reg dwl_resize_functions[] = {{"resize", forward}, {"resize_grad_x", grad_x}, {NULL, NULL}};

// image.c: dwconv.image, an optional Lua module over libpng and libjpeg: files between bytes and tensors of samples.
// lua/dwconv/io/image.lua opens the files, makes the tensors and checks what users pass.
// Invariant: a tensor's numbers are read and written where they lie, after its dtype, shape and layout were checked.
#include "codec.h"

#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "dwconv.h"

static dw_tensor *check_tensor(lua_State *L, int index, int rank) {
  dw_tensor *t = luaL_checkudata(L, index, DWL_TENSOR);
  bool good = t->dtype == DW_UINT8 && t->rank == rank && dw_numel(t) > 0 && dw_is_contiguous(t);
  luaL_argcheck(L, good, index, "not a contiguous uint8 tensor of that rank");
  return t;
}

static image_job *begin(lua_State *L) { // pushes it
  image_job *j = lua_newuserdatauv(L, sizeof *j, 0);
  memset(j, 0, sizeof *j);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  j->main = lua_tothread(L, -1);
  lua_pop(L, 1);
  j->hook = lua_gethook(j->main);
  j->hook_mask = lua_gethookmask(j->main);
  j->hook_count = lua_gethookcount(j->main);
  return j;
}

static int refuse(lua_State *L, const image_job *j) {                         // nil, text
  if (j->stopped) lua_sethook(j->main, j->hook, j->hook_mask, j->hook_count); // the hook set meanwhile is to run
  lua_pushnil(L);
  lua_pushstring(L, j->text[0] != '\0' ? j->text : "out of memory");
  return 2;
}

static bool decode(image_job *j, const dw_tensor *file) {
  j->bytes = file->data;
  j->left = (size_t)file->shape[0];
  if (j->left >= 8 && png_sig_cmp(j->bytes, 0, 8) == 0) return png_decode(j);
  if (j->left >= 3 && memcmp(j->bytes, "\xff\xd8\xff", 3) == 0) return jpeg_decode(j);
  snprintf(j->text, sizeof j->text, "neither a PNG nor a JPEG file");
  return false;
}

// The bytes of a file -> h, w, c, and the bytes that decoding takes besides the samples; or nil, text.
static int image_header(lua_State *L) {
  const dw_tensor *file = check_tensor(L, 1, 1);
  image_job *j = begin(L);
  if (!decode(j, file)) return refuse(L, j);
  lua_pushinteger(L, j->h);
  lua_pushinteger(L, j->w);
  lua_pushinteger(L, j->c);
  lua_pushinteger(L, (lua_Integer)j->beside);
  return 4;
}

// The bytes of a file, a tensor (h,w,c) as the header has it, which is written -> true; or nil, text.
static int image_read(lua_State *L) {
  const dw_tensor *file = check_tensor(L, 1, 1), *t = check_tensor(L, 2, 3);
  image_job *j = begin(L);
  if (!decode(j, file)) return refuse(L, j);
  luaL_argcheck(L, j->h == t->shape[0] && j->w == t->shape[1] && j->c == t->shape[2], 2, "not of the picture's shape");
  j->samples = t->data;
  if (!decode(j, file)) return refuse(L, j);
  lua_pushboolean(L, 1);
  return 1;
}

// A file, a tensor (h,w,c), the quality of a JPEG or nil for a PNG -> true; or nil, text.
static int image_write(lua_State *L) {
  dwl_file *file = luaL_checkudata(L, 1, DWL_FILE);
  const dw_tensor *t = check_tensor(L, 2, 3);
  bool jpeg = !lua_isnoneornil(L, 3);
  int64_t h = t->shape[0], w = t->shape[1], c = t->shape[2], longest = jpeg ? JPEG_MAX_DIMENSION : 1000000;
  lua_Integer quality = luaL_optinteger(L, 3, 1);
  luaL_argcheck(L, file->fd >= 0, 1, "the file is closed");
  luaL_argcheck(L, h <= longest && w <= longest && (c == 1 || c == 3 || (c == 4 && !jpeg)), 2, "not such a picture");
  luaL_argcheck(L, quality >= 1 && quality <= 100, 3, "not from 1 to 100");
  image_job *j = begin(L);
  j->h = (uint32_t)h, j->w = (uint32_t)w, j->c = (uint32_t)c;
  j->samples = t->data;
  j->file = file;
  if (!(jpeg ? jpeg_encode(j, (int)quality) : png_encode(j))) return refuse(L, j);
  lua_pushboolean(L, 1);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_dwconv_image(lua_State *L);

int luaopen_dwconv_image(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"header", image_header}, {"read", image_read}, {"write", image_write}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_pushfstring(L, "libpng %s", PNG_LIBPNG_VER_STRING);
  lua_setfield(L, -2, "png");
#ifdef LIBJPEG_TURBO_VERSION
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)
  lua_pushliteral(L, "libjpeg-turbo " TEXT_OF(LIBJPEG_TURBO_VERSION));
#else
  lua_pushfstring(L, "libjpeg %d", JPEG_LIB_VERSION);
#endif
  lua_setfield(L, -2, "jpeg");
  return 1;
}

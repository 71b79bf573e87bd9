// image.c: dwconv.image, an optional Lua module over libpng and libjpeg. It knows bytes, not tensors: rows of
// h*w*c samples of 8 bits. lua/dwconv/io/image.lua opens the files and checks the arguments.
// Invariant: between a setjmp and its library's clean-up no Lua function is called; all memory a library
// writes to is a userdata made before, of a size taken from the file's header and checked against its length.
#include <lauxlib.h>
#include <lua.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

enum { TEXT = 256 };

struct job {
  jmp_buf failed;
  char text[TEXT];
  const unsigned char *bytes; // what is left of the file
  size_t left;
  uint32_t h, w, c;
  unsigned char *samples; // NULL: stop after the header
};

// ---- PNG ----------------------------------------------------------------------------------------

static void png_fail(png_structp png, png_const_charp text) {
  struct job *j = png_get_error_ptr(png);
  snprintf(j->text, TEXT, "%s", text);
  longjmp(j->failed, 1);
}

static void png_quiet(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void png_take(png_structp png, png_bytep to, size_t n) {
  struct job *j = png_get_io_ptr(png);
  if (n > j->left) png_error(png, "the file ends too early");
  memcpy(to, j->bytes, n);
  j->bytes += n;
  j->left -= n;
}

// Any bit depth and colour type becomes 8-bit grey, RGB or RGBA; grey with transparency becomes RGBA.
static void png_to_8_bits(png_structp png, png_infop info) {
  int colour = png_get_color_type(png, info);
  bool transparent = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  if (png_get_bit_depth(png, info) == 16) png_set_scale_16(png);
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (colour == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  if (transparent) png_set_tRNS_to_alpha(png);
  if (colour == PNG_COLOR_TYPE_GRAY_ALPHA || (colour == PNG_COLOR_TYPE_GRAY && transparent)) png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
}

static void png_rows(struct job *j, png_structp png, png_infop info) {
  uint64_t packed = (uint64_t)j->h * png_get_rowbytes(png, info);
  // Deflate shrinks at most 1032 times; what claims more than that is not there. Depths below 8 expand 8 times.
  if (packed / 8 / 1032 > j->left) png_error(png, "the header claims more pixels than the file can hold");
  png_to_8_bits(png, info);
  j->c = png_get_channels(png, info);
  if (j->samples == NULL) return;
  for (int passes = png_get_interlace_type(png, info) == PNG_INTERLACE_ADAM7 ? 7 : 1; passes > 0; passes--) {
    for (uint32_t y = 0; y < j->h; y++) png_read_row(png, j->samples + (size_t)y * j->w * j->c, NULL);
  }
  png_read_end(png, NULL);
}

static bool png_decode(struct job *j) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, j, png_fail, png_quiet);
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  bool done = false;
  snprintf(j->text, TEXT, "out of memory");
  if (info != NULL && setjmp(j->failed) == 0) {
    png_set_read_fn(png, j, png_take);
    png_read_info(png, info);
    j->h = png_get_image_height(png, info);
    j->w = png_get_image_width(png, info);
    png_rows(j, png, info);
    j->text[0] = '\0';
  }
  done = j->text[0] == '\0';
  png_destroy_read_struct(&png, &info, NULL);
  return done;
}

// ---- JPEG ---------------------------------------------------------------------------------------

struct jpeg_errors {
  struct jpeg_error_mgr manager; // first: libjpeg hands this back
  struct job *job;
};

static void jpeg_fail(j_common_ptr jpeg) {
  struct job *j = ((struct jpeg_errors *)jpeg->err)->job;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  snprintf(j->text, TEXT, "%.*s", TEXT - 1, text);
  longjmp(j->failed, 1);
}

// Corrupt data (level -1) is an error here: half a picture is not a picture.
static void jpeg_message(j_common_ptr jpeg, int level) {
  if (level < 0) jpeg_fail(jpeg);
}

static void jpeg_quiet(j_common_ptr jpeg) { (void)jpeg; }

static struct jpeg_error_mgr *jpeg_errors_init(struct jpeg_errors *e, struct job *j) {
  jpeg_std_error(&e->manager);
  e->manager.error_exit = jpeg_fail;
  e->manager.emit_message = jpeg_message;
  e->manager.output_message = jpeg_quiet;
  e->job = j;
  return &e->manager;
}

static bool jpeg_decode(struct job *j) {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_errors errors;
  jpeg.err = jpeg_errors_init(&errors, j);
  if (setjmp(j->failed) != 0) {
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, (unsigned char *)j->bytes, (unsigned long)j->left);
  jpeg_read_header(&jpeg, TRUE);
  j->h = jpeg.image_height;
  j->w = jpeg.image_width;
  j->c = jpeg.num_components == 1 ? 1 : 3;
  jpeg.out_color_space = j->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
  if (j->samples != NULL) {
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW row = j->samples + (size_t)jpeg.output_scanline * j->w * j->c;
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
  return true;
}

static void ignore_destination(j_compress_ptr jpeg) { (void)jpeg; }

static boolean destination_full(j_compress_ptr jpeg) {
  snprintf(((struct jpeg_errors *)jpeg->err)->job->text, TEXT, "the picture does not fit its bound");
  longjmp(((struct jpeg_errors *)jpeg->err)->job->failed, 1);
}

static bool jpeg_encode(struct job *j, int quality, unsigned char *to, size_t *room) {
  struct jpeg_compress_struct jpeg;
  struct jpeg_errors errors;
  struct jpeg_destination_mgr destination = {.next_output_byte = to,
                                             .free_in_buffer = *room,
                                             .init_destination = ignore_destination,
                                             .empty_output_buffer = destination_full,
                                             .term_destination = ignore_destination};
  jpeg.err = jpeg_errors_init(&errors, j);
  if (setjmp(j->failed) != 0) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg.dest = &destination;
  jpeg.image_height = j->h;
  jpeg.image_width = j->w;
  jpeg.input_components = (int)j->c;
  jpeg.in_color_space = j->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  if (quality >= 90) { // no chroma subsampling where quality is asked for
    for (int i = 0; i < jpeg.num_components; i++) jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
  }
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = (JSAMPROW)j->bytes + (size_t)jpeg.next_scanline * j->w * j->c;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  *room -= destination.free_in_buffer;
  return true;
}

// ---- Lua ----------------------------------------------------------------------------------------

static int fail(lua_State *L, const char *text) {
  lua_pushnil(L);
  lua_pushstring(L, text);
  return 2;
}

// decode(bytes, most) -> samples, h, w, c; or nil, text. Refuses pictures of more than `most` samples.
static int decode(lua_State *L) {
  struct job j = {.left = 0};
  size_t n;
  const unsigned char *bytes = (const unsigned char *)luaL_checklstring(L, 1, &n);
  uint64_t most = (uint64_t)luaL_checkinteger(L, 2);
  bool (*read)(struct job *) = NULL;
  if (n >= 8 && png_sig_cmp(bytes, 0, 8) == 0) read = png_decode;
  if (n >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) read = jpeg_decode;
  if (read == NULL) return fail(L, "neither a PNG nor a JPEG file");
  j.bytes = bytes, j.left = n;
  if (!read(&j)) return fail(L, j.text);
  uint64_t size = (uint64_t)j.h * j.w * j.c; // below 2^64: libpng and libjpeg limit both sides to 31 bits
  if (size > most) return fail(L, "the picture is larger than the memory limit");
  j.samples = lua_newuserdatauv(L, size > 0 ? (size_t)size : 1, 0);
  memset(j.samples, 0, (size_t)size);
  j.bytes = bytes, j.left = n;
  if (!read(&j)) return fail(L, j.text);
  lua_pushlstring(L, (const char *)j.samples, (size_t)size);
  lua_pushinteger(L, j.h);
  lua_pushinteger(L, j.w);
  lua_pushinteger(L, j.c);
  return 4;
}

static void check_picture(lua_State *L, struct job *j) { // samples, h, w, c
  size_t n;
  j->bytes = (const unsigned char *)luaL_checklstring(L, 1, &n);
  lua_Integer h = luaL_checkinteger(L, 2), w = luaL_checkinteger(L, 3), c = luaL_checkinteger(L, 4);
  luaL_argcheck(L, h >= 1 && h <= 1000000, 2, "height must be 1 to 1000000");
  luaL_argcheck(L, w >= 1 && w <= 1000000, 3, "width must be 1 to 1000000");
  luaL_argcheck(L, c == 1 || c == 3 || c == 4, 4, "channels must be 1, 3 or 4");
  luaL_argcheck(L, (lua_Unsigned)(h * w * c) == n, 1, "as many samples as h*w*c");
  j->h = (uint32_t)h, j->w = (uint32_t)w, j->c = (uint32_t)c;
}

static int encode_png(lua_State *L) { // samples, h, w, c -> bytes; or nil, text
  struct job j = {.left = 0};
  check_picture(L, &j);
  png_image image = {.version = PNG_IMAGE_VERSION, .width = j.w, .height = j.h};
  image.format = j.c == 1 ? PNG_FORMAT_GRAY : j.c == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  void *to = lua_newuserdatauv(L, size, 0);
  if (png_image_write_to_memory(&image, to, &size, 0, j.bytes, 0, NULL) == 0) return fail(L, image.message);
  lua_pushlstring(L, to, size);
  return 1;
}

static int encode_jpeg(lua_State *L) { // samples, h, w, c, quality -> bytes; or nil, text
  struct job j = {.left = 0};
  check_picture(L, &j);
  lua_Integer quality = luaL_checkinteger(L, 5);
  luaL_argcheck(L, quality >= 1 && quality <= 100, 5, "quality must be 1 to 100");
  luaL_argcheck(L, j.c != 4, 4, "JPEG has no alpha");
  // Six bytes a pixel of whole 16x16 blocks hold any 8-bit picture (the bound of libjpeg-turbo's tjBufSize).
  size_t room = ((size_t)j.w + 15) / 16 * 16 * (((size_t)j.h + 15) / 16 * 16) * 6 + 2048;
  void *to = lua_newuserdatauv(L, room, 0);
  if (!jpeg_encode(&j, (int)quality, to, &room)) return fail(L, j.text);
  lua_pushlstring(L, to, room);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_dwconv_image(lua_State *L);

int luaopen_dwconv_image(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"decode", decode}, {"encode_png", encode_png}, {"encode_jpeg", encode_jpeg}, {NULL, NULL}};
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

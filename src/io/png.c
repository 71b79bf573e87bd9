// png.c: PNG files through libpng. Any bit depth and colour type becomes 8-bit grey, RGB or RGBA; grey with
// transparency becomes RGBA. Called by image.c.
// Invariant: libpng sees no chunk but the header, the palette, its transparency, the pixels and the end (and critical
// chunks it does not know, which it refuses), and none that is longer than what is left of the file. So texts, colour
// profiles and gamma, whose decoders allocate what a file claims, are never entered.
#include "codec.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_SIDE = 1000000, CHUNK_BYTES = 1 << 16, SIGNATURE = 8, AROUND = 12 }; // AROUND: length, type, checksum

static void png_fail(png_structp png, png_const_charp text) {
  image_job *j = png_get_error_ptr(png);
  if (j->text[0] == '\0') snprintf(j->text, sizeof j->text, "%s", text);
  longjmp(j->failed, 1);
}

static void png_quiet(png_structp png, png_const_charp text) { (void)png, (void)text; }

// False when libpng gave up; the text says why.
static bool png_run(image_job *j, png_structp png, png_infop info, void (*f)(image_job *, png_structp, png_infop)) {
  if (setjmp(j->failed) != 0) return false;
  f(j, png, info);
  return true;
}

// ---- reading ------------------------------------------------------------------------------------

static uint32_t chunk_length(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// A capital first letter is a critical chunk's.
static bool png_wants(const unsigned char *chunk) {
  return (chunk[4] & 0x20) == 0 || memcmp(chunk + 4, "tRNS", 4) == 0;
}

// Goes to the next chunk that libpng is to see; gives NULL, or why there is no such chunk.
static const char *png_next_chunk(image_job *j) {
  for (;;) {
    if (j->left < AROUND) return "the file ends too early";
    uint32_t length = chunk_length(j->bytes);
    if (length > j->left - AROUND) return "a chunk is longer than what is left of the file";
    j->chunk = (size_t)length + AROUND;
    if (png_wants(j->bytes)) return NULL;
    j->bytes += j->chunk;
    j->left -= j->chunk;
  }
}

static void png_take(png_structp png, png_bytep to, size_t n) {
  image_job *j = png_get_io_ptr(png);
  const char *problem = j->chunk == 0 ? png_next_chunk(j) : NULL;
  if (problem == NULL && n > j->chunk) problem = "a chunk is shorter than what it holds";
  if (problem == NULL && image_stopped(j)) problem = j->text;
  if (problem != NULL) png_error(png, problem);
  memcpy(to, j->bytes, n);
  j->bytes += n;
  j->left -= n;
  j->chunk -= n;
}

// The bytes of all chunks of pixels.
static uint64_t png_packed_bytes(const image_job *j) {
  uint64_t sum = 0;
  const unsigned char *p = j->bytes + SIGNATURE;
  size_t left = j->left - SIGNATURE;
  while (left >= AROUND && chunk_length(p) <= left - AROUND) {
    size_t size = (size_t)chunk_length(p) + AROUND;
    if (memcmp(p + 4, "IDAT", 4) == 0) sum += size - AROUND;
    p += size;
    left -= size;
  }
  return sum;
}

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

static void png_header(image_job *j, png_structp png, png_infop info) {
  enum { SHRINKS = 1032 }; // deflate at most: a match of 258 bytes takes two bits (RFC 1951, 3.2.5)
  uint64_t packed = png_packed_bytes(j);
  png_read_info(png, info);
  j->h = png_get_image_height(png, info);
  j->w = png_get_image_width(png, info);
  uint64_t bits = (uint64_t)j->h * j->w * png_get_bit_depth(png, info) * png_get_channels(png, info);
  if (bits / 8 > packed * SHRINKS) png_error(png, "the header claims more pixels than the file can hold");
  png_to_8_bits(png, info);
  j->c = png_get_channels(png, info);
}

static void png_read(image_job *j, png_structp png, png_infop info) {
  j->chunk = SIGNATURE;
  png_set_user_limits(png, LONGEST_SIDE, LONGEST_SIDE);
  png_set_chunk_malloc_max(png, CHUNK_BYTES);
  png_set_chunk_cache_max(png, 1);
  png_set_read_fn(png, j, png_take);
  png_header(j, png, info);
  if (j->samples == NULL) return;
  int passes = png_get_interlace_type(png, info) == PNG_INTERLACE_ADAM7 ? 7 : 1;
  for (int64_t row = 0; row < (int64_t)passes * j->h; row++) {
    png_read_row(png, j->samples + (size_t)(row % j->h) * j->w * j->c, NULL);
    if (image_stopped(j)) png_error(png, j->text);
  }
  png_read_end(png, NULL);
}

bool png_decode(image_job *j) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, j, png_fail, png_quiet);
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  bool done = info != NULL && png_run(j, png, info, png_read);
  png_destroy_read_struct(&png, &info, NULL);
  return done;
}

// ---- writing ------------------------------------------------------------------------------------

static void png_put(png_structp png, png_bytep bytes, size_t n) {
  image_job *j = png_get_io_ptr(png);
  if (image_stopped(j) || !image_put(j, bytes, n)) png_error(png, j->text);
}

static void png_flush_later(png_structp png) { (void)png; }

static void png_write(image_job *j, png_structp png, png_infop info) {
  int colour = j->c == 1 ? PNG_COLOR_TYPE_GRAY : j->c == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGBA;
  png_set_write_fn(png, j, png_put, png_flush_later);
  png_set_IHDR(png, info, j->w, j->h, 8, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_write_info(png, info);
  for (uint32_t y = 0; y < j->h; y++) {
    png_write_row(png, j->samples + (size_t)y * j->w * j->c);
    if (image_stopped(j)) png_error(png, j->text);
  }
  png_write_end(png, NULL);
  if (!image_flush(j)) png_error(png, j->text);
}

bool png_encode(image_job *j) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, j, png_fail, png_quiet);
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  bool done = info != NULL && png_run(j, png, info, png_write);
  png_destroy_write_struct(&png, &info);
  return done;
}

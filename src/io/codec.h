// codec.h: what png.c and jpeg.c do for image.c, and what codec.c does for them. They know bytes and rows of samples;
// image.c knows Lua and tensors.
// Invariant: between a setjmp and its library's clean-up no Lua function is called but those that read the hook.
// Whatever a library allocates, it frees before its function returns.
#ifndef DWCONV_CODEC_H
#define DWCONV_CODEC_H

#include <lauxlib.h>
#include <lua.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "binding/file.h"

// One call. A function that fails says why in `text`; "" before that means there was no memory.
typedef struct image_job {
  lua_State *main; // its hook is where lua.c's Ctrl-C shows
  lua_Hook hook;   // as it was when the call began
  int hook_mask, hook_count;
  bool stopped; // the hook has changed since
  jmp_buf failed;
  char text[256];
  uint32_t h, w, c;
  unsigned char *samples;     // h*w*c, row by row; NULL: only read the header
  uint64_t beside;            // reading: bytes the library needs besides the samples
  const unsigned char *bytes; // reading: what is left of the file
  size_t left;
  size_t chunk;   // reading PNG: what is left of the chunk that libpng is in
  dwl_file *file; // writing: where to, through the buffer
  size_t held;
  unsigned char buffer[1 << 16];
} image_job;

// After the header: h, w, c and beside. With samples, of the size the header told, also these.
bool png_decode(image_job *j);
bool jpeg_decode(image_job *j);
bool png_encode(image_job *j);
bool jpeg_encode(image_job *j, int quality);

// Whether the hook has changed: then the text is "interrupted!". A dwl_stop of the job.
bool image_stopped(void *job);
bool image_put(image_job *j, const void *bytes, size_t n); // to the file; false: the text says why
bool image_flush(image_job *j);

#endif

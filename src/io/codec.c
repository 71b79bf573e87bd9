// codec.c: what decoders and encoders share: interruption, and the way to the file. Called by png.c and jpeg.c.
#include "codec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool image_stopped(void *job) {
  image_job *j = job;
  if (lua_gethook(j->main) == j->hook) return false;
  j->stopped = true;
  snprintf(j->text, sizeof j->text, "interrupted!");
  return true;
}

static bool put_through(image_job *j, const void *bytes, size_t n) {
  int problem = j->file->put(j->file, bytes, n, image_stopped, j);
  if (problem != 0 && problem != ECANCELED) snprintf(j->text, sizeof j->text, "%s", strerror(problem));
  return problem == 0;
}

bool image_flush(image_job *j) {
  size_t n = j->held;
  j->held = 0;
  return put_through(j, j->buffer, n);
}

bool image_put(image_job *j, const void *bytes, size_t n) {
  if (n > sizeof j->buffer - j->held && !image_flush(j)) return false;
  if (n > sizeof j->buffer) return put_through(j, bytes, n);
  memcpy(j->buffer + j->held, bytes, n);
  j->held += n;
  return true;
}

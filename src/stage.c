// stage.c: scratch, and images on their way to the depthwise kernels and back. Called by depthwise.c and
// depthwise_grad.c. Invariant: an image of multiplier 1 whose lanes are neighbours and fill a vector is never copied.
#include "depthwise.h"

enum { APART = 256 }; // bytes of which the size of a piece of scratch is a multiple; 64 make planes slower by a seventh
// Where a thread walks through more than a LITTLE scratch, its prefetchers also take lines far ahead of it, which
// another thread may be writing: tens of thousands of bytes (measured on Zen 4).
enum { LITTLE = 1 << 12, FAR_APART = 1 << 16 };
#define TOO_MUCH (INT64_C(1) << 62)

int64_t dw_arena_times(int64_t a, int64_t b) {
  int64_t r;
  return __builtin_mul_overflow(a, b, &r) ? TOO_MUCH : least(r, TOO_MUCH);
}

void *dw_arena_take(struct dw_arena *a, int64_t bytes) {
  void *p = a->memory != NULL ? a->memory + a->used : NULL;
  a->used = bytes > TOO_MUCH - APART - a->used ? TOO_MUCH : a->used + (bytes + APART - 1) / APART * APART;
  return p;
}

void dw_arena_gap(struct dw_arena *a, int64_t since) {
  if (a->used - since > LITTLE) dw_arena_take(a, FAR_APART);
}

dw_status dw_arena_tell(const struct dw_arena *a, size_t *scratch) {
  *scratch = (size_t)a->used;
  return a->used < TOO_MUCH ? DW_OK : DW_TOO_LARGE;
}

void dw_stage_init(struct dw_stage *s, const dw_context *cx, const dw_tensor *image, int64_t multiplier) {
  *s = (struct dw_stage){.image = *image, .multiplier = multiplier, .size = (int64_t)dw_dtype_size(image->dtype)};
  s->kernels = cx->kernels->stage[image->dtype];
  s->vector = cx->kernels->depthwise[image->dtype]->vector;
  s->layout = cx->kernels->layout[s->size == 4 ? DW_SIZE4 : DW_SIZE8];
  bool apart = image->strides[DW_C] != 1 && image->shape[DW_C] > 1;
  s->staged = apart || multiplier > 1 || image->shape[DW_C] < s->vector;
}

void dw_stage_used(struct dw_stage *s, const dw_axis *cols) {
  int64_t end = (cols->out - 1) * cols->stride + (cols->kernel - 1) * cols->dilation + 1 - cols->before;
  s->image.shape[DW_W] = most(0, least(s->image.shape[DW_W], end));
}

bool dw_stage_is_flat(const struct dw_stage *s, const dw_depthwise *d) {
  const int64_t *shape = s->image.shape, *strides = s->image.strides;
  return d->multiplier == 1 && d->cols.stride == 1 && d->cols.dilation == 1 && shape[DW_C] < s->vector &&
         shape[DW_W] * shape[DW_C] >= s->vector && strides[DW_W] == shape[DW_C] &&
         (strides[DW_C] == 1 || shape[DW_C] == 1);
}

int64_t dw_stage_lanes(const struct dw_stage *s, int64_t lanes) { return most(lanes, s->vector); }

// From a staged pixel to the next, in elements. Smaller groups of lanes never need more room than larger ones: lanes
// that conflict are whole vectors.
static int64_t pixel_pitch(const struct dw_stage *s, int64_t lanes) {
  bool apart = lanes % (DW_CONFLICT / s->size) == 0;
  return dw_stage_lanes(s, lanes) + (apart ? s->vector : 0);
}

int64_t dw_stage_bytes(const struct dw_stage *s, int64_t rows, int64_t lanes) {
  if (!s->staged) return 0;
  int64_t pixels = dw_arena_times(dw_arena_times(rows, s->image.shape[DW_W]), pixel_pitch(s, lanes));
  return dw_arena_times(least(pixels, TOO_MUCH - 64) + s->vector, s->size);
}

static char *row_at(const struct dw_stage *s, const struct dw_window *w, int64_t row) {
  const int64_t *strides = s->image.strides;
  return (char *)s->image.data + (w->n * strides[DW_N] + (w->first + row * w->step) * strides[DW_H]) * s->size;
}

struct dw_place dw_stage_place(const struct dw_stage *s, const struct dw_window *w, char *memory) {
  if (s->staged) {
    int64_t pixel = pixel_pitch(s, w->lanes);
    return (struct dw_place){memory, s->image.shape[DW_W] * pixel, pixel};
  }
  const int64_t *strides = s->image.strides;
  return (struct dw_place){row_at(s, w, 0) + w->lane * s->size, w->step * strides[DW_H], strides[DW_W]};
}

// Whether a row is a matrix (c, w) whose rows lie in memory as they are, so that it is staged by transposing it.
static bool is_planar(const struct dw_stage *s, const struct dw_window *w) {
  return s->multiplier == 1 && s->image.strides[DW_W] == 1 && w->lanes >= s->vector;
}

void dw_stage_read(const struct dw_stage *s, const struct dw_window *w, const struct dw_place *p) {
  const int64_t *strides = s->image.strides, cols = s->image.shape[DW_W];
  for (int64_t i = 0; s->staged && i < w->rows; i++) {
    char *to = p->at + i * p->row * s->size, *from = row_at(s, w, i);
    if (is_planar(s, w)) {
      s->layout->transpose(to, p->col, from + w->lane * strides[DW_C] * s->size, strides[DW_C], w->lanes, cols);
    } else {
      s->kernels->expand(to, p->col, from, strides[DW_W], strides[DW_C], cols, w->lane, w->lanes, s->multiplier);
    }
  }
}

void dw_stage_write(const struct dw_stage *s, const struct dw_window *w, const struct dw_place *p) {
  const int64_t *strides = s->image.strides, cols = s->image.shape[DW_W];
  for (int64_t i = 0; s->staged && i < w->rows; i++) {
    char *from = p->at + i * p->row * s->size;
    char *to = row_at(s, w, i) + w->lane / s->multiplier * strides[DW_C] * s->size;
    if (is_planar(s, w)) {
      s->layout->transpose(to, strides[DW_C], from, p->col, cols, w->lanes);
    } else {
      s->kernels->fold(to, strides[DW_W], strides[DW_C], from, p->col, cols, w->lanes / s->multiplier, s->multiplier);
    }
  }
}

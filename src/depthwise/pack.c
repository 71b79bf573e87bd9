// pack.c: images on their way to the depthwise kernels and back. Called by depthwise.c and grad.c. Invariant: an image
// of multiplier 1 is never copied when its lanes are neighbours and fill a vector.
#include "depthwise.h"

void dw_image_init(struct dw_image *m, const dw_context *cx, const dw_tensor *t, int64_t multiplier, bool flat) {
  *m = (struct dw_image){.data = t->data, .multiplier = multiplier, .size = (int64_t)dw_dtype_size(t->dtype)};
  for (int i = 0; i < DW_IMAGE_AXES; i++) m->shape[i] = t->shape[i], m->strides[i] = t->strides[i];
  m->kernels = cx->kernels->depthwise_pack[t->dtype];
  m->layout = dw_layout_kernels(cx, m->size);
  m->vector = cx->kernels->depthwise[t->dtype]->vector;
  bool apart = m->strides[DW_C] != 1 && m->shape[DW_C] > 1;
  m->packed = !flat && (apart || multiplier > 1 || m->shape[DW_C] < m->vector);
}

void dw_image_trim(struct dw_image *m, const dw_axis *cols) {
  int64_t end = (cols->out - 1) * cols->stride + (cols->kernel - 1) * cols->dilation + 1 - cols->before;
  m->shape[DW_W] = most(0, least(m->shape[DW_W], end));
}

bool dw_image_is_flat(const dw_tensor *t, const dw_depthwise *d, int64_t vector) {
  const int64_t *shape = t->shape, *strides = t->strides;
  return d->multiplier == 1 && d->cols.stride == 1 && d->cols.dilation == 1 && shape[DW_C] < vector &&
         shape[DW_W] * shape[DW_C] >= vector && strides[DW_W] == shape[DW_C] &&
         (strides[DW_C] == 1 || shape[DW_C] == 1);
}

int64_t dw_image_lanes(const struct dw_image *m, int64_t lanes) { return most(lanes, m->vector); }

// From a packed pixel to the next, in elements. Smaller groups of lanes never need more room than larger ones: lanes
// that conflict are whole vectors.
static int64_t pixel_pitch(const struct dw_image *m, int64_t lanes) {
  bool apart = lanes % (DW_CONFLICT / m->size) == 0;
  return dw_image_lanes(m, lanes) + (apart ? m->vector : 0);
}

int64_t dw_image_pack_bytes(const struct dw_image *m, int64_t rows, int64_t lanes) {
  if (!m->packed) return 0;
  int64_t pixels = times(times(rows, m->shape[DW_W]), pixel_pitch(m, lanes));
  return times(least(pixels, DW_TOO_MUCH - m->vector) + m->vector, m->size);
}

static char *row_at(const struct dw_image *m, const struct dw_window *w, int64_t row) {
  return m->data + (w->n * m->strides[DW_N] + (w->first + row * w->step) * m->strides[DW_H]) * m->size;
}

struct dw_place dw_image_place(const struct dw_image *m, const struct dw_window *w, char *memory) {
  if (m->packed) {
    int64_t pixel = pixel_pitch(m, w->lanes);
    return (struct dw_place){memory, m->shape[DW_W] * pixel, pixel};
  }
  return (struct dw_place){row_at(m, w, 0) + w->lane * m->size, w->step * m->strides[DW_H], m->strides[DW_W]};
}

// Whether a row is a matrix (c, w) whose rows lie in memory as they are, so that it is packed by transposing it.
static bool is_planar(const struct dw_image *m, const struct dw_window *w) {
  return m->multiplier == 1 && m->strides[DW_W] == 1 && w->lanes >= m->vector;
}

void dw_image_pack(const struct dw_image *m, const struct dw_window *w, const struct dw_place *p) {
  const int64_t *strides = m->strides, cols = m->shape[DW_W];
  for (int64_t i = 0; m->packed && i < w->rows; i++) {
    char *to = p->at + i * p->row * m->size, *from = row_at(m, w, i);
    if (is_planar(m, w)) {
      m->layout->transpose(to, p->col, from + w->lane * strides[DW_C] * m->size, strides[DW_C], w->lanes, cols);
    } else {
      m->kernels->expand(to, p->col, from, strides[DW_W], strides[DW_C], cols, w->lane, w->lanes, m->multiplier);
    }
  }
}

void dw_image_unpack(const struct dw_image *m, const struct dw_window *w, const struct dw_place *p) {
  const int64_t *strides = m->strides, cols = m->shape[DW_W];
  for (int64_t i = 0; m->packed && i < w->rows; i++) {
    char *from = p->at + i * p->row * m->size;
    char *to = row_at(m, w, i) + w->lane / m->multiplier * strides[DW_C] * m->size;
    if (is_planar(m, w)) {
      m->layout->transpose(to, strides[DW_C], from, p->col, cols, w->lanes);
    } else {
      m->kernels->fold(to, strides[DW_W], strides[DW_C], from, p->col, cols, w->lanes / m->multiplier, m->multiplier);
    }
  }
}

// conv.c: the inner loop of convolutions of small groups: each lane is an output channel, and what its group's input
// channels hold is permuted to it. Called by src/conv/grouped.c. Invariant: the terms of an output are added in the
// order of rows, taps and channels, whatever tile it falls into.
#include "conv.h"
#include "vec.h"

#if VECTOR_BYTES == 64
enum { TILE = 12, MOST_SUMS = 12 }; // pixels, and sums of the gradient, in registers
#else
enum { TILE = 6, MOST_SUMS = 8 };
#endif

// Where lanes find channel c of their group.
INLINE places channel_of(int c, int channels) {
  places at;
  for (int l = 0; l < LANES; l++) at[l] = (place)(l / channels * channels + c);
  return at;
}

// `pixels` of them, constant as `channels` is.
INLINE void tile(const struct dw_conv_grouped *g, int64_t first, int pixels, int channels) {
  T *y = (T *)g->y + first * g->y_pixel;
  vec sum[TILE] = {{0}};
  if (g->add) {
    UNROLL
    for (int i = 0; i < pixels; i++) sum[i] = load(y + i * g->y_pixel);
  }
  for (int64_t r = 0; r < g->rows; r++) {
    const T *x = (const T *)g->x + g->row[r] + first * g->x_pixel, *kernel = (const T *)g->kernel + g->kernel_row[r];
    for (int64_t v = 0; v < g->taps; v++, x += g->x_tap, kernel += g->kernel_tap) {
      UNROLL
      for (int c = 0; c < channels; c++) {
        vec w = load(kernel + c * g->kernel_channel);
        const places at = channel_of(c, channels);
        UNROLL
        for (int i = 0; i < pixels; i++) sum[i] += permute(load(x + i * g->x_pixel), at) * w;
      }
    }
  }
  UNROLL
  for (int i = 0; i < pixels; i++) store(y + i * g->y_pixel, sum[i]);
}

INLINE void line(const struct dw_conv_grouped *g, int channels) {
  int64_t i = 0;
  for (; i + TILE <= g->pixels; i += TILE) tile(g, i, TILE, channels);
  for (; i + TILE / 3 <= g->pixels; i += TILE / 3) tile(g, i, TILE / 3, channels);
  for (; i < g->pixels; i++) tile(g, i, 1, channels);
}

static void grouped(const struct dw_conv_grouped *g) {
  if (g->channels == 2) line(g, 2);
  if (LANES >= 4 && g->channels == 4) line(g, 4);
  if (LANES >= 8 && g->channels == 8) line(g, 8);
}

// ---- the gradient of the kernel -----------------------------------------------------------------

// The sums of `taps` taps from `first` on, constant as `channels` is.
INLINE void sum_taps(const struct dw_conv_grouped_sums *g, int64_t first, int taps, int channels) {
  const T *in = g->g, *x = (const T *)g->x + first * g->x_tap;
  T *to = (T *)g->kernel + first * g->kernel_tap;
  vec sum[MOST_SUMS] = {{0}};
  if (!g->clears) {
    UNROLL
    for (int v = 0; v < taps; v++) {
      UNROLL
      for (int c = 0; c < channels; c++) sum[v * channels + c] = load(to + v * g->kernel_tap + c * g->kernel_channel);
    }
  }
  for (int64_t i = 0; i < g->pixels; i++, in += g->g_pixel, x += g->x_pixel) {
    vec factor = load(in);
    UNROLL
    for (int v = 0; v < taps; v++) {
      vec pixel = load(x + v * g->x_tap);
      UNROLL
      for (int c = 0; c < channels; c++) sum[v * channels + c] += permute(pixel, channel_of(c, channels)) * factor;
    }
  }
  UNROLL
  for (int v = 0; v < taps; v++) {
    UNROLL
    for (int c = 0; c < channels; c++) store(to + v * g->kernel_tap + c * g->kernel_channel, sum[v * channels + c]);
  }
}

INLINE void sum_row(const struct dw_conv_grouped_sums *g, int together, int channels) {
  int64_t v = 0;
  for (; v + together <= g->taps; v += together) sum_taps(g, v, together, channels);
  for (; v < g->taps; v++) sum_taps(g, v, 1, channels);
}

static void grouped_sums(const struct dw_conv_grouped_sums *g) {
  if (g->channels == 2) sum_row(g, 3, 2);
  if (LANES >= 4 && g->channels == 4) sum_row(g, MOST_SUMS / 4, 4);
  if (LANES >= 8 && g->channels == 8) sum_row(g, 1, 8);
}

// Vectors of four lanes are left to the tiles of the matrix product: SSE2 permutes by no variable.
const struct dw_conv_kernels DW_NAME(conv) = {VECTOR_BYTES > 16 ? LANES : 0, grouped, grouped_sums};

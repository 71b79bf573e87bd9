// depthwise.h: what the files of the family share: images as the kernels see them (pack.c), the geometry of blocks
// (geometry.c), and what is decided (plan.c) for the forward pass and the gradient with respect to x (depthwise.c). The
// gradient with respect to the kernel has its own plan (grad.c).
#ifndef DWCONV_DEPTHWISE_H
#define DWCONV_DEPTHWISE_H

#include "base/base.h"
#include "kernels/depthwise.h"
#include "kernels/layout.h"

enum { DW_N, DW_H, DW_W, DW_C, DW_IMAGE_AXES }; // axes of an image

// Pixels a multiple of this many bytes apart meet in a few sets of the first cache.
enum { DW_CONFLICT = 1024 };
// About so many bytes of packed rows are worked on by a thread at a time: a quarter of a Zen 4's second cache. Found
// there with `make bench BENCHES=depthwise`, layers that are channels_first.
enum { DW_PACKED_ROWS = 1 << 18 };

// ---- images -------------------------------------------------------------------------------------

// An image (n,h,w,c) as the kernels see it: lanes, `multiplier` of them for each channel, are neighbours, and a pixel
// has at least one vector of them. Any other image is packed: some rows at a time go through a thread's own
// memory.
struct dw_image {
  const struct dw_depthwise_pack_kernels *kernels;
  const struct dw_layout_kernels *layout;
  char *data;
  int64_t shape[DW_IMAGE_AXES], strides[DW_IMAGE_AXES];
  int64_t vector;           // lanes in a vector
  int64_t size, multiplier; // of an element in bytes
  bool packed;
};

// A flat image is read and written as it lies.
void dw_image_init(struct dw_image *m, const dw_context *cx, const dw_tensor *t, int64_t multiplier, bool flat);
// Leaves out the columns after the last one that a convolution reads.
void dw_image_trim(struct dw_image *m, const dw_axis *cols);
// Whether pixels narrower than a vector lie side by side in rows of at least one, and columns are as the kernels want
// it.
bool dw_image_is_flat(const dw_tensor *t, const dw_depthwise *d, int64_t vector);
int64_t dw_image_lanes(const struct dw_image *m, int64_t lanes); // as kernels are told: a vector at least
int64_t dw_image_pack_bytes(const struct dw_image *m, int64_t rows, int64_t lanes);

// Rows first, first + step, ... of image n, `rows` of them, lanes lane .. lane+lanes-1.
struct dw_window {
  int64_t n, first, step, rows, lane, lanes;
};

// Where a window's first pixel is, and how far its rows and pixels are apart.
struct dw_place {
  char *at;
  ptrdiff_t row, col;
};

// In `memory`, if the image is packed: an image that is read is brought there before, one that is written is taken
// from there afterwards.
struct dw_place dw_image_place(const struct dw_image *m, const struct dw_window *w, char *memory);
void dw_image_pack(const struct dw_image *m, const struct dw_window *w, const struct dw_place *p);
void dw_image_unpack(const struct dw_image *m, const struct dw_window *w, const struct dw_place *p);

// ---- geometry -----------------------------------------------------------------------------------

bool dw_depthwise_is_empty(const dw_depthwise *d);
double dw_depthwise_work(const dw_depthwise *d); // multiply-adds, on padding too
// One axis for the kernels: outputs m .. m+count-1 of a phase.
struct dw_depthwise_axis dw_phase_axis(const dw_phase *p, int64_t m, int64_t count);
// A job that writes zeros.
void dw_clear_init(dw_job *j, const dw_context *cx, const dw_tensor *t);

// ---- the plan of a walk over outputs ------------------------------------------------------------

// The phases of both axes. Phase 0 is mostly the only one; no phase has more rows or columns than it.
struct dw_phases {
  int64_t rows, cols;
  dw_phase row0, col0;
};

// Lanes are output channels, c*multiplier + q; a pair of them is one lane. A group has whole units of lanes, except for
// the last.
struct dw_lanes {
  int64_t all, unit, units, groups;
};

// Output rows of an image and row phase are cut into bands.
struct dw_bands {
  int64_t tile;        // output rows computed together
  int64_t count, rows; // of rows of one, at most
  bool even;           // they are of one size, if need be with edges within a row
  int64_t stretch;     // rows after which an interruption is looked for, whole tiles
};

// How the kernel lies: as the caller has it, or copied anew into `bytes`. Steps count elements.
struct dw_weights {
  const char *kernel;
  int64_t bytes, col, vector, pair;
};

// What lies where in a thread's own memory. A copy of the kernel is made by the unit that needs it first.
struct dw_workspace {
  int64_t at, pitch, passes, weights, from, to;
};

// `to` is computed from `from` and the kernel.
struct dw_correlation {
  dw_depthwise d;
  enum dw_depthwise_way way;
  bool back; // the gradient with respect to x
  const struct dw_depthwise_kernels *kernels;
  dw_depthwise_fn *run;
  struct dw_image to, from;
  struct dw_phases phases;
  struct dw_lanes lanes;
  struct dw_bands bands;
  struct dw_weights weights;
  struct dw_workspace workspace;
};

// Decides all of it, in the order of its fields, and tells the job its scratch.
dw_status dw_correlation_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                              const dw_tensor *kernel, const dw_depthwise *d, bool back, dw_run_units *run);
// Phase f of an axis; with DW_SPREAD an axis is one phase, whose first is the padding before.
void dw_correlation_phase(dw_phase *p, const struct dw_correlation *c, const dw_axis *a, int64_t f);

#endif

// conv.h: what the files of the family share: images and axes as the drivers see them (geometry.c), kernels in panels
// (pack.c), and convolutions that other families compute (delegate.c). conv.c computes the forward pass and the
// gradient with respect to x, as plan.c has decided; grad.c the gradient with respect to the kernel.
#ifndef DWCONV_CONV_H
#define DWCONV_CONV_H

#include "base/base.h"
#include "kernels/gemm.h"
#include "kernels/layout.h"

enum { DW_DEPTH, DW_ROWS, DW_COLS }; // axes of an image, of which the first ones may be missing

// An image (n,d,h,w,c) of any layout. Steps count elements.
struct dw_volume {
  char *data;
  int64_t image, step[DW_SPATIAL], channel;
};

struct dw_volume dw_volume_of(const dw_tensor *t);

// One axis as it is computed. Result m < count is at to_first + m*to_step. Its tap t < taps reads the place
//     first + m*stride + t*dilation,
// if that is in 0..in-1, and is number tap_first + t*tap_step in panels. Packed rows hold every grid-th place only;
// grid divides stride and dilation.
struct dw_conv_axis {
  int64_t count, to_first, to_step;
  int64_t in, first, stride, dilation, grid;
  int64_t taps, tap_first, tap_step;
};

// Back, for the gradient of x, an axis is computed in phases; forward there is one.
int64_t dw_conv_phases(const dw_axis *a, bool back);
void dw_conv_phase(struct dw_conv_axis *c, const dw_axis *a, bool back, int64_t phase);
// The longest of all phases.
void dw_conv_longest_phase(struct dw_conv_axis *c, const dw_axis *a, bool back);
// Places that are packed for `count` neighbours of what is written.
int64_t dw_conv_places(const struct dw_conv_axis *c, int64_t count);

int64_t dw_conv_taps(const dw_conv *d);
double dw_conv_work(const dw_conv *d); // multiply-adds, those on padding too

// ---- kernels in panels --------------------------------------------------------------------------

// A kernel as panels (group, panel, tap, term, nr). Columns are the channels that are computed, terms the channels that
// are summed for each tap. Forward, columns are output channels and terms input channels; back, it is the other way
// round, and the taps are in the opposite order.
struct dw_conv_panels {
  const struct dw_gemm_kernels *kernels;
  const struct dw_layout_kernels *layout;
  const char *kernel; // (taps, in, groups*out)
  int64_t size;       // bytes of an element
  int64_t taps, groups, in, out;
  int64_t terms, columns; // of a group
  int64_t per_group;      // panels
  bool back;
};

void dw_conv_panels_of(struct dw_conv_panels *p, const dw_context *cx, const dw_conv *d, const dw_tensor *kernel,
                       bool back);
int64_t dw_conv_panel_bytes(const struct dw_conv_panels *p);
// Panel number `panel`, groups one after another.
void dw_conv_pack_panel(const struct dw_conv_panels *p, char *to, int64_t panel);

// ---- lines of pixels ----------------------------------------------------------------------------

enum { DW_CONV_RUNS = 64 }; // of terms, at most, in a block

// What is decided for the forward pass and the gradient of x. A line of pixels of what is written is rows of a product;
// what it reads is read as it lies, or packed before, some rows at a time, into (plane, row, column, channel). Steps,
// rows of taps, are taken some at a time; each is runs of terms.
struct dw_conv_lines {
  struct dw_conv_panels panels;
  const char *prepacked; // or NULL
  dw_axis axis[DW_SPATIAL];
  struct dw_volume to, from, residual; // no data: no residual
  const char *bias;                    // or NULL
  double curve[4];
  bool curved, gated;

  int64_t batch, phases[DW_SPATIAL], planes, width; // of what is written, in the longest phase
  bool packed;                                      // what is read
  int64_t row, plane;                               // elements between packed rows and planes
  int64_t side;  // parts of a line where taps stick out have a multiple of so many pixels
  int64_t steps; // taken at a time
  bool direct;   // channels of what is written are neighbours

  int64_t lines, bands;     // lines of a band; bands of a plane
  int64_t together, blocks; // panels of a block; blocks of a group
  int64_t round;            // blocks whose panels are packed at once

  int64_t first, now;            // the round that runs: its first block, and how many
  int64_t panels_bytes;          // of a round
  int64_t rows_bytes, own_bytes; // of a thread's own memory: packed rows, then lines that are copied from there
  int64_t own, own_pitch;        // where that is
};

// `e` may be NULL; `kernel` is NULL for panels.
void dw_conv_lines_plan(struct dw_conv_lines *p, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                        const dw_tensor *kernel, const void *panels, const dw_conv *d, bool back, const dw_epilogue *e);

// ---- small groups -------------------------------------------------------------------------------

// Whether grouped.c or grouped_grad.c computes it; if so, makes the job.
bool dw_conv_grouped_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                          const dw_tensor *kernel, const dw_conv *d, bool back, dw_status *s);
bool dw_conv_grouped_grad_init(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                               const dw_tensor *x, const dw_conv *d);
// Whether groups have as many input as output channels, 2, 4 or, of float32, 8, and fill vectors of so many lanes. Of 8
// channels of float64 panels are faster (28x28x128 on a Zen 4: by 5 % forward, by 25 % back).
bool dw_conv_is_grouped(const dw_conv *d, int lanes);

// ---- convolutions that others compute -----------------------------------------------------------

// Whether it is a product of matrices as they lie, or a depthwise convolution; if so, makes the job.
bool dw_conv_delegate_forward(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                              const dw_tensor *kernel, const dw_conv *d, const dw_epilogue *e, dw_status *s);
bool dw_conv_delegate_grad_x(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                             const dw_tensor *kernel, const dw_conv *d, dw_status *s);
bool dw_conv_delegate_grad_kernel(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                                  const dw_tensor *x, const dw_conv *d, dw_status *s);

#endif

// dwconv.h: the whole C API. A core that knows tensors, geometry and threads, and has never heard of Lua.
// A driver is two steps, deciding and running: dw_<op>_init takes the job, the context, outputs, inputs and geometry,
// in this order, and decides everything; dw_run computes. Nothing here allocates: the caller lends scratch to dw_run.
// SPDX-License-Identifier: MIT
#ifndef DWCONV_H
#define DWCONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DW_VERSION "0.1.0"
#define DW_MAX_RANK 8

// ---- what can go wrong through a user's fault ---------------------------------------------------

typedef enum dw_status {
  DW_OK,
  DW_INTERRUPTED, // cx->interrupted said so between two tasks; outputs are half written
  DW_TOO_LARGE,   // a size does not fit into 63 bits
  DW_DTYPE,       // dtypes differ, or the op has no kernel for this one
  DW_CHANNELS,    // x and kernel disagree about the number of channels
  DW_GROUPS,      // as many groups do not divide the output channels
  DW_EMPTY_KERNEL,
  DW_STRIDE,
  DW_DILATION,
  DW_PADDING,
  DW_WINDOW,   // the (dilated) kernel is larger than the padded input
  DW_DIVISION, // of whole numbers by zero
  DW_EXPONENT  // a negative one, for whole numbers
} dw_status;

const char *dw_status_text(dw_status s);

// ---- tensors ------------------------------------------------------------------------------------

typedef enum dw_dtype {
  DW_FLOAT32,
  DW_FLOAT64,
  DW_INT32,
  DW_INT64,
  DW_UINT8,
  DW_BOOL, // one byte, 0 or 1
  DW_DTYPES
} dw_dtype;

size_t dw_dtype_size(dw_dtype d);
const char *dw_dtype_name(dw_dtype d);
bool dw_dtype_is_float(dw_dtype d);
bool dw_dtype_find(dw_dtype *d, const char *name);

// A descriptor: it owns nothing. Strides count elements and may be zero or negative.
typedef struct dw_tensor {
  void *data; // the element whose indices are all zero
  int rank;
  dw_dtype dtype;
  int64_t shape[DW_MAX_RANK];
  int64_t strides[DW_MAX_RANK];
} dw_tensor;

// A contiguous descriptor over `data`; DW_TOO_LARGE when its bytes do not fit into ptrdiff_t.
dw_status dw_tensor_init(dw_tensor *t, void *data, dw_dtype dtype, int rank, const int64_t *shape);
int64_t dw_numel(const dw_tensor *t);
bool dw_is_contiguous(const dw_tensor *t);
bool dw_same_shape(const dw_tensor *a, const dw_tensor *b);

// Views copy nothing. Axes and indices count from zero here and are in range.
void dw_permute_view(dw_tensor *v, const dw_tensor *t, const int *axes);
void dw_range_view(dw_tensor *v, const dw_tensor *t, int axis, int64_t first, int64_t step, int64_t size);
void dw_select_view(dw_tensor *v, const dw_tensor *t, int axis, int64_t index);
bool dw_reshape_view(dw_tensor *v, const dw_tensor *t, int rank, const int64_t *shape);
// NumPy's broadcasting: shapes are aligned at their last axes, and size 1 stretches. `shape` grows to hold t's too;
// false when they do not fit. The view, of a shape that holds t's, has stride 0 along what is stretched.
bool dw_broadcast_shape(int *rank, int64_t *shape, const dw_tensor *t);
void dw_broadcast_view(dw_tensor *v, const dw_tensor *t, int rank, const int64_t *shape);

// ---- threads ------------------------------------------------------------------------------------

struct dw_kernels;
typedef struct dw_workers dw_workers;

// What runs a driver, and how: one per Lua state, passed to every driver, never shared by two threads.
typedef struct dw_context {
  int threads;    // >= 1
  double grain;   // multiply-adds below which a job is not worth a parallel region
  int64_t stream; // bytes: larger results bypass the caches, which would keep little of them
  const struct dw_kernels *kernels;
  dw_workers *workers;             // threads that help; NULL: there are none
  bool (*interrupted)(void *user); // asked by the calling thread between tasks; may be NULL; once true, stays so
  void *user;
} dw_context;

void dw_context_init(dw_context *cx);                      // threads and ISA from the machine and the environment
int dw_default_threads(void);                              // min(affinity, cgroup quota, OMP_NUM_THREADS), at least 1
int64_t dw_cache_size(void);                               // bytes of the last level, INT64_MAX when unknown
bool dw_context_set_isa(dw_context *cx, const char *name); // false: unknown, or the CPU cannot
const char *dw_context_isa(const dw_context *cx);

// Bytes of the machine, or of an enclosing cgroup that has less: all, and how many can be had without swapping.
typedef struct dw_memory {
  int64_t limit, available;
} dw_memory;
dw_memory dw_look_at_memory(void);

// Workers start when a job first wants them, as many as the system gives. `memory` has dw_workers_bytes, begins at a
// 64-byte line and stays until the workers are stopped.
enum { DW_MAX_THREADS = 1024 };
size_t dw_workers_bytes(void);
dw_workers *dw_workers_init(void *memory);
bool dw_workers_start(dw_workers *p, int threads); // now; false: the system does not let us have so many
void dw_workers_stop(dw_workers *p);               // for good; then jobs run on the calling thread

// ---- jobs ---------------------------------------------------------------------------------------

// What an init has decided: a series of passes. The units of a pass may run in any order, on any thread; the next pass
// begins when all of them are done. A unit owns what it writes, and each output is one chain of operations, whatever
// unit it falls into, so results do not depend on the number of threads.
typedef struct dw_job dw_job;

// Runs units a..b-1. `slot` is below the job's slots, and differs between calls that run at the same time.
typedef void dw_run_units(dw_job *j, int64_t a, int64_t b, int slot);

typedef struct dw_pass {
  int64_t units;
  double work; // of all units, in multiply-adds or what takes as long: small passes stay on one thread
  dw_run_units *run;
} dw_pass;

enum { DW_STATE_BYTES = 1024, DW_STATE_ALIGN = 16 };

// Whoever runs a job may only use what stands before `state`. It may be copied until it runs.
struct dw_job {
  const dw_context *cx;
  dw_pass pass;           // the one to run now
  bool (*next)(dw_job *); // makes `pass` the next pass; false: that was the last. NULL: there is only one pass
  dw_status status;       // of the whole job, when all its passes are done
  int slots;              // that the scratch has room for
  size_t scratch;         // bytes that dw_run wants
  size_t zeroed;          // this many of them, from the first, are 0 before the first pass
  char *memory;           // the scratch, while it runs
  _Alignas(DW_STATE_ALIGN) char state[DW_STATE_BYTES];
};

// Runs all passes; parallel.c cuts their units into tasks and shares these out. `memory` has j->scratch bytes and
// begins at a 64-byte line; it is not read if j->scratch is 0. Gives DW_OK, DW_INTERRUPTED, or another status that the
// comment on the init names.
dw_status dw_run(dw_job *j, void *memory);

// ---- layout: copies, permutations, conversion ---------------------------------------------------

// dst = src, same shape and dtype, any strides; they must not overlap.
void dw_copy_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const dw_tensor *src);
// dst = one element everywhere; `element` is of dst's dtype.
void dw_fill_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const void *element);
// dst = src converted: integers wrap, floats to integers truncate and saturate (NaN is 0), to bool is != 0.
void dw_cast_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const dw_tensor *src);
// dst (uint8) = the nearest of 0..255 to 255 times src (floats in 0..1), clipped; NaN is 0. Both are contiguous.
void dw_pixels_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, const dw_tensor *src);
// *close: |a - b| <= atol + rtol*|b| everywhere (NaN equals NaN); else *worst is the flat index of the largest excess.
// Shapes and dtypes agree; computed in double, from exact differences of whole numbers.
void dw_close_init(dw_job *j, const dw_context *cx, bool *close, int64_t *worst, const dw_tensor *a, const dw_tensor *b,
                   double rtol, double atol);
double dw_element(const dw_tensor *t, int64_t flat);

// ---- create: y (n), contiguous, from its positions ------------------------------------------------

// int64 or float64: first, first + step, first + 2*step, ...
void dw_count_init(dw_job *j, const dw_context *cx, const dw_tensor *y, int64_t first, int64_t step);
void dw_range_init(dw_job *j, const dw_context *cx, const dw_tensor *y, double first, double step);
// float64: n evenly spaced numbers, from first to last.
void dw_linspace_init(dw_job *j, const dw_context *cx, const dw_tensor *y, double first, double last);

// ---- elementwise: y[i] = op(x[0][i], ...) --------------------------------------------------------

// Ops are known by number, found by name; kernels/elementwise_list.h lists them. -1: there is no such op.
int dw_elementwise_find(const char *name);
int dw_elementwise_operands(int op);
bool dw_elementwise_chooses(int op); // whether the first operand is bool, whatever the others are
dw_dtype dw_elementwise_result(int op, dw_dtype d);
bool dw_elementwise_takes(const dw_context *cx, int op, dw_dtype d);
// A job that only checks whether whole numbers are divided by 0 or raised to a negative power; its status is then
// DW_DIVISION or DW_EXPONENT. False: there is nothing to check, and no job.
bool dw_elementwise_check_init(dw_job *j, const dw_context *cx, const dw_tensor *const *x, int op);
// y and the operands have one shape (broadcast operands are views); the others' dtype is the last one's. y may be an
// operand, but not overlap one otherwise.
void dw_elementwise_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *const *x, int op);

// ---- reductions ----------------------------------------------------------------------------------

// ORDER kernels/reduce.h
typedef enum dw_reduction { DW_SUM, DW_PROD, DW_MAX, DW_MIN, DW_MEAN, DW_VARIANCE, DW_DEVIATION } dw_reduction;

// y has x's dtype and rank, and size 1 on the axes that are reduced. Sums (by fours) and products of floats are kept in
// double, and over no elements they are 0 and 1; the largest of no elements is the lowest number, the least the
// highest. NaN wins. The mean, the variance (mean of squared distances from the mean) and its root are of floats only;
// they are computed in double, rounded once, and NaN over no elements. `correction` is taken off the number of elements
// that the variance divides by; where nothing is left, it is NaN.
dw_status dw_reduce_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, dw_reduction op,
                         double correction);
// y (int64, x's rank, size 1 on `axis`, along which x is not empty): the position, from 1, of the first of the least or
// largest.
void dw_arg_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, int axis, bool least);

// Along an axis: y_i = x_0 + ... + x_i, the same of products, and y_i = a_i + b_i * y_(i-1), y_0 = a_0, in which 0
// times any b_i is 0; or the largest or least so far, which once NaN stays NaN. One shape and dtype; y may be an
// operand. ORDER kernels/reduce.h
typedef enum dw_scan { DW_CUMSUM, DW_CUMPROD, DW_RECURRENCE, DW_CUMMAX, DW_CUMMIN } dw_scan;

void dw_scan_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *const *x, int axis, dw_scan op);

// ---- softmax ------------------------------------------------------------------------------------

// y = e^x over the sum of e^x along an axis, or the logarithm of that. Floats of one shape and dtype, any strides.
void dw_softmax_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, int axis, bool log);

// ---- normalization -------------------------------------------------------------------------------

// y = (x - mean) * gamma / sqrt(var + epsilon) + beta. x, y, g and dx are contiguous, of one shape and one dtype of
// floats. mean and var are contiguous and float64, of x's rank, with x's size or 1 on each axis: moments are taken over
// the axes where they have 1. gamma, beta and their gradients are contiguous, of x's dtype and one shape, which is such
// a one as well. NULL stands for a gamma of 1 and a beta of 0. Of an x
// of no elements nothing is written.
typedef struct dw_norm {
  const dw_tensor *x, *mean, *var;
  const dw_tensor *gamma, *beta;
  double epsilon;
  // y is clipped to low..high, of which NaN is no bound; then beta is read for gradients too. Only where the last axis
  // of more than one number has moments of its own.
  bool clips;
  double low, high;
} dw_norm;

// mean and var are those of x, which this writes; the variance is divided by the number of elements.
dw_status dw_norm_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_norm *n);
// mean and var are given.
dw_status dw_norm_apply_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_norm *n);
// Of sum(g * y), where mean and var are those of x: the gradients of x (NULL: not wanted), and of gamma and beta (NULL
// if there is no gamma). beta is read only of a clipped y, whose gradient counts as 0 at the bounds and beyond.
dw_status dw_norm_grad_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *d_gamma,
                            const dw_tensor *d_beta, const dw_tensor *g, const dw_norm *n);

// ---- connectionist temporal classification --------------------------------------------------------

// x (batch, time, classes), contiguous floats: logarithms of probabilities; the last class is the blank. Of sample n
// the first steps[n] steps count, and lengths[n] labels, from 1 to classes - 1, in row n of labels. There are enough
// steps for them: one for each label, and one between equal neighbours.
typedef struct dw_ctc {
  const dw_tensor *x;
  int64_t batch, time, classes, most_labels;
  const int64_t *labels, *steps, *lengths; // (batch, most_labels), (batch), (batch)
} dw_ctc;

// loss (batch): minus the logarithm of the sum of the probabilities of all paths that give the labels.
dw_status dw_ctc_loss_init(dw_job *j, const dw_context *cx, const dw_tensor *loss, const dw_ctc *p);
// dx, of x's shape: the gradient of the sum of g (batch) times the losses.
dw_status dw_ctc_grad_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, const dw_ctc *p);

// The labellings whose probability is largest among those that a search finds which keeps the `width` best beginnings
// at each step (Graves, "Supervised sequence labelling with recurrent neural networks", 2012, section 7.5). labels
// (paths, batch, time): their labels, then 0. scores (batch, paths), as x: logarithms of their probabilities. x is
// float64; found[n] is how many there are, of which the first `paths` are written; 1 <= paths <= width.
dw_status dw_ctc_search_init(dw_job *j, const dw_context *cx, int64_t *labels, double *scores, int64_t *found,
                             const dw_ctc *p, int64_t width, int64_t paths);

// ---- by index: indices are int64, count from 1 and are in range; everything is contiguous ---------

// y (k, row...) = rows of x (n, row...).
void dw_gather_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices);
// y[..., i, ...] = x[..., indices[..., i, ...], ...] along an axis, indices of y's shape.
void dw_take_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices,
                  int axis);
// The gradients of the two: x is zeros to which y is added at the indices, in their order. Sums of floats are kept in
// double.
dw_status dw_scatter_init(dw_job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *y,
                          const int64_t *indices);
dw_status dw_put_init(dw_job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *y, const int64_t *indices,
                      int axis);
// y[i, indices[i]] = 1; y (k, n) is float32.
void dw_put_ones_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const int64_t *indices);
// Where a mask (bool) is true: `counts` has room for dw_nonzero_runs(mask) numbers, which the first of the two fills
// for the second; *all is how many there are. at (all, rank): their positions, from 1, in row-major order.
int64_t dw_nonzero_runs(const dw_tensor *mask);
void dw_nonzero_count_init(dw_job *j, const dw_context *cx, int64_t *counts, int64_t *all, const dw_tensor *mask);
void dw_nonzero_init(dw_job *j, const dw_context *cx, int64_t *at, const dw_tensor *mask, const int64_t *counts);
// x[indices[i]] = rows[i] along the first axis, one after another; x and rows may have any strides, but not overlap.
void dw_put_rows_init(dw_job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *rows,
                      const int64_t *indices);

// ---- sort ---------------------------------------------------------------------------------------

// order (int64, x's shape): the positions, from 1, of x's elements along its last axis, sorted; equal ones stay in
// order, NaN comes last. Both are contiguous.
dw_status dw_argsort_init(dw_job *j, const dw_context *cx, const dw_tensor *order, const dw_tensor *x, bool descending);

// ---- random: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) --

typedef struct dw_random {
  uint64_t key;
  uint64_t counter; // the next unused block of four 32-bit numbers
} dw_random;

void dw_philox(uint32_t out[4], uint64_t key, uint64_t counter);
// dst is contiguous float32 or float64. Element i depends on key, counter and i only; the init moves r's counter on.
typedef enum dw_distribution {
  DW_UNIFORM,  // a <= number < b, both bounds as dst's dtype has them, in which they must differ
  DW_NORMAL,   // mean a, stddev b
  DW_TRUNCATED // the same within 2 stddev
} dw_distribution;

void dw_random_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, dw_random *r, dw_distribution d, double a,
                    double b);

// ---- one spatial axis ---------------------------------------------------------------------------

// DW_CAUSAL: zeros before, so that an output sees no later input.
typedef enum dw_padding { DW_VALID, DW_SAME, DW_EXPLICIT, DW_CAUSAL } dw_padding;

// out position o and tap k meet at in position o*stride + k*dilation - before.
typedef struct dw_axis {
  int64_t in, kernel, stride, dilation, before, after, out;
} dw_axis;

// For DW_EXPLICIT, before and after are taken from the struct. Source: TensorFlow's rules (spec 1.4),
// with the odd pixel of `same` at the end.
dw_status dw_axis_init(dw_axis *a, int64_t in, int64_t kernel, int64_t stride, int64_t dilation, dw_padding mode);

// An axis with stride and dilation splits into interleaved phases in which taps are neighbours:
//     to = to_first + m*to_step            for m = 0 .. count-1       (what is computed)
//     from = from_first + q*from_step      for q = 0 .. extent-1      (what is read)
//     q = first + m*stride + t             for t = 0 .. taps-1        (outside 0..extent-1: padding)
//     kernel index = tap_first + t*tap_step
typedef struct dw_phase {
  int64_t count, to_first, to_step;
  int64_t extent, from_first, from_step;
  int64_t first, stride;
  int64_t taps, tap_first, tap_step;
} dw_phase;

int64_t dw_axis_phases(const dw_axis *a);                     // forward: from `in` to `out`
void dw_axis_phase(dw_phase *p, const dw_axis *a, int64_t f); // 0 <= f < phases
int64_t dw_axis_phases_back(const dw_axis *a);                // gradient: from `out` to `in`
void dw_axis_phase_back(dw_phase *p, const dw_axis *a, int64_t f);

// ---- depthwise convolution ----------------------------------------------------------------------

//     y[n,i,j,c*m+q] = sum over u,v of kernel[u,v,c,q] * x[n, i*sh+u*dh-top, j*sw+v*dw-left, c]
// Taps outside the image are skipped. x, y and gradients are given as (n,h,w,c) views with any strides,
// so channels_first is a permuted view; kernels are contiguous (kh,kw,c,m). float32 and float64.
typedef struct dw_depthwise {
  dw_dtype dtype;
  int64_t batch, channels, multiplier;
  dw_axis rows, cols;
} dw_depthwise;

// `pads` is {top, bottom, left, right}, read for DW_EXPLICIT only. A failed axis is named by *axis (0 or 1).
dw_status dw_depthwise_init(dw_depthwise *d, const dw_tensor *x, const dw_tensor *kernel, const int64_t strides[2],
                            const int64_t dilation[2], dw_padding mode, const int64_t pads[4], int *axis);

dw_status dw_depthwise_forward_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                                    const dw_tensor *kernel, const dw_depthwise *d);
dw_status dw_depthwise_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                                   const dw_tensor *kernel, const dw_depthwise *d);
dw_status dw_depthwise_grad_kernel_init(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                                        const dw_tensor *x, const dw_depthwise *d);

// ---- matrix product -----------------------------------------------------------------------------

// What is done to a product while it is in registers and caches: c = curve(a b + bias + residual). NULL leaves one out.
// A curve is clamp(slope*x + offset, low, high), times x where it is gated, and keeps NaN: relu is {1, 0, 0, INFINITY},
// relu6 {1, 0, 0, 6}, Keras's hard sigmoid {0.2, 0.5, 0, 1}, hard swish {1.0 / 6, 0.5, 0, 1, true}.
typedef struct dw_curve {
  double slope, offset, low, high;
  bool gated;
} dw_curve;

typedef struct dw_epilogue {
  const dw_tensor *bias;     // (n), stride 1
  const dw_tensor *residual; // of c's shape, its last axis with stride 1; apart from c
  const dw_curve *curve;
} dw_epilogue;

// c = a b. a is (..., m, k), b (..., k, n) and c (..., m, n), of one rank of at least 2, one batch shape (an operand
// that is broadcast has stride 0 there) and one dtype, float32 or float64. a and b have any strides; c's last axis has
// stride 1. k = 0 gives zeros. The bits of an element depend on its row of a, its column of b, the shapes and the
// strides, not on cx->threads. `e` says what else is done (NULL: nothing). b is NULL for a product with `panels`.
dw_status dw_gemm_init(dw_job *j, const dw_context *cx, const dw_tensor *c, const dw_tensor *a, const dw_tensor *b,
                       const void *panels, const dw_epilogue *e);

// For an operand b (k, n) that is used often: it is packed once, into dw_gemm_panels bytes that begin at a 64-byte
// line. Panels are for the ISA of the context that packed them.
size_t dw_gemm_panels(const dw_context *cx, const dw_tensor *b); // saturates at 2^62
void dw_gemm_pack_init(dw_job *j, const dw_context *cx, void *panels, const dw_tensor *b);

#include "images.h"   // convolution, pooling, resizing, padding
#include "training.h" // steps of optimizers

#endif

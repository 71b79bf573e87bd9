// images.h: the part of the C API that pools, resizes and pads. Included by dwconv.h, which says what all inits have in
// common. Invariant: as there, nothing here allocates, and an init decides all that dw_run computes.
// SPDX-License-Identifier: MIT
#ifndef DWCONV_IMAGES_H
#define DWCONV_IMAGES_H

#include "dwconv.h"

// ---- convolution --------------------------------------------------------------------------------

//     y[n, i, g*out+o] = sum over t and c < in of kernel[t, c, g*out+o] * x[n, i*stride + t*dilation - before, g*in+c]
// for positions i and taps t of one to three axes, and groups g of `in` channels of x and `out` of y. Taps outside the
// image are zeros. x, y and gradients are (n,[d,[h,]]w,c) views with any strides, so channels_first is a permuted view;
// kernels are contiguous ([kd,[kh,]]kw,in,groups*out). float32 and float64.
enum { DW_SPATIAL = 3 };
typedef struct dw_conv {
  dw_dtype dtype;
  int axes; // of the image, 1 to DW_SPATIAL
  int64_t batch, groups, in, out;
  dw_axis axis[DW_SPATIAL]; // depth, rows, columns; those that are not there come first and have size 1
} dw_conv;

// x's channels over the kernel's say how many groups there are. strides and dilation have a number, and `pads` two,
// {before, after}, for each axis of the image; pads are read for DW_EXPLICIT only. A failed axis is named by *axis,
// from 0. DW_CHANNELS: the kernel's input channels do not divide x's; DW_GROUPS: the groups do not divide its output
// channels.
dw_status dw_conv_init(dw_conv *d, const dw_tensor *x, const dw_tensor *kernel, const int64_t *strides,
                       const int64_t *dilation, dw_padding mode, const int64_t *pads, int *axis);

// What else is done to y, `e`, is as for products: the bias is (channels), the residual like y. NULL: nothing. `panels`
// hold the kernel, which may then be NULL; NULL: it is packed within the call.
dw_status dw_conv_forward_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                               const dw_tensor *kernel, const void *panels, const dw_conv *d, const dw_epilogue *e);
dw_status dw_conv_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                              const dw_tensor *kernel, const void *panels, const dw_conv *d);
dw_status dw_conv_grad_kernel_init(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                                   const dw_tensor *x, const dw_conv *d);

// For a kernel that is used often: it is packed once, forward or back for the gradient of x, into dw_conv_panels bytes
// that begin at a 64-byte line. Panels are for the ISA of the context that packed them, and for geometries that differ
// in the sizes of the image and the batch only. Groups of 2 or 4 channels, or 8 of float32, are faster from the kernel
// itself.
size_t dw_conv_panels(const dw_context *cx, const dw_conv *d, bool back); // saturates at 2^62
void dw_conv_pack_init(dw_job *j, const dw_context *cx, void *panels, const dw_tensor *kernel, const dw_conv *d,
                       bool back);

// ---- images: what pooling and resizing read and write ---------------------------------------------------

// An image is given as (n,d,h,w,c); axes that it does not have are of size 1. Its rows must lie together: the channels
// of a pixel and the pixels of a row are neighbours (channels_last), or, with `planes`, the pixels of a row of one
// channel are (channels_first, permuted). All images of a call lie in the same way.
enum { DW_IMAGE_RANK = 5 };
bool dw_image_has_rows(const dw_tensor *image, bool planes);

// ---- pooling ------------------------------------------------------------------------------------

// The window of output (i,j,k) has the taps i*stride + u*dilation - before on each axis; taps outside the image are
// skipped. The largest passes over NaN and is never below the lowest finite number; of equal ones the first in row
// order counts. The average divides the sum by the number of taps inside the image, or, with `count_padding`, by that
// of all; over no taps it is 0. Images are float32 or float64.
typedef struct dw_pool {
  dw_dtype dtype;
  int64_t batch, channels;
  dw_axis axes[3]; // depth, height, width
  bool planes, count_padding;
} dw_pool;

// The geometry of x. `pads` is {before, after} for each axis, read for DW_EXPLICIT only. A failed axis is named by
// *axis.
dw_status dw_pool_init(dw_pool *p, const dw_tensor *x, const int64_t size[3], const int64_t strides[3],
                       const int64_t dilation[3], dw_padding mode, const int64_t pads[6], int *axis);

dw_status dw_max_pool_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const dw_pool *p);
dw_status dw_average_pool_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                               const dw_pool *p);
dw_status dw_average_pool_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                                      const dw_pool *p);
// dx: for each window, g is added where x has its largest.
dw_status dw_max_pool_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                                  const dw_tensor *x, const dw_pool *p);
// y: for each window, the element of v where x has its largest. v is of x's shape.
dw_status dw_max_pool_pick_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *v,
                                const dw_tensor *x, const dw_pool *p);

// ---- resizing -----------------------------------------------------------------------------------

// Pixel centres are at halves: output i of n lies at (i + 0.5) * from/n - 0.5 of an axis that had `from` pixels.
// `nearest` takes the pixel that this is in, and moves any dtype; else it is interpolated linearly along each axis
// (float32 and float64), as the edge pixel beyond the outermost centres. x and y are empty together.
typedef enum dw_interpolation { DW_NEAREST, DW_BILINEAR } dw_interpolation;

dw_status dw_resize_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, bool planes,
                         dw_interpolation how);
// The transposed map: dx (x's shape) from g (y's); float32 and float64.
dw_status dw_resize_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, bool planes,
                                dw_interpolation how);

// ---- padding ------------------------------------------------------------------------------------

// y is x with pads[2*i] elements before and pads[2*i+1] after it along axis i: one element everywhere, or x mirrored at
// its first and last elements (DW_REFLECT; pads are below the size), or at its edges (DW_SYMMETRIC; at most the size).
typedef enum dw_pad_mode { DW_CONSTANT, DW_REFLECT, DW_SYMMETRIC } dw_pad_mode;

void dw_pad_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *pads,
                 dw_pad_mode mode, const void *element);
// The transposed map of x to y, for float32 and float64: dx, of x's shape, from g, of y's.
void dw_pad_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, const int64_t *pads,
                        dw_pad_mode mode);

#endif

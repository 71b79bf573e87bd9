// depthwise.h: what the drivers of depthwise convolution (depthwise.c) and of its kernel's gradient (depthwise_grad.c)
// share: scratch, and the stage on which an image is brought into a form that the kernels read.
#ifndef DWCONV_DEPTHWISE_H
#define DWCONV_DEPTHWISE_H

#include "dwconv.h"
#include "kernels/kernels.h"

enum { DW_N, DW_H, DW_W, DW_C }; // axes of an image

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

// Pixels a multiple of so many bytes apart meet in a few sets of the first cache.
enum { DW_CONFLICT = 1024 };
// About so many bytes of staged rows are worked on by a thread at a time: a quarter of a Zen 4's second cache, where it
// was measured.
enum { DW_STAGE = 1 << 18 };

// ---- scratch ------------------------------------------------------------------------------------

// Lent memory, dealt out in order. With no memory it only counts; a count past 2^62 is too large and stays so.
struct dw_arena {
  char *memory;
  int64_t used;
};

int64_t dw_arena_times(int64_t a, int64_t b); // saturates there
void *dw_arena_take(struct dw_arena *a, int64_t bytes);
// Keeps what was dealt out since `used` was `since`, which is one thread's, away from what follows.
void dw_arena_gap(struct dw_arena *a, int64_t since);
dw_status dw_arena_tell(const struct dw_arena *a, size_t *scratch);

// ---- images -------------------------------------------------------------------------------------

// An image (n,h,w,c) as the kernels see it: lanes, `multiplier` of them for each channel, are neighbours, and a pixel
// has at least one vector of them. An image that is otherwise is staged: some rows at a time go through a thread's own
// memory.
struct dw_stage {
  const struct dw_stage_kernels *kernels;
  const struct dw_layout_kernels *layout;
  int64_t vector; // lanes in a vector
  dw_tensor image;
  int64_t size, multiplier; // of an element in bytes
  bool staged;
};

void dw_stage_init(struct dw_stage *s, const dw_context *cx, const dw_tensor *image, int64_t multiplier);
// Leaves out the columns behind the last one that a convolution reads.
void dw_stage_used(struct dw_stage *s, const dw_axis *cols);
// Whether pixels narrower than a vector lie side by side in rows of at least one, and columns are as the kernels want it.
bool dw_stage_is_flat(const struct dw_stage *s, const dw_depthwise *d);
int64_t dw_stage_lanes(const struct dw_stage *s, int64_t lanes); // that kernels are told: a vector at least
int64_t dw_stage_bytes(const struct dw_stage *s, int64_t rows, int64_t lanes);

// Rows first, first + step, ... of image n, `rows` of them, lanes lane .. lane+lanes-1.
struct dw_window {
  int64_t n, first, step, rows, lane, lanes;
};

// Where a window's first pixel is, and how far its rows and pixels are apart.
struct dw_place {
  char *at;
  ptrdiff_t row, col;
};

// An image that is read is brought to `memory`, if it is staged; one that is written is taken from there at the end.
struct dw_place dw_stage_place(const struct dw_stage *s, const struct dw_window *w, char *memory);
void dw_stage_read(const struct dw_stage *s, const struct dw_window *w, const struct dw_place *p);
void dw_stage_write(const struct dw_stage *s, const struct dw_window *w, const struct dw_place *p);

// ---- geometry -----------------------------------------------------------------------------------

bool dw_depthwise_is_empty(const dw_depthwise *d);
double dw_depthwise_work(const dw_depthwise *d); // multiply-adds, on padding too
// One axis for the kernels: outputs m .. m+count-1 of a phase.
struct dw_depthwise_axis dw_phase_axis(const dw_phase *p, int64_t m, int64_t count);
dw_status dw_clear(const dw_context *cx, const dw_tensor *t);

#endif

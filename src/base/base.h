// base.h: what every driver stands on: arithmetic of sizes, the state and the scratch of a job, walks over tensors of
// one shape. Included by drivers only. The C API that others see is dwconv.h.
#ifndef DWCONV_BASE_H
#define DWCONV_BASE_H

#include "dwconv.h"
#include "kernels/kernels.h"

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// How many parts of `size` are needed to hold n.
static inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t round_up(int64_t n, int64_t unit) { return parts(n, unit) * unit; }
// The size of parts of n that are nearly alike and no larger than `size`.
static inline int64_t even(int64_t n, int64_t size) { return n <= size ? n : parts(n, parts(n, size)); }

// The greatest common divisor.
static inline int64_t gcd(int64_t a, int64_t b) {
  while (b != 0) {
    int64_t r = a % b;
    a = b, b = r;
  }
  return a;
}

// Of i = 0..n-1, those with 0 <= first + i*step < in are *lo..*hi-1; where there are none, *lo is *hi.
static inline void dw_inside(int64_t first, int64_t step, int64_t n, int64_t in, int64_t *lo, int64_t *hi) {
  *lo = first < 0 ? least(n, parts(-first, step)) : 0;
  *hi = first < in ? least(n, parts(in - first, step)) : 0;
  if (*lo > *hi) *lo = *hi;
}

// Sizes of scratch saturate here.
#define DW_TOO_MUCH (INT64_C(1) << 62)

static inline int64_t times(int64_t a, int64_t b) {
  int64_t r;
  return __builtin_mul_overflow(a, b, &r) ? DW_TOO_MUCH : least(r, DW_TOO_MUCH);
}

// Only a mistake in this library can break such a condition; a release does not check it.
#ifdef DW_SANITIZE
#define DW_REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define DW_REQUIRE(condition) ((void)sizeof(condition))
#endif

// Bytes of a line of the caches and of a page.
enum { DW_LINE = 64, DW_PAGE = 4096 };

// The kernels that move elements of this many bytes.
static inline const struct dw_layout_kernels *dw_layout_kernels(const dw_context *cx, int64_t bytes) {
  return cx->kernels->layout[bytes == 1 ? DW_SIZE1 : bytes == 4 ? DW_SIZE4 : DW_SIZE8];
}

// A curve as the kernels of products read it.
static inline void dw_curve_numbers(double to[4], const dw_curve *curve) {
  to[0] = curve->slope, to[1] = curve->offset, to[2] = curve->low, to[3] = curve->high;
}

// ---- jobs ---------------------------------------------------------------------------------------

// What a family keeps in a job, as a pointer to its own struct T.
#define DW_STATE(T, job)                                                                                               \
  ((void)sizeof(char[sizeof(T) <= sizeof(job)->state && _Alignof(T) <= DW_STATE_ALIGN ? 1 : -1]),                      \
   (T *)(void *)(job)->state)

// What a driver keeps that runs jobs of other drivers one after another, in `next`: it stands at the end of the state,
// and what those keep, of which DW_BEFORE_SERIES makes sure, before it.
enum { DW_SERIES_BYTES = 384 };
#define DW_BEFORE_SERIES(T) _Static_assert(sizeof(T) <= DW_STATE_BYTES - DW_SERIES_BYTES, "no room for a series")
#define DW_SERIES(T, job)                                                                                              \
  ((void)sizeof(char[sizeof(T) <= DW_SERIES_BYTES && _Alignof(T) <= DW_STATE_ALIGN ? 1 : -1]),                         \
   (T *)(void *)((job)->state + DW_STATE_BYTES - DW_SERIES_BYTES))

// A job of one pass, which the caller may extend; its state is not initialised.
static inline void dw_job_init(dw_job *j, const dw_context *cx, int64_t units, double work, dw_run_units *run) {
  j->cx = cx;
  j->pass = (dw_pass){units, work, run};
  j->next = NULL;
  j->status = DW_OK;
  j->slots = cx->threads;
  j->scratch = j->zeroed = 0;
}

// The most slots that a pass of this many units and this much work has.
int dw_slots(const dw_context *cx, int64_t units, double work);

// Units that may take long ask this every millisecond or so: when it is true, they return at once, and dw_run gives
// DW_INTERRUPTED.
bool dw_stopped(const dw_context *cx, int slot);

// About what an element costs in passes that are not arithmetic, in multiply-adds, so that `work` means the same in all
// of them. Only whether a pass is worth a parallel region, and how it is cut into tasks, depends on these.
enum {
  DW_WORK_MOVE = 2,
  DW_WORK_COMBINE = 3,
  DW_WORK_SCAN = 4,
  DW_WORK_PICK = 8,
  DW_WORK_SORT = 30,
  DW_WORK_DRAW = 30
};

// ---- scratch ------------------------------------------------------------------------------------

// Deals out the scratch of a job in pieces: gives where the next one, of this many bytes, begins in its memory. Pieces
// are some lines apart. `used` grows, up to DW_TOO_MUCH.
int64_t dw_scratch_take(int64_t *used, int64_t bytes);
// The same for one piece for each slot; *pitch is the distance between them.
int64_t dw_scratch_each(int64_t *used, int64_t bytes, int slots, int64_t *pitch);
// Tells the job; DW_TOO_LARGE when no machine has so much.
dw_status dw_scratch_tell(dw_job *j, int64_t used);

// ---- walks --------------------------------------------------------------------------------------

enum { DW_OPERANDS = 4 };

// Several tensors of one shape as the fewest axes that describe them all: axes of size 1 are dropped, the others are
// ordered by the first tensor's strides, largest first, and neighbours are merged where every tensor allows it. There
// is at least one axis.
struct dw_walk {
  int operands, rank;
  int64_t size[DW_MAX_RANK];
  int64_t step[DW_OPERANDS][DW_MAX_RANK]; // in elements
  char *data[DW_OPERANDS];
  int64_t bytes[DW_OPERANDS]; // of an element
};

void dw_walk_init(struct dw_walk *w, int operands, const dw_tensor *const *tensors);
void dw_walk_swap(struct dw_walk *w, int i, int j);
// Where operand s has the element whose indices on the first `axes` axes are the digits of `outer`.
char *dw_walk_at(const struct dw_walk *w, int s, int axes, int64_t outer);

// ---- rows of images --------------------------------------------------------------------------------

// An image (n,d,h,w,c) as rows of neighbouring elements. Either a pixel's channels are neighbours, and so are the
// pixels of a row; or, with `planes`, the pixels of a row of one channel are: then each channel is a plane of its own,
// and a pixel is one element.
struct dw_rows {
  char *data;
  int64_t images, planes, depth, height, width, lanes; // lanes: elements of a pixel
  int64_t step[4];                                     // bytes from one image, plane, depth, row to the next
};

void dw_rows_init(struct dw_rows *r, const dw_tensor *image, bool planes); // of an image that dw_image_has_rows
int64_t dw_rows_count(const struct dw_rows *r);

// Where a row is; it has a number, too, counted with the height last.
struct dw_row {
  int64_t image, plane, depth, height;
};

// Neighbouring planes of one image, packed as pixels of so many lanes. `packed` describes them, from `data` on; then
// they are carried there, or back.
void dw_rows_packed(struct dw_rows *packed, const struct dw_rows *r, int64_t planes, char *data, int64_t bytes);
void dw_rows_pack(const struct dw_rows *packed, const struct dw_rows *r, int64_t image, int64_t plane,
                  const struct dw_layout_kernels *layout);
void dw_rows_unpack(const struct dw_rows *packed, const struct dw_rows *r, int64_t image, int64_t plane,
                    const struct dw_layout_kernels *layout);

// How planes are cut into blocks to be packed: whole vectors, but for the last block, which has the rest, too.
struct dw_blocks {
  int64_t planes, block, count; // of an image; of a block but the last; blocks
};

// For units that pack so many bytes of each plane; no blocks where planes are few.
struct dw_blocks dw_blocks_of(const struct dw_rows *r, int64_t vector, int64_t bytes);
int64_t dw_blocks_size(const struct dw_blocks *b, int64_t block);

struct dw_row dw_row_of(const struct dw_rows *r, int64_t number);
char *dw_row_at(const struct dw_rows *r, const struct dw_row *at);

#endif

// tensor.c: dtypes, descriptors, views and status texts. Called by every driver and by the binding.
// Invariant: a descriptor that came from here addresses only elements of its owner's payload, and the
// product of its shape times the element size fits into ptrdiff_t.
#include "dwconv.h"

#include <string.h>

static const struct {
  const char *name;
  size_t size;
} dtypes[DW_DTYPES] = {
    [DW_FLOAT32] = {"float32", 4}, [DW_FLOAT64] = {"float64", 8}, [DW_INT32] = {"int32", 4},
    [DW_INT64] = {"int64", 8},     [DW_UINT8] = {"uint8", 1},     [DW_BOOL] = {"bool", 1},
};

static const char *const texts[] = {
    [DW_OK] = "no error",
    [DW_INTERRUPTED] = "interrupted!",
    [DW_TOO_LARGE] = "the size does not fit into 63 bits",
    [DW_DTYPE] = "the dtypes differ or are not supported",
    [DW_CHANNELS] = "the numbers of channels differ",
    [DW_GROUPS] = "the groups do not divide the output channels",
    [DW_EMPTY_KERNEL] = "the kernel has an empty axis",
    [DW_STRIDE] = "strides must be at least 1",
    [DW_DILATION] = "dilation_rate must be at least 1",
    [DW_PADDING] = "padding must not be negative",
    [DW_WINDOW] = "the kernel is larger than the padded input",
    [DW_DIVISION] = "division of whole numbers by zero",
    [DW_EXPONENT] = "a whole number to a negative power is not a whole number; use a float dtype",
};

const char *dw_status_text(dw_status s) { return texts[s]; }

size_t dw_dtype_size(dw_dtype d) { return dtypes[d].size; }

const char *dw_dtype_name(dw_dtype d) { return dtypes[d].name; }

bool dw_dtype_is_float(dw_dtype d) { return d == DW_FLOAT32 || d == DW_FLOAT64; }

bool dw_dtype_find(dw_dtype *d, const char *name) {
  for (int i = 0; i < DW_DTYPES; i++) {
    if (strcmp(dtypes[i].name, name) == 0) {
      *d = (dw_dtype)i;
      return true;
    }
  }
  return false;
}

dw_status dw_tensor_init(dw_tensor *t, void *data, dw_dtype dtype, int rank, const int64_t *shape) {
  // The other axes count even if one is empty: strides must not overflow either.
  int64_t bytes = (int64_t)dtypes[dtype].size, stride = 1;
  *t = (dw_tensor){.data = data, .rank = rank, .dtype = dtype};
  memcpy(t->shape, shape, (size_t)rank * sizeof shape[0]); // whole, also when it is refused
  for (int i = rank - 1; i >= 0; i--) {
    t->strides[i] = stride;
    int64_t n = shape[i] > 0 ? shape[i] : 1;
    if (__builtin_mul_overflow(stride, n, &stride) || __builtin_mul_overflow(bytes, n, &bytes)) {
      return DW_TOO_LARGE;
    }
  }
  return DW_OK;
}

int64_t dw_numel(const dw_tensor *t) {
  int64_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= t->shape[i];
  return n;
}

bool dw_is_contiguous(const dw_tensor *t) {
  int64_t stride = 1;
  for (int i = t->rank - 1; i >= 0; i--) {
    if (t->shape[i] == 0) return true;
    if (t->shape[i] != 1 && t->strides[i] != stride) return false;
    stride *= t->shape[i];
  }
  return true;
}

bool dw_same_shape(const dw_tensor *a, const dw_tensor *b) {
  return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof a->shape[0]) == 0;
}

void dw_permute_view(dw_tensor *v, const dw_tensor *t, const int *axes) {
  dw_tensor r = *t;
  for (int i = 0; i < t->rank; i++) {
    r.shape[i] = t->shape[axes[i]];
    r.strides[i] = t->strides[axes[i]];
  }
  *v = r;
}

void dw_range_view(dw_tensor *v, const dw_tensor *t, int axis, int64_t first, int64_t step, int64_t size) {
  *v = *t;
  if (size > 0) v->data = (char *)t->data + first * t->strides[axis] * (int64_t)dtypes[t->dtype].size;
  v->shape[axis] = size;
  if (size > 1) v->strides[axis] *= step; // an unused step may be huge
}

void dw_select_view(dw_tensor *v, const dw_tensor *t, int axis, int64_t index) {
  dw_tensor r;
  dw_range_view(&r, t, axis, index, 1, 1);
  r.rank = t->rank - 1;
  for (int i = axis; i < r.rank; i++) {
    r.shape[i] = r.shape[i + 1];
    r.strides[i] = r.strides[i + 1];
  }
  *v = r;
}

// A new axis can be cut out of a run of old axes only when that run is evenly spaced.
bool dw_reshape_view(dw_tensor *v, const dw_tensor *t, int rank, const int64_t *shape) {
  dw_tensor r;
  dw_tensor_init(&r, t->data, t->dtype, rank, shape);
  if (dw_numel(t) == 0 || dw_is_contiguous(t)) {
    *v = r;
    return true;
  }
  int64_t size[DW_MAX_RANK], step[DW_MAX_RANK]; // t's axes except those of size 1
  int n = 0;
  for (int i = 0; i < t->rank; i++) {
    if (t->shape[i] == 1) continue;
    size[n] = t->shape[i];
    step[n++] = t->strides[i];
  }
  for (int i = n - 1, j = rank - 1; i >= 0 && j >= 0; i--, j--) {
    int64_t run = size[i], got = shape[j], stride = step[i];
    while (run != got) {
      if (run < got) {
        if (step[i - 1] != step[i] * size[i]) return false;
        run *= size[--i];
      } else {
        r.strides[j] = stride;
        stride *= shape[j];
        got *= shape[--j];
      }
    }
    r.strides[j] = stride;
  }
  *v = r;
  return true;
}

bool dw_broadcast_shape(int *rank, int64_t *shape, const dw_tensor *t) {
  if (t->rank > *rank) {
    int more = t->rank - *rank;
    memmove(shape + more, shape, (size_t)*rank * sizeof shape[0]);
    for (int i = 0; i < more; i++) shape[i] = 1;
    *rank = t->rank;
  }
  int64_t *end = shape + (*rank - t->rank);
  for (int i = 0; i < t->rank; i++) {
    if (end[i] == 1) end[i] = t->shape[i];
    if (t->shape[i] != 1 && t->shape[i] != end[i]) return false;
  }
  return true;
}

void dw_broadcast_view(dw_tensor *v, const dw_tensor *t, int rank, const int64_t *shape) {
  dw_tensor r = {.data = t->data, .rank = rank, .dtype = t->dtype};
  for (int i = 0; i < rank; i++) {
    int from = i - (rank - t->rank);
    r.shape[i] = shape[i];
    r.strides[i] = from >= 0 && t->shape[from] == shape[i] ? t->strides[from] : 0;
  }
  *v = r;
}

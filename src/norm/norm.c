// norm.c: reads tensors into the axes of a normalization, and decides whether it goes by lines or by blocks. Called by
// the binding. Invariant: results do not depend on the number of threads: what is summed, and in which order, follows
// from shapes alone.
#include <math.h>

#include "norm.h"

struct norm_at dw_norm_at(const struct norm_axes *a, int64_t i) {
  struct norm_at at = {0, 0, 0};
  for (int k = a->rank - 1; k >= 0; k--) {
    int64_t size = a->axis[k].size, rest = k > 0 ? i / size : 0, digit = i - rest * size;
    i = rest;
    at.x += digit * a->axis[k].x, at.stat += digit * a->axis[k].stat, at.param += digit * a->axis[k].param;
  }
  return at;
}

// All axes of x but those of size 1, neighbours merged that have moments and parameters alike.
static int read_axes(struct norm_axis *axes, const dw_norm *n) {
  const dw_tensor *param = n->gamma ? n->gamma : n->beta;
  int64_t x = 1, stat = 1, p = 1;
  int rank = 0;
  for (int i = n->x->rank - 1; i >= 0; i--) {
    int64_t size = n->x->shape[i], has_stat = n->mean->shape[i] == size, has_param = param && param->shape[i] == size;
    DW_REQUIRE((has_stat || n->mean->shape[i] == 1) && (!param || has_param || param->shape[i] == 1));
    if (size == 1) continue;
    struct norm_axis a = {size, x, has_stat ? stat : 0, has_param ? p : 0}, *inner = &axes[rank - 1];
    if (rank > 0 && (inner->stat > 0) == (a.stat > 0) && (inner->param > 0) == (a.param > 0))
      inner->size *= size;
    else
      axes[rank++] = a;
    x *= size, stat *= has_stat ? size : 1, p *= has_param ? size : 1;
  }
  return rank; // the last axis of x first
}

static void add_axis(struct norm_axes *to, struct norm_axis a) {
  for (int i = to->rank++; i > 0; i--) to->axis[i] = to->axis[i - 1];
  to->axis[0] = a;
  to->size *= a.size;
}

// Short lines that lie in groups, as the channels of group normalization do, are lanes together, if there are rows.
static bool is_grouped(const struct norm_axis *axes, int rank) {
  enum { SHORT = 64 };
  bool rows = false;
  for (int i = 2; i < rank; i++) rows = rows || (axes[i].stat == 0 && axes[i].param == 0);
  return rank > 2 && axes[0].stat == 0 && axes[0].size < SHORT && axes[1].stat > 0 && rows;
}

// Lanes, the rows next to them, and the rest.
static void read_blocks(struct norm *m, const struct norm_axis *axes, int rank, bool grouped) {
  int first = grouped ? 2 : 1;
  m->line = axes[0];
  m->group = 1, m->group_param = axes[0].param, m->lane_param = 0;
  if (grouped) {
    m->line = (struct norm_axis){axes[0].size * axes[1].size, 1, axes[1].stat, 0};
    m->group = axes[0].size, m->group_param = axes[1].param, m->lane_param = axes[0].param;
  }
  m->rows = (struct norm_axis){1, 0, 0, 0};
  for (int i = first; i < rank; i++) {
    bool is_row = axes[i].stat == 0 && axes[i].param == 0 && m->rows.size == 1;
    if (is_row) m->rows = axes[i];
    if (!is_row) add_axis(&m->kept, axes[i]);
  }
}

static void read_lines(struct norm *m, const struct norm_axis *axes, int rank) {
  m->line = rank > 0 ? axes[0] : (struct norm_axis){1, 1, 0, 0};
  for (int i = 1; i < rank; i++) add_axis(axes[i].stat > 0 ? &m->kept : &m->reduced, axes[i]);
}

static dw_status init(dw_job *j, const dw_context *cx, enum norm_task task, const dw_tensor *y, const dw_norm *n) {
  struct norm *m = DW_STATE(struct norm, j);
  struct norm_axis axes[DW_MAX_RANK];
  const dw_tensor *param = n->gamma ? n->gamma : n->beta;
  DW_REQUIRE(task != NORM_GRAD || n->gamma != NULL || n->beta == NULL);
  DW_REQUIRE(dw_dtype_is_float(n->x->dtype) && dw_is_contiguous(n->x) && n->mean->dtype == DW_FLOAT64);
  dw_job_init(j, cx, 0, 0, NULL);
  m->task = task, m->k = cx->kernels->norm[n->x->dtype], m->bytes = (int64_t)dw_dtype_size(n->x->dtype);
  m->y = y ? y->data : NULL, m->x = n->x->data, m->mean = n->mean->data, m->var = n->var->data;
  m->gamma = n->gamma ? n->gamma->data : NULL, m->beta = n->beta ? n->beta->data : NULL;
  m->clips = n->clips, m->low = n->low, m->high = n->high;
  m->epsilon = n->epsilon, m->stats = dw_numel(n->mean), m->params = param ? dw_numel(param) : 0;
  m->kept = m->reduced = (struct norm_axes){.size = 1};
  m->step = 0;
  int rank = read_axes(axes, n);
  bool grouped = is_grouped(axes, rank), blocks = grouped || (rank > 0 && axes[0].stat > 0);
  m->count = (double)dw_numel(n->x) / (double)m->stats;
  DW_REQUIRE(blocks || !m->clips);
  if (blocks) read_blocks(m, axes, rank, grouped);
  if (!blocks) read_lines(m, axes, rank);
  return blocks ? dw_norm_blocks_init(j, cx) : dw_norm_lines_init(j, cx);
}

// There is nothing to do: the caller has filled in what comes of no elements.
static bool is_empty(dw_job *j, const dw_context *cx, const dw_tensor *x) {
  if (dw_numel(x) > 0) return false;
  dw_job_init(j, cx, 0, 0, NULL);
  return true;
}

dw_status dw_norm_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_norm *n) {
  if (is_empty(j, cx, n->x)) return DW_OK;
  return init(j, cx, NORM_FORWARD, y, n);
}

dw_status dw_norm_apply_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_norm *n) {
  if (is_empty(j, cx, n->x)) return DW_OK;
  return init(j, cx, NORM_APPLY, y, n);
}

dw_status dw_norm_grad_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *d_gamma,
                            const dw_tensor *d_beta, const dw_tensor *g, const dw_norm *n) {
  if (is_empty(j, cx, n->x)) return DW_OK;
  struct norm *m = DW_STATE(struct norm, j);
  m->g = g->data, m->d_gamma = d_gamma ? d_gamma->data : NULL, m->d_beta = d_beta ? d_beta->data : NULL;
  return init(j, cx, NORM_GRAD, dx, n);
}

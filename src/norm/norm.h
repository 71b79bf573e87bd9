// norm.h: what the files of the family share: a normalization, described by as few axes as possible. Included by
// src/norm/ only. If moments are taken along the last axis, it is computed line by line (lines.c); if each number along
// it has its own moments, in blocks of lanes (blocks.c).
#ifndef DWCONV_NORM_H
#define DWCONV_NORM_H

#include "base/base.h"
#include "kernels/norm.h"

enum norm_task { NORM_FORWARD, NORM_APPLY, NORM_GRAD };

// Steps count elements; moments and gamma have step 0 on axes that they do not have.
struct norm_axis {
  int64_t size, x, stat, param;
};

// A group of axes that are counted together, the last fastest.
struct norm_axes {
  int rank;
  int64_t size; // of all
  struct norm_axis axis[DW_MAX_RANK];
};

struct norm_at {
  int64_t x, stat, param;
};

struct norm {
  enum norm_task task;
  const struct dw_norm_kernels *k;
  char *y; // or dx
  const char *x, *g, *gamma, *beta;
  char *d_gamma, *d_beta;
  double *mean, *var, epsilon, count; // elements of a moment
  bool clips;                         // the results, to low..high; only blocks do
  double low, high;
  int64_t bytes;                        // of an element
  int64_t stats, params;                // of all moments; of gamma, 0 if there is none
  struct norm_axes kept, reduced;       // but the line, or the lanes and rows
  struct norm_axis line, rows;          // of blocks: `line` has the lanes; rows of size 1 if there are none
  int64_t group;                        // of blocks: neighbouring lanes that share their moments
  int64_t group_param, lane_param;      // steps of gamma between groups and within one
  int64_t chunks;                       // of lines: that a moment is cut into. Of blocks: the rows
  int64_t parts;                        // of lines: pieces of a line. Of blocks: of the lanes
  int64_t units;                        // of lines' gradients: of the pass that has sums of gamma's gradient
  int64_t unit_bytes;                   // of what such a unit has of its own
  int step;                             // which pass runs
  int64_t partial, sums, table, counts; // where these are in the job's memory
};

struct norm_at dw_norm_at(const struct norm_axes *a, int64_t i);

static inline double norm_element(const struct norm *m, const char *p, int64_t i) {
  if (p == NULL) return 0;
  return m->bytes == 4 ? (double)((const float *)(const void *)p)[i] : ((const double *)(const void *)p)[i];
}
static inline double norm_gamma(const struct norm *m, int64_t i) {
  return m->gamma == NULL ? 1 : norm_element(m, m->gamma, i);
}
static inline void norm_set(const struct norm *m, char *p, int64_t i, double v) {
  if (m->bytes == 4) ((float *)(void *)p)[i] = (float)v;
  if (m->bytes == 8) ((double *)(void *)p)[i] = v;
}
// As an element has it.
static inline double norm_rounded(const struct norm *m, double v) { return m->bytes == 4 ? (double)(float)v : v; }

static inline double *norm_doubles(const dw_job *j, int64_t at) { return (double *)(void *)(j->memory + at); }

// Each makes the job of a normalization whose axes, x, moments and parameters are already set.
dw_status dw_norm_lines_init(dw_job *j, const dw_context *cx);
dw_status dw_norm_blocks_init(dw_job *j, const dw_context *cx);

#endif

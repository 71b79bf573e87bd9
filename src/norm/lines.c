// lines.c: normalization where moments are taken along the last axis: of layers, and of batches and groups with
// channels first. Called by norm.c. The numbers of a moment are lines, which are cut into pieces. If a moment has few
// numbers, one unit computes its sums and its results while the numbers are in the caches. If it has many, they are cut
// into chunks of pieces, and three passes compute the sums of each chunk, the moments, and the results. Invariant: sums
// are joined in the order of pieces and chunks.
#include <math.h>
#include <string.h>

#include "norm.h"

enum { PIECE = 1 << 14 };             // elements
enum { WHOLE = 1 << 16, MOST = 64 };  // elements of a moment that a unit takes whole; chunks of one that it does not
enum { UNITS = 32, SHARE = 1 << 15 }; // units with sums of gamma's gradient of their own, at most; elements of one
enum { BLOCK = 128 };                 // numbers of gamma's gradient that a unit joins

// A piece of a line.
struct piece {
  int64_t x, param, n;
};

static struct piece find_piece(const struct norm *m, struct norm_at at, int64_t i) {
  if (m->parts == 1 && m->reduced.size == 1) return (struct piece){at.x, at.param, m->line.size};
  int64_t first = i % m->parts * PIECE;
  struct norm_at line = dw_norm_at(&m->reduced, i / m->parts);
  return (struct piece){at.x + line.x + first, at.param + line.param + first * m->line.param,
                        least(m->line.size - first, PIECE)};
}

static int64_t pieces_of(const struct norm *m) { return m->reduced.size * m->parts; }

// The first piece of chunk c; the chunk ends before the first piece of the next.
static int64_t chunk_begin(const struct norm *m, int64_t c) { return c * pieces_of(m) / m->chunks; }

// ---- forward -------------------------------------------------------------------------------------

static void add_sums(const struct norm *m, double *sums, int64_t s, int64_t from, int64_t to) {
  struct norm_at at = dw_norm_at(&m->kept, s);
  const char *center = m->x + at.x * m->bytes;
  for (int64_t i = from; i < to; i++) {
    struct piece p = find_piece(m, at, i);
    m->k->line_sums(sums, m->x + p.x * m->bytes, p.n, center);
  }
}

static void set_moments(const struct norm *m, const double *sums, int64_t s) {
  double share = 1 / m->count, away = sums[0] * share, var = sums[1] * share - away * away;
  m->mean[s] = norm_element(m, m->x, dw_norm_at(&m->kept, s).x) + away;
  m->var[s] = var < 0 ? 0 : var;
}

// Moment s: where its numbers begin, and how they are normalized, but for gamma.
struct moment {
  struct norm_at at;
  struct dw_norm_line line;
};

static struct moment moment_at(const struct norm *m, int64_t s) {
  double center = norm_rounded(m, m->mean[s]), scale = 1 / sqrt(m->var[s] + m->epsilon);
  return (struct moment){dw_norm_at(&m->kept, s), {center, scale, -(m->mean[s] - center) * scale, NULL}};
}

// Where gamma changes along the line.
static const char *vector_at(const struct norm *m, const char *param, const struct piece *p) {
  return m->line.param > 0 && param != NULL ? param + p->param * m->bytes : NULL;
}

static void write_results(const struct norm *m, int64_t s, int64_t from, int64_t to) {
  const struct moment of = moment_at(m, s);
  for (int64_t i = from; i < to; i++) {
    struct piece p = find_piece(m, of.at, i);
    struct dw_norm_line c = of.line;
    const char *beta = vector_at(m, m->beta, &p);
    c.gamma = vector_at(m, m->gamma, &p);
    if (m->line.param == 0 && m->params > 0) {
      double gamma = norm_gamma(m, p.param);
      c.scale *= gamma, c.shift = c.shift * gamma + norm_element(m, m->beta, p.param);
    }
    m->k->line(m->y + p.x * m->bytes, m->x + p.x * m->bytes, p.n, &c, beta);
  }
}

static void norm_lines(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t s = a; s < b; s++) {
    double sums[2] = {0, 0};
    if (m->task == NORM_FORWARD) {
      add_sums(m, sums, s, 0, pieces_of(m));
      set_moments(m, sums, s);
    }
    write_results(m, s, 0, pieces_of(m));
    if ((s & 63) == 63 && dw_stopped(j->cx, slot)) return;
  }
}

static void norm_line_sums(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) {
    double *sums = norm_doubles(j, m->sums) + 2 * u;
    int64_t c = u % m->chunks;
    sums[0] = sums[1] = 0;
    add_sums(m, sums, u / m->chunks, chunk_begin(m, c), chunk_begin(m, c + 1));
  }
}

// The sums of moment s.
static void join_chunks(const dw_job *j, const struct norm *m, double *all, int64_t s) {
  const double *sums = norm_doubles(j, m->sums) + 2 * s * m->chunks;
  all[0] = all[1] = 0;
  for (int64_t c = 0; c < m->chunks; c++) all[0] += sums[2 * c], all[1] += sums[2 * c + 1];
}

static void norm_line_join(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  (void)slot;
  for (int64_t s = a; s < b; s++) {
    double all[2];
    join_chunks(j, m, all, s);
    set_moments(m, all, s);
  }
}

static void norm_line_results(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) {
    int64_t c = u % m->chunks;
    write_results(m, u / m->chunks, chunk_begin(m, c), chunk_begin(m, c + 1));
  }
}

// ---- gradients -----------------------------------------------------------------------------------

// A unit's own sums of gamma's gradient, beta's after them; and the same of few lines, as elements.
struct params {
  double *sums;
  char *few;
  int64_t lines; // that went into the few
};

static struct params params_of(const dw_job *j, const struct norm *m, int64_t u) {
  char *at = j->memory + m->partial + u * m->unit_bytes;
  return (struct params){(double *)(void *)at, at + 2 * m->params * (int64_t)sizeof(double), 0};
}

// Where gamma is one number for all of a piece.
static void add_plain(const struct norm *m, struct params *to, double *sums, const struct piece *p,
                      const struct dw_norm_line *c) {
  double here[2] = {0, 0}, gamma = m->params == 0 ? 1 : norm_gamma(m, p->param);
  m->k->line_grad_sums(here, NULL, NULL, m->g + p->x * m->bytes, m->x + p->x * m->bytes, p->n, c);
  sums[0] += gamma * here[0], sums[1] += gamma * here[1];
  if (m->params > 0) to->sums[p->param] += here[1], to->sums[m->params + p->param] += here[0];
}

static void collect_few(const struct norm *m, struct params *to) {
  if (to->lines > 0) m->k->collect(to->sums, to->few, 2 * m->params);
  to->lines = 0;
}

// Where it is a number for each element.
static void add_each(const struct norm *m, struct params *to, double *sums, const struct piece *p,
                     const struct dw_norm_line *c) {
  enum { FEW = 8 };
  char *d_gamma = to->few + p->param * m->bytes, *d_beta = d_gamma + m->params * m->bytes;
  m->k->line_grad_sums(sums, d_gamma, d_beta, m->g + p->x * m->bytes, m->x + p->x * m->bytes, p->n, c);
  if (++to->lines >= FEW * most(1, m->params / m->line.size)) collect_few(m, to);
}

static void add_grad_sums(const struct norm *m, struct params *to, double *sums, const struct moment *of, int64_t from,
                          int64_t until) {
  bool each = m->line.param > 0 && m->params > 0;
  for (int64_t i = from; i < until; i++) {
    struct piece p = find_piece(m, of->at, i);
    struct dw_norm_line c = of->line;
    c.gamma = vector_at(m, m->gamma, &p);
    if (each) add_each(m, to, sums, &p, &c);
    if (!each) add_plain(m, to, sums, &p, &c);
  }
}

static void write_grad(const struct norm *m, const double *sums, const struct moment *of, int64_t from, int64_t to) {
  double share = 1 / m->count, mean = sums[0] * share, slope = sums[1] * share;
  for (int64_t i = from; i < to; i++) {
    struct piece p = find_piece(m, of->at, i);
    struct dw_norm_line c = of->line;
    c.gamma = vector_at(m, m->gamma, &p);
    double gamma = m->line.param == 0 && m->params > 0 ? norm_gamma(m, p.param) : 1;
    m->k->line_grad(m->y + p.x * m->bytes, m->g + p.x * m->bytes, m->x + p.x * m->bytes, p.n, &c, c.scale * gamma,
                    -slope * c.scale * c.scale, -(mean + c.shift * slope) * c.scale);
  }
}

// A unit takes moments whole.
static void norm_lines_grad(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b; u++) {
    int64_t last = (u + 1) * m->stats / m->units;
    struct params own = params_of(j, m, u);
    for (int64_t s = u * m->stats / m->units; s < last; s++) {
      double sums[2] = {0, 0};
      const struct moment of = moment_at(m, s);
      add_grad_sums(m, &own, sums, &of, 0, pieces_of(m));
      if (m->y != NULL) write_grad(m, sums, &of, 0, pieces_of(m));
      if ((s & 63) == 63 && dw_stopped(j->cx, slot)) return;
    }
    collect_few(m, &own);
  }
}

// A unit takes a chunk of a moment.
static void norm_line_grad_sums(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) {
    double *sums = norm_doubles(j, m->sums) + 2 * u;
    int64_t c = u % m->chunks;
    sums[0] = sums[1] = 0;
    struct params own = params_of(j, m, u);
    const struct moment of = moment_at(m, u / m->chunks);
    add_grad_sums(m, &own, sums, &of, chunk_begin(m, c), chunk_begin(m, c + 1));
    collect_few(m, &own);
  }
}

static void norm_line_grad(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) {
    double all[2];
    int64_t c = u % m->chunks;
    const struct moment of = moment_at(m, u / m->chunks);
    join_chunks(j, m, all, u / m->chunks);
    write_grad(m, all, &of, chunk_begin(m, c), chunk_begin(m, c + 1));
  }
}

static void norm_join_params(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  (void)slot;
  for (int64_t block = a; block < b; block++) {
    double d_gamma[BLOCK] = {0}, d_beta[BLOCK] = {0};
    int64_t first = block * BLOCK, n = least(m->params - first, BLOCK);
    for (int64_t u = 0; u < m->units; u++) {
      const double *of_gamma = params_of(j, m, u).sums + first, *of_beta = of_gamma + m->params;
      for (int64_t p = 0; p < n; p++) d_gamma[p] += of_gamma[p], d_beta[p] += of_beta[p];
    }
    for (int64_t p = 0; p < n; p++) {
      norm_set(m, m->d_gamma, first + p, d_gamma[p]);
      norm_set(m, m->d_beta, first + p, d_beta[p]);
    }
  }
}

// ---- the passes ----------------------------------------------------------------------------------

static int64_t units_of(const struct norm *m, dw_run_units *run) {
  if (run == norm_lines || run == norm_line_join) return m->stats;
  if (run == norm_lines_grad) return m->units;
  return run == norm_join_params ? parts(m->params, BLOCK) : m->stats * m->chunks;
}

// Of moments that are taken whole, and of others.
static bool next_of_lines(dw_job *j) {
  static dw_run_units *const passes[2][3][4] = {
      {[NORM_FORWARD] = {norm_lines}, [NORM_APPLY] = {norm_lines}, [NORM_GRAD] = {norm_lines_grad, norm_join_params}},
      {[NORM_FORWARD] = {norm_line_sums, norm_line_join, norm_line_results},
       [NORM_APPLY] = {norm_line_results},
       [NORM_GRAD] = {norm_line_grad_sums, norm_join_params, norm_line_grad}},
  };
  struct norm *m = DW_STATE(struct norm, j);
  dw_run_units *run = passes[m->chunks > 1][m->task][m->step++];
  if (run == norm_join_params && m->params == 0) run = passes[m->chunks > 1][m->task][m->step++];
  if (run == NULL || (run == norm_line_grad && m->y == NULL)) return false;
  double all = run == norm_join_params ? (double)(m->params * m->units) : m->count * (double)m->stats;
  j->pass = (dw_pass){units_of(m, run), all * (run == norm_line_join ? 1 : 2 * DW_WORK_COMBINE), run};
  return true;
}

dw_status dw_norm_lines_init(dw_job *j, const dw_context *cx) {
  struct norm *m = DW_STATE(struct norm, j);
  int64_t used = 0, count = m->reduced.size * m->line.size, all = times(count, m->stats);
  (void)cx;
  m->parts = parts(m->line.size, PIECE);
  m->chunks = count <= WHOLE ? 1 : least(pieces_of(m), least(count / WHOLE, MOST));
  int64_t fitting = most(1, all / (4 * most(1, m->params))); // whose sums of gamma's gradient are not too much memory
  if (m->task == NORM_GRAD && m->chunks > 1) m->chunks = most(1, least(m->chunks, fitting / m->stats));
  m->units = m->chunks > 1 ? m->stats * m->chunks : least(least(most(1, least(UNITS, all / SHARE)), m->stats), fitting);
  m->unit_bytes = round_up(times(2 * m->params, (int64_t)sizeof(double) + m->bytes), DW_LINE);
  if (m->task == NORM_GRAD) m->partial = dw_scratch_take(&used, times(m->unit_bytes, m->units));
  j->zeroed = (size_t)used;
  m->sums = dw_scratch_take(&used, times(2 * m->stats, m->chunks * (int64_t)sizeof(double)));
  j->next = next_of_lines;
  next_of_lines(j);
  return dw_scratch_tell(j, used);
}

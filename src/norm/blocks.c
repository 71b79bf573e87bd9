// blocks.c: normalization where each of neighbouring numbers has its own moments (batches with channels last), or few
// neighbours share one (groups). Called by norm.c. Such neighbours are lanes; they are computed in blocks, their rows
// in chunks. There are three passes: the sums of each chunk and block; the moments from these, and each lane's factors
// from them; the results. Invariant: sums are joined in the order of the chunks.
#include <math.h>

#include "norm.h"

enum { LANES = 512 };                // of a block
enum { CHUNK = 1 << 16, MOST = 32 }; // elements of a chunk; chunks of the rows, at most
enum { TABLES = 6 };                 // of factors for each lane: a center, up to three, and those of a clipped result

static int64_t lanes_of(const struct norm *m) { return m->line.size; }

struct unit {
  int64_t o, chunk;    // which of the outer axes, which chunk
  int64_t lane, lanes; // the block's first lane, and how many it has
  int64_t row, rows;   // the chunk's
  int64_t x;           // the first element
  double *sums;        // two for each lane
  char *table[TABLES]; // of the block
};

static char *table_at(const dw_job *j, const struct norm *m, int64_t o, int t) {
  return j->memory + m->table + (o * TABLES + t) * lanes_of(m) * m->bytes;
}

static double *sums_at(const dw_job *j, const struct norm *m, int64_t o, int64_t chunk) {
  return norm_doubles(j, m->partial) + (o * m->chunks + chunk) * 2 * lanes_of(m);
}

// The clip for kernels; NULL if there is none.
static const struct dw_norm_clip *clip_of(const struct norm *m, const struct unit *p, struct dw_norm_clip *clip) {
  if (!m->clips) return NULL;
  *clip = (struct dw_norm_clip){m->low, m->high, p->table[4], p->table[5]};
  return clip;
}

static struct unit find_unit(const dw_job *j, const struct norm *m, int64_t u) {
  struct unit p = {.o = u / m->parts / m->chunks, .chunk = u / m->parts % m->chunks, .lane = u % m->parts * LANES};
  p.lanes = least(lanes_of(m) - p.lane, LANES);
  p.row = p.chunk * m->rows.size / m->chunks;
  p.rows = (p.chunk + 1) * m->rows.size / m->chunks - p.row;
  p.x = dw_norm_at(&m->kept, p.o).x + p.lane + p.row * m->rows.x;
  p.sums = sums_at(j, m, p.o, p.chunk) + p.lane;
  for (int t = 0; t < TABLES; t++) p.table[t] = table_at(j, m, p.o, t) + p.lane * m->bytes;
  return p;
}

// ---- passes of sums and results ------------------------------------------------------------------

// The center of a lane is its first number in the rows.
static void norm_block_sums(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) {
    struct unit p = find_unit(j, m, u);
    const char *x = m->x + p.x * m->bytes;
    double *second = p.sums + lanes_of(m);
    struct dw_norm_clip clip;
    if (m->task == NORM_GRAD) {
      const char *g = m->g + p.x * m->bytes;
      const struct dw_norm_clip *c = clip_of(m, &p, &clip);
      m->k->block_grad_sums(p.sums, second, g, x, m->rows.x, p.rows, p.lanes, p.table[0], c);
    } else {
      m->k->block_sums(p.sums, second, x, m->rows.x, p.rows, p.lanes, x - p.row * m->rows.x * m->bytes);
    }
  }
}

static void norm_block_results(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) {
    struct unit p = find_unit(j, m, u);
    const char *x = m->x + p.x * m->bytes, *g = m->g + p.x * m->bytes;
    char *y = m->y + p.x * m->bytes, **t = p.table;
    struct dw_norm_clip clip;
    const struct dw_norm_clip *c = clip_of(m, &p, &clip);
    if (m->task == NORM_GRAD)
      m->k->block_grad(y, g, x, m->rows.x, p.rows, p.lanes, t[0], t[1], t[2], t[3], c);
    else
      m->k->block(y, x, m->rows.x, p.rows, p.lanes, t[0], t[1], t[2], c);
  }
}

// ---- joining -------------------------------------------------------------------------------------

static int64_t stat_of(const struct norm *m, struct norm_at at, int64_t l) {
  return at.stat + (m->group > 1 ? l / m->group : l) * m->line.stat;
}

static int64_t param_of(const struct norm *m, struct norm_at at, int64_t l) {
  if (m->group == 1) return at.param + l * m->group_param;
  return at.param + l / m->group * m->group_param + l % m->group * m->lane_param;
}

struct range {
  int64_t from, to;
};

// Of lanes that unit u of a join has: a block, or all where lanes have moments or parameters in common.
static struct range lanes_in(const struct norm *m, int64_t u, int64_t units) {
  return (struct range){u * lanes_of(m) / units, (u + 1) * lanes_of(m) / units};
}

// Whether a loop over many short rows of lanes goes on: it looks now and then.
static bool goes_on(const dw_job *j, int64_t o, int slot) { return (o & 4095) != 4095 || !dw_stopped(j->cx, slot); }

static int64_t join_units(const struct norm *m) {
  bool own = m->group == 1 && (m->params == 0 || m->line.param > 0 || m->group_param > 0);
  return own ? parts(lanes_of(m), LANES) : 1;
}

// Adds n numbers of which the mean and the sum of squared distances from it are known (Chan, Golub & LeVeque, 1979).
static void merge(double *mean, double *squares, double *count, double other, double other_squares, double n) {
  double all = *count + n, away = other - *mean;
  *squares += other_squares + away * away * *count * n / all;
  *mean += away * n / all;
  *count = all;
}

// Moments of the lanes; `var` has sums of squares until the end. A lane's center is its first number.
static void join_moments(const dw_job *j, const struct norm *m, struct range r, int slot) {
  double *counts = norm_doubles(j, m->counts), n = (double)m->rows.size;
  for (int64_t o = 0; o < m->kept.size && goes_on(j, o, slot); o++) {
    struct norm_at at = dw_norm_at(&m->kept, o);
    for (int64_t l = r.from; l < r.to; l++) {
      double sum = 0, squares = 0, center = norm_element(m, m->x, at.x + l);
      for (int64_t c = 0; c < m->chunks; c++) {
        const double *sums = sums_at(j, m, o, c);
        sum += sums[l], squares += sums[lanes_of(m) + l];
      }
      int64_t s = stat_of(m, at, l);
      double away = sum / n, around = squares - sum * away;
      if (counts[s] > 0)
        merge(&m->mean[s], &m->var[s], &counts[s], center + away, around, n);
      else
        m->mean[s] = center + away, m->var[s] = around, counts[s] = n;
    }
  }
  for (int64_t o = 0; o < m->kept.size && goes_on(j, o, slot); o++) {
    struct norm_at at = dw_norm_at(&m->kept, o);
    for (int64_t l = r.from; l < r.to; l++) {
      int64_t s = stat_of(m, at, l);
      if (counts[s] == 0) continue;
      double var = m->var[s] / counts[s];
      m->var[s] = var < 0 ? 0 : var, counts[s] = 0;
    }
  }
}

static void fill_tables(const dw_job *j, const struct norm *m, struct range r, int slot) {
  for (int64_t o = 0; o < m->kept.size && goes_on(j, o, slot); o++) {
    struct norm_at at = dw_norm_at(&m->kept, o);
    bool grad = m->task == NORM_GRAD; // whose other factors come later
    char *center = table_at(j, m, o, 0), *a = table_at(j, m, o, grad ? 4 : 1), *b = table_at(j, m, o, grad ? 5 : 2);
    for (int64_t l = r.from; l < r.to; l++) {
      int64_t s = stat_of(m, at, l), p = param_of(m, at, l);
      double middle = norm_rounded(m, m->mean[s]);
      norm_set(m, center, l, middle);
      if (grad && !m->clips) continue;
      double scale = norm_gamma(m, p) / sqrt(m->var[s] + m->epsilon);
      norm_set(m, a, l, scale);
      norm_set(m, b, l, norm_element(m, m->beta, p) - (m->mean[s] - middle) * scale);
    }
  }
}

static void norm_block_join(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b; u++) {
    struct range r = lanes_in(m, u, join_units(m));
    if (m->task == NORM_FORWARD) join_moments(j, m, r, slot);
    fill_tables(j, m, r, slot);
  }
}

// ---- joining gradients ---------------------------------------------------------------------------

struct factors {
  double scale, away; // 1 / sqrt(var + epsilon); the mean less the center
};

static struct factors factors_of(const struct norm *m, int64_t s) {
  return (struct factors){1 / sqrt(m->var[s] + m->epsilon), m->mean[s] - norm_rounded(m, m->mean[s])};
}

// The sums of g*gamma and g*gamma*h of each moment, and of g*h and g of each parameter, which are 0 at first.
static void join_grad_sums(const dw_job *j, const struct norm *m, struct range r, int slot) {
  double *means = norm_doubles(j, m->sums), *slopes = means + m->stats, *d_gamma = slopes + m->stats;
  for (int64_t o = 0; o < m->kept.size && goes_on(j, o, slot); o++) {
    struct norm_at at = dw_norm_at(&m->kept, o);
    for (int64_t l = r.from; l < r.to; l++) {
      int64_t s = stat_of(m, at, l), p = param_of(m, at, l);
      double sum = 0, product = 0;
      for (int64_t c = 0; c < m->chunks; c++) {
        const double *sums = sums_at(j, m, o, c);
        sum += sums[l], product += sums[lanes_of(m) + l];
      }
      struct factors f = factors_of(m, s);
      product = (product - f.away * sum) * f.scale;
      means[s] += norm_gamma(m, p) * sum, slopes[s] += norm_gamma(m, p) * product;
      if (m->params > 0) d_gamma[p] += product, d_gamma[m->params + p] += sum;
    }
  }
}

static void fill_grad_tables(const dw_job *j, const struct norm *m, struct range r, int slot) {
  const double *means = norm_doubles(j, m->sums), *slopes = means + m->stats, *d_gamma = slopes + m->stats;
  for (int64_t o = 0; o < m->kept.size && goes_on(j, o, slot); o++) {
    struct norm_at at = dw_norm_at(&m->kept, o);
    char *a = table_at(j, m, o, 1), *b = table_at(j, m, o, 2), *c = table_at(j, m, o, 3);
    for (int64_t l = r.from; l < r.to; l++) {
      int64_t s = stat_of(m, at, l), p = param_of(m, at, l);
      struct factors f = factors_of(m, s);
      double slope = slopes[s] / m->count * f.scale * f.scale;
      norm_set(m, a, l, f.scale * norm_gamma(m, p));
      norm_set(m, b, l, -slope);
      norm_set(m, c, l, slope * f.away - means[s] / m->count * f.scale);
      if (m->params == 0) continue;
      norm_set(m, m->d_gamma, p, d_gamma[p]);
      norm_set(m, m->d_beta, p, d_gamma[m->params + p]);
    }
  }
}

static void norm_block_grad_join(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct norm *m = DW_STATE(struct norm, j);
  for (int64_t u = a; u < b; u++) {
    struct range r = lanes_in(m, u, join_units(m));
    join_grad_sums(j, m, r, slot);
    fill_grad_tables(j, m, r, slot);
  }
}

// ---- the passes ----------------------------------------------------------------------------------

static dw_pass pass_of(const struct norm *m, dw_run_units *run) {
  double all = m->count * (double)m->stats;
  bool joins = run == norm_block_join || run == norm_block_grad_join;
  if (!joins) return (dw_pass){m->kept.size * m->chunks * m->parts, all * DW_WORK_COMBINE, run};
  double sums = (double)m->kept.size * (double)(m->chunks * lanes_of(m));
  return (dw_pass){join_units(m), sums * DW_WORK_PICK, run};
}

// Forward: sums, join, results. Given moments: join, results. Gradients: centers, sums, join, results.
static bool next_of_blocks(dw_job *j) {
  static dw_run_units *const passes[3][5] = {
      [NORM_FORWARD] = {norm_block_sums, norm_block_join, norm_block_results},
      [NORM_APPLY] = {norm_block_join, norm_block_results},
      [NORM_GRAD] = {norm_block_join, norm_block_sums, norm_block_grad_join, norm_block_results},
  };
  struct norm *m = DW_STATE(struct norm, j);
  dw_run_units *run = passes[m->task][m->step++];
  if (run == NULL || (run == norm_block_results && m->y == NULL)) return false;
  j->pass = pass_of(m, run);
  return true;
}

dw_status dw_norm_blocks_init(dw_job *j, const dw_context *cx) {
  struct norm *m = DW_STATE(struct norm, j);
  int64_t used = 0, lanes = lanes_of(m), each = m->rows.size * least(lanes, LANES);
  (void)cx;
  m->parts = parts(lanes, LANES);
  m->chunks = most(1, least(m->rows.size, least(each / CHUNK, MOST)));
  if (m->task == NORM_GRAD) m->sums = dw_scratch_take(&used, times(2 * (m->stats + m->params), sizeof(double)));
  if (m->task == NORM_FORWARD) m->counts = dw_scratch_take(&used, times(m->stats, sizeof(double)));
  j->zeroed = (size_t)used;
  m->partial = dw_scratch_take(&used, times(times(m->kept.size, 2 * m->chunks * lanes), sizeof(double)));
  m->table = dw_scratch_take(&used, times(times(m->kept.size, TABLES * lanes), m->bytes));
  j->next = next_of_blocks;
  next_of_blocks(j);
  return dw_scratch_tell(j, used);
}

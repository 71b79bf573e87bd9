// softmax.c: softmax along one axis. Called by the binding. Lines that are contiguous are taken whole, several short
// ones at a time; neighbouring lines that lie across are taken side by side, as lanes; long lines and others piece by
// piece. A unit is some lines along the axis, and owns them. Invariant: NaN anywhere in a line makes all of it NaN;
// how a line is computed follows from shapes and strides alone.
#include <math.h>

#include "base/base.h"
#include "kernels/softmax.h"

enum { Y, X };
enum { PIECE = 1 << 16 };  // elements after which an interruption is looked for
enum { CACHED = 1 << 18 }; // bytes of lanes together, which are read three times: `make bench BENCHES=softmax`

enum way { WHOLE, LANES, PIECES };

struct softmax {
  struct dw_walk others; // the axes but the one
  int64_t n;             // elements of a line
  ptrdiff_t step[2];
  const struct dw_softmax_kernels *k;
  enum way way;
  int64_t lines, parts; // of a unit, along the last of the others; units along that
  bool log;
};

// Where unit u begins in y and x; gives how many lines it has.
static int64_t find_lines(const struct softmax *s, int64_t u, char **at) {
  const struct dw_walk *w = &s->others;
  int last = w->rank - 1;
  int64_t first = u % s->parts * s->lines;
  for (int i = Y; i <= X; i++) {
    at[i] = dw_walk_at(w, i, last, u / s->parts) + first * w->step[i][last] * w->bytes[i];
  }
  return least(w->size[last] - first, s->lines);
}

// ---- whole lines, and lanes ----------------------------------------------------------------------

static void softmax_whole(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct softmax *s = DW_STATE(struct softmax, j);
  const struct dw_walk *w = &s->others;
  int last = w->rank - 1;
  (void)slot;
  for (int64_t u = a; u < b; u++) {
    char *at[2];
    int64_t lines = find_lines(s, u, at);
    s->k->whole(at[Y], w->step[Y][last], at[X], w->step[X][last], s->n, lines, s->log);
  }
}

// Rows of a unit's lanes, a stretch at a time. False: that was the last, or the job is to stop.
static bool next_rows(const dw_job *j, const struct softmax *s, int64_t *row, int64_t *rows, int slot) {
  *row += *rows;
  *rows = least(s->n - *row, PIECE / DW_SOFTMAX_LANES);
  return *rows > 0 && (*row == 0 || !dw_stopped(j->cx, slot));
}

static void softmax_lanes(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct softmax *s = DW_STATE(struct softmax, j);
  for (int64_t u = a; u < b && !dw_stopped(j->cx, slot); u++) {
    double off[DW_SOFTMAX_LANES], sum[DW_SOFTMAX_LANES] = {0};
    char *at[2];
    int64_t lanes = find_lines(s, u, at), pitch[2];
    for (int i = Y; i <= X; i++) pitch[i] = s->step[i] * s->others.bytes[i];
    for (int64_t r = 0, n = 0; next_rows(j, s, &r, &n, slot);) {
      s->k->lanes_largest(off, at[X] + r * pitch[X], s->step[X], n, lanes, r > 0);
    }
    for (int64_t r = 0, n = 0; next_rows(j, s, &r, &n, slot);) {
      s->k->lanes_raise(sum, at[Y] + r * pitch[Y], s->step[Y], at[X] + r * pitch[X], s->step[X], n, lanes, off);
    }
    for (int64_t r = 0, n = 0; next_rows(j, s, &r, &n, slot);) {
      char *y = at[Y] + r * pitch[Y], *x = at[X] + r * pitch[X];
      if (s->log)
        s->k->lanes_shift(y, s->step[Y], x, s->step[X], n, lanes, off, sum);
      else
        s->k->lanes_scale(y, s->step[Y], n, lanes, sum);
    }
  }
}

// ---- piece by piece ------------------------------------------------------------------------------

// The first of the n elements that are left of a line, in y and x.
struct piece {
  char *at[2];
  int64_t left, n;
};

static struct piece begin_line(const struct softmax *s, int64_t u) {
  struct piece p = {.left = s->n, .n = least(s->n, PIECE)};
  find_lines(s, u, p.at);
  return p;
}

// Moves to the next piece; false: there is none, or the job is to stop.
static bool next_piece(const dw_job *j, const struct softmax *s, struct piece *p, int slot) {
  p->left -= p->n;
  if (p->left == 0 || dw_stopped(j->cx, slot)) return false;
  for (int i = Y; i <= X; i++) p->at[i] += p->n * s->step[i] * s->others.bytes[i];
  p->n = least(p->left, PIECE);
  return true;
}

// False: the job is to stop.
static bool softmax_line(const dw_job *j, const struct softmax *s, int64_t u, int slot) {
  const ptrdiff_t *step = s->step;
  double off = -INFINITY, sum = 0;
  struct piece p = begin_line(s, u);
  do off = s->k->largest(off, p.at[X], step[X], p.n);
  while (next_piece(j, s, &p, slot));
  if (p.left > 0) return false;
  p = begin_line(s, u);
  do sum = s->k->raise(sum, p.at[Y], step[Y], p.at[X], step[X], p.n, off);
  while (next_piece(j, s, &p, slot));
  if (p.left > 0) return false;
  double log_sum = log(sum);
  p = begin_line(s, u);
  do {
    if (s->log) s->k->shift(p.at[Y], step[Y], p.at[X], step[X], p.n, off, log_sum);
    if (!s->log) s->k->scale(p.at[Y], step[Y], p.n, 1 / sum);
  } while (next_piece(j, s, &p, slot));
  return p.left == 0;
}

static void softmax_pieces(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct softmax *s = DW_STATE(struct softmax, j);
  for (int64_t u = a; u < b && softmax_line(j, s, u, slot); u++) continue;
}

// ---- deciding ------------------------------------------------------------------------------------

static void choose_way(struct softmax *s) {
  enum { LINE = 16 }; // lanes that are at least taken together, however long their lines are
  const struct dw_walk *w = &s->others;
  int last = w->rank - 1;
  s->way = PIECES, s->lines = 1;
  if (s->step[Y] == 1 && s->step[X] == 1 && s->n <= DW_SOFTMAX_BLOCK) {
    s->way = WHOLE, s->lines = least(DW_SOFTMAX_BLOCK / s->n, DW_SOFTMAX_LANES);
  } else if (w->step[Y][last] == 1 && w->step[X][last] == 1 && w->size[last] > 1) {
    s->way = LANES, s->lines = least(DW_SOFTMAX_LANES, most(LINE, CACHED / w->bytes[Y] / s->n / LINE * LINE));
  }
  s->parts = parts(w->size[last], s->lines);
}

void dw_softmax_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, int axis, bool log) {
  static dw_run_units *const runs[] = {[WHOLE] = softmax_whole, [LANES] = softmax_lanes, [PIECES] = softmax_pieces};
  struct softmax *s = DW_STATE(struct softmax, j);
  const dw_tensor *both[2] = {[Y] = y, [X] = x};
  dw_tensor others[2];
  DW_REQUIRE(dw_dtype_is_float(x->dtype) && y->dtype == x->dtype && dw_same_shape(y, x) && axis < x->rank);
  dw_job_init(j, cx, 0, 0, softmax_pieces);
  if (dw_numel(y) == 0) return;
  s->k = cx->kernels->softmax[x->dtype], s->log = log;
  s->n = x->shape[axis];
  for (int i = Y; i <= X; i++) {
    s->step[i] = both[i]->strides[axis];
    dw_select_view(&others[i], both[i], axis, 0);
  }
  dw_walk_init(&s->others, 2, (const dw_tensor *[]){&others[Y], &others[X]});
  choose_way(s);
  j->pass.run = runs[s->way];
  j->pass.units = dw_numel(y) / s->n / s->others.size[s->others.rank - 1] * s->parts;
  j->pass.work = (double)dw_numel(y) * DW_WORK_PICK;
}

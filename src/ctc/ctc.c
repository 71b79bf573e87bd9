// ctc.c: the loss of connectionist temporal classification and its gradient (Graves et al., "Connectionist temporal
// classification", 2006), by the forward-backward algorithm on logarithms. Called by the binding. A labelling of n
// labels has the states blank, label 1, blank, ..., label n, blank. At each step a path stays, moves on by one state,
// or by two from a label to a different one. Invariant: a unit is a sample, and owns its row of the result.
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "kernels/ctc.h"

enum { STRETCH = 1 << 15 }; // states after which an interruption is looked for
enum { BEFORE = 2 };        // cells before a row of states, where no path comes from

struct ctc {
  dw_ctc p;
  const struct dw_ctc_kernels *k;
  char *result;
  const char *g; // of the gradient
  int64_t bytes; // of an element
  int64_t most;  // states of the longest labelling
  int64_t pitch; // bytes of a slot's workspace
  bool backward;
};

// One sample: its states, those in the order in which they are walked back, and rows of their logarithms. Of the
// gradient, there is a row for each step and one for the start.
struct workspace {
  int64_t states, steps;
  int64_t *classes, *classes_back;
  double *skip, *skip_back;
  double *rows, *rows_back, *work;
  int64_t row; // elements from row to row
};

static int64_t row_of(int64_t most) { return round_up(most + BEFORE, 8); }

static int64_t workspace_bytes(const struct ctc *c) {
  int64_t rows = 7 + (c->backward ? c->p.time + 1 : 2); // see lay_out
  return times(times(rows, row_of(c->most)), sizeof(double));
}

static void lay_out(struct workspace *w, const struct ctc *c, char *memory) {
  double *next = (double *)(void *)memory;
  w->row = row_of(c->most);
  w->classes = (int64_t *)(void *)next, next += w->row;
  w->classes_back = (int64_t *)(void *)next, next += w->row;
  w->skip = next, next += w->row;
  w->skip_back = next, next += w->row;
  w->work = next, next += w->row;
  w->rows_back = next, next += 2 * w->row;
  w->rows = next;
}

static void describe_states(struct workspace *w, const dw_ctc *p, int64_t n) {
  const int64_t *labels = p->labels + n * p->most_labels;
  w->steps = p->steps[n], w->states = 2 * p->lengths[n] + 1;
  for (int64_t s = 0; s < w->states; s++) w->classes[s] = s % 2 == 1 ? labels[s / 2] - 1 : p->classes - 1;
  for (int64_t s = 0; s < w->states; s++) {
    bool other = s % 2 == 1 && s > 1 && w->classes[s] != w->classes[s - 2];
    w->skip[s] = other ? 0 : DW_CTC_NEVER;
  }
  for (int64_t s = 0; s < w->states; s++) {
    int64_t ahead = w->states - 1 - s; // where state s is walked from, backwards
    w->classes_back[s] = w->classes[ahead];
    w->skip_back[s] = ahead + 2 < w->states ? w->skip[ahead + 2] : DW_CTC_NEVER;
  }
}

// Row r of `rows`, of which there are `many`; the cells before it are set.
static double *row_at(const struct workspace *w, double *rows, int64_t r, int64_t many) {
  double *row = rows + r % many * w->row + BEFORE;
  row[-1] = row[-2] = DW_CTC_NEVER;
  return row;
}

// Before the first step, a path is in a state before the first two, which are its next ones.
static double *start_row(const struct workspace *w, double *rows, int64_t many) {
  double *row = row_at(w, rows, 0, many);
  for (int64_t s = 0; s < w->states; s++) row[s] = DW_CTC_NEVER;
  row[0] = 0;
  return row;
}

static const char *frame_at(const struct ctc *c, int64_t n, int64_t t) {
  return (const char *)c->p.x->data + (n * c->p.time + t) * c->p.classes * c->bytes;
}

// The logarithm of the labelling's probability; NAN when the job is to stop.
static double walk_forward(const dw_job *j, const struct ctc *c, const struct workspace *w, int64_t n, int64_t many,
                           int slot) {
  double *before = start_row(w, w->rows, many);
  for (int64_t t = 0, done = 0; t < w->steps; t++, done += w->states) {
    double *after = row_at(w, w->rows, t + 1, many);
    c->k->step(after, before, w->skip, frame_at(c, n, t), w->classes, w->states);
    before = after;
    if (done < STRETCH) continue;
    if (dw_stopped(j->cx, slot)) return NAN;
    done = 0;
  }
  double last = before[w->states - 1], other = w->states > 1 ? before[w->states - 2] : DW_CTC_NEVER;
  double most = last < other ? other : last;
  return most + log(exp(last - most) + exp(other - most));
}

static void ctc_losses(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct ctc *c = DW_STATE(struct ctc, j);
  struct workspace w;
  lay_out(&w, c, j->memory + slot * c->pitch);
  for (int64_t n = a; n < b; n++) {
    describe_states(&w, &c->p, n);
    double loss = -walk_forward(j, c, &w, n, 2, slot);
    if (c->bytes == 4) ((float *)(void *)c->result)[n] = (float)loss;
    if (c->bytes == 8) ((double *)(void *)c->result)[n] = loss;
  }
}

// False: the job is to stop.
static bool walk_back(const dw_job *j, const struct ctc *c, const struct workspace *w, int64_t n, double total,
                      int slot) {
  double g = c->bytes == 4 ? (double)((const float *)(const void *)c->g)[n] : ((const double *)(const void *)c->g)[n];
  double *before = start_row(w, w->rows_back, 2);
  for (int64_t t = w->steps - 1, done = 0; t >= 0; t--, done += w->states) {
    double *after = row_at(w, w->rows_back, w->steps - t, 2), *forward = row_at(w, w->rows, t + 1, w->steps + 1);
    char *gradient = c->result + (n * c->p.time + t) * c->p.classes * c->bytes;
    c->k->step(after, before, w->skip_back, frame_at(c, n, t), w->classes_back, w->states);
    c->k->share(gradient, w->work, forward, after, frame_at(c, n, t), w->classes, w->states, total, g);
    before = after;
    if (done < STRETCH) continue;
    if (dw_stopped(j->cx, slot)) return false;
    done = 0;
  }
  return true;
}

static void ctc_gradients(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct ctc *c = DW_STATE(struct ctc, j);
  struct workspace w;
  size_t sample = (size_t)(c->p.time * c->p.classes * c->bytes);
  lay_out(&w, c, j->memory + slot * c->pitch);
  for (int64_t n = a; n < b; n++) {
    memset(c->result + (size_t)n * sample, 0, sample);
    describe_states(&w, &c->p, n);
    double total = walk_forward(j, c, &w, n, w.steps + 1, slot);
    if (!walk_back(j, c, &w, n, total, slot)) return;
  }
}

static dw_status ctc_init(dw_job *j, const dw_context *cx, const dw_tensor *result, const dw_tensor *g,
                          const dw_ctc *p) {
  enum { COST = 60 }; // about what a state costs at a step, in multiply-adds
  struct ctc *c = DW_STATE(struct ctc, j);
  DW_REQUIRE(result->dtype == p->x->dtype && dw_is_contiguous(result) && dw_is_contiguous(p->x));
  dw_job_init(j, cx, p->batch, 0, g ? ctc_gradients : ctc_losses);
  *c = (struct ctc){.p = *p, .k = cx->kernels->ctc[p->x->dtype], .result = result->data, .backward = g != NULL};
  c->g = g ? g->data : NULL;
  c->bytes = (int64_t)dw_dtype_size(p->x->dtype);
  c->most = 1;
  for (int64_t n = 0; n < p->batch; n++) c->most = most(c->most, 2 * p->lengths[n] + 1);
  j->pass.work = (double)p->batch * (double)p->time * (double)c->most * COST * (g ? 2 : 1);
  j->slots = dw_slots(cx, p->batch, j->pass.work);
  int64_t used = 0;
  dw_scratch_each(&used, workspace_bytes(c), j->slots, &c->pitch);
  return dw_scratch_tell(j, used);
}

dw_status dw_ctc_loss_init(dw_job *j, const dw_context *cx, const dw_tensor *loss, const dw_ctc *p) {
  return ctc_init(j, cx, loss, NULL, p);
}

dw_status dw_ctc_grad_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, const dw_ctc *p) {
  return ctc_init(j, cx, dx, g, p);
}

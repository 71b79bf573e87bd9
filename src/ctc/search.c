// search.c: the search for the most probable labellings. Called by the binding. A labelling is a node of a tree: its
// last label, and the node of the labels before. The beam holds the best nodes of a step. Invariant: a unit is a
// sample; nodes of other labellings than the beam's are made only once they are in it, so that a step adds no more
// nodes than the beam is wide.
#include <math.h>
#include <string.h>

#include "base/base.h"

enum { NONE = -1 };

struct node {
  int32_t parent, label; // the label from 0 on
  int32_t child, sibling;
  int32_t at; // where it is in the beam
};

// A labelling and the logarithms of the probabilities of the paths that give it: that end in a blank, in its last
// label, and both. One that is not in the tree yet has `node` NONE, and is a child of the beam's `from`, by `label`.
struct candidate {
  double blank, last, both;
  int32_t node, from, label;
};

struct search {
  dw_ctc p;
  int64_t *labels, *found;
  double *scores;
  int64_t width, paths;
  int64_t pitch; // bytes of a slot's workspace
  int64_t nodes; // as many as there may be
};

struct workspace {
  struct node *nodes;
  struct candidate *beam, *heap; // the least of the heap comes first
  int32_t *first, *next;         // of the beam's labellings, those that are children of one in it: a list
  bool *taken;                   // labels by which a labelling's children are in the beam already
  int64_t made, kept, size;      // nodes; labellings of beam and heap
};

static int64_t pieces(const struct search *s, int64_t *sizes) {
  sizes[0] = times(s->nodes, sizeof(struct node));
  sizes[1] = sizes[2] = times(s->width, sizeof(struct candidate));
  sizes[3] = sizes[4] = times(s->width, sizeof(int32_t));
  sizes[5] = s->p.classes;
  int64_t all = 0;
  for (int i = 0; i < 6; i++) all = least(DW_TOO_MUCH, all + round_up(least(sizes[i], DW_TOO_MUCH / 2), DW_LINE));
  return all;
}

static void lay_out(struct workspace *w, const struct search *s, char *memory) {
  int64_t sizes[6];
  char *at[6];
  pieces(s, sizes);
  for (int i = 0; i < 6; i++) at[i] = memory, memory += round_up(sizes[i], DW_LINE);
  w->nodes = (void *)at[0], w->beam = (void *)at[1], w->heap = (void *)at[2];
  w->first = (void *)at[3], w->next = (void *)at[4], w->taken = (void *)at[5];
}

static double log_sum(double a, double b) {
  if (a < b) return b + log1p(exp(a - b));
  return a == -INFINITY ? a : a + log1p(exp(b - a));
}

// ---- the heap ------------------------------------------------------------------------------------

static void sink(struct candidate *heap, int64_t n, int64_t at) {
  struct candidate c = heap[at];
  for (int64_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && heap[child + 1].both < heap[child].both) child++;
    if (!(heap[child].both < c.both)) break;
    heap[at] = heap[child];
  }
  heap[at] = c;
}

static bool is_better(const struct workspace *w, const struct search *s, double both) {
  return both > -INFINITY && (w->size < s->width || both > w->heap[0].both);
}

static void push(struct workspace *w, const struct search *s, struct candidate c) {
  if (w->size == s->width) {
    w->heap[0] = c;
    return sink(w->heap, w->size, 0);
  }
  int64_t at = w->size++;
  for (; at > 0 && c.both < w->heap[(at - 1) / 2].both; at = (at - 1) / 2) w->heap[at] = w->heap[(at - 1) / 2];
  w->heap[at] = c;
}

// ---- one step ------------------------------------------------------------------------------------

static void list_children(struct workspace *w) {
  for (int64_t i = 0; i < w->kept; i++) w->first[i] = NONE;
  for (int64_t i = 0; i < w->kept; i++) {
    int32_t parent = w->nodes[w->beam[i].node].parent, at = parent == NONE ? NONE : w->nodes[parent].at;
    if (at == NONE) continue;
    w->next[i] = w->first[at];
    w->first[at] = (int32_t)i;
  }
}

// What may come before another `label` in the labelling c.
static double before(const struct workspace *w, const struct candidate *c, int32_t label) {
  return w->nodes[c->node].label == label ? c->blank : c->both;
}

// The labellings of the beam, a step on.
static void stay(struct workspace *w, const struct search *s, const double *row) {
  for (int64_t i = 0; i < w->kept; i++) {
    struct candidate c = w->beam[i];
    const struct node *node = &w->nodes[c.node];
    double both = c.both;
    if (node->parent != NONE) {
      int32_t at = w->nodes[node->parent].at;
      if (at != NONE) c.last = log_sum(c.last, before(w, &w->beam[at], node->label));
      c.last += row[node->label];
    }
    c.blank = both + row[s->p.classes - 1];
    c.both = log_sum(c.blank, c.last);
    push(w, s, c);
  }
}

// Those that have one label more.
static void grow(struct workspace *w, const struct search *s, const double *row, double most) {
  int64_t labels = s->p.classes - 1;
  for (int64_t i = 0; i < w->kept; i++) {
    const struct candidate *c = &w->beam[i];
    if (!is_better(w, s, c->both + most)) continue;
    for (int32_t k = w->first[i]; k != NONE; k = w->next[k]) w->taken[w->nodes[w->beam[k].node].label] = true;
    for (int32_t l = 0; l < labels; l++) {
      double both = before(w, c, l) + row[l];
      if (w->taken[l] || !is_better(w, s, both)) continue;
      push(w, s, (struct candidate){-INFINITY, both, both, NONE, (int32_t)i, l});
    }
    for (int32_t k = w->first[i]; k != NONE; k = w->next[k]) w->taken[w->nodes[w->beam[k].node].label] = false;
  }
}

static int32_t child_of(struct workspace *w, int32_t parent, int32_t label) {
  for (int32_t c = w->nodes[parent].child; c != NONE; c = w->nodes[c].sibling) {
    if (w->nodes[c].label == label) return c;
  }
  int32_t made = (int32_t)w->made++;
  w->nodes[made] = (struct node){parent, label, NONE, w->nodes[parent].child, NONE};
  w->nodes[parent].child = made;
  return made;
}

// The heap becomes the beam, the best first.
static void settle(struct workspace *w) {
  for (int64_t i = 0; i < w->size; i++) {
    struct candidate *c = &w->heap[i];
    if (c->node == NONE) c->node = child_of(w, w->beam[c->from].node, c->label);
  }
  for (int64_t i = 0; i < w->kept; i++) w->nodes[w->beam[i].node].at = NONE;
  w->kept = w->size;
  while (w->size > 0) {
    int64_t last = --w->size;
    w->beam[last] = w->heap[0];
    w->nodes[w->heap[0].node].at = (int32_t)last;
    w->heap[0] = w->heap[last];
    sink(w->heap, last, 0);
  }
}

// ---- a sample ------------------------------------------------------------------------------------

static void write_paths(const struct workspace *w, const struct search *s, int64_t n) {
  int64_t time = s->p.time;
  s->found[n] = w->kept;
  for (int64_t k = 0; k < least(s->paths, w->kept); k++) {
    int64_t length = 0, *labels = s->labels + (k * s->p.batch + n) * time;
    for (int32_t at = w->beam[k].node; w->nodes[at].parent != NONE; at = w->nodes[at].parent) length++;
    for (int64_t i = length; i < time; i++) labels[i] = 0;
    for (int32_t at = w->beam[k].node; length > 0; at = w->nodes[at].parent) labels[--length] = w->nodes[at].label + 1;
    s->scores[n * s->paths + k] = w->beam[k].both;
  }
}

static void ctc_search(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct search *s = DW_STATE(struct search, j);
  struct workspace w;
  lay_out(&w, s, j->memory + slot * s->pitch);
  memset(w.taken, 0, (size_t)s->p.classes);
  for (int64_t n = a; n < b; n++) {
    w.made = w.kept = 1, w.size = 0;
    w.nodes[0] = (struct node){NONE, NONE, NONE, NONE, 0};
    w.beam[0] = (struct candidate){0, -INFINITY, 0, 0, 0, 0};
    for (int64_t t = 0; t < s->p.steps[n]; t++) {
      const double *row = (const double *)s->p.x->data + (n * s->p.time + t) * s->p.classes;
      double most = -INFINITY;
      for (int64_t l = 0; l < s->p.classes - 1; l++) most = row[l] > most ? row[l] : most;
      list_children(&w);
      stay(&w, s, row);
      grow(&w, s, row, most);
      settle(&w);
      if (dw_stopped(j->cx, slot)) return;
    }
    write_paths(&w, s, n);
  }
}

dw_status dw_ctc_search_init(dw_job *j, const dw_context *cx, int64_t *labels, double *scores, int64_t *found,
                             const dw_ctc *p, int64_t width, int64_t paths) {
  struct search *s = DW_STATE(struct search, j);
  DW_REQUIRE(p->x->dtype == DW_FLOAT64 && dw_is_contiguous(p->x) && paths >= 1 && paths <= width);
  dw_job_init(j, cx, p->batch, (double)p->batch * (double)p->time * (double)width * (double)p->classes, ctc_search);
  *s = (struct search){*p, labels, found, scores, width, paths, 0, times(p->time, width) + 1};
  if (s->nodes > INT32_MAX || p->classes > INT32_MAX) return DW_TOO_LARGE;
  int64_t sizes[6], used = 0;
  j->slots = dw_slots(cx, p->batch, j->pass.work);
  dw_scratch_each(&used, pieces(s, sizes), j->slots, &s->pitch);
  return dw_scratch_tell(j, used);
}

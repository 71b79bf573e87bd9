// plan.c: decides how a depthwise convolution, or its gradient with respect to x, is computed: which way, how it is
// cut into parts, how the kernel lies, and what scratch it takes. Called by depthwise.c. Invariant: nothing is computed
// here.
#include "depthwise.h"

// Found with `make bench BENCHES=depthwise` on a Zen 4.
enum {
  UNIT_WORK = 1 << 19, // multiply-adds of vectors after which an interruption is noticed
  SHARES = 4,          // units for each thread, where they are not of one size
  MANY = 1 << 10,      // units
  FINE = 32,           // from so many tile rows a band, whole rows share out evenly enough
  FEW = 8,             // pixels of a band
  STRETCH = 1 << 23    // multiply-adds of vectors between two looks for an interruption: some milliseconds
};

void dw_correlation_phase(dw_phase *p, const struct dw_correlation *c, const dw_axis *a, int64_t f) {
  if (c->way == DW_SPREAD) {
    *p = (dw_phase){.count = a->in,
                    .to_step = 1,
                    .extent = a->out,
                    .from_step = 1,
                    .first = a->before,
                    .stride = 1,
                    .taps = a->kernel,
                    .tap_step = 1};
  } else if (c->back) {
    dw_axis_phase_back(p, a, f);
  } else {
    dw_axis_phase(p, a, f);
  }
}

// With strides of 2 an output meets a quarter of the taps; small kernels then do all phases in one walk.
static bool can_spread(const dw_depthwise *d) {
  return d->rows.stride == 2 && d->cols.stride == 2 && d->rows.dilation == 1 && d->cols.dilation == 1 &&
         (d->cols.kernel == 3 || d->cols.kernel == 5);
}

static enum dw_depthwise_way choose_way(const struct dw_correlation *c, const dw_tensor *to, const dw_tensor *from) {
  const dw_depthwise *d = &c->d;
  int64_t vector = c->kernels->vector;
  if (c->back && can_spread(d)) return DW_SPREAD;
  if (!c->back && d->multiplier == 2 && d->channels >= vector && c->kernels->pair != NULL) return DW_PAIR;
  return dw_image_is_flat(from, d, vector) && dw_image_is_flat(to, d, vector) ? DW_FLAT : DW_PLAIN;
}

static dw_depthwise_fn *kernel_of(const struct dw_correlation *c, const struct dw_kernels *k) {
  switch (c->way) {
    case DW_PAIR: return c->kernels->pair;
    case DW_SPREAD: return k->depthwise_spread[c->d.dtype]->forward;
    case DW_FLAT: return k->depthwise_flat[c->d.dtype]->forward;
    default: return c->kernels->plain;
  }
}

static void find_phases(struct dw_correlation *c) {
  const dw_depthwise *d = &c->d;
  c->phases.rows = c->way == DW_SPREAD ? 1 : c->back ? dw_axis_phases_back(&d->rows) : dw_axis_phases(&d->rows);
  c->phases.cols = c->way == DW_SPREAD ? 1 : c->back ? dw_axis_phases_back(&d->cols) : dw_axis_phases(&d->cols);
  dw_correlation_phase(&c->phases.row0, c, &d->rows, 0);
  dw_correlation_phase(&c->phases.col0, c, &d->cols, 0);
}

// Into how many parts each image is cut. An output is one chain of multiply-adds, whatever tile or unit it falls into,
// so the parts may follow from the threads.
static int64_t parts_of_image(const dw_context *cx, const struct dw_correlation *c) {
  double work = dw_depthwise_work(&c->d), units = work / (double)c->kernels->vector / UNIT_WORK;
  bool alike = !c->back || c->d.rows.stride == 1; // all phases have the same number of taps
  int64_t threads = dw_slots(cx, MANY, work), images = c->d.batch * (alike ? c->phases.rows : 1);
  int64_t wanted = most(images % threads == 0 ? images
                        : images == 1         ? threads
                                              : threads * SHARES,
                        units < MANY ? (int64_t)units : MANY);
  return images == 1 ? parts(wanted, threads) * threads : parts(wanted, images);
}

// Packed rows stay in a cache. Those that are read are few lanes of many rows, as neighbouring bands share some; those
// that are written are few rows. Where both are packed, those that are read take half the room.
static void fit_packed(struct dw_correlation *c, int64_t rows, int64_t least_units) {
  const struct dw_image *image = c->from.packed ? &c->from : &c->to;
  int64_t row = times(image->shape[DW_W], c->lanes.unit * c->from.size);
  int64_t limit = DW_PACKED_ROWS / (!c->from.packed ? 16 : c->to.packed ? 2 : 1);
  int64_t stride = c->from.packed ? most(1, c->phases.row0.stride) : 1, extra = c->from.packed ? c->d.rows.kernel : 1;
  int64_t band = most(c->kernels->rows, (limit / most(1, row * least_units) - extra) / stride + 1);
  c->bands.count = most(c->bands.count, parts(rows, band));
  c->bands.rows = parts(rows, c->bands.count);
  int64_t bytes = times(times(c->bands.rows - 1, stride) + extra, row);
  c->lanes.groups = most(c->lanes.groups, c->lanes.units / most(least_units, limit / most(1, bytes)));
}

// Images are cut by rows, and by lanes only where there are too few: a thread that writes between the lanes of another
// finds its lines on their way to the other core.
static void cut_image(struct dw_correlation *c, int64_t share) {
  struct dw_bands *b = &c->bands;
  struct dw_lanes *l = &c->lanes;
  b->tile = c->way == DW_PAIR ? 1 : c->kernels->rows;
  int64_t rows = parts(c->to.shape[DW_H], c->phases.rows);
  int64_t least_units = l->all % l->unit != 0 ? 2 : 1; // the last group fills a vector, too
  bool packed = c->from.packed || c->to.packed;
  b->even = !packed && c->way != DW_FLAT && c->phases.cols == 1 && rows < FINE * b->tile * share &&
            rows * c->phases.col0.count >= FEW * share;
  b->count = b->even ? share : least(share, rows);
  b->rows = parts(rows, b->count);
  l->groups = most(1, least(parts(share, b->count), l->units / least_units));
  if (packed) fit_packed(c, rows, least_units);
  double vectors = (double)parts(l->units, l->groups) * (double)l->unit / (double)c->kernels->vector;
  double row = vectors * (double)c->phases.col0.count * (double)c->d.rows.kernel * (double)c->d.cols.kernel;
  b->stretch = most(1, row < STRETCH ? (int64_t)(STRETCH / (row + 1)) / b->tile : 1) * b->tile;
}

// A kernel is read as it lies, unless its pixels conflict, lanes are paired or repeated, or there is less than a
// vector.
static void lay_weights(struct dw_correlation *c, const dw_tensor *kernel) {
  int64_t vector = c->kernels->vector, taps = c->d.rows.kernel * c->d.cols.kernel, size = c->from.size;
  bool pair = c->way == DW_PAIR, apart = c->lanes.all * size % DW_CONFLICT == 0;
  c->weights = (struct dw_weights){.kernel = kernel->data, .col = c->lanes.all};
  if (c->way == DW_FLAT) {
    c->weights.col = 2 * vector;
    c->weights.bytes = times(taps, c->weights.col * size);
  } else if (pair || apart || c->lanes.all < vector) {
    c->weights.col = vector;
    c->weights.vector = taps * vector;
    c->weights.pair = parts(c->lanes.all, vector) * c->weights.vector;
    c->weights.bytes = times(times(c->weights.pair, pair ? 2 : 1) + vector, size);
  }
}

// The scratch begins with a bool for each slot: whether its weights are copied.
static dw_status lay_workspace(dw_job *j, struct dw_correlation *c) {
  struct dw_workspace *s = &c->workspace;
  int64_t lanes = times(parts(c->lanes.units, c->lanes.groups), c->lanes.unit), own = 0, used = 0;
  int64_t deep = least(c->from.shape[DW_H], times(c->bands.rows - 1, c->phases.row0.stride) + c->d.rows.kernel);
  s->passes = dw_scratch_take(&own, times(c->d.cols.kernel, sizeof(struct dw_depthwise_pass)));
  s->weights = dw_scratch_take(&own, c->weights.bytes);
  s->from = dw_scratch_take(&own, dw_image_pack_bytes(&c->from, deep, lanes));
  s->to = dw_scratch_take(&own, dw_image_pack_bytes(&c->to, c->bands.rows, c->way == DW_PAIR ? 2 * lanes : lanes));
  j->zeroed = (size_t)j->slots * sizeof(bool);
  dw_scratch_take(&used, (int64_t)j->zeroed);
  s->at = dw_scratch_each(&used, own, j->slots, &s->pitch);
  return dw_scratch_tell(j, used);
}

dw_status dw_correlation_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                              const dw_tensor *kernel, const dw_depthwise *d, bool back, dw_run_units *run) {
  struct dw_correlation *c = DW_STATE(struct dw_correlation, j);
  DW_REQUIRE(to->rank == 4 && from->rank == 4 && to->dtype == d->dtype && from->dtype == d->dtype);
  DW_REQUIRE(kernel->dtype == d->dtype && kernel->shape[2] == d->channels && dw_is_contiguous(kernel));
  c->d = *d, c->back = back;
  c->kernels = cx->kernels->depthwise[d->dtype];
  c->way = choose_way(c, to, from);
  c->run = kernel_of(c, cx->kernels);
  bool pair = c->way == DW_PAIR, flat = c->way == DW_FLAT;
  dw_image_init(&c->from, cx, from, back || pair ? 1 : d->multiplier, flat);
  dw_image_init(&c->to, cx, to, back ? d->multiplier : 1, flat);
  if (c->from.packed && !back) dw_image_trim(&c->from, &d->cols);
  find_phases(c);
  c->lanes.all = pair ? d->channels : d->channels * d->multiplier;
  c->lanes.unit = c->kernels->vector * c->to.multiplier; // a fold needs whole channels
  c->lanes.units = parts(c->lanes.all, c->lanes.unit);
  cut_image(c, parts_of_image(cx, c));
  lay_weights(c, kernel);
  int64_t units = d->batch * c->phases.rows * c->bands.count * c->lanes.groups;
  dw_job_init(j, cx, units, dw_depthwise_work(d), run);
  j->slots = dw_slots(cx, units, j->pass.work);
  return lay_workspace(j, c);
}

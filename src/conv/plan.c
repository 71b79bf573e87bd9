// plan.c: decides how lines of a convolution are computed: what is packed, and how the work is cut. Called by conv.c.
// Invariant: all of it follows from shapes and strides, never from the thread count.
#include <string.h>

#include "conv.h"

// PANEL_BYTES was found with `make bench BENCHES=conv` on a Zen 4, shapes of ResNet: 1 << 16 costs up to a tenth, and
// 5 << 17 gains 3 % with 256 channels and loses 3 % with 512. The others were not searched.
enum {
  PANEL_BYTES = 5 << 15, // of a panel's part that lines take one after another
  BLOCK_BYTES = 1 << 18, // of the parts of a block's panels, which stay in the second-level cache meanwhile
  ROWS_BYTES = 1 << 18,  // of packed rows
  ROUND_BYTES = 1 << 23, // of panels packed at a time
  UNIT_WORK = 1 << 20,   // multiply-adds below which a unit is not worth cutting
  UNITS = 64,            // this many can be shared out evenly
  FEWEST_TILES = 4,      // tiles of pixels in a unit, if there are that many
  FEW_TERMS = 64         // of a pixel, below which a tile is not worth several products
};

static void finish_with(struct dw_conv_lines *p, const dw_epilogue *e) {
  if (e->bias != NULL) p->bias = e->bias->data;
  if (e->residual != NULL) p->residual = dw_volume_of(e->residual);
  if (e->curve == NULL) return;
  p->curved = true, p->gated = e->curve->gated;
  dw_curve_numbers(p->curve, e->curve);
}

// The most places that are packed for `count` neighbours: those inside.
static int64_t inside(const struct dw_conv_axis *a, int64_t count) {
  return least(dw_conv_places(a, count), parts(a->in, a->grid));
}

// How rows are read, and the steps.
static void choose_rows(struct dw_conv_lines *p, const struct dw_conv_axis axis[DW_SPATIAL]) {
  const struct dw_conv_axis *w = &axis[DW_COLS];
  int64_t terms = p->panels.terms, size = p->panels.size, nr = p->panels.kernels->nr;
  p->packed = p->from.channel != 1;
  p->row = round_up(times(inside(w, w->count) * terms, size), DW_LINE) / size;
  int64_t rows = axis[DW_DEPTH].taps * axis[DW_ROWS].taps, depth = PANEL_BYTES / (nr * size);
  int64_t runs = DW_CONV_RUNS / most(1, least(w->taps, DW_CONV_RUNS));
  p->steps = even(most(1, rows), least(runs, most(1, depth / most(1, w->taps * terms))));
  p->side = rows * w->taps * terms < FEW_TERMS ? 1 : p->panels.kernels->mr;
  int64_t part = p->steps * most(1, w->taps * terms) * nr * size;
  p->together = least(p->panels.per_group, most(1, BLOCK_BYTES / part));
}

static int64_t count_units(const struct dw_conv_lines *p) {
  int64_t phases = times(times(p->phases[0], p->phases[1]), p->phases[2]);
  return times(times(phases, p->batch), times(p->planes * p->bands, p->panels.groups * p->blocks));
}

// Bands and blocks are as large as the caches allow, then cut until there are enough units to share out.
static void choose_unit(struct dw_conv_lines *p, const struct dw_conv_axis axis[DW_SPATIAL], double work) {
  const struct dw_conv_axis *h = &axis[DW_ROWS];
  int64_t planes = most(1, axis[DW_DEPTH].taps), step = h->stride / h->grid;
  int64_t rows = most(1, ROWS_BYTES / most(1, p->row * p->panels.size * planes)); // that fit
  int64_t fewest = least(h->count, parts(FEWEST_TILES * p->panels.kernels->mr, p->width));
  int64_t want = work / UNIT_WORK < UNITS ? (int64_t)(work / UNIT_WORK) + 1 : UNITS;
  p->lines = least(h->count, most(fewest, (rows - dw_conv_places(h, 1)) / step + 1));
  for (;;) {
    p->bands = parts(h->count, p->lines), p->blocks = parts(p->panels.per_group, p->together);
    if (count_units(p) >= want) break;
    if (p->lines > fewest) {
      p->lines = most(fewest, parts(p->lines, 2));
    } else if (p->together > 1) {
      p->together = parts(p->together, 2);
    } else {
      break;
    }
  }
  p->lines = parts(h->count, p->bands), p->together = parts(p->panels.per_group, p->blocks);
  p->plane = times(inside(h, p->lines), p->row);
}

static void choose_round(struct dw_conv_lines *p) {
  int64_t all = p->panels.groups * p->blocks, block = times(dw_conv_panel_bytes(&p->panels), p->together);
  p->round = all;
  if (p->prepacked != NULL) return;
  if (times(block, all) > ROUND_BYTES) p->round = even(all, most(1, ROUND_BYTES / block));
  p->panels_bytes = times(block, p->round);
}

void dw_conv_lines_plan(struct dw_conv_lines *p, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                        const dw_tensor *kernel, const void *panels, const dw_conv *d, bool back,
                        const dw_epilogue *e) {
  struct dw_conv_axis axis[DW_SPATIAL];
  memset(p, 0, sizeof *p);
  dw_conv_panels_of(&p->panels, cx, d, kernel, back);
  p->prepacked = panels, p->batch = d->batch;
  p->to = dw_volume_of(to), p->from = dw_volume_of(from);
  p->direct = p->to.channel == 1;
  if (e != NULL) finish_with(p, e);
  for (int i = 0; i < DW_SPATIAL; i++) {
    p->axis[i] = d->axis[i];
    p->phases[i] = dw_conv_phases(&d->axis[i], back);
    dw_conv_longest_phase(&axis[i], &d->axis[i], back);
  }
  p->planes = axis[DW_DEPTH].count, p->width = axis[DW_COLS].count;
  choose_rows(p, axis);
  choose_unit(p, axis, dw_conv_work(d));
  choose_round(p);
  int64_t packed = times(times(p->plane, most(1, axis[DW_DEPTH].taps)), p->panels.size);
  int64_t columns = least(p->panels.columns, p->together * p->panels.kernels->nr);
  p->rows_bytes = p->packed ? round_up(packed, DW_LINE) + DW_LINE : 0;
  p->own_bytes = p->rows_bytes + (p->direct ? 0 : times(times(p->lines * p->width, columns), p->panels.size));
}

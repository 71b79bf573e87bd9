// ctc.c: connectionist temporal classification for Lua. The Lua layer has made tensors of whole numbers contiguous and
// int64; what they hold is checked here. Invariant: everything is checked after the last allocation, in which a
// finaliser may write into them.
#include "binding.h"

static const dw_tensor *check_wholes(lua_State *L, int index, const char *argument, int64_t n) {
  const dw_tensor *t = dwl_checktensor(L, index, argument);
  if (t->dtype != DW_INT64) dwl_expected(L, argument, "a tensor of int64", index);
  if (dw_numel(t) != n) {
    dwl_error(L, "%s must hold %I numbers, got %s", argument, (LUAI_UACINT)n, dwl_shape_text(L, t));
  }
  return dwl_contiguous(L, index);
}

static const dw_tensor *read_rows(lua_State *L, dw_ctc *p, int index, const char *argument) {
  const dw_tensor *x = dwl_checktensor(L, index, argument);
  if (x->rank != 3 || !dw_dtype_is_float(x->dtype)) {
    dwl_expected(L, argument, "a tensor n,time,classes of floats", index);
  }
  if (x->shape[2] == 0) dwl_error(L, "%s (%s) has no classes", argument, dwl_shape_text(L, x));
  *p = (dw_ctc){.x = dwl_contiguous(L, index), .batch = x->shape[0], .time = x->shape[1], .classes = x->shape[2]};
  return p->x;
}

static int sample(int64_t n) { return (int)n + 1; }

static void check_steps(lua_State *L, const dw_ctc *p) {
  for (int64_t n = 0; n < p->batch; n++) {
    if (p->steps[n] >= 0 && p->steps[n] <= p->time) continue;
    dwl_error(L, "input_length of sample %d is %I, outside 0 to %I", sample(n), (LUAI_UACINT)p->steps[n],
              (LUAI_UACINT)p->time);
  }
}

static void check_labels(lua_State *L, const dw_ctc *p, int64_t n) {
  const int64_t *labels = p->labels + n * p->most_labels;
  int64_t wanted = p->lengths[n];
  for (int64_t i = 0; i < p->lengths[n]; i++) {
    if (labels[i] < 1 || labels[i] >= p->classes) {
      dwl_error(L, "y_true of sample %d holds the label %I, outside 1 to %I%s", sample(n), (LUAI_UACINT)labels[i],
                (LUAI_UACINT)(p->classes - 1),
                labels[i] == 0            ? "; counting starts at 1"
                : labels[i] == p->classes ? "; the last class is the blank"
                                          : "");
    }
    wanted += i > 0 && labels[i] == labels[i - 1];
  }
  if (wanted <= p->steps[n]) return;
  dwl_error(L, "input_length of sample %d is %I, but its labels need %I steps", sample(n), (LUAI_UACINT)p->steps[n],
            (LUAI_UACINT)wanted);
}

static void check_lengths(lua_State *L, const dw_ctc *p) {
  for (int64_t n = 0; n < p->batch; n++) {
    dwl_poll(L, n);
    if (p->lengths[n] < 0 || p->lengths[n] > p->most_labels) {
      dwl_error(L, "label_length of sample %d is %I, outside 0 to %I", sample(n), (LUAI_UACINT)p->lengths[n],
                (LUAI_UACINT)p->most_labels);
    }
    check_labels(L, p, n);
  }
}

// x, y_true, input_length, label_length, from `index` on.
static void read_problem(lua_State *L, dw_ctc *p, int index) {
  read_rows(L, p, index, "log_probabilities");
  const dw_tensor *labels = dwl_checktensor(L, index + 1, "y_true");
  if (labels->rank != 2 || labels->shape[0] != p->batch) {
    const char *shape = dwl_shape_text(L, labels);
    dwl_error(L, "y_true (%s) must have a row for each of %I samples", shape, (LUAI_UACINT)p->batch);
  }
  p->most_labels = labels->shape[1];
  p->labels = check_wholes(L, index + 1, "y_true", dw_numel(labels))->data;
  p->steps = check_wholes(L, index + 2, "input_length", p->batch)->data;
  p->lengths = check_wholes(L, index + 3, "label_length", p->batch)->data;
}

static int ctc_loss(lua_State *L) { // log_probabilities, y_true, input_length, label_length
  dw_ctc p;
  dw_job j;
  lua_settop(L, 4);
  read_problem(L, &p, 1);
  const dw_tensor *loss = dwl_newtensor(L, p.x->dtype, 1, &p.batch);
  check_steps(L, &p);
  check_lengths(L, &p);
  dwl_check(L, dw_ctc_loss_init(&j, dwl_context(L), loss, &p));
  dwl_run(L, &j);
  return 1;
}

static int ctc_loss_grad(lua_State *L) { // g, log_probabilities, y_true, input_length, label_length
  dw_ctc p;
  dw_job j;
  const dw_tensor *g = dwl_checktensor(L, 1, "g");
  lua_settop(L, 5);
  read_problem(L, &p, 2);
  if (g->rank != 1 || g->shape[0] != p.batch) {
    dwl_error(L, "g (%s) must have a number for each of %I samples", dwl_shape_text(L, g), (LUAI_UACINT)p.batch);
  }
  if (g->dtype != p.x->dtype) dwl_mixed(L, g->dtype, "g", p.x->dtype, "log_probabilities");
  g = dwl_contiguous(L, 1);
  const dw_tensor *dx = dwl_newtensor(L, p.x->dtype, 3, p.x->shape);
  check_steps(L, &p);
  check_lengths(L, &p);
  dwl_check(L, dw_ctc_grad_init(&j, dwl_context(L), dx, g, &p));
  dwl_run(L, &j);
  return 1;
}

static void check_found(lua_State *L, const int64_t *found, int64_t batch, int64_t paths) {
  for (int64_t n = 0; n < batch; n++) {
    if (found[n] >= paths) continue;
    dwl_error(L, "top_paths is %I, but the search found only %I for sample %d", (LUAI_UACINT)paths,
              (LUAI_UACINT)found[n], sample(n));
  }
}

// log_probabilities, input_length, beam_width, top_paths -> labels (paths,n,time), scores (n,paths)
static int ctc_search(lua_State *L) {
  dw_ctc p;
  dw_job j;
  read_rows(L, &p, 1, "log_probabilities");
  p.steps = check_wholes(L, 2, "input_length", p.batch)->data;
  int64_t width = dwl_checkinteger(L, 3, "beam_width", 1, INT32_MAX);
  int64_t paths = dwl_checkinteger(L, 4, "top_paths", 1, width);
  if (p.x->dtype != DW_FLOAT64) dwl_expected(L, "log_probabilities", "a tensor of float64", 1);
  const dw_tensor *found = dwl_newtensor(L, DW_INT64, 1, &p.batch);
  const dw_tensor *labels = dwl_newtensor(L, DW_INT64, 3, (int64_t[]){paths, p.batch, p.time});
  const dw_tensor *scores = dwl_newtensor(L, DW_FLOAT64, 2, (int64_t[]){p.batch, paths});
  check_steps(L, &p);
  dwl_check(L, dw_ctc_search_init(&j, dwl_context(L), labels->data, scores->data, found->data, &p, width, paths));
  dwl_run(L, &j);
  check_found(L, found->data, p.batch, paths);
  return 2;
}

const luaL_Reg dwl_ctc_functions[] = {
    {"ctc_loss", ctc_loss}, {"ctc_loss_grad", ctc_loss_grad}, {"ctc_search", ctc_search}, {NULL, NULL}};

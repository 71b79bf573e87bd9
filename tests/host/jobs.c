// jobs.c: a host without Lua that runs jobs by itself: the passes of a depthwise convolution, of a matrix product with
// bias and curve, and of a reduction, all within ONE parallel region of its own threads, with a barrier after each
// pass, as a plan of a network does. Run by tests/host_spec.lua: jobs [how many rounds]. Invariant: results have the
// bits that dw_run gives with one thread, for each number of threads and each ISA.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dwconv.h"

enum { MOST = 5, JOBS = 3 };

static void *room(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 64) / 64 * 64);
  if (p == NULL) abort();
  return p;
}

static dw_tensor tensor(int rank, const int64_t *shape, uint64_t key) {
  dw_tensor t;
  dw_context alone;
  dw_job j;
  dw_random r = {.key = key};
  dw_context_init(&alone);
  alone.threads = 1;
  dw_tensor_init(&t, NULL, DW_FLOAT32, rank, shape);
  t.data = room((size_t)dw_numel(&t) * sizeof(float));
  dw_random_init(&j, &alone, &t, &r, DW_UNIFORM, -1, 1);
  if (dw_run(&j, NULL) != DW_OK) abort();
  return t;
}

// ---- the network --------------------------------------------------------------------------------
// A separable block and the deviation of its result: x -> depthwise -> y -> product, bias, relu6 -> z -> deviation over
// rows. Each job reads what the one before it writes.

struct network {
  dw_depthwise d;
  dw_tensor x, kernel, y, rows, weights, bias, z, deviation;
};

static void make_network(struct network *n, uint64_t key) {
  int axis;
  n->x = tensor(4, (int64_t[]){6, 23, 27, 40}, key);
  n->kernel = tensor(4, (int64_t[]){3, 3, 40, 2}, key + 1);
  n->y = tensor(4, (int64_t[]){6, 23, 27, 80}, key + 2);
  n->weights = tensor(2, (int64_t[]){80, 48}, key + 3);
  n->bias = tensor(1, (int64_t[]){48}, key + 4);
  n->z = tensor(2, (int64_t[]){6 * 23 * 27, 48}, key + 5);
  n->deviation = tensor(2, (int64_t[]){1, 48}, key + 6);
  dw_reshape_view(&n->rows, &n->y, 2, (int64_t[]){6 * 23 * 27, 80});
  if (dw_depthwise_init(&n->d, &n->x, &n->kernel, (int64_t[]){1, 1}, (int64_t[]){1, 1}, DW_SAME, NULL, &axis) !=
      DW_OK) {
    abort();
  }
}

static void free_network(struct network *n) {
  dw_tensor *all[] = {&n->x, &n->kernel, &n->y, &n->weights, &n->bias, &n->z, &n->deviation};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]->data);
}

static void decide(dw_job jobs[JOBS], const dw_context *cx, const struct network *n) {
  static const dw_curve relu6 = {1, 0, 0, 6, false};
  dw_epilogue e = {.bias = &n->bias, .curve = &relu6};
  if (dw_depthwise_forward_init(&jobs[0], cx, &n->y, &n->x, &n->kernel, &n->d) != DW_OK ||
      dw_gemm_init(&jobs[1], cx, &n->z, &n->rows, &n->weights, NULL, &e) != DW_OK ||
      dw_reduce_init(&jobs[2], cx, &n->deviation, &n->z, DW_DEVIATION, 0) != DW_OK) {
    abort();
  }
}

static void stain(const struct network *n) {
  const dw_tensor *outputs[] = {&n->y, &n->z, &n->deviation};
  for (int i = 0; i < JOBS; i++) memset(outputs[i]->data, 0xff, (size_t)dw_numel(outputs[i]) * sizeof(float));
}

// ---- one region ---------------------------------------------------------------------------------

struct region {
  dw_job jobs[JOBS];
  int threads, job;
  int64_t passes;
  bool over;
  pthread_barrier_t barrier;
};

struct thread {
  struct region *region;
  int slot;
};

// Between two barriers, by one thread: the pass that comes now.
static void advance(struct region *r) {
  dw_job *j = &r->jobs[r->job];
  r->passes++;
  if (j->next != NULL && j->next(j)) return;
  r->over = ++r->job == JOBS;
}

// A thread has the same share of the units of each pass; a job has no more slots than it says.
static void run_share(dw_job *j, int slot, int threads) {
  int slots = j->slots < threads ? j->slots : threads;
  int64_t units = j->pass.units;
  if (slot < slots) j->pass.run(j, units * slot / slots, units * (slot + 1) / slots, slot);
}

static void *work(void *arg) {
  struct thread *t = arg;
  struct region *r = t->region;
  while (!r->over) {
    run_share(&r->jobs[r->job], t->slot, r->threads);
    pthread_barrier_wait(&r->barrier);
    if (t->slot == 0) advance(r);
    pthread_barrier_wait(&r->barrier);
  }
  return NULL;
}

// Gives the number of passes.
static int64_t run_in_one_region(const dw_context *cx, const struct network *n) {
  static struct region r;
  struct thread threads[MOST];
  pthread_t ids[MOST];
  r = (struct region){.threads = cx->threads};
  decide(r.jobs, cx, n);
  for (int i = 0; i < JOBS; i++) {
    r.jobs[i].memory = room(r.jobs[i].scratch);
    memset(r.jobs[i].memory, 0, r.jobs[i].zeroed);
  }
  pthread_barrier_init(&r.barrier, NULL, (unsigned)cx->threads);
  for (int i = 0; i < cx->threads; i++) {
    threads[i] = (struct thread){&r, i};
    if (pthread_create(&ids[i], NULL, work, &threads[i]) != 0) abort();
  }
  for (int i = 0; i < cx->threads; i++) pthread_join(ids[i], NULL);
  pthread_barrier_destroy(&r.barrier);
  for (int i = 0; i < JOBS; i++) free(r.jobs[i].memory);
  return r.passes;
}

static void run_one_by_one(const dw_context *cx, const struct network *n) {
  dw_job jobs[JOBS];
  decide(jobs, cx, n);
  for (int i = 0; i < JOBS; i++) {
    void *scratch = room(jobs[i].scratch);
    if (dw_run(&jobs[i], scratch) != DW_OK) abort();
    free(scratch);
  }
}

// ---- comparing ----------------------------------------------------------------------------------

static int failures;

static float *copy_of(const dw_tensor *t) {
  size_t bytes = (size_t)dw_numel(t) * sizeof(float);
  return memcpy(room(bytes), t->data, bytes);
}

static void check_network(const dw_context *cx, uint64_t key, int64_t *passes) {
  struct network n;
  dw_context alone = *cx;
  make_network(&n, key);
  alone.threads = 1, alone.workers = NULL;
  stain(&n);
  run_one_by_one(&alone, &n);
  const dw_tensor *outputs[] = {&n.y, &n.z, &n.deviation};
  float *wanted[] = {copy_of(&n.y), copy_of(&n.z), copy_of(&n.deviation)};
  stain(&n);
  *passes = run_in_one_region(cx, &n);
  for (int i = 0; i < JOBS; i++) {
    if (memcmp(wanted[i], outputs[i]->data, (size_t)dw_numel(outputs[i]) * sizeof(float)) != 0) {
      fprintf(stderr, "jobs: %s, %d threads, job %d: other bits than one by one\n", dw_context_isa(cx), cx->threads,
              i + 1);
      failures++;
    }
    free(wanted[i]);
  }
  free_network(&n);
}

int main(int argc, char **argv) {
  static const char *const isas[] = {"base", "avx2", "avx512"};
  int rounds = argc > 1 ? atoi(argv[1]) : 3, tried = 0;
  int64_t passes = 0;
  void *memory = room(dw_workers_bytes());
  dw_context cx;
  dw_context_init(&cx);
  cx.workers = dw_workers_init(memory); // so that inits count on threads; none of its workers is ever started
  cx.grain = 0;
  for (int i = 0; i < 3; i++) {
    if (!dw_context_set_isa(&cx, isas[i])) continue;
    for (cx.threads = 1; cx.threads <= MOST; cx.threads++, tried++) {
      for (int r = 0; r < rounds; r++) check_network(&cx, (uint64_t)(10 * r + 1), &passes);
    }
  }
  printf("jobs: %d jobs, %lld passes in one region, %d contexts, %d failures\n", JOBS, (long long)passes, tried,
         failures);
  free(memory);
  return failures > 0;
}

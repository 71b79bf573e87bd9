// parallel.c: shares the tasks of a driver out over threads. The only file that knows OpenMP.
// Invariant: a task runs whole, once, on one thread; results never depend on which. No Lua call happens
// in here but cx->interrupted, which the calling thread alone makes, and which cannot raise.
#include "dwconv.h"

#include <pthread.h>
#include <stdatomic.h>

#ifdef _OPENMP
#include <omp.h>
#endif

// libgomp's threads do not survive fork(), and a region in the child would wait for them for ever.
// The process that opened the first region owns the pool; any other runs on one thread.
#ifdef _OPENMP
static atomic_bool opened, orphan;

static void orphan_child(void) {
  if (opened) orphan = true;
}

static void watch_forks(void) {
  if (pthread_atfork(NULL, NULL, orphan_child) != 0) orphan = true;
}

static bool may_open_region(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_forks);
  if (!opened) opened = true;
  return !orphan;
}
#endif

bool dw_has_openmp(void) {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

static void *wait_for(void *gate) {
  pthread_mutex_lock(gate);
  pthread_mutex_unlock(gate);
  return NULL;
}

bool dw_can_start(int threads) {
  enum { MOST = 1024 };
  pthread_t started[MOST];
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  int n = 0;
  if (!dw_has_openmp()) return true;
  pthread_mutex_lock(&gate); // all are alive at once
  while (n < threads - 1 && n < MOST && pthread_create(&started[n], NULL, wait_for, &gate) == 0) n++;
  pthread_mutex_unlock(&gate);
  for (int i = 0; i < n; i++) pthread_join(started[i], NULL);
  return n == threads - 1;
}

int dw_slots(const dw_context *cx, int64_t tasks, double work) {
#ifdef _OPENMP
  if (cx->threads > 1 && tasks > 1 && work >= cx->grain && may_open_region()) return cx->threads;
#else
  (void)cx, (void)tasks, (void)work;
#endif
  return 1;
}

static bool interrupted(const dw_context *cx) { return cx->interrupted != NULL && cx->interrupted(cx->user); }

#ifdef _OPENMP
static dw_status run_region(const dw_context *cx, int64_t tasks, int slots, dw_run *run, void *job) {
  atomic_bool stop = false;
#pragma omp parallel num_threads(slots)
  {
    int slot = omp_get_thread_num(), team = omp_get_num_threads();
    int64_t a = tasks / team * slot + tasks % team * slot / team;
    int64_t b = tasks / team * (slot + 1) + tasks % team * (slot + 1) / team;
    for (int64_t i = a; i < b; i++) {
      if (slot == 0 && i > a && interrupted(cx)) atomic_store_explicit(&stop, true, memory_order_relaxed);
      if (atomic_load_explicit(&stop, memory_order_relaxed)) break;
      run(job, i, i + 1, slot);
    }
  }
  return stop ? DW_INTERRUPTED : DW_OK;
}
#endif

dw_status dw_parallel(const dw_context *cx, int64_t tasks, double work, dw_run *run, void *job) {
#ifdef _OPENMP
  int slots = dw_slots(cx, tasks, work);
  if (slots > 1) return run_region(cx, tasks, slots, run, job);
#endif
  if (work < cx->grain) {
    if (tasks > 0) run(job, 0, tasks, 0);
    return DW_OK;
  }
  for (int64_t i = 0; i < tasks; i++) {
    if (i > 0 && interrupted(cx)) return DW_INTERRUPTED;
    run(job, i, i + 1, 0);
  }
  return DW_OK;
}

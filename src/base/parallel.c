// parallel.c: runs jobs: cuts the units of each pass into tasks and shares these out over threads. The only file that
// starts any. Invariants: a unit runs whole, once, on one thread, and results never depend on which. The calling thread
// does not wait for workers that have not come: it does what is left itself. Nothing here ends the process: where the
// system refuses a thread, there are fewer. The only Lua call in here is cx->interrupted, which the calling thread
// alone makes, and which cannot raise.
#include "base.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { MOST = DW_MAX_THREADS };

// How long a thread looks for work before it sleeps: longer than Lua takes from one call to the next, and shorter than
// what a busy machine would miss. Found with bench/small_net.lua on two cores: idle, 5 to 200 differ by no more
// than the runs do; beside four busy loops 5 and 20 are alike, 50 is slower, and 200 slower still.
enum { SPIN_US = 30 };

// The tasks next .. end-1 of a slot, on a line of its own. Whoever has done its own tasks takes those of others.
struct share {
  _Alignas(DW_LINE) _Atomic int64_t next;
  int64_t end;
  dw_workers *workers;
};

// `state` is the number of the region, how many slots it has (0: it is closed), and how many workers are inside. What
// describes the region, a pass of `job` cut into tasks of some units each, is written while it is closed and nobody is
// inside.
struct dw_workers {
  _Alignas(DW_LINE) _Atomic uint64_t state;
  dw_job *job;
  int64_t per_task;
  _Alignas(DW_LINE) atomic_bool stop; // the region is interrupted
  atomic_bool workers_sleep;          // some of them do; cleared by the thread that wakes them
  atomic_bool caller_sleeps;
  atomic_int end; // workers from this slot on are to end
  int threads;    // including the calling one
  bool refused;   // the system gave no more, or the workers were stopped
  unsigned home;  // the value of `forks` in the process that started the workers
  pthread_mutex_t lock;
  pthread_cond_t work, done;
  pthread_t thread[MOST];
  struct share share[MOST];
};

enum { FIELD = 12, ONES = (1 << FIELD) - 1 };

static uint64_t open_state(uint64_t number, int slots) { return number << 2 * FIELD | (uint64_t)slots << FIELD; }
static uint64_t number_of(uint64_t state) { return state >> 2 * FIELD; }
static int slots_of(uint64_t state) { return (int)(state >> FIELD & ONES); }
static int inside_of(uint64_t state) { return (int)(state & ONES); }

// ---- waiting ------------------------------------------------------------------------------------

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void relax(void) {
#if defined __x86_64__ || defined __i386__
  __builtin_ia32_pause();
#elif defined __aarch64__
  __asm__ volatile("yield");
#endif
}

// Looks until ready(workers, what) or for SPIN_US. A thread that the machine does not run meanwhile finds that its time
static bool spin(dw_workers *p, bool (*ready)(dw_workers *p, uint64_t what), uint64_t what) {
  enum { LOOKS = 32 };
  int64_t end = now_us() + SPIN_US;
  do {
    for (int i = 0; i < LOOKS; i++, relax()) {
      if (ready(p, what)) return true;
    }
  } while (now_us() < end);
  return false;
}

// ---- workers ------------------------------------------------------------------------------------

static bool interrupted(const dw_context *cx) { return cx->interrupted != NULL && cx->interrupted(cx->user); }

static void run_task(dw_job *j, int64_t task, int64_t per_task, int slot) {
  j->pass.run(j, task * per_task, least((task + 1) * per_task, j->pass.units), slot);
}

// Runs what is left of a region, beginning with the slot's own share. cx: the calling thread's, which looks for
// interruptions.
static void run_shares(dw_workers *p, int slot, int slots, const dw_context *cx) {
  for (int i = 0; i < slots; i++) {
    struct share *s = &p->share[(slot + i) % slots];
    while (atomic_load_explicit(&s->next, memory_order_relaxed) < s->end) {
      if (atomic_load_explicit(&p->stop, memory_order_relaxed)) return;
      int64_t task = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
      if (task >= s->end) break;
      run_task(p->job, task, p->per_task, slot);
      if (cx != NULL && interrupted(cx)) p->stop = true;
    }
  }
}

// A region with room for `slot` that is not the one numbered `seen`, or the end. `what` is both.
static bool is_called(dw_workers *p, uint64_t what) {
  uint64_t state = p->state;
  int slot = (int)(what & ONES);
  return (slots_of(state) > slot && number_of(state) != what >> FIELD) || slot >= p->end;
}

static void wait_for_call(dw_workers *p, uint64_t what) {
  if (spin(p, is_called, what)) return;
  pthread_mutex_lock(&p->lock);
  for (p->workers_sleep = true; !is_called(p, what); p->workers_sleep = true) pthread_cond_wait(&p->work, &p->lock);
  pthread_mutex_unlock(&p->lock);
}

// Enters the region that is open; gives its state, or 0 if there is no open region any more.
static uint64_t enter(dw_workers *p, int slot) {
  uint64_t state = p->state;
  while (slots_of(state) > slot) {
    if (atomic_compare_exchange_weak(&p->state, &state, state + 1)) return state;
  }
  return 0;
}

static void leave(dw_workers *p) {
  uint64_t before = atomic_fetch_sub(&p->state, 1);
  if (slots_of(before) > 0 || inside_of(before) > 1 || !p->caller_sleeps) return;
  pthread_mutex_lock(&p->lock);
  pthread_cond_signal(&p->done);
  pthread_mutex_unlock(&p->lock);
}

static void *work(void *share) {
  struct share *own = share;
  dw_workers *p = own->workers;
  int slot = (int)(own - p->share);
  for (uint64_t seen = 0; slot < p->end;) {
    wait_for_call(p, seen << FIELD | (uint64_t)slot);
    uint64_t state = enter(p, slot);
    if (state == 0) continue;
    seen = number_of(state);
    run_shares(p, slot, slots_of(state), NULL);
    leave(p);
  }
  return NULL;
}

// ---- the workers --------------------------------------------------------------------------------

// Threads do not survive fork(): the child of the process that started them has none until it starts its own.
static atomic_uint forks;
static atomic_bool watching;

static void count_fork(void) { forks++; }

static void watch_forks(void) { watching = pthread_atfork(NULL, NULL, count_fork) == 0; }

static bool is_orphan(const dw_workers *p) { return p->home != forks; }

size_t dw_workers_bytes(void) { return sizeof(dw_workers); }

dw_workers *dw_workers_init(void *memory) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  dw_workers *p = memory;
  pthread_condattr_t clock;
  pthread_once(&once, watch_forks);
  atomic_init(&p->state, 0);
  atomic_init(&p->stop, false);
  atomic_init(&p->workers_sleep, false);
  atomic_init(&p->caller_sleeps, false);
  atomic_init(&p->end, MOST);
  p->threads = 1;
  p->refused = !watching;
  p->home = forks;
  pthread_mutex_init(&p->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&p->work, NULL);
  pthread_cond_init(&p->done, &clock);
  pthread_condattr_destroy(&clock);
  return p;
}

// A worker has a stack of a fixed size, which is all it needs, and handles no signal, as signals are the program's.
static void start_workers(dw_workers *p, int threads) {
  enum { STACK = 1 << 20 };
  pthread_attr_t attributes;
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (; p->threads < threads; p->threads++) {
    struct share *s = &p->share[p->threads];
    s->workers = p;
    if (pthread_create(&p->thread[p->threads], &attributes, work, s) != 0) break;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

// Nobody is in a region.
static void end_workers(dw_workers *p, int from) {
  p->end = from;
  pthread_mutex_lock(&p->lock);
  pthread_cond_broadcast(&p->work);
  pthread_mutex_unlock(&p->lock);
  for (; p->threads > from; p->threads--) pthread_join(p->thread[p->threads - 1], NULL);
}

bool dw_workers_start(dw_workers *p, int threads) {
  if (p->end < MOST) return threads == 1; // it was stopped
  if (is_orphan(p)) dw_workers_init(p);
  int before = p->threads;
  if (watching) start_workers(p, threads);
  p->refused = p->threads < threads;
  if (!p->refused) return true;
  end_workers(p, before); // they would only take room
  p->end = MOST;
  return false;
}

void dw_workers_stop(dw_workers *p) {
  if (is_orphan(p)) {
    p->end = 0;
    return;
  }
  end_workers(p, 1);
  p->refused = true;
  pthread_cond_destroy(&p->work);
  pthread_cond_destroy(&p->done);
  pthread_mutex_destroy(&p->lock);
}

// ---- regions ------------------------------------------------------------------------------------

int dw_slots(const dw_context *cx, int64_t units, double work) {
  bool many = cx->workers != NULL && cx->threads > 1 && units > 1 && work >= cx->grain;
  return many && !is_orphan(cx->workers) ? cx->threads : 1;
}

// How many of the threads that are wanted there are.
static int find_threads(dw_workers *p, int wanted) {
  if (p->threads < wanted && !p->refused) start_workers(p, wanted), p->refused = p->threads < wanted;
  return p->threads < wanted ? p->threads : wanted;
}

static void open_region(dw_workers *p, dw_job *j, int64_t tasks, int64_t per_task, int slots) {
  p->job = j, p->per_task = per_task;
  for (int64_t i = 0; i < slots; i++) {
    atomic_store_explicit(&p->share[i].next, tasks / slots * i + tasks % slots * i / slots, memory_order_relaxed);
    p->share[i].end = tasks / slots * (i + 1) + tasks % slots * (i + 1) / slots;
  }
  p->state = open_state(number_of(p->state) + 1, slots);
  if (!atomic_exchange(&p->workers_sleep, false)) return;
  pthread_mutex_lock(&p->lock);
  pthread_cond_broadcast(&p->work);
  pthread_mutex_unlock(&p->lock);
}

static bool is_empty(dw_workers *p, uint64_t what) { return (void)what, inside_of(p->state) == 0; }

// No worker comes in any more; those that are inside finish their tasks, which may take long.
static void close_region(dw_workers *p, const dw_context *cx) {
  enum { POLL_US = 10000 };
  atomic_fetch_and(&p->state, ~((uint64_t)ONES << FIELD));
  if (spin(p, is_empty, 0)) return;
  pthread_mutex_lock(&p->lock);
  for (p->caller_sleeps = true; !is_empty(p, 0);) {
    int64_t end = now_us() + POLL_US;
    struct timespec t = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
    pthread_cond_timedwait(&p->done, &p->lock, &t);
    if (interrupted(cx)) p->stop = true;
  }
  p->caller_sleeps = false;
  pthread_mutex_unlock(&p->lock);
}

bool dw_stopped(const dw_context *cx, int slot) {
  if (cx->workers == NULL) return interrupted(cx);
  if (slot == 0 && interrupted(cx)) cx->workers->stop = true;
  return atomic_load_explicit(&cx->workers->stop, memory_order_relaxed);
}

// Whether units were told to stop, or, without workers, would be now.
static bool was_stopped(const dw_context *cx) {
  return cx->workers == NULL ? interrupted(cx) : atomic_load_explicit(&cx->workers->stop, memory_order_relaxed);
}

// ---- jobs ---------------------------------------------------------------------------------------

// A task is worth its share-out and a look for an interruption: an eighth of what is worth a region, some microseconds.
static int64_t units_per_task(const dw_context *cx, const dw_pass *p) {
  double unit = p->work / (double)p->units, least_task = cx->grain / 8;
  return unit < least_task ? (int64_t)(least_task / unit) : 1;
}

static dw_status run_alone(dw_job *j, int64_t tasks, int64_t per_task) {
  for (int64_t i = 0; i < tasks; i++) {
    run_task(j, i, per_task, 0);
    if (i + 1 < tasks && interrupted(j->cx)) return DW_INTERRUPTED;
  }
  return was_stopped(j->cx) ? DW_INTERRUPTED : DW_OK;
}

static dw_status run_pass(dw_job *j) {
  const dw_pass *pass = &j->pass;
  dw_workers *p = j->cx->workers;
  if (pass->units == 0) return DW_OK;
  if (p != NULL) atomic_store_explicit(&p->stop, false, memory_order_relaxed); // nobody is inside
  if (pass->work < j->cx->grain) return run_alone(j, 1, pass->units);
  int64_t per_task = units_per_task(j->cx, pass), tasks = parts(pass->units, per_task);
  int slots = (int)least(least(dw_slots(j->cx, pass->units, pass->work), j->slots), tasks);
  if (slots > 1) slots = find_threads(p, slots);
  if (slots <= 1) return run_alone(j, tasks, per_task);
  open_region(p, j, tasks, per_task, slots);
  run_shares(p, 0, slots, j->cx);
  close_region(p, j->cx);
  return was_stopped(j->cx) ? DW_INTERRUPTED : DW_OK;
}

dw_status dw_run(dw_job *j, void *memory) {
  j->memory = memory;
  if (j->zeroed > 0) memset(memory, 0, j->zeroed);
  for (;;) {
    dw_status s = run_pass(j);
    if (s != DW_OK) return s;
    if (j->next == NULL || !j->next(j)) return j->status;
    if (interrupted(j->cx)) return DW_INTERRUPTED;
  }
}

// machine.c: what this machine and the cgroups around us allow: processors, memory and caches. Called once per context,
// and before large allocations. Reads small files without stdio; a file that cannot be read sets no limit.
#define _GNU_SOURCE
#include "dwconv.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_file(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, size - 1);
  close(fd);
  if (n <= 0) return false;
  text[n] = '\0';
  return true;
}

// root + group + "/" + name, if it fits.
static bool read_group(const char *root, const char *group, const char *name, char *text, size_t size) {
  char path[512];
  size_t a = strlen(root), b = strlen(group), c = strlen(name);
  if (a + b + c + 2 > sizeof path) return false;
  memcpy(path, root, a);
  memcpy(path + a, group, b);
  path[a + b] = '/';
  memcpy(path + a + b + 1, name, c + 1);
  return read_file(path, text, size);
}

#define CGROUPS "/sys/fs/cgroup"

// Calls `see` with our group of cgroup v2 and with every group above it; the topmost is "".
static void each_group(void (*see)(const char *group, void *user), void *user) {
  char self[1024], *group = NULL;
  if (read_file("/proc/self/cgroup", self, sizeof self)) group = strstr(self, "0::/");
  if (group != NULL) {
    group += 3;
    group[strcspn(group, "\n")] = '\0';
    for (char *slash; (slash = strrchr(group, '/')) != NULL; *slash = '\0') {
      if (slash[1] != '\0') see(group, user);
    }
  }
  see("", user);
}

static int quota_to_cpus(int64_t quota, int64_t period) {
  return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

static void see_cpu_max(const char *group, void *user) { // "max 100000" or "150000 100000"
  int *cpus = user;
  char text[128], *end;
  if (!read_group(CGROUPS, group, "cpu.max", text, sizeof text)) return;
  long long quota = strtoll(text, &end, 10), period = strtoll(end, NULL, 10);
  int n = quota_to_cpus(quota, period);
  if (n > 0 && n < *cpus) *cpus = n;
}

static int affinity(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? (int)n : 1;
}

int dw_default_threads(void) {
  int n = affinity();
  if (n > DW_MAX_THREADS) n = DW_MAX_THREADS;
  each_group(see_cpu_max, &n);
  char quota[64], period[64];
  if (read_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota) &&
      read_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period)) {
    int v1 = quota_to_cpus(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
    if (v1 > 0 && v1 < n) n = v1;
  }
  const char *wish = getenv("OMP_NUM_THREADS"); // the first of a list; nonsense is ignored
  if (wish != NULL) {
    long w = strtol(wish, NULL, 10);
    if (w >= 1 && w < n) n = (int)w;
  }
  return n;
}

// The number after `key`, which begins a line; `none` if it is not there.
static int64_t number_at(const char *text, const char *key, int64_t none) {
  size_t n = strlen(key);
  for (; text != NULL; text = strchr(text, '\n')) {
    if (*text == '\n') text++;
    if (strncmp(text, key, n) == 0) return strtoll(text + n, NULL, 10);
  }
  return none;
}

static int64_t read_number(const char *root, const char *group, const char *name, int64_t none) {
  char text[64];
  if (!read_group(root, group, name, text, sizeof text)) return none;
  int64_t n = strtoll(text, NULL, 10); // "max" is 0
  return n > 0 ? n : none;
}

// What the two versions of cgroups call a limit, the bytes in use, and the part of these that holds files which can be
// read again.
struct names {
  const char *root, *limit, *used, *files;
};
static const struct names v2 = {CGROUPS, "memory.max", "memory.current", "inactive_file "};
static const struct names v1 = {CGROUPS "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                "total_inactive_file "};

static void see_memory(const struct names *v, const char *group, dw_memory *m) {
  char stat[8192];
  int64_t limit = read_number(v->root, group, v->limit, INT64_MAX);
  if (limit == INT64_MAX) return;
  int64_t used = read_number(v->root, group, v->used, 0), files = 0;
  if (read_group(v->root, group, "memory.stat", stat, sizeof stat)) files = number_at(stat, v->files, 0);
  int64_t left = limit - used + (files < used ? files : used);
  if (limit < m->limit) m->limit = limit;
  if (left < m->available) m->available = left > 0 ? left : 0;
}

static void see_group_memory(const char *group, void *user) { see_memory(&v2, group, user); }

dw_memory dw_look_at_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  dw_memory m = {.limit = pages > 0 && size > 0 ? (int64_t)pages * size : INT64_MAX};
  char text[2048];
  m.available = m.limit;
  if (read_file("/proc/meminfo", text, sizeof text)) {
    int64_t kib = number_at(text, "MemAvailable:", INT64_MAX / 1024);
    if (kib * 1024 < m.available) m.available = kib * 1024;
  }
  each_group(see_group_memory, &m);
  see_memory(&v1, "", &m);
  return m;
}

int64_t dw_cache_size(void) {
  long size = -1;
#ifdef _SC_LEVEL3_CACHE_SIZE
  size = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  return size > 0 ? size : INT64_MAX;
}

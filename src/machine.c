// machine.c: what this machine and the cgroup around us allow: processors and memory. Called once per
// context. Reads small files without stdio; what cannot be read does not limit.
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

// Calls `see` with the text of a cgroup v2 file in our group and in every group above it.
static void each_group(const char *name, void (*see)(const char *text, void *user), void *user) {
  char self[1024], text[128], *group = NULL;
  if (read_file("/proc/self/cgroup", self, sizeof self)) group = strstr(self, "0::/");
  if (group != NULL) {
    group += 3;
    group[strcspn(group, "\n")] = '\0';
    for (char *slash; (slash = strrchr(group, '/')) != NULL; *slash = '\0') {
      if (read_group("/sys/fs/cgroup", group, name, text, sizeof text)) see(text, user);
    }
  }
  if (read_group("/sys/fs/cgroup", "", name, text, sizeof text)) see(text, user);
}

static int quota_to_cpus(int64_t quota, int64_t period) {
  return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

static void see_cpu_max(const char *text, void *user) { // "max 100000" or "150000 100000"
  int *cpus = user;
  char *end;
  long long quota = strtoll(text, &end, 10), period = strtoll(end, NULL, 10);
  int n = quota_to_cpus(quota, period);
  if (n > 0 && n < *cpus) *cpus = n;
}

static void see_memory_max(const char *text, void *user) { // "max" or bytes
  int64_t *limit = user, bytes = strtoll(text, NULL, 10);
  if (bytes > 0 && bytes < *limit) *limit = bytes;
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
  each_group("cpu.max", see_cpu_max, &n);
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

int64_t dw_memory_limit(void) {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  int64_t limit = pages > 0 && size > 0 ? (int64_t)pages * size : INT64_MAX;
  each_group("memory.max", see_memory_max, &limit);
  char text[64];
  if (read_file("/sys/fs/cgroup/memory/memory.limit_in_bytes", text, sizeof text)) see_memory_max(text, &limit);
  return limit;
}

int64_t dw_cache_size(void) {
  long size = -1;
#ifdef _SC_LEVEL3_CACHE_SIZE
  size = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  return size > 0 ? size : INT64_MAX;
}

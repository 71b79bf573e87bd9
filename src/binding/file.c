// file.c: files for lua/dwconv/io/file.lua: numbers go from a file straight into a tensor and back, a piece at a time,
// and a new file takes the place of the old one at once when it is complete. Plain Lua has no exclusive creation, no
// process number and no modes. What the system refuses comes back as nil and its text, as io.open has it.
// Invariant: whatever ends a script early, a file that was not committed leaves the old one as it was, except where
// writing in place was the only way (see begin_replacement).
#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding.h"

#ifdef __linux__
#include <sys/xattr.h>
#define ACL "system.posix_acl_access"
#else
#define O_PATH O_RDONLY
#endif

enum { PIECE = 1 << 20 }; // bytes of one call at most, so that Lua's hook is looked at between two

// ---- waiting and writing ------------------------------------------------------------------------

// Waits until a pipe or device is ready: 0, or an errno.
static int await(int fd, short events, dwl_stop *stop, void *user) {
  enum { MILLISECONDS = 50 };
  struct pollfd p = {.fd = fd, .events = events};
  for (;;) {
    int n = poll(&p, 1, MILLISECONDS);
    if (n > 0) return 0;
    if (stop(user)) return ECANCELED;
    if (n < 0 && errno != EINTR) return errno;
  }
}

// A pipe that nobody reads any more is an error here, not a signal that ends the process.
static ssize_t write_unsignalled(int fd, const void *bytes, size_t n) {
  sigset_t broken, before, pending;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &broken, &before);
  ssize_t k = write(fd, bytes, n);
  int problem = errno;
  if (k < 0 && problem == EPIPE && !sigismember(&pending, SIGPIPE)) {
    sigtimedwait(&broken, NULL, &(struct timespec){0});
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = problem;
  return k;
}

static int put(dwl_file *f, const void *bytes, size_t n, dwl_stop *stop, void *user) {
  const char *p = bytes;
  while (n > 0) {
    int problem = f->regular ? 0 : await(f->fd, POLLOUT, stop, user);
    if (problem != 0) return problem;
    // A pipe that is ready takes this many bytes without a wait.
    ssize_t k = f->regular ? write(f->fd, p, n) : write_unsignalled(f->fd, p, n < PIPE_BUF ? n : PIPE_BUF);
    if (k < 0 && errno != EINTR) return errno;
    if (k < 0 && stop(user)) return ECANCELED;
    if (k > 0) p += k, n -= (size_t)k;
  }
  return 0;
}

// Reads n bytes, fewer only where the file ends: 0, or an errno.
static int get(const dwl_file *f, void *bytes, size_t *n, dwl_stop *stop, void *user) {
  size_t done = 0;
  while (done < *n) {
    int problem = f->regular ? 0 : await(f->fd, POLLIN, stop, user);
    if (problem != 0) return problem;
    ssize_t k = read(f->fd, (char *)bytes + done, *n - done);
    if (k < 0 && errno != EINTR) return errno;
    if (k < 0 && stop(user)) return ECANCELED;
    if (k == 0) break;
    if (k > 0) done += (size_t)k;
  }
  *n = done;
  return 0;
}

// ---- replacing ----------------------------------------------------------------------------------

// The name that `path` leads to through symbolic links; the file need not exist; pushes it. NULL where names tell
// nothing: links in a ring, and those of /proc, which lead to open files.
static const char *target_of(lua_State *L, const char *path) {
  enum { LINKS = 40 };
  char link[PATH_MAX];
  for (int i = 0; i < LINKS; i++) {
    ssize_t n = readlink(path, link, sizeof link);
    if (n < 0 || n == sizeof link) return path;
    const char *slash = strrchr(path, '/');
    lua_pushlstring(L, path, link[0] != '/' && slash != NULL ? (size_t)(slash - path + 1) : 0);
    lua_pushlstring(L, link, (size_t)n);
    lua_concat(L, 2);
    path = lua_tostring(L, -1);
    if (strncmp(path, "/proc/", 6) == 0) return NULL;
  }
  return NULL;
}

// Sets owner, mode and access list to the old file's. Without the list, the group's bits would mean something else.
static bool keep_access(int fd, int old, const struct stat *as) {
  struct stat now;
  if (fstat(fd, &now) != 0) return false;
  bool same = now.st_uid == as->st_uid && now.st_gid == as->st_gid;
  if (!same && fchown(fd, as->st_uid, as->st_gid) != 0) return false;
#ifdef ACL
  char list[PIPE_BUF];
  ssize_t n = fgetxattr(old, ACL, list, sizeof list);
  if (n < 0 && errno == ERANGE) return false;
  if (n >= 0 && fsetxattr(fd, ACL, list, (size_t)n, 0) != 0) return false;
  if (n < 0) fremovexattr(fd, ACL); // one that the folder gave
#else
  (void)old;
#endif
  return fchmod(fd, as->st_mode & 07777) == 0;
}

// A name that no file in the folder has: `make` gives -1 and EEXIST if one has it. The name is short, as the file's own
// name may be as long as names can be.
static int under_new_name(dwl_file *f, int (*make)(const dwl_file *f, mode_t mode), mode_t mode) {
  int result = -1;
  for (int n = 0; n < INT_MAX; n++) {
    snprintf(f->temporary, sizeof f->temporary, ".dwconv-%ld-%d.part", (long)f->maker, n);
    result = make(f, mode);
    if (result >= 0 || errno != EEXIST) break;
  }
  if (result < 0) f->temporary[0] = '\0';
  return result;
}

static int create_named(const dwl_file *f, mode_t mode) {
  return openat(f->folder, f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

// A file without a name, which vanishes when the process is killed; -1 where the system cannot make one.
static int create_nameless(const dwl_file *f, mode_t mode) {
#ifdef O_TMPFILE
  char path[32];
  int fd = openat(f->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (fd < 0 || access(path, F_OK) == 0) return fd; // it gets its name through /proc
  close(fd);
#else
  (void)f, (void)mode;
#endif
  return -1;
}

static int give_name(const dwl_file *f, const char *name) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", f->fd);
  return linkat(AT_FDCWD, path, f->folder, name, AT_SYMLINK_FOLLOW);
}

static int give_temporary_name(const dwl_file *f, mode_t mode) {
  (void)mode; // it has one
  return give_name(f, f->temporary);
}

// The folder of a path, which ends before its last name; pushes it.
static const char *folder_of(lua_State *L, const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? lua_pushliteral(L, ".") : lua_pushlstring(L, path, (size_t)(slash + 1 - path));
}

static bool open_folder(dwl_file *f, const char *folder, const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  if (strlen(name) > NAME_MAX) return errno = ENAMETOOLONG, false;
  if (*name == '\0') return errno = EISDIR, false;
  memcpy(f->name, name, strlen(name) + 1);
  f->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return f->folder >= 0;
}

static void close_files(dwl_file *f) {
  if (f->temporary[0] != '\0' && f->maker == getpid()) unlinkat(f->folder, f->temporary, 0);
  if (f->fd >= 0) close(f->fd);
  if (f->folder >= 0) close(f->folder);
  f->temporary[0] = '\0';
  f->fd = f->folder = -1;
}

// Opens the file that is to replace `old`, or a new one if old is -1. False, with errno, where that is impossible: in a
// read-only folder, or where another user's file would become ours.
static bool begin_replacement(dwl_file *f, const char *folder, const char *path, int old, const struct stat *as) {
  if (path == NULL || !open_folder(f, folder, path)) return false;
  f->maker = getpid();
  mode_t mode = old < 0 ? 0666 : 0600;
  f->fd = create_nameless(f, mode);
  if (f->fd < 0) f->fd = under_new_name(f, create_named, mode);
  return f->fd >= 0 && (old < 0 || keep_access(f->fd, old, as));
}

// Gives the complete file its name: 0, or an errno.
static int finish_replacement(dwl_file *f) {
  bool named = f->temporary[0] != '\0';
  if (!named && give_name(f, f->name) == 0) return 0; // a new file
  if (!named && (errno != EEXIST || under_new_name(f, give_temporary_name, 0) < 0)) return errno;
  if (renameat(f->folder, f->temporary, f->folder, f->name) != 0) return errno;
  f->temporary[0] = '\0';
  return 0;
}

// ---- Lua ----------------------------------------------------------------------------------------

static bool stop_asked(void *user) {
  const dw_context *cx = user;
  return cx->interrupted(cx->user);
}

static int refuse(lua_State *L, dwl_file *f, int problem) {
  if (problem == ECANCELED) dwl_check(L, DW_INTERRUPTED);
  if (f != NULL) close_files(f);
  lua_pushnil(L);
  lua_pushstring(L, strerror(problem));
  return 2;
}

static dwl_file *new_file(lua_State *L) { // its user value: a buffer, once it needs one
  dwl_file *f = lua_newuserdatauv(L, sizeof *f, 1);
  *f = (dwl_file){.fd = -1, .folder = -1, .regular = true, .put = put};
  luaL_setmetatable(L, DWL_FILE);
  return f;
}

static dwl_file *check_file(lua_State *L) {
  dwl_file *f = luaL_testudata(L, 1, DWL_FILE);
  if (f == NULL) dwl_expected(L, "file", "an open file", 1);
  if (f->fd < 0) dwl_error(L, "the file is closed");
  return f;
}

static const char *check_path(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING) dwl_expected(L, "path", "a string", 1);
  return lua_tostring(L, 1);
}

static int file_open(lua_State *L) { // path -> file, its bytes (nil of a pipe or device); or nil, text
  const char *path = check_path(L);
  dwl_file *f = new_file(L);
  struct stat s;
  f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (f->fd < 0 || fstat(f->fd, &s) != 0) return refuse(L, f, errno);
  if (S_ISDIR(s.st_mode)) return refuse(L, f, EISDIR);
  f->regular = S_ISREG(s.st_mode);
  if (!f->regular) return 1;
  lua_pushinteger(L, s.st_size);
  return 2;
}

static int file_create(lua_State *L) { // path -> file; or nil, text
  const char *path = check_path(L), *target = target_of(L, path);
  const char *folder = target != NULL ? folder_of(L, target) : NULL;
  dwl_file *f = new_file(L);
  struct stat s = {0};
  // From here on nothing raises that would leave `old` open. Without the right to write, open fails.
  int old = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), problem = errno;
  if (old < 0 && problem != ENOENT) return refuse(L, f, problem);
  if (old >= 0) f->regular = fstat(old, &s) == 0 && S_ISREG(s.st_mode);
  if (f->regular && begin_replacement(f, folder, target, old, &s)) {
    if (old >= 0) close(old);
    return 1;
  }
  problem = errno;
  close_files(f);
  f->fd = old;
  if (old < 0) return refuse(L, f, problem);
  if (f->regular && ftruncate(old, 0) != 0) return refuse(L, f, errno);
  return 1;
}

static int file_read(lua_State *L) { // file, n -> the next n bytes, fewer only at the end; or nil, text
  dwl_file *f = check_file(L);
  size_t n = (size_t)dwl_checkinteger(L, 2, "n", 0, PIECE);
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, n);
  int problem = get(f, to, &n, stop_asked, (void *)dwl_context(L));
  if (problem != 0) return refuse(L, NULL, problem);
  luaL_pushresultsize(&b, n);
  return 1;
}

// Where the numbers of t lie in a row: t itself, or `row`, over the file's buffer.
static const dw_tensor *in_a_row(lua_State *L, const dw_tensor *t, dw_tensor *row) {
  int64_t bytes = dw_numel(t) * (int64_t)dw_dtype_size(t->dtype);
  if (bytes > PIECE) dwl_error(L, "at most %d bytes at a time, got %I", PIECE, (LUAI_UACINT)bytes);
  if (dw_is_contiguous(t)) return t;
  if (lua_getiuservalue(L, 1, 1) != LUA_TUSERDATA) {
    dwl_scratch(L, PIECE);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, 1);
  }
  void *p = lua_touserdata(L, -1);
  dw_tensor_init(row, (char *)p + (64 - (uintptr_t)p % 64) % 64, t->dtype, t->rank, t->shape);
  return row;
}

static void swap_bytes(const dw_tensor *t) {
  int64_t n = dw_numel(t);
  if (dw_dtype_size(t->dtype) == 4) {
    uint32_t *p = t->data;
    for (int64_t i = 0; i < n; i++) p[i] = __builtin_bswap32(p[i]);
  } else if (dw_dtype_size(t->dtype) == 8) {
    uint64_t *p = t->data;
    for (int64_t i = 0; i < n; i++) p[i] = __builtin_bswap64(p[i]);
  }
}

// file, tensor, whether the file has the other byte order -> bytes read, fewer only at the end; or nil, text. The
// numbers of the tensor, at most PIECE bytes, in row-major order.
static int file_fill(lua_State *L) {
  dwl_file *f = check_file(L);
  dw_tensor *t = dwl_checktensor(L, 2, "tensor"), row;
  dwl_checkwritable(L, 2, "tensor");
  const dw_tensor *to = in_a_row(L, t, &row);
  size_t n = (size_t)dw_numel(t) * dw_dtype_size(t->dtype);
  dwl_wrote(L, 2);
  int problem = get(f, to->data, &n, stop_asked, (void *)dwl_context(L));
  if (problem != 0) return refuse(L, NULL, problem);
  if (lua_toboolean(L, 3)) swap_bytes(to);
  if (t->dtype == DW_BOOL) { // any byte but 0 is true
    for (size_t i = 0; i < n; i++) ((uint8_t *)to->data)[i] = ((uint8_t *)to->data)[i] != 0;
  }
  if (to != t) dwl_copy(L, t, to);
  lua_pushinteger(L, (lua_Integer)n);
  return 1;
}

static int file_write(lua_State *L) { // file, a string or a tensor of at most PIECE bytes -> true; or nil, text
  dwl_file *f = check_file(L);
  size_t n;
  const void *bytes;
  if (lua_type(L, 2) == LUA_TSTRING) {
    bytes = lua_tolstring(L, 2, &n);
  } else {
    dw_tensor *t = dwl_checktensor(L, 2, "bytes"), row;
    const dw_tensor *from = in_a_row(L, t, &row);
    if (from != t) dwl_copy(L, from, t);
    bytes = from->data;
    n = (size_t)dw_numel(t) * dw_dtype_size(t->dtype);
  }
  int problem = put(f, bytes, n, stop_asked, (void *)dwl_context(L));
  if (problem != 0) return refuse(L, NULL, problem);
  lua_pushboolean(L, 1);
  return 1;
}

static int file_commit(lua_State *L) { // file -> true; or nil, text
  dwl_file *f = check_file(L);
  int problem = f->folder >= 0 ? finish_replacement(f) : 0, fd = f->fd;
  f->fd = -1;
  if (close(fd) != 0 && problem == 0) problem = errno;
  if (problem != 0) return refuse(L, f, problem);
  close_files(f);
  lua_pushboolean(L, 1);
  return 1;
}

static int file_close(lua_State *L) { // also of a file that is closed
  dwl_file *f = luaL_testudata(L, 1, DWL_FILE);
  if (f != NULL) close_files(f);
  return 0;
}

const luaL_Reg dwl_file_functions[] = {
    {"file_open", file_open},   {"file_create", file_create}, {"file_read", file_read},   {"file_fill", file_fill},
    {"file_write", file_write}, {"file_commit", file_commit}, {"file_close", file_close}, {NULL, NULL},
};

const luaL_Reg dwl_file_metamethods[] = {{"__gc", file_close}, {"__close", file_close}, {NULL, NULL}};

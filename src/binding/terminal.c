// terminal.c: what the core knows of the terminal: its size, and a question to it with its answer. io/terminal.lua is
// the only caller.
// Invariant: whatever happens while a terminal is asked, its modes are afterwards what they were; what has been typed
// before the question is not read.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"

// terminal_size(): columns, rows, and its width and height in pixels (0 where it does not say) of the terminal that
// standard output is; nothing if it is none.
static int terminal_size(lua_State *L) {
  struct winsize size = {0};
  if (!isatty(STDOUT_FILENO)) return 0;
  bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  lua_pushinteger(L, known && size.ws_col > 0 ? size.ws_col : 80);
  lua_pushinteger(L, known && size.ws_row > 0 ? size.ws_row : 24);
  lua_pushinteger(L, known ? size.ws_xpixel : 0);
  lua_pushinteger(L, known ? size.ws_ypixel : 0);
  return 4;
}

// ---- asking -------------------------------------------------------------------------------------

enum { ANSWER = 1024 }; // bytes that an answer may have

typedef struct answer {
  char text[ANSWER];
  size_t length;
  bool whole;
} answer;

static int64_t milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Whether the file is ready before the deadline.
static bool ready(int file, short events, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - milliseconds();
    struct pollfd p = {.fd = file, .events = events};
    int n = poll(&p, 1, left > 0 ? (int)left : 0);
    if (n >= 0 || errno != EINTR) return n > 0 && (p.revents & events) != 0;
  }
}

static bool put(int file, const char *text, size_t length, int64_t deadline) {
  while (length > 0) {
    if (!ready(file, POLLOUT, deadline)) return false;
    ssize_t n = write(file, text, length);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (n > 0) text += n, length -= (size_t)n;
  }
  return true;
}

// Whether the text ends with the answer to the question for device attributes: ESC [ ? numbers c.
static bool ends_well(const char *text, size_t length) {
  if (length < 4 || text[length - 1] != 'c') return false;
  size_t i = length - 1;
  while (i > 0 && strchr("0123456789;", text[i - 1]) != NULL) i--;
  return i >= 3 && text[i - 1] == '?' && text[i - 2] == '[' && text[i - 3] == 033;
}

// The first byte must come before the deadline; the rest then has a second.
static void receive(int file, answer *a, int64_t deadline) {
  while (!a->whole && a->length < ANSWER && ready(file, POLLIN, deadline)) {
    ssize_t n = read(file, a->text + a->length, 1);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (n < 0) continue;
    if (a->length == 0) deadline = milliseconds() + 1000;
    a->length++;
    a->whole = ends_well(a->text, a->length);
  }
}

// Asks in a mode in which keys are not echoed and bytes come at once. False, and nothing has been read, if something
// was typed before. Signals wait meanwhile, so Ctrl-C comes when the modes are back.
static bool ask(int file, const char *question, size_t length, int64_t wait, answer *a) {
  struct termios before, raw;
  if (tcgetpgrp(file) != getpgrp() || tcgetattr(file, &before) != 0) return false;
  if (ready(file, POLLIN, 0)) return false;
  raw = before;
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  if (tcsetattr(file, TCSANOW, &raw) != 0) return false;
  bool quiet = !ready(file, POLLIN, 0); // else a line is half typed
  int64_t deadline = milliseconds() + wait;
  if (quiet && put(file, question, length, deadline)) {
    receive(file, a, deadline);
    if (!a->whole) tcflush(file, TCIFLUSH); // the beginning of an answer is not for the script
  }
  tcsetattr(file, TCSANOW, &before);
  return quiet;
}

// terminal_ask(question, milliseconds): the terminal's answer, "" if it gives none in time, or nothing if it cannot be
// asked now: there is none, the process is in the background, or something has been typed. The question must end with
// ESC [ c, whose answer is the last one.
static int terminal_ask(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING) dwl_expected(L, "question", "a string", 1);
  size_t length;
  const char *question = lua_tolstring(L, 1, &length);
  int64_t wait = dwl_checkinteger(L, 2, "milliseconds", 0, 10000);
  int file = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return 0;
  answer a = {.length = 0};
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool asked = ask(file, question, length, wait, &a);
  close(file);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!asked) return 0;
  lua_pushlstring(L, a.text, a.whole ? a.length : 0);
  return 1;
}

const luaL_Reg dwl_terminal_functions[] = {
    {"terminal_size", terminal_size},
    {"terminal_ask", terminal_ask},
    {NULL, NULL},
};

// pty.c: runs a command on a pseudo-terminal of 24 lines and 80 columns, types what its standard input says, and prints
// what the command wrote, without escape sequences and carriage returns. Run by the specs of the prompt:
//   pty COMMAND ARGUMENTS... < steps
// A step is a line:
//   send TEXT     types; \r is Enter, \t Tab, \e Escape, \\ a backslash, \xHH a byte
//   wait TEXT     until the command has written this, after what the last wait found; fails after 20 seconds
//   prompt        the same for the prompt, "> " at the beginning of a line
//   sleep N       seconds
//   answer TEXT   what the terminal answers when it is asked for its attributes (ESC [ c); nothing, if it is not said
//   size R C      the terminal gets this size
//   modes         fails unless the modes of the terminal are those of the beginning
//   keys N SEED   types N random pieces, and looks after each fifty whether the prompt still answers
//   end           waits until the command ends, and prints "exit CODE"
// Ends with 0 when all steps went well.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#define PATIENCE 20.0 // seconds

static int terminal, slave; // the two sides
static struct termios modes;
static pid_t child;
static char **command;
static int ended = -1; // its exit code

static char *seen; // what was written, without escape sequences
static size_t n_seen, room_seen, found;
static char sequence[256]; // an escape sequence that is not complete
static size_t n_sequence;
static char terminal_answer[512];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *format, ...) {
  va_list arguments;
  fwrite(seen, 1, n_seen, stdout);
  printf("\npty: ");
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
  if (child > 0 && ended < 0) kill(child, SIGKILL);
  exit(1);
}

static void type(const char *text, size_t n) {
  while (n > 0) {
    ssize_t written = write(terminal, text, n);
    if (written < 0 && errno != EINTR && errno != EAGAIN) return; // the command is gone
    if (written > 0) text += written, n -= (size_t)written;
  }
}

// ---- what the command writes ------------------------------------------------------------------------

static void keep(char c) {
  if (c == '\r' || c == '\a' || c == '\0') return;
  if (n_seen == room_seen) seen = realloc(seen, room_seen = 2 * room_seen + 4096);
  seen[n_seen++] = c;
}

// ESC [ ... letter; ESC ], ESC P and ESC _ up to BEL or ESC \; ESC and one letter.
static bool is_complete(void) {
  char last = sequence[n_sequence - 1];
  if (n_sequence < 2) return false;
  if (sequence[1] == '[') return n_sequence > 2 && last >= '@' && last <= '~';
  if (strchr("]P_", sequence[1]) != NULL) {
    return last == '\a' || (n_sequence > 3 && last == '\\' && sequence[n_sequence - 2] == '\033');
  }
  return true;
}

static void take(char c) {
  if (n_sequence == 0 && c != '\033') {
    keep(c);
    return;
  }
  if (n_sequence == sizeof sequence - 1) { // a long one: its end alone counts
    memmove(sequence + 4, sequence + n_sequence - 4, 4);
    n_sequence = 8;
  }
  sequence[n_sequence++] = c;
  if (!is_complete()) return;
  sequence[n_sequence] = '\0';
  if (strcmp(sequence, "\033[c") == 0) type(terminal_answer, strlen(terminal_answer));
  n_sequence = 0;
}

static void note_end(int status) { ended = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// Reads for up to so many seconds; gives whether something came.
static bool look(double seconds) {
  struct pollfd p = {terminal, POLLIN, 0};
  char bytes[4096];
  if (poll(&p, 1, (int)(seconds * 1e3)) <= 0) return false;
  ssize_t n = read(terminal, bytes, sizeof bytes);
  for (ssize_t i = 0; i < n; i++) take(bytes[i]);
  return n > 0;
}

static bool find(const char *text) {
  char *at = memmem(seen + found, n_seen - found, text, strlen(text));
  if (at == NULL) return false;
  found = (size_t)(at - seen) + strlen(text);
  return true;
}

static bool wait_for(const char *text, double seconds) {
  double start = now();
  while (!find(text)) {
    if (now() - start > seconds) return false;
    look(0.05);
  }
  return true;
}

// ---- the command ------------------------------------------------------------------------------------

static void start(void) {
  ended = -1;
  child = fork();
  if (child != 0) return;
  close(terminal);
  setenv("TERM", "xterm-256color", 1);
  login_tty(slave); // closes it
  execvp(command[0], command);
  _exit(127);
}

static bool has_ended(double seconds) {
  double begin = now();
  int status;
  while (ended < 0) {
    if (waitpid(child, &status, WNOHANG) == child)
      note_end(status);
    else if (now() - begin > seconds)
      return false;
    else
      look(0.02);
  }
  while (look(0.02)) continue;
  return true;
}

static void check_modes(void) {
  struct termios t;
  tcgetattr(slave, &t);
  if (t.c_iflag != modes.c_iflag || t.c_oflag != modes.c_oflag || t.c_lflag != modes.c_lflag ||
      t.c_cflag != modes.c_cflag || memcmp(t.c_cc, modes.c_cc, sizeof t.c_cc) != 0) {
    fail("the terminal's modes have changed: local %x, were %x; input %x, were %x", t.c_lflag, modes.c_lflag, t.c_iflag,
         modes.c_iflag);
  }
}

// ---- random keys ------------------------------------------------------------------------------------

static uint64_t random_state;

static uint32_t draw(uint32_t below) { // splitmix64
  uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

static const char *const PIECES[] = {
    "x = ",
    "K.",
    "K.su",
    "dw.",
    "dw.uniform { 2, 3 }",
    "layers.",
    "x:",
    "t.shape",
    "for i = 1, 3 do",
    "end",
    "function",
    "local y",
    "if x then",
    "return ",
    "(",
    ")",
    "{",
    "}",
    "\"",
    "'",
    "[[",
    "]]",
    "--",
    "?",
    "??",
    "?K.sum",
    ";",
    "padding = ",
    "nil",
    "error(x)",
    "_",
    "\r",
    "\r",
    "\r",
    "\n",
    "\t",
    "\t\t",
    "\033[A",
    "\033[B",
    "\033[C",
    "\033[D",
    "\033[H",
    "\033[F",
    "\033[3~",
    "\033[5~",
    "\033OA",
    "\033\r",
    "\033b",
    "\033d",
    "\033\177",
    "\177",
    "\x03",
    "\x04",
    "\x12",
    "\x07",
    "\x1a",
    "\x1c",
    "\x16",
    "\x18\x15",
    "\x1f",
    "\x14",
    "\x0c",
    "\033[200~a = 1\nb = {\n\033[201~",
    "\033[200~",
    "\033[201~",
    "\xc3\xa4",
    "\xe2\x96\x80",
    "\xff",
    "\033[",
    "\033[99;99~",
    "\x13",
    "\033_Gi=31;OK\033\\",
    "\033[?62;4c",
    "while true do end",
    "coroutine",
    "print(x)",
};

static void type_random(void) {
  char one;
  switch (draw(3)) {
    case 0: one = (char)(' ' + draw('0' - ' ')); break; // no digits, so that nothing grows large
    case 1: one = (char)('a' + draw(26)); break;
    default: {
      const char *piece = PIECES[draw(sizeof PIECES / sizeof PIECES[0])];
      type(piece, strlen(piece));
      return;
    }
  }
  type(&one, 1);
}

// Whether the prompt answers. Ctrl-C is asked for more than once, as a script may catch the first.
static void check_answer(int mark) {
  char entry[64], answer[32];
  snprintf(entry, sizeof entry, "print('mark' .. '%d')\r", mark);
  snprintf(answer, sizeof answer, "mark%d", mark);
  for (int i = 0; i < 5; i++) {
    if (has_ended(0)) {
      if (ended != 0) fail("the command ended with %d", ended);
      check_modes();
      tcflush(slave, TCIFLUSH); // what was typed since it ended
      found = n_seen;
      start();
      wait_for("leaves.\n> ", PATIENCE);
    }
    type("\x11\033[201~\x03", 8); // goes on after Ctrl-S, ends a paste, leaves the entry
    while (look(0.03)) continue;
    found = n_seen;
    type(entry, strlen(entry));
    if (wait_for(answer, i < 4 ? 2 : PATIENCE)) return;
  }
  fail("the prompt does not answer after %d times fifty pieces", mark);
}

static void type_keys(int n, unsigned seed) {
  random_state = seed;
  for (int i = 1; i <= n; i++) {
    type_random();
    look(draw(8) == 0 ? 0.001 : 0);
    if (i % 50 == 0 || i == n) {
      check_answer(i / 50);
      n_seen = found = 0;
    }
  }
}

// ---- steps ------------------------------------------------------------------------------------------

static size_t unescape(char *text) { // in place
  char *to = text;
  for (const char *from = text; *from != '\0'; from++) {
    if (*from != '\\') {
      *to++ = *from;
      continue;
    }
    switch (*++from) {
      case 'r': *to++ = '\r'; break;
      case 'n': *to++ = '\n'; break;
      case 't': *to++ = '\t'; break;
      case 'e': *to++ = '\033'; break;
      case 'x': {
        char digits[3] = {from[1], from[1] != '\0' ? from[2] : '\0', '\0'};
        *to++ = (char)strtol(digits, NULL, 16);
        from += 2;
        break;
      }
      default: *to++ = *from;
    }
  }
  *to = '\0';
  return (size_t)(to - text);
}

static void step(char *line) {
  char *text = strchr(line, ' ');
  if (text != NULL)
    *text++ = '\0';
  else
    text = line + strlen(line);
  if (strcmp(line, "keys") == 0) {
    char *seed;
    int n = (int)strtol(text, &seed, 10);
    type_keys(n, (unsigned)strtoul(seed, NULL, 10));
  } else if (strcmp(line, "size") == 0) {
    char *columns;
    struct winsize size = {.ws_row = (unsigned short)strtol(text, &columns, 10)};
    size.ws_col = (unsigned short)strtol(columns, NULL, 10);
    ioctl(terminal, TIOCSWINSZ, &size);
  } else if (strcmp(line, "prompt") == 0) {
    if (!wait_for("\n> ", PATIENCE)) fail("waited in vain for the prompt");
  } else if (strcmp(line, "sleep") == 0) {
    double until = now() + strtod(text, NULL);
    while (now() < until) look(0.05);
  } else if (strcmp(line, "modes") == 0) {
    check_modes();
  } else if (strcmp(line, "end") == 0) {
    if (!has_ended(PATIENCE)) fail("the command does not end");
  } else {
    size_t n = unescape(text);
    if (strcmp(line, "send") == 0)
      type(text, n);
    else if (strcmp(line, "answer") == 0)
      snprintf(terminal_answer, sizeof terminal_answer, "%s", text);
    else if (strcmp(line, "wait") != 0)
      fail("there is no step %s", line);
    else if (!wait_for(text, PATIENCE))
      fail("waited in vain for: %s", text);
  }
}

int main(int argc, char **argv) {
  static char line[65536];
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  if (argc < 2 || openpty(&terminal, &slave, NULL, NULL, &size) != 0) return 2;
  command = argv + 1;
  keep('\n');
  tcgetattr(slave, &modes);
  start();
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (line[0] != '\0') step(line);
  }
  fwrite(seen, 1, n_seen, stdout);
  if (ended >= 0)
    printf("\nexit %d\n", ended);
  else
    kill(child, SIGKILL);
  return 0;
}

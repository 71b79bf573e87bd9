// file.h: an open file as Lua holds it, a userdata whose metatable is the registry's DWL_FILE. binding/file.c makes
// them; the optional modules in src/io, which do not link with the binding, write through `put`.
// Invariant: fd is -1 as soon as the file is closed, and nothing is closed twice.
#ifndef DWCONV_FILE_H
#define DWCONV_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DWL_FILE "dwconv.file"
#define DWL_TENSOR "dwconv.Tensor" // of the metatable of tensors, in the registry too

typedef bool dwl_stop(void *user); // whether the call is to be given up

typedef struct dwl_file {
  int fd;
  int folder;         // of a file that is to replace another when it is complete; -1: written in place
  bool regular;       // else a pipe, a terminal or a device, where a call may have to wait
  pid_t maker;        // a child after fork() leaves the temporary file alone
  char temporary[48]; // its name in the folder; "" while it has none
  char name[NAME_MAX + 1];
  // Writes all of it; 0, or the errno, ECANCELED when `stop` said so.
  int (*put)(struct dwl_file *f, const void *bytes, size_t n, dwl_stop *stop, void *user);
} dwl_file;

#endif

// scratch.c: how the scratch of a job is dealt out. Called by the inits of drivers. Invariant: what one thread writes
// lies apart from what another thread writes.
#include "base.h"

enum {
  APART = 256, // bytes; the size of a piece is a multiple of them. With 64, packing planes takes a seventh longer
  // Where a thread walks through more than a LITTLE scratch, its prefetchers also take lines far ahead of it, which
  // another thread may be writing. Found with `make bench BENCHES=depthwise` on a Zen 4, kernel gradients of two
  // threads: 3 KB more between the pieces change nothing, 16 KB remove half of the loss, 64 KB all of it.
  LITTLE = 1 << 12,
  FAR_APART = 1 << 16
};

int64_t dw_scratch_take(int64_t *used, int64_t bytes) {
  int64_t at = *used;
  *used = bytes > DW_TOO_MUCH - APART - at ? DW_TOO_MUCH : at + round_up(bytes, APART);
  return at;
}

int64_t dw_scratch_each(int64_t *used, int64_t bytes, int slots, int64_t *pitch) {
  int64_t piece = least(bytes, DW_TOO_MUCH - APART), between = piece > LITTLE ? FAR_APART : 0;
  *pitch = round_up(piece, APART) + between;
  return dw_scratch_take(used, times(*pitch, slots) - (slots > 0 ? between : 0));
}

dw_status dw_scratch_tell(dw_job *j, int64_t used) {
  j->scratch = (size_t)used;
  return used < DW_TOO_MUCH ? DW_OK : DW_TOO_LARGE;
}

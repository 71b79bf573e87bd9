// gemm_tile.h: the innermost loop of the matrix product, in vectors of one width. Included by gemm.c for each width,
// with VEC the vector, VEC_ANYWHERE the same at any address, and NAMED(x) the name of x for it. Invariant: an element
// is one chain of multiply-adds in the order of k, begun with what the sums start from.

// One term of `rows` x `vecs` sums. Rows of a are reached from every third one, so that their addresses fit into
// registers too. With `c`, sums go there once they are done, so that the multiply-adds of later rows hide the stores.
INLINE void NAMED(add_term)(VEC (*sum)[8], const char *const *a, ptrdiff_t a_row, const T *b, ptrdiff_t b_panel,
                            int rows, int vecs, T *c, ptrdiff_t c_row) {
  enum { WIDTH = sizeof(VEC) / sizeof(T) };
  VEC in[8];
  UNROLL
  for (int v = 0; v < vecs; v++) in[v] = *(const VEC_ANYWHERE *)(b + v / 2 * b_panel + v % 2 * WIDTH);
  UNROLL
  for (int i = 0; i < rows; i++) {
    const T *in_a = (const void *)(a[i / 3] + i % 3 * a_row);
    VEC x = *in_a - (VEC){0};
    UNROLL
    for (int v = 0; v < vecs; v++) {
      sum[i][v] += x * in[v];
      if (c != NULL) *(VEC_ANYWHERE *)(c + v * WIDTH) = sum[i][v];
    }
    if (c != NULL) c += c_row;
  }
}

// `rows` x `vecs` vectors of c, two to a panel, both constant; at least one term. Steps of a are kept in bytes, lest
// the compiler make another loop for steps of one element.
INLINE void NAMED(multiply)(const struct tile *t, int rows, int vecs) {
  enum { WIDTH = sizeof(VEC) / sizeof(T) };
  ptrdiff_t a_row = t->a_row * (ptrdiff_t)sizeof(T), a_k = t->a_k * (ptrdiff_t)sizeof(T);
  const ptrdiff_t b_k = t->b_k, b_panel = t->b_panel;
  const T *b, *start = t->start;
  const struct dw_gemm_run *run = t->runs;
  const char *a[(MR + 2) / 3];
  VEC sum[MR][8] = {{{0}}};
  KEEP(a_k);
  if (start != NULL) {
    UNROLL
    for (int i = 0; i < rows; i++, start += t->start_row) {
      UNROLL
      for (int v = 0; v < vecs; v++) sum[i][v] = *(const VEC_ANYWHERE *)(start + v * WIDTH);
    }
  }
  if (t->bias != NULL) {
    UNROLL
    for (int i = 0; i < rows; i++) {
      UNROLL
      for (int v = 0; v < vecs; v++) sum[i][v] += *(const VEC_ANYWHERE *)(t->bias + v * WIDTH);
    }
  }
  for (;; run++) {
    UNROLL
    for (int i = 0; i < rows; i += 3) a[i / 3] = (const char *)(t->a + run->a) + i * a_row;
    b = t->b + run->b;
    for (int64_t k = run->k - (run == t->last); k > 0; k--, b += b_k) {
      NAMED(add_term)(sum, a, a_row, b, b_panel, rows, vecs, NULL, 0);
      UNROLL
      for (int i = 0; i < rows; i += 3) a[i / 3] += a_k;
    }
    if (run == t->last) break;
  }
  NAMED(add_term)(sum, a, a_row, b, b_panel, rows, vecs, t->c, t->c_row);
}

#undef VEC
#undef VEC_ANYWHERE
#undef NAMED

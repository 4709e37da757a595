// Kernels of a decoder that is simple enough to be foretold: a row's logits
// are largest at (sum of the tokens up to it + 3 * sum of their positions +
// shift) mod vocabulary. Layer 0 caches tokens, layer 1 positions. Built into
// a flat image as codegen's are: no imports, no relocations.
#include <stdint.h>

typedef void *const *Buffers;
typedef const int64_t *Scalars;

enum { dim = 16, page = 64, vocabulary = 97 };
// Elements from one page to the next: 2 layers of keys and values.
enum { pageStride = 2 * 2 * page * dim };

// tokens [T], positions [T] -> rows [T, 2, dim]
void embed(Buffers b, Scalars s, int64_t begin, int64_t end) {
  const int32_t *tokens = b[0], *positions = b[1];
  float *rows = b[2];
  for (int64_t t = begin; t < end; ++t)
    for (int d = 0; d < dim; ++d) {
      rows[t * 2 * dim + d] = (float)tokens[t];
      rows[t * 2 * dim + dim + d] = (float)positions[t];
    }
}

// rows [T, dim] (stride 2 * dim), row_sequence [T], positions [T],
// page_table [S, P], key_cache, value_cache
void append(Buffers b, Scalars s, int64_t begin, int64_t end) {
  const float *rows = b[0];
  const int32_t *sequence = b[1], *positions = b[2], *table = b[3];
  float *keys = b[4], *values = b[5];
  int64_t columns = s[4];
  for (int64_t t = begin; t < end; ++t) {
    int64_t at = positions[t];
    int64_t base = table[sequence[t] * columns + at / page] * (int64_t)pageStride;
    int64_t o = at % page;
    for (int d = 0; d < dim; ++d) {
      keys[base + (o / 16) * dim * 16 + d * 16 + o % 16] = rows[t * 2 * dim + d];
      values[base + o * 16 + d] = rows[t * 2 * dim + d];
    }
  }
}

// row_sequence, positions, page_table [S, P], blocks [B, 2], key_cache,
// value_cache, sums [T]; scalars T T S P B N N T. A tile is a block.
void attend(Buffers b, Scalars s, int64_t begin, int64_t end) {
  const int32_t *sequence = b[0], *positions = b[1], *table = b[2];
  const int32_t *blocks = b[3];
  const float *keys = b[4], *values = b[5];
  float *sums = b[6];
  int64_t columns = s[3];
  for (int64_t i = begin; i < end; ++i)
    for (int64_t t = blocks[2 * i]; t < blocks[2 * i] + blocks[2 * i + 1]; ++t) {
      float sum = 0;
      for (int64_t at = 0; at <= positions[t]; ++at) {
        int64_t base =
            table[sequence[t] * columns + at / page] * (int64_t)pageStride;
        int64_t o = at % page;
        float key = keys[base + (o / 16) * dim * 16 + 3 * 16 + o % 16];
        float value = values[base + o * 16 + 5];
        sum += key == value ? key : 1e6f; // both areas must hold the same
      }
      sums[t] = sum;
    }
}

// tokenSums [T], positionSums [T], rows [R], shift [1] i32, logits [R, V].
// A tile is a column.
void logits(Buffers b, Scalars s, int64_t begin, int64_t end) {
  const float *tokenSums = b[0], *positionSums = b[1];
  const int32_t *rows = b[2], *shift = b[3];
  float *out = b[4];
  for (int64_t r = 0; r < s[2]; ++r) {
    int64_t wanted = ((int64_t)tokenSums[rows[r]] +
                      3 * (int64_t)positionSums[rows[r]] + shift[0]) %
                     vocabulary;
    for (int64_t v = begin; v < end; ++v) {
      int64_t distance = v > wanted ? v - wanted : wanted - v;
      out[r * vocabulary + v] = -(float)distance;
    }
  }
}

// a [N], b [N], out [N] = a + 2 b. A tile is an element.
void addTwice(Buffers b, Scalars s, int64_t begin, int64_t end) {
  const float *left = b[0], *right = b[1];
  float *out = b[2];
  for (int64_t i = begin; i < end; ++i)
    out[i] = left[i] + 2 * right[i];
}

// counters [tiles] i32: each tile is counted.
void count(Buffers b, Scalars s, int64_t begin, int64_t end) {
  int32_t *counters = b[0];
  for (int64_t i = begin; i < end; ++i)
    ++counters[i];
}

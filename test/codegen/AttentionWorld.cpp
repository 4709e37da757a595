#include "test/codegen/AttentionWorld.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace llmc::test {

namespace {

std::string str(int64_t value) { return std::to_string(value); }

std::string real(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.10f", value);
  return text;
}

/// The memref of a cache: panels of lines of 16 lanes.
std::string cacheText(const Variant &s, int64_t panels, int64_t lines) {
  return "memref<?x" + str(s.cacheHeads) + "x" + str(panels) + "x" +
         str(lines) + "x16x" + (s.lane() > 1 ? str(s.lane()) + "x" : "") +
         s.cacheType + ">";
}

struct Texts {
  std::string rows, keyRows, keys, values, numbers, partials;
  explicit Texts(const Variant &s)
      : rows("memref<?x" + str(s.heads() * s.headDim) + "x" + s.rowType + ">"),
        keyRows("memref<?x" + str(s.cacheHeads * s.headDim) + "x" + s.rowType +
                ">"),
        keys(cacheText(s, s.page / 16, s.keyLines())),
        values(cacheText(s, s.vectors(), s.page / s.lane())),
        numbers("memref<" + str(s.slots) + "x?x" + str(s.heads()) + "xf32>"),
        partials("memref<" + str(s.slots) + "x?x" +
                 str(s.heads() * s.headDim) + "xf32>") {}
};

const std::string ints = "memref<?xi32>", table = "memref<?x?xi32>",
                  pairs = "memref<?x2xi32>";

std::string shapeAttributes(const Variant &s) {
  return "heads = " + str(s.heads()) + " : i64, head_dim = " + str(s.headDim) +
         " : i64, split = " + str(s.split) + " : i64, window = " +
         str(s.window) + " : i64";
}

std::string attentionAttributes(const Variant &s) {
  return shapeAttributes(s) + ", page = " + str(s.page) +
         " : i64, scale = " + real(s.scale()) +
         " : f32, softcap = " + real(s.softcap) + " : f32";
}

} // namespace

/// Tiles that pieces are divided among where the last one merges: some of these
/// worlds have more, some fewer.
static constexpr int64_t shares = 5;

float Variant::scale() const { return 1 / std::sqrt(float(headDim)); }

std::string appendText(const Variant &s) {
  Texts t(s);
  return kernelText("kernel.kv_append",
                    {t.keyRows, t.keyRows, ints, ints, table, t.keys, t.values},
                    "head_dim = " + str(s.headDim) +
                        " : i64, page = " + str(s.page) + " : i64");
}

std::string attentionText(const Variant &s) {
  Texts t(s);
  return kernelText("kernel.attention",
                    {t.rows, ints, ints, table, pairs, t.keys, t.values, t.rows},
                    attentionAttributes(s));
}

std::string splitText(const Variant &s, bool merges) {
  Texts t(s);
  std::vector<std::string> types = {t.rows,    ints,      ints,
                                    table,     pairs,     t.keys,
                                    t.values,  t.numbers, t.numbers,
                                    t.partials};
  if (!merges)
    return kernelText("kernel.attention_split", types, attentionAttributes(s));
  types.push_back("memref<?x" + str(s.cacheHeads) + "xi32>");
  types.push_back(t.rows);
  return kernelText("kernel.attention_split", types,
                    attentionAttributes(s) + ", shares = " + str(shares) +
                        " : i64");
}

std::string mergeText(const Variant &s) {
  Texts t(s);
  return kernelText("kernel.attention_merge",
                    {t.numbers, t.numbers, t.partials, ints, t.rows},
                    shapeAttributes(s));
}

const Kernel &compiled(const std::string &text, const std::string &level) {
  static std::map<std::string, std::unique_ptr<Kernel>> kernels;
  std::unique_ptr<Kernel> &kernel = kernels[level + text];
  if (!kernel)
    kernel = std::make_unique<Kernel>(text, level);
  return *kernel;
}

static float roundedTo(const std::string &type, float number) {
  if (type == "f16")
    return fromF16(toF16(number));
  return type == "f32" ? number : fromBf16(toBf16(number));
}

float World::rounded(double number) const {
  return roundedTo(variant.cacheType, float(number));
}

/// What a kernel left in rows of a type.
static std::unique_ptr<Guarded<float>> read(const Variant &s,
                                            const Guarded<uint8_t> &rows) {
  return std::make_unique<Guarded<float>>(ofMemory(s.rowType, rows));
}

static int64_t pagesOf(const Variant &s, int64_t length) {
  return (length + s.page - 1) / s.page;
}

/// Prime to the steps of 7 in which pages are taken, and more than are needed.
static int64_t poolFor(const Variant &s, const std::vector<int64_t> &lengths) {
  int64_t pages = 5;
  for (int64_t length : lengths)
    pages += pagesOf(s, length);
  return pages % 7 ? pages : pages + 1;
}

World::World(const Variant &s, std::vector<int64_t> lengths_,
             std::vector<int64_t> fresh_)
    : variant(s), lengths(lengths_), fresh(fresh_),
      columns(pagesOf(s, *std::max_element(lengths.begin(), lengths.end())) + 1),
      pages(poolFor(s, lengths)),
      pageTable(lengths.size() * columns, 0x0fffffff),
      keyCache(pages * s.cacheHeads * s.page * s.keyLines() * 4, 0),
      valueCache(pages * s.cacheHeads * s.page * s.vectors() * 64 / s.lane(), 0) {
  if (!variant.slots)
    variant.slots = (columns * s.page + s.split - 1) / s.split;
  Numbers numbers(8);
  // Pages in an order of their own, as after a while of allocation.
  int32_t next = 5 % pages;
  for (size_t sequence = 0; sequence < lengths.size(); ++sequence)
    for (int64_t slot = 0; slot * s.page < lengths[sequence]; ++slot) {
      pageTable[sequence * columns + slot] = next;
      next = (next + 7) % pages;
    }
  key.resize(total() * s.cacheHeads * s.headDim);
  value.resize(key.size());
  for (float &x : key)
    x = roundedTo(s.rowType, 2 * numbers.normal());
  for (float &x : value)
    x = roundedTo(s.rowType, numbers.normal());
}

int64_t World::firstOf(size_t sequence) const {
  int64_t sum = 0;
  for (size_t i = 0; i < sequence; ++i)
    sum += lengths[i];
  return sum;
}

void World::append(const std::string &level) {
  int64_t rows = total();
  Guarded<int32_t> sequence(rows), position(rows);
  Guarded<uint8_t> keys(inMemory(variant.rowType, key)),
      values(inMemory(variant.rowType, value));
  for (size_t s = 0; s < lengths.size(); ++s)
    for (int64_t p = 0; p < lengths[s]; ++p) {
      sequence[firstOf(s) + p] = s;
      position[firstOf(s) + p] = p;
    }
  compiled(appendText(variant), level)
      .run({keys, values, sequence, position, pageTable, keyCache, valueCache},
           {rows, rows, rows, rows, int64_t(lengths.size()), columns, pages,
            pages},
           0, rows, rows / 3 + 1);
}

std::vector<float> World::queries() const {
  Numbers numbers(9);
  int64_t rows = 0;
  for (int64_t count : fresh)
    rows += count;
  std::vector<float> queries(rows * variant.heads() * variant.headDim);
  for (float &x : queries)
    x = roundedTo(variant.rowType, numbers.normal());
  return queries;
}

Batch World::batch(int64_t blockRows) const {
  std::vector<int32_t> sequences, positions, blocks;
  for (size_t s = 0; s < lengths.size(); ++s)
    for (int64_t i = 0; i < fresh[s]; ++i) {
      if (i % blockRows == 0) {
        blocks.push_back(sequences.size());
        blocks.push_back(std::min(blockRows, fresh[s] - i));
      }
      sequences.push_back(s);
      positions.push_back(lengths[s] - fresh[s] + i);
    }
  return {Guarded<uint8_t>(inMemory(variant.rowType, queries())),
          Guarded<int32_t>(sequences),
          Guarded<int32_t>(positions),
          Guarded<int32_t>(blocks),
          int64_t(sequences.size()),
          int64_t(blocks.size() / 2)};
}

std::unique_ptr<Guarded<float>>
World::attend(const Kernel &attention, int64_t blockRows, int64_t step) const {
  Batch of = batch(blockRows);
  Guarded<uint8_t> output(of.query.size(), 0xff);
  attention.run({of.query, of.sequence, of.position, pageTable, of.block,
                 keyCache, valueCache, output},
                {of.rows, of.rows, of.rows, int64_t(lengths.size()), columns,
                 of.blocks, pages, pages, of.rows},
                0, of.blocks * variant.cacheHeads, step);
  return read(variant, output);
}

std::unique_ptr<Guarded<float>> World::attend(const Kernel &split,
                                              const Kernel *merge,
                                              int64_t blockRows,
                                              int64_t step) const {
  Batch of = batch(blockRows);
  float nan = std::numeric_limits<float>::quiet_NaN();
  int64_t slots = variant.slots, heads = variant.heads();
  Guarded<float> maxima(slots * of.rows * heads, nan),
      sums(slots * of.rows * heads, nan),
      partials(slots * of.rows * heads * variant.headDim, nan);
  Guarded<uint8_t> output(of.query.size(), 0xff);
  Guarded<int32_t> counters(of.blocks * variant.cacheHeads, 0);
  std::vector<void *> buffers = {of.query,  of.sequence, of.position, pageTable,
                                 of.block,  keyCache,    valueCache,  maxima,
                                 sums,      partials};
  std::vector<int64_t> extents = {of.rows, of.rows,  of.rows, int64_t(lengths.size()),
                                  columns, of.blocks, pages,   pages,
                                  of.rows, of.rows,  of.rows};
  if (!merge) {
    buffers.insert(buffers.end(), {counters, output});
    extents.insert(extents.end(), {of.blocks, of.rows});
  }
  int64_t tiles = of.blocks * variant.cacheHeads * slots;
  if (!merge && variant.cacheHeads * slots > shares)
    tiles = shares;
  split.run(buffers, extents, 0, tiles, step);
  if (!merge) {
    for (int64_t i = 0; i < of.blocks * variant.cacheHeads; ++i)
      EXPECT_EQ(counters[i], 0) << "counter " << i;
    return read(variant, output);
  }
  merge->run({maxima, sums, partials, of.position, output},
            {of.rows, of.rows, of.rows, of.rows, of.rows}, 0, of.rows * heads,
            step);
  return read(variant, output);
}

World::Kept World::keep(const std::vector<float> &rows) const {
  int64_t width = variant.headDim;
  Kept kept{rows, std::vector<float>(rows.size() / width, 1)};
  for (size_t head = 0; head < kept.scales.size(); ++head) {
    float *x = &kept.elements[head * width], most = 0;
    for (int64_t d = 0; d < width; ++d)
      most = std::max(most, std::abs(x[d]));
    for (int64_t d = 0; d < width; ++d)
      x[d] = variant.lane() == 4 ? std::nearbyint(x[d] * (127 / most))
                                 : rounded(x[d]);
    if (variant.lane() == 4)
      kept.scales[head] = most / 127;
  }
  return kept;
}

std::vector<double> World::reference() const {
  const Variant &s = variant;
  std::vector<float> query = queries();
  Kept keys = keep(key), values = keep(value);
  std::vector<double> output(query.size());
  int64_t row = 0;
  for (size_t sequence = 0; sequence < lengths.size(); ++sequence)
    for (int64_t i = 0; i < fresh[sequence]; ++i, ++row) {
      int64_t position = lengths[sequence] - fresh[sequence] + i;
      int64_t oldest = s.window ? std::max<int64_t>(0, position - s.window + 1) : 0;
      for (int64_t head = 0; head < s.heads(); ++head) {
        const float *q = &query[(row * s.heads() + head) * s.headDim];
        auto headAt = [&](int64_t p) {
          return (firstOf(sequence) + p) * s.cacheHeads + head / s.group;
        };
        std::vector<double> scores(position + 1);
        for (int64_t p = oldest; p <= position; ++p) {
          double score = 0;
          for (int64_t d = 0; d < s.headDim; ++d)
            score += double(rounded(q[d])) *
                     keys.elements[headAt(p) * s.headDim + d];
          score *= keys.scales[headAt(p)] * s.scale();
          if (s.softcap > 0)
            score = s.softcap * std::tanh(score / s.softcap);
          scores[p] = score;
        }
        double sum = 0, *out = &output[(row * s.heads() + head) * s.headDim];
        for (int64_t p = oldest, end; p <= position; p = end) {
          end = std::min(p / s.split * s.split + s.split, position + 1);
          double largest = *std::max_element(&scores[p], &scores[end - 1] + 1);
          for (int64_t i = p; i < end; ++i) {
            double weight = std::exp(scores[i] - largest);
            sum += weight * std::exp(largest);
            double factor = rounded(weight * values.scales[headAt(i)]);
            for (int64_t d = 0; d < s.headDim; ++d)
              out[d] += factor * std::exp(largest) *
                        values.elements[headAt(i) * s.headDim + d];
          }
        }
        for (int64_t d = 0; d < s.headDim; ++d)
          out[d] /= sum;
      }
    }
  return output;
}

} // namespace llmc::test

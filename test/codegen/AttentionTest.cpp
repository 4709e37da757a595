/// kv_append and attention together, against softmax in double.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <map>

using namespace llmc::test;

namespace {

struct Variant {
  int64_t headDim = 64, cacheHeads = 2, group = 2, page = 64;
  int64_t window = 0;
  float softcap = 0;
  std::string cacheType = "f32";

  int64_t heads() const { return cacheHeads * group; }
  int64_t vectors() const { return (headDim + 15) / 16; }
  float scale() const { return 1 / std::sqrt(float(headDim)); }
};

std::string str(int64_t value) { return std::to_string(value); }

std::string real(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.10f", value);
  return text;
}

struct Texts {
  std::string rows, keyRows, keys, values;
  explicit Texts(const Variant &s)
      : rows("memref<?x" + str(s.heads() * s.headDim) + "xf32>"),
        keyRows("memref<?x" + str(s.cacheHeads * s.headDim) + "xf32>"),
        keys("memref<?x" + str(s.cacheHeads) + "x" + str(s.page / 16) + "x" +
             str(s.headDim) + "x16x" + s.cacheType + ">"),
        values("memref<?x" + str(s.cacheHeads) + "x" + str(s.vectors()) + "x" +
               str(s.page) + "x16x" + s.cacheType + ">") {}
};

const std::string ints = "memref<?xi32>", table = "memref<?x?xi32>";

std::string appendText(const Variant &s) {
  Texts t(s);
  return "func.func @k(%k: " + t.keyRows + ", %v: " + t.keyRows + ", %s: " +
         ints + ", %p: " + ints + ", %t: " + table + ", %kc: " + t.keys +
         ", %vc: " + t.values +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "kernel.kv_append %k, %v, %s, %p, %t, %kc, %vc, %b, %e {head_dim = " +
         str(s.headDim) + " : i64, page = " + str(s.page) + " : i64} : " +
         t.keyRows + ", " + t.keyRows + ", " + ints + ", " + ints + ", " +
         table + ", " + t.keys + ", " + t.values + ", index, index\nreturn\n}\n";
}

std::string attentionText(const Variant &s) {
  Texts t(s);
  return "func.func @k(%q: " + t.rows + ", %s: " + ints + ", %p: " + ints +
         ", %t: " + table + ", %bl: memref<?x2xi32>, %kc: " + t.keys +
         ", %vc: " + t.values + ", %y: " + t.rows +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "kernel.attention %q, %s, %p, %t, %bl, %kc, %vc, %y, %b, %e {heads = " +
         str(s.heads()) + " : i64, head_dim = " + str(s.headDim) +
         " : i64, page = " + str(s.page) + " : i64, scale = " +
         real(s.scale()) + " : f32, window = " + str(s.window) +
         " : i64, softcap = " + real(s.softcap) + " : f32} : " +
         t.rows + ", " + ints + ", " + ints + ", " + table +
         ", memref<?x2xi32>, " + t.keys + ", " + t.values + ", " + t.rows +
         ", index, index\nreturn\n}\n";
}

constexpr int64_t pages = 24, slots = 8;

/// Sequences with cached positions and the new rows of a step.
struct World {
  Variant variant;
  std::vector<int64_t> lengths; // of each sequence, new rows included
  std::vector<int64_t> fresh;   // new rows of each sequence
  Guarded<int32_t> pageTable;
  // All positions of all sequences, appended once: [rows, KV * D].
  std::vector<float> key, value;
  Guarded<uint8_t> keyCache, valueCache;

  World(const Variant &s, std::vector<int64_t> lengths,
        std::vector<int64_t> fresh);
  size_t elementBytes() const { return variant.cacheType == "f32" ? 4 : 2; }
  int64_t total() const {
    int64_t sum = 0;
    for (int64_t length : lengths)
      sum += length;
    return sum;
  }
  int64_t firstOf(size_t sequence) const {
    int64_t sum = 0;
    for (size_t i = 0; i < sequence; ++i)
      sum += lengths[i];
    return sum;
  }
  void append(const std::string &level);
  /// Outputs of the new rows, blocks of at most `blockRows`.
  std::unique_ptr<Guarded<float>> attend(const Kernel &kernel, int64_t blockRows,
                                         int64_t step) const;
  std::vector<double> reference() const;
  std::vector<float> queries() const;
};

float roundTo(const std::string &type, float value) {
  if (type == "bf16")
    return fromBf16(toBf16(value));
  return type == "f16" ? fromF16(toF16(value)) : value;
}

World::World(const Variant &s, std::vector<int64_t> lengths_,
             std::vector<int64_t> fresh_)
    : variant(s), lengths(lengths_), fresh(fresh_),
      pageTable(lengths_.size() * slots, -1),
      keyCache(pages * s.cacheHeads * s.page * s.headDim *
               (s.cacheType == "f32" ? 4 : 2), 0),
      valueCache(pages * s.cacheHeads * s.page * s.vectors() * 16 *
                 (s.cacheType == "f32" ? 4 : 2), 0) {
  Numbers numbers(8);
  // Pages in an order of their own, as after a while of allocation.
  int32_t next = 5;
  for (size_t sequence = 0; sequence < lengths.size(); ++sequence)
    for (int64_t slot = 0; slot * s.page < lengths[sequence]; ++slot) {
      pageTable[sequence * slots + slot] = next;
      next = (next + 7) % pages;
    }
  key.resize(total() * s.cacheHeads * s.headDim);
  value.resize(key.size());
  for (float &x : key)
    x = roundTo(s.cacheType, 2 * numbers.normal());
  for (float &x : value)
    x = roundTo(s.cacheType, numbers.normal());
}

void World::append(const std::string &level) {
  int64_t rows = total();
  Guarded<int32_t> sequence(rows), position(rows);
  Guarded<float> keys(key.size()), values(value.size());
  std::copy(key.begin(), key.end(), keys.data());
  std::copy(value.begin(), value.end(), values.data());
  for (size_t s = 0; s < lengths.size(); ++s)
    for (int64_t p = 0; p < lengths[s]; ++p) {
      sequence[firstOf(s) + p] = s;
      position[firstOf(s) + p] = p;
    }
  Kernel(appendText(variant), level)
      .run({keys, values, sequence, position, pageTable, keyCache, valueCache},
           {rows, rows, rows, rows, int64_t(lengths.size()), slots, pages, pages},
           0,
           rows, 3);
}

std::vector<float> World::queries() const {
  Numbers numbers(9);
  int64_t rows = 0;
  for (int64_t count : fresh)
    rows += count;
  std::vector<float> queries(rows * variant.heads() * variant.headDim);
  for (float &x : queries)
    x = numbers.normal();
  return queries;
}

std::unique_ptr<Guarded<float>>
World::attend(const Kernel &kernel, int64_t blockRows, int64_t step) const {
  std::vector<float> source = queries();
  Guarded<float> query(source.size());
  std::copy(source.begin(), source.end(), query.data());
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
  int64_t rows = sequences.size(), count = blocks.size() / 2;
  Guarded<int32_t> sequence(rows), position(rows), block(blocks.size());
  std::copy(sequences.begin(), sequences.end(), sequence.data());
  std::copy(positions.begin(), positions.end(), position.data());
  std::copy(blocks.begin(), blocks.end(), block.data());
  auto output = std::make_unique<Guarded<float>>(source.size(), -1);
  kernel.run({query, sequence, position, pageTable, block, keyCache, valueCache,
              *output},
             {rows, rows, rows, int64_t(lengths.size()), slots, count, pages,
              pages, rows},
             0, count * variant.cacheHeads, step);
  return output;
}

std::vector<double> World::reference() const {
  const Variant &s = variant;
  std::vector<float> query = queries();
  std::vector<double> output(query.size());
  int64_t row = 0;
  for (size_t sequence = 0; sequence < lengths.size(); ++sequence)
    for (int64_t i = 0; i < fresh[sequence]; ++i, ++row) {
      int64_t position = lengths[sequence] - fresh[sequence] + i;
      int64_t oldest = s.window ? std::max<int64_t>(0, position - s.window + 1) : 0;
      for (int64_t head = 0; head < s.heads(); ++head) {
        const float *q = &query[(row * s.heads() + head) * s.headDim];
        auto at = [&](const std::vector<float> &rows, int64_t p) {
          return &rows[((firstOf(sequence) + p) * s.cacheHeads +
                        head / s.group) * s.headDim];
        };
        double sum = 0, *out = &output[(row * s.heads() + head) * s.headDim];
        for (int64_t p = oldest; p <= position; ++p) {
          double score = 0;
          for (int64_t d = 0; d < s.headDim; ++d)
            score += double(q[d]) * at(key, p)[d];
          score *= s.scale();
          if (s.softcap > 0)
            score = s.softcap * std::tanh(score / s.softcap);
          double weight = std::exp(score);
          sum += weight;
          for (int64_t d = 0; d < s.headDim; ++d)
            out[d] += weight * at(value, p)[d];
        }
        for (int64_t d = 0; d < s.headDim; ++d)
          out[d] /= sum;
      }
    }
  return output;
}

/// All partitions and blockings give the same bits, near the reference.
void check(const Variant &variant, std::vector<int64_t> lengths,
           std::vector<int64_t> fresh) {
  World world(variant, lengths, fresh);
  std::vector<double> want = world.reference();
  std::unique_ptr<Guarded<float>> first;
  for (const std::string &level : runnableLevels()) {
    world.append(level);
    Kernel kernel(attentionText(variant), level);
    for (auto [rows, step] : {std::pair<int64_t, int64_t>{16, 0}, {1, 0},
                              {3, 1}, {7, 2}}) {
      auto output = world.attend(kernel, rows, step);
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR((*output)[i], want[i], 1e-5)
            << level << " element " << i << " blocks of " << rows;
      if (first) {
        ASSERT_TRUE(first->sameBits(*output)) << level << " blocks of " << rows;
      }
      first = std::move(output);
    }
  }
}

} // namespace

TEST(Attention, EqualsSoftmaxForShapesOfHeads) {
  for (int64_t headDim : {8, 64, 80})
    for (int64_t group : {1, 2, 4}) {
      Variant variant;
      variant.headDim = headDim;
      variant.group = group;
      check(variant, {1, 70, 200}, {1, 17, 2});
    }
}

TEST(Attention, TakesWideHeads) {
  for (int64_t headDim : {96, 128, 256}) {
    Variant variant;
    variant.headDim = headDim;
    variant.cacheHeads = 1;
    variant.group = 3;
    check(variant, {80, 66}, {3, 40});
  }
}

TEST(Attention, TakesManyQueryHeadsOfOneCacheHead) {
  for (int64_t group : {7, 8, 12}) {
    Variant variant;
    variant.cacheHeads = 1;
    variant.group = group;
    check(variant, {130, 65}, {4, 65});
  }
}

TEST(Attention, LooksNoFurtherThanItsWindow) {
  for (int64_t window : {1, 20, 64, 100}) {
    Variant variant;
    variant.window = window;
    check(variant, {5, 190, 300}, {5, 33, 1});
  }
}

TEST(Attention, CapsScoresSoftly) {
  Variant variant;
  variant.softcap = 3;
  check(variant, {100, 30}, {9, 30});
}

TEST(Attention, TakesPagesOfOtherSizes) {
  for (int64_t page : {16, 32, 48, 128}) {
    Variant variant;
    variant.page = page;
    check(variant, {page + 1, 2 * page, 3}, {2, 20, 3});
  }
}

TEST(Attention, ReadsHalfCaches) {
  for (const char *type : {"bf16", "f16"}) {
    Variant variant;
    variant.cacheType = type;
    check(variant, {100, 30}, {9, 30});
  }
}

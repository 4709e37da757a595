/// kernel.rope_append on a simulated GPU: to the bit what kernel.rms_norm,
/// kernel.rope and kernel.kv_append do; and bytes as the CPU makes them.
#include "test/codegen/DrawnRows.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

std::string str(int64_t value) { return std::to_string(value); }

/// What is normalised before it is rotated.
enum class Norm { None, Heads, Rows };

struct Append {
  int64_t headDim, rotary;
  bool interleaved;
  int64_t lane; ///< Elements of the cache in 4 bytes: of f32, bf16, i8.
  Norm norm = Norm::None;
  int64_t heads = 4, cacheHeads = 2, page = 32, rows = 5, pages = 3;
  std::string rowType = "f32", halves = "bf16"; ///< Halves: in a cache.

  int64_t vectors() const { return (headDim + 15) / 16; }
  int64_t keyLines() const { return headDim / lane + (lane == 4 ? 2 : 0); }
  std::string rowsOf(int64_t heads) const {
    return "memref<?x" + str(heads * headDim) + "x" + rowType + ">";
  }
  int64_t scales(int64_t heads) const {
    return norm == Norm::Rows ? heads * headDim : headDim;
  }
  std::string scaleOf(int64_t heads) const {
    return "memref<" + str(scales(heads)) + "xf32>";
  }
  std::string table() const { return "memref<60x" + str(rotary / 2) + "xf32>"; }
  std::string cache(int64_t panels, int64_t lines) const {
    return "memref<?x" + str(cacheHeads) + "x" + str(panels) + "x" +
           str(lines) + "x16x" +
           (lane == 1 ? "f32>" : lane == 2 ? "2x" + halves + ">" : "4xi8>");
  }
  std::string keys() const { return cache(page / 16, keyLines()); }
  std::string values() const { return cache(vectors(), page / lane); }
  std::string rotation(int64_t heads) const {
    return "heads = " + str(heads) + " : i64, head_dim = " + str(headDim) +
           " : i64, rotary_dim = " + str(rotary) + " : i64, interleaved = " +
           (interleaved ? "true" : "false");
  }
};

const std::string normNumbers = "epsilon = 1.0e-3 : f32, offset = 1.0 : f32";
const std::string ints = "memref<?xi32>", pageTable = "memref<?x?xi32>";

/// kernel.rms_norm by the GPU of rows or of their heads, in place.
void normalize(const Append &s, Guarded<uint8_t> &rows, Guarded<float> &scale,
               int64_t heads) {
  std::string type = s.rowsOf(heads);
  if (s.norm == Norm::Heads)
    type = "memref<?x" + str(heads) + "x" + str(s.headDim) + "x" + s.rowType + ">";
  Kernel(kernelText("kernel.rms_norm", {type, s.scaleOf(heads), type}, normNumbers),
         gpuLevel)
      .run({rows, scale, rows}, {s.rows, s.rows}, 0, s.rows);
}

/// Another order of a sum of squares may round to a neighbour in the rows' type.
void expectClose(const std::string &rowType, const std::string &type,
                 const Guarded<uint8_t> &got, const Guarded<uint8_t> &want) {
  std::vector<float> numbers = ofMemory(type, got), wanted = ofMemory(type, want);
  double relative = rowType == "f32" ? 3e-6 : rowType == "bf16" ? 0x1p-5 : 0x1p-8;
  for (size_t i = 0; i < numbers.size(); ++i)
    ASSERT_NEAR(numbers[i], wanted[i], relative * (4 + std::abs(wanted[i]))) << i;
}

std::vector<uint8_t> random(Numbers &numbers, const std::string &type, int64_t count) {
  std::vector<float> values(count);
  for (float &value : values)
    value = numbers.normal();
  return inMemory(type, values);
}

void check(const Append &s, uint64_t seed = 11) {
  Numbers numbers(seed);
  Guarded<uint8_t> query(random(numbers, s.rowType, s.rows * s.heads * s.headDim)),
      key(random(numbers, s.rowType, s.rows * s.cacheHeads * s.headDim)),
      value(random(numbers, s.rowType, s.rows * s.cacheHeads * s.headDim));
  Guarded<float> cos(60 * s.rotary / 2), sin(60 * s.rotary / 2);
  for (auto *array : {&cos, &sin})
    numbers.fill(*array);
  Guarded<int32_t> sequence(s.rows, 0), positions(s.rows), pages(2);
  for (int64_t i = 0; i < s.rows; ++i)
    positions[i] = int32_t(29 + i); // Across the border of two pages.
  pages[0] = 2, pages[1] = 0;
  size_t keyBytes = s.pages * s.cacheHeads * s.page * s.keyLines() * 4;
  size_t valueBytes =
      s.pages * s.cacheHeads * s.page * s.vectors() * 64 / s.lane;
  Guarded<uint8_t> keys(keyBytes, 0), values(valueBytes, 0), keys2(keyBytes, 0),
      values2(valueBytes, 0);
  Guarded<uint8_t> rotated(query.size()), rotated2(query.size()),
      rotatedKey(key.size()), plainQuery(query.size()), plainKey(key.size());
  Guarded<float> queryScale(s.scales(s.heads)), keyScale(s.scales(s.cacheHeads));
  numbers.fill(queryScale);
  numbers.fill(keyScale);
  std::copy_n(query.data(), query.size(), plainQuery.data());
  std::copy_n(key.data(), key.size(), plainKey.data());
  if (s.norm != Norm::None) {
    normalize(s, query, queryScale, s.heads);
    normalize(s, key, keyScale, s.cacheHeads);
  }

  auto rope = [&](int64_t heads) {
    return kernelText("kernel.rope",
                      {s.rowsOf(heads), ints, s.table(), s.table(),
                       s.rowsOf(heads)},
                      s.rotation(heads));
  };
  std::vector<int64_t> ropeExtents(3, s.rows);
  Kernel(rope(s.heads), gpuLevel)
      .run({query, positions, cos, sin, rotated}, ropeExtents, 0, s.rows);
  Kernel(rope(s.cacheHeads), gpuLevel)
      .run({key, positions, cos, sin, rotatedKey}, ropeExtents, 0, s.rows);
  std::string shape = "head_dim = " + str(s.headDim) + " : i64, page = " +
                      str(s.page) + " : i64";
  auto append = [&](const std::string &level, Guarded<uint8_t> &keys,
                    Guarded<uint8_t> &values) {
    Kernel(kernelText("kernel.kv_append",
                      {s.rowsOf(s.cacheHeads), s.rowsOf(s.cacheHeads), ints,
                       ints, pageTable, s.keys(), s.values()},
                      shape),
           level)
        .run({rotatedKey, value, sequence, positions, pages, keys, values},
             {s.rows, s.rows, s.rows, s.rows, 1, 2, s.pages, s.pages}, 0, s.rows);
  };
  append(gpuLevel, keys, values);
  // CPUs have rows of f32.
  for (const std::string &level :
       s.rowType == "f32" ? runnableLevels() : std::vector<std::string>()) {
    if (level == "x86-64-amx")
      continue; // Has no append of its own.
    Guarded<uint8_t> cpuKeys(keyBytes, 0), cpuValues(valueBytes, 0);
    append(level, cpuKeys, cpuValues);
    EXPECT_TRUE(keys.sameBits(cpuKeys)) << level;
    EXPECT_TRUE(values.sameBits(cpuValues)) << level;
  }

  std::vector<std::string> types = {
      s.rowsOf(s.heads), s.rowsOf(s.cacheHeads), s.rowsOf(s.cacheHeads),
      s.table(), s.table(), ints, ints, pageTable, s.keys(), s.values(),
      s.rowsOf(s.heads)};
  std::vector<void *> arguments = {plainQuery, plainKey, value, cos, sin,
                                   sequence, positions, pages, keys2, values2,
                                   rotated2};
  std::string attributes =
      s.rotation(s.heads) + ", page = " + str(s.page) + " : i64";
  if (s.norm != Norm::None) {
    types.insert(types.end(), {s.scaleOf(s.heads), s.scaleOf(s.cacheHeads)});
    arguments.push_back(queryScale);
    arguments.push_back(keyScale);
    attributes += ", " + normNumbers;
  }
  Kernel(kernelText("kernel.rope_append", types, attributes), gpuLevel)
      .run(arguments,
           {s.rows, s.rows, s.rows, s.rows, s.rows, 1, 2, s.pages, s.pages,
            s.rows},
           0, s.rows);
  EXPECT_TRUE(values.sameBits(values2));
  // kernel.rms_norm has a row's squares summed by a block.
  if (s.norm == Norm::Rows) {
    expectClose(s.rowType, s.rowType, rotated2, rotated);
    if (s.lane == 1)
      expectClose(s.rowType, "f32", keys2, keys);
    return;
  }
  EXPECT_TRUE(rotated.sameBits(rotated2));
  EXPECT_TRUE(keys.sameBits(keys2));
}

} // namespace

TEST(GpuRopeAppend, DoesWhatRotationAndAppendDo) {
  for (int64_t lane : {1, 2, 4})
    for (bool interleaved : {false, true}) {
      check({64, 64, interleaved, lane});
      check({80, 32, interleaved, lane});
      check({8, 4, interleaved, lane});
    }
}

TEST(GpuRopeAppend, DoesWhatNormsOfHeadsDoBeforeIt) {
  for (int64_t lane : {1, 2, 4})
    for (bool interleaved : {false, true}) {
      check({128, 128, interleaved, lane, Norm::Heads, 9, 3});
      check({80, 32, interleaved, lane, Norm::Heads});
      check({8, 4, interleaved, lane, Norm::Heads});
    }
}

TEST(GpuRopeAppend, NormalisesWholeRows) {
  for (int64_t lane : {1, 2, 4}) {
    check({64, 64, false, lane, Norm::Rows, 9, 3});
    check({80, 32, true, lane, Norm::Rows});
  }
}

TEST(GpuRopeAppend, TakesDrawnShapes) {
  Numbers numbers(63);
  const Norm norms[] = {Norm::None, Norm::Heads, Norm::Rows};
  const int64_t common[] = {32, 64, 80, 96, 128, 256};
  for (int i = 0; i < 18; ++i) {
    int64_t lane = int64_t(1) << i % 3;
    int64_t headDim = numbers.below(2) ? draw(numbers, common)
                                       : 4 * (1 + numbers.below(40));
    int64_t rotary = numbers.below(2) ? headDim : 2 * (1 + numbers.below(headDim / 2));
    bool interleaved = numbers.below(2);
    Append s{headDim, rotary, interleaved, lane, draw(numbers, norms)};
    s.cacheHeads = 1 + numbers.below(4);
    s.heads = s.cacheHeads * (1 + numbers.below(6));
    s.page = 32 * (1 + numbers.below(3));
    s.rows = 1 + numbers.below(9);
    s.rowType = drawType(numbers);
    s.halves = numbers.below(2) ? "bf16" : "f16";
    SCOPED_TRACE(testing::Message()
                 << "draw " << i << ": heads of " << headDim << ", " << s.heads << " and "
                 << s.cacheHeads << ", rotary " << rotary << " " << interleaved
                 << ", lanes of " << lane << " " << s.halves << ", norm "
                 << int(s.norm) << ", pages of " << s.page << ", rows of " << s.rowType);
    check(s, i);
    if (HasFailure())
      return;
  }
}

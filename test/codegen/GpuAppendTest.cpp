/// kernel.rope_append on a simulated GPU: to the bit what kernel.rope and
/// kernel.kv_append do; and bytes as the CPU makes them.
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

using namespace llmc::test;

namespace {

std::string str(int64_t value) { return std::to_string(value); }

struct Append {
  int64_t headDim, rotary;
  bool interleaved;
  int64_t lane; ///< Elements of the cache in 4 bytes: of f32, bf16, i8.
  int64_t heads = 4, cacheHeads = 2, page = 32, rows = 5, pages = 3;

  int64_t vectors() const { return (headDim + 15) / 16; }
  int64_t keyLines() const { return headDim / lane + (lane == 4 ? 2 : 0); }
  std::string rowsOf(int64_t heads) const {
    return "memref<?x" + str(heads * headDim) + "xf32>";
  }
  std::string table() const { return "memref<60x" + str(rotary / 2) + "xf32>"; }
  std::string cache(int64_t panels, int64_t lines) const {
    return "memref<?x" + str(cacheHeads) + "x" + str(panels) + "x" +
           str(lines) + "x16x" +
           (lane == 1 ? "f32>" : lane == 2 ? "2xbf16>" : "4xi8>");
  }
  std::string keys() const { return cache(page / 16, keyLines()); }
  std::string values() const { return cache(vectors(), page / lane); }
  std::string rotation(int64_t heads) const {
    return "heads = " + str(heads) + " : i64, head_dim = " + str(headDim) +
           " : i64, rotary_dim = " + str(rotary) + " : i64, interleaved = " +
           (interleaved ? "true" : "false");
  }
};

const std::string ints = "memref<?xi32>", pageTable = "memref<?x?xi32>";

void check(const Append &s) {
  Guarded<float> query(s.rows * s.heads * s.headDim),
      key(s.rows * s.cacheHeads * s.headDim),
      value(s.rows * s.cacheHeads * s.headDim), cos(60 * s.rotary / 2),
      sin(60 * s.rotary / 2);
  Numbers numbers(11);
  for (auto *array : {&query, &key, &value, &cos, &sin})
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
  Guarded<float> rotated(query.size()), rotated2(query.size()),
      rotatedKey(key.size());

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
  for (const std::string &level : runnableLevels()) {
    if (level == "x86-64-amx")
      continue; // Has no append of its own.
    Guarded<uint8_t> cpuKeys(keyBytes, 0), cpuValues(valueBytes, 0);
    append(level, cpuKeys, cpuValues);
    EXPECT_TRUE(keys.sameBits(cpuKeys)) << level;
    EXPECT_TRUE(values.sameBits(cpuValues)) << level;
  }

  Kernel(kernelText("kernel.rope_append",
                    {s.rowsOf(s.heads), s.rowsOf(s.cacheHeads),
                     s.rowsOf(s.cacheHeads), s.table(), s.table(), ints, ints,
                     pageTable, s.keys(), s.values(), s.rowsOf(s.heads)},
                    s.rotation(s.heads) + ", page = " + str(s.page) + " : i64"),
         gpuLevel)
      .run({query, key, value, cos, sin, sequence, positions, pages, keys2,
            values2, rotated2},
           {s.rows, s.rows, s.rows, s.rows, s.rows, 1, 2, s.pages, s.pages,
            s.rows},
           0, s.rows);
  EXPECT_TRUE(rotated.sameBits(rotated2));
  EXPECT_TRUE(keys.sameBits(keys2));
  EXPECT_TRUE(values.sameBits(values2));
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

/// kv_append and attention together on CPUs, against softmax in double; whole and by
/// pieces, to the bit.
#include "test/codegen/AttentionWorld.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

/// How far results may be from the reference. But over f32, a weight that is almost
/// between two numbers may be rounded to the other one: that moves few results,
/// and the mean hardly.
struct Tolerance {
  double largest, mean;
  explicit Tolerance(const Variant &variant)
      : largest(variant.rounds() ? 1e-2 : 1e-5),
        mean(variant.rounds() ? 1e-5 : 1e-6) {}
};

/// All partitions, blockings and divisions of the work give the same bits, near
/// the reference.
void checkOne(const Variant &variant, std::vector<int64_t> lengths,
              std::vector<int64_t> fresh) {
  World world(variant, lengths, fresh);
  std::vector<double> want = world.reference();
  Tolerance tolerance(world.variant);
  std::unique_ptr<Guarded<float>> first;
  for (const std::string &level :
       variant.cacheType == "f16" ? levelsOfHalves() : runnableLevels()) {
    // The other kernels are those of the level before (Target::codeLevel).
    bool tiles = level.starts_with("x86-64-amx");
    if (tiles && (!variant.rounds() || variant.headDim % 32))
      continue;
    std::string vectors = tiles ? "x86-64-v4" : level;
    world.append(vectors);
    const Kernel &whole = compiled(attentionText(world.variant), level);
    const Kernel &split = compiled(splitText(world.variant), level);
    const Kernel &merge = compiled(mergeText(world.variant), vectors);
    for (auto [rows, step] : {std::pair<int64_t, int64_t>{16, 0}, {1, 0},
                              {3, 1}, {7, 2}, {40, 0}})
      for (bool pieces : {false, true}) {
        auto output = pieces ? world.attend(split, &merge, rows, step)
                             : world.attend(whole, rows, step);
        double apart = 0;
        for (size_t i = 0; i < want.size(); ++i) {
          ASSERT_NEAR((*output)[i], want[i], tolerance.largest)
              << level << " element " << i << " blocks of " << rows
              << (pieces ? " by pieces" : "");
          apart += std::abs((*output)[i] - want[i]);
        }
        ASSERT_LE(apart / want.size(), tolerance.mean) << level;
        if (first) {
          ASSERT_TRUE(first->sameBits(*output))
              << level << " blocks of " << rows << (pieces ? " by pieces" : "");
        }
        first = std::move(output);
      }
  }
}

/// The same over caches of all types that take such heads.
void check(Variant variant, std::vector<int64_t> lengths,
           std::vector<int64_t> fresh,
           std::vector<const char *> types = {"f32", "bf16", "f16", "i8"}) {
  for (const char *type : types) {
    SCOPED_TRACE(type);
    variant.cacheType = type;
    if (variant.headDim % variant.lane())
      continue;
    checkOne(variant, lengths, fresh);
  }
}

/// Of several variants each has two of the types, by turns.
void checkByTurns(const Variant &variant, std::vector<int64_t> lengths,
                  std::vector<int64_t> fresh, int64_t turn) {
  std::vector<const char *> types = {"f32", "i8"};
  if (turn % 2)
    types = {"bf16", "f16"};
  check(variant, lengths, fresh, types);
}

} // namespace

TEST(Attention, EqualsSoftmaxForShapesOfHeads) {
  int64_t turn = 0;
  for (int64_t headDim : {8, 64, 80}) {
    ++turn; // Each group has other types than with the width before.
    for (int64_t group : {1, 4}) {
      Variant variant;
      variant.headDim = headDim;
      variant.group = group;
      checkByTurns(variant, {1, 70, 200}, {1, 17, 2}, turn++);
    }
  }
}

TEST(Attention, TakesWideHeads) {
  int64_t turn = 0;
  for (int64_t headDim : {96, 128, 256}) {
    Variant variant;
    variant.headDim = headDim;
    variant.cacheHeads = 1;
    variant.group = 3;
    checkByTurns(variant, {80, 66}, {3, 40}, turn++);
  }
}

TEST(Attention, TakesManyQueryHeadsOfOneCacheHead) {
  int64_t turn = 0;
  for (int64_t group : {7, 8, 12}) {
    Variant variant;
    variant.cacheHeads = 1;
    variant.group = group;
    checkByTurns(variant, {130, 65}, {4, 65}, turn++);
  }
}

TEST(Attention, LooksNoFurtherThanItsWindow) {
  int64_t turn = 0;
  for (int64_t window : {1, 20, 100}) {
    Variant variant;
    variant.window = window;
    checkByTurns(variant, {5, 190, 300}, {5, 33, 1}, turn++);
  }
}

TEST(Attention, TakesChunksOfAnyNumberOfRows) {
  // With 3 heads, tiles of 16 lines end within a row.
  for (int64_t rows : {6, 11, 12, 33, 40}) {
    Variant variant;
    variant.headDim = 32;
    variant.cacheHeads = 1;
    variant.group = 3;
    variant.slots = 2;
    check(variant, {150, rows}, {rows, rows});
  }
}

TEST(Attention, CapsScoresSoftly) {
  Variant variant;
  variant.softcap = 3;
  check(variant, {100, 30}, {9, 30});
}

TEST(Attention, TakesPagesOfOtherSizes) {
  int64_t turn = 0;
  for (int64_t page : {32, 96, 128}) {
    Variant variant;
    variant.page = page;
    variant.split = 2 * page;
    checkByTurns(variant, {page + 1, 2 * page, 3}, {2, 20, 3}, turn++);
  }
}

TEST(Attention, TakesHeadsThatFillNoVector) {
  for (int64_t headDim : {2, 20, 50}) {
    Variant variant;
    variant.headDim = headDim;
    check(variant, {100, 33}, {9, 33});
  }
}

TEST(Attention, MergesPiecesOfAnyNumber) {
  int64_t turn = 0;
  for (int64_t split : {64, 192, 512}) {
    Variant variant;
    variant.headDim = 24;
    variant.cacheHeads = 1;
    variant.split = split;
    checkByTurns(variant, {1, 63, 64, 65, 192, 193, 511, 700},
                 {1, 1, 1, 1, 1, 1, 1, 1}, turn++);
  }
}

TEST(Attention, TakesPiecesOfAnyLengthThatScoresHaveRoomFor) {
  Variant variant;
  variant.headDim = 16;
  variant.group = 4;
  variant.split = 16384;
  check(variant, {70, 300}, {5, 33});
}

TEST(Attention, MergesPiecesOfABatchOfAnyLengths) {
  Variant variant;
  variant.headDim = 16;
  variant.cacheHeads = 3;
  check(variant, {1, 700, 129, 128}, {1, 1, 1, 1});
  check(variant, {129, 500}, {3, 1});
}

TEST(Attention, KeepsNoMorePiecesThanAWindowReaches) {
  int64_t turn = 0;
  for (int64_t window : {1, 100, 129, 300}) {
    Variant variant;
    variant.headDim = 16;
    variant.window = window;
    // Blocks of 16 rows and the window, wherever they begin.
    variant.slots = (window + 16 - 2 + 127) / 128 + 1;
    checkByTurns(variant, {900, 300, 513}, {1, 20, 3}, turn++);
  }
}

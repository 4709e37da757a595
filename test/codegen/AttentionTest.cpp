/// kv_append and attention together, against softmax in double; whole and by
/// pieces, to the bit.
#include "test/codegen/AttentionWorld.h"

#include "gtest/gtest.h"

using namespace llmc::test;

namespace {

/// All partitions, blockings and divisions of the work give the same bits, near
/// the reference.
void check(const Variant &variant, std::vector<int64_t> lengths,
           std::vector<int64_t> fresh) {
  World world(variant, lengths, fresh);
  std::vector<double> want = world.reference();
  std::unique_ptr<Guarded<float>> first;
  for (const std::string &level : runnableLevels()) {
    world.append(level);
    Kernel whole(attentionText(world.variant), level);
    Kernel split(splitText(world.variant), level);
    Kernel merge(mergeText(world.variant), level);
    for (auto [rows, step] : {std::pair<int64_t, int64_t>{16, 0}, {1, 0},
                              {3, 1}, {7, 2}})
      for (bool pieces : {false, true}) {
        auto output = pieces ? world.attend(split, merge, rows, step)
                             : world.attend(whole, rows, step);
        for (size_t i = 0; i < want.size(); ++i)
          ASSERT_NEAR((*output)[i], want[i], 1e-5)
              << level << " element " << i << " blocks of " << rows
              << (pieces ? " by pieces" : "");
        if (first) {
          ASSERT_TRUE(first->sameBits(*output))
              << level << " blocks of " << rows << (pieces ? " by pieces" : "");
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
  for (int64_t page : {32, 96, 128}) {
    Variant variant;
    variant.page = page;
    variant.split = 2 * page;
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

TEST(Attention, MergesPiecesOfAnyNumber) {
  for (int64_t split : {64, 192, 512}) {
    Variant variant;
    variant.headDim = 24;
    variant.cacheHeads = 1;
    variant.split = split;
    check(variant, {1, 63, 64, 65, 192, 193, 511, 700}, {1, 1, 1, 1, 1, 1, 1, 1});
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
  for (int64_t window : {1, 64, 100, 129, 300}) {
    Variant variant;
    variant.headDim = 16;
    variant.window = window;
    // Blocks of 16 rows and the window, wherever they begin.
    variant.slots = (window + 16 - 2 + 127) / 128 + 1;
    check(variant, {900, 300, 513}, {1, 20, 3});
  }
}

/// kv_append, attention and attention_split on a simulated GPU, over drawn shapes,
/// against softmax in double.
#include "test/codegen/AttentionWorld.h"
#include "test/codegen/DrawnRows.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

/// Near the reference, and the same bits whatever rows are done together.
void check(const Variant &variant, std::vector<int64_t> lengths,
           std::vector<int64_t> fresh) {
  World world(variant, lengths, fresh);
  std::vector<double> want = world.reference();
  // A weight is lessened by the largest score so far, not by the piece's.
  double largest = variant.rounds() ? 3e-2 : 3e-5, rows = 0;
  world.append(gpuLevel);
  const Kernel &whole = compiled(attentionText(world.variant), gpuLevel);
  const Kernel &split =
      compiled(splitText(world.variant, /*merges=*/true), gpuLevel);
  for (double number : want)
    rows += rounded({number, 0}, variant.rowType).error;
  for (bool pieces : {false, true}) {
    std::unique_ptr<Guarded<float>> first;
    for (auto [rowsAtOnce, step] : {std::pair<int64_t, int64_t>{16, 0}, {3, 2}}) {
      auto output = pieces ? world.attend(split, nullptr, rowsAtOnce, step)
                           : world.attend(whole, rowsAtOnce, step);
      double apart = 0;
      for (size_t i = 0; i < want.size(); ++i) {
        Near near = rounded({want[i], largest}, variant.rowType);
        ASSERT_NEAR((*output)[i], near.value, near.error)
            << "element " << i << " blocks of " << rowsAtOnce
            << (pieces ? " by pieces" : "");
        apart += std::abs((*output)[i] - want[i]);
      }
      ASSERT_LE((apart - rows) / double(want.size()), variant.rounds() ? 2e-3 : 3e-6);
      if (first) {
        ASSERT_TRUE(first->sameBits(*output)) << "blocks of " << rowsAtOnce;
      }
      first = std::move(output);
    }
  }
}

testing::Message describe(const Variant &v, const std::vector<int64_t> &lengths) {
  testing::Message text;
  text << v.headDim << " of " << v.cacheType << " for rows of " << v.rowType << ", "
       << v.cacheHeads << " x " << v.group << ", pages of " << v.page
       << ", pieces of " << v.split << ", window " << v.window << ", softcap "
       << v.softcap << ", slots " << v.slots << ", lengths";
  for (int64_t length : lengths)
    text << " " << length;
  return text;
}

} // namespace

TEST(GpuAttention, TakesDrawnShapes) {
  const char *types[] = {"f32", "bf16", "f16", "i8"};
  const int64_t common[] = {32, 64, 80, 96, 128}, groups[] = {1, 2, 3, 4, 5, 7, 8, 12};
  const int64_t windows[] = {1, 20, 100, 129, 300};
  Numbers numbers(61);
  for (int i = 0; i < 24; ++i) {
    Variant v;
    v.cacheType = types[i % 4];
    v.rowType = drawType(numbers);
    v.headDim = numbers.below(3) ? draw(numbers, common)
                                 : v.lane() * (1 + numbers.below(128 / v.lane()));
    v.cacheHeads = 1 + numbers.below(3);
    v.group = draw(numbers, groups);
    v.page = 32 * (1 + numbers.below(4));
    v.split = v.page * (numbers.below(6) ? 1 + numbers.below(4) : 16384 / v.page);
    if (numbers.below(2))
      v.window = numbers.below(2) ? draw(numbers, windows) : 1 + numbers.below(250);
    v.softcap = numbers.below(3) ? 0 : 3;
    // As few as the window asks for, with blocks of 16 rows wherever they begin.
    if (v.window && numbers.below(2))
      v.slots = (v.window + 16 - 2 + v.split - 1) / v.split + 1;
    std::vector<int64_t> lengths, fresh;
    for (int64_t n = numbers.below(4); n >= 0; --n) {
      fresh.push_back(1 + (numbers.below(3) ? numbers.below(6) : numbers.below(40)));
      lengths.push_back(fresh.back() + numbers.below(2) * numbers.below(280));
    }
    SCOPED_TRACE(testing::Message() << "draw " << i << ": " << describe(v, lengths));
    check(v, lengths, fresh);
    if (HasFailure())
      return;
  }
}

TEST(GpuAttention, MergesPiecesOfAnyNumber) {
  Variant variant;
  variant.headDim = 24;
  variant.cacheHeads = 1;
  variant.cacheType = "bf16";
  variant.split = 64;
  check(variant, {1, 63, 64, 65, 192, 193, 511, 700}, {1, 1, 1, 1, 1, 1, 1, 1});
}

// What they are besides is drawn, the same every time.
TEST(GpuAttention, DividesWideHeadsAmongWarps) {
  const std::pair<int64_t, const char *> heads[] = {
      {130, "bf16"}, {160, "i8"},   {224, "f16"}, {256, "bf16"}, {256, "i8"},
      {272, "i8"},   {512, "bf16"}, {512, "i8"},  {576, "f16"}};
  Numbers numbers(23);
  for (auto [headDim, type] : heads) {
    Variant variant;
    variant.headDim = headDim;
    variant.cacheType = type;
    variant.cacheHeads = 1 + numbers.below(2);
    variant.group = 1 + numbers.below(5);
    variant.page = 32 * (1 + numbers.below(3));
    variant.split = variant.page * (1 + numbers.below(3));
    variant.window = numbers.below(2) * (1 + numbers.below(100));
    variant.softcap = numbers.below(2) * 5;
    std::vector<int64_t> lengths, fresh;
    for (int64_t i = 0; i < 2; ++i) {
      fresh.push_back(1 + numbers.below(12));
      lengths.push_back(fresh.back() + numbers.below(170));
    }
    SCOPED_TRACE(describe(variant, lengths));
    check(variant, lengths, fresh);
  }
}

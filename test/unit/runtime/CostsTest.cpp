#include "runtime/program/Costs.h"

#include <gtest/gtest.h>

namespace llmc {
namespace {

/// Kernels: 0 a lookup of 8 bytes a row, 1 a linear of 100 operations a row,
/// 2 attention of 10 a row and position, 3 an append, 4 a norm.
constexpr int64_t width = 4, vocabulary = 5;

struct World {
  Model model;
  Module &module() { return model.modules[0]; }

  explicit World(int64_t window = 0) {
    model.weights = {{"table", ElementType::F32, {7, 2}, "rows", 56, 0, 14},
                     {"matrix", ElementType::BF16, {10, 5}, "rows", 100, 64, 50},
                     {"angles", ElementType::F32, {9}, "rows", 36, 192, 0}};
    model.kernels = {{"embed", "embedding", 3, 0, {0, 0, 0, {{1, 8}}}},
                     {"linear", "linear", 3, 0, {100, 0, 0, {}}},
                     {"attend", "attention", 4, 0, {0, 10, window, {}}},
                     {"append", "kv_append", 3, 0, {}},
                     {"norm", "rms_norm", 2, 0, {}},
                     {"take", "take_rows", 3, 0, {0, 0, 0, {{0, width * 4}}}}};
    Module decoder;
    decoder.decoder.vocabulary = vocabulary;
    decoder.decoder.cache = {1, 2, 16, cachePage};
    decoder.decoder.cacheType = ElementType::BF16;
    decoder.decoder.chunk = 8;
    decoder.decoder.blockRows = 4;
    decoder.programs = {step("decode", 1, 2), step("prefill", 3, 8)};
    model.modules = {decoder};
  }

  static Program step(const char *name, int64_t least, int64_t most) {
    Program p;
    p.name = name;
    p.minRows = least;
    p.maxRows = most;
    p.symbols = {"T", "R", "N"};
    using Kind = Value::Kind;
    p.values = {{Kind::Constant, 0, 0, 0}, {Kind::Symbol, 0, 0, 0},
                {Kind::Symbol, 1, 0, 0},   {Kind::Symbol, 2, 0, 0},
                {Kind::Constant, width, 0, 0}, {Kind::Constant, 7, 0, 0},
                {Kind::Constant, 10, 0, 0},    {Kind::Constant, 5, 0, 0}};
    using Space = Buffer::Space;
    auto f32 = ElementType::F32;
    p.buffers = {{Space::Input, ElementType::I32, 0, 0, {1}, {}},   // tokens
                 {Space::Weight, f32, 0, 0, {5}, {}},               // table: 28 bytes
                 {Space::Arena, f32, 0, 0, {1, 4}, {}},             // rows
                 {Space::Weight, ElementType::BF16, 1, 0, {6, 7}, {}}, // matrix
                 {Space::KeyCache, ElementType::BF16, 0, 0, {3}, {}},
                 {Space::ValueCache, ElementType::BF16, 0, 0, {3}, {}},
                 {Space::Output, f32, 0, 0, {2, 7}, {}},
                 {Space::Arena, f32, 0, 0, {2, 4}, {}}, // rows with logits
                 {Space::Input, ElementType::I32, 1, 0, {2}, {}}}; // their numbers
    p.launches = {{0, 1, {0, 1, 2}, {}, "", {}}, {3, 1, {2, 4, 5}, {}, "", {}},
                  {2, 1, {2, 4, 5, 2}, {}, "", {}}, {1, 1, {2, 3, 2}, {}, "", {}},
                  {1, 1, {7, 3, 6}, {}, "", {}}, {5, 1, {2, 8, 7}, {}, "", {}}};
    return p;
  }

  std::vector<LaunchCost> costs(std::vector<CostSequence> sequences, int64_t results) {
    auto found = stepCosts(model, module(), sequences, results);
    EXPECT_TRUE(bool(found));
    return found ? *std::move(found) : std::vector<LaunchCost>(6);
  }
};

TEST(Costs, ALinearCostsItsOperationsForEachRowAndItsWeightOnce) {
  World world;
  auto one = world.costs({{0, 1}}, 1), two = world.costs({{0, 1}, {5, 1}}, 2);
  EXPECT_EQ(one[3].cost.operations, 100u);
  EXPECT_EQ(two[3].cost.operations, 200u);
  EXPECT_EQ(two[3].rows, 2);
  EXPECT_EQ(one[3].cost.weightBytes, 100u);
  EXPECT_EQ(two[3].cost.weightBytes, 100u);
  EXPECT_EQ(one[3].cost.otherBytes, 2 * width * 4u);
}

TEST(Costs, ALookupReadsTheBytesOfItsRowsAndNeverMoreThanTheTable) {
  World world;
  EXPECT_EQ(world.costs({{0, 1}}, 1)[0].cost.weightBytes, 8u);
  EXPECT_EQ(world.costs({{0, 3}}, 1)[0].cost.weightBytes, 24u);
  EXPECT_EQ(world.costs({{0, 8}}, 1)[0].cost.weightBytes, 28u);
}

TEST(Costs, RowsThatAreTakenAreThoseThatAreAskedFor) {
  World world;
  LaunchCost taken = world.costs({{0, 8}}, 2)[5];
  EXPECT_EQ(taken.rows, 2);
  // Two rows are read and written, and two numbers read.
  EXPECT_EQ(taken.cost.otherBytes, 2u * (2 * width * 4 + 4));
}

TEST(Costs, AttentionCountsWhatEachRowSees) {
  World world;
  // Rows at 4, 5, 6 see 5 + 6 + 7 positions; 7 of them are read.
  auto rows = world.costs({{4, 3}}, 1);
  EXPECT_EQ(rows[2].cost.operations, 180u);
  // Two heads of 16 in 2 bytes, keys and values.
  EXPECT_EQ(rows[2].cost.cacheBytes, 7u * 2 * 16 * 2 * 2);
  EXPECT_EQ(rows[1].cost.cacheBytes, 0u) << "an append reads nothing";
  EXPECT_EQ(world.costs({{4, 1}, {9, 1}}, 1)[2].cost.operations, 150u);
}

TEST(Costs, AWindowBoundsWhatARowSees) {
  World world(3);
  // Rows at 1, 2, 3, 4 see 2, 3, 3, 3.
  EXPECT_EQ(world.costs({{1, 4}}, 1)[2].cost.operations, 110u);
  EXPECT_EQ(world.costs({{100, 1}}, 1)[2].cost.operations, 30u);
  EXPECT_EQ(world.costs({{100, 1}}, 1)[2].cost.cacheBytes, 3u * 128);
  // Rows at 100 to 103 see 98 to 103 between them.
  EXPECT_EQ(world.costs({{100, 4}}, 1)[2].cost.cacheBytes, 6u * 128);
}

TEST(Costs, RowsWithoutLogitsCostNoLogits) {
  World world;
  Cost none = world.costs({{0, 3}}, 0)[4].cost;
  EXPECT_EQ(none.operations + none.weightBytes + none.otherBytes, 0u);
  EXPECT_EQ(world.costs({{0, 3}}, 1)[4].cost.operations, 100u);
}

TEST(Costs, APromptIsTheSumOfItsChunks) {
  World world;
  auto whole = promptCost(world.model, world.module(), 11, 4);
  ASSERT_TRUE(bool(whole));
  // 11 rows of one linear, one of the other; 1 + 2 + … + 11 positions seen.
  EXPECT_EQ(whole->operations, 1100u + 100 + 660);
  // Chunks of 4, 4 and 3 rows: a table's row each, a matrix a chunk and once
  // more for the logits.
  EXPECT_EQ(whole->weightBytes, 28u + 28 + 24 + 4 * 100);
}

TEST(Costs, MoreRowsThanAnyStepTakesAreRefused) {
  World world;
  CostSequence part{0, 9};
  auto refused = stepCost(world.model, world.module(), {&part, 1}, 1);
  ASSERT_FALSE(bool(refused));
  EXPECT_EQ(refused.error().code, Code::WrongModule);
}

TEST(Costs, HugeFiguresSaturate) {
  World world;
  world.model.kernels[1].work.rowOperations = INT64_MAX;
  CostSequence part{0, 8};
  auto cost = stepCost(world.model, world.module(), {&part, 1}, 8);
  ASSERT_TRUE(bool(cost));
  EXPECT_EQ(cost->operations, UINT64_MAX);
}

TEST(Costs, ParametersAreCountedOnce) {
  EXPECT_EQ(parameterCount(World().model), 64u);
}

} // namespace
} // namespace llmc

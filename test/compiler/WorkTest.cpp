/// The figures in a compiled file against the model's own arithmetic.
#include "compiler/Compiler.h"
#include "runtime/format/Artifact.h"
#include "runtime/program/Costs.h"

#include "gtest/gtest.h"

#include <filesystem>
#include <unistd.h>

using namespace llmc;

namespace {

/// The sample: 5 layers of width 64, 8 heads and 4 in the cache, 172 inside the
/// gated MLP, a vocabulary of 512 that shares the embedding's table.
constexpr int64_t layers = 5, width = 64, heads = 8, cacheHeads = 4, inner = 172,
                  vocabulary = 512;

/// Heads of 8, which GenAI's builder made 16.
struct Form {
  const char *name;
  int64_t headDim;
  int64_t split = 0;

  int64_t layerNumbers() const {
    return width * headDim * 2 * (heads + cacheHeads) + 3 * width * inner;
  }
};
constexpr Form forms[] = {{"optimum", 8}, {"optimum", 8, 64}, {"genai-int4", 16}};

/// Each form, compiled once for all tests.
class Work : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    for (const Form &form : forms) {
      std::string path = std::filesystem::temp_directory_path() /
                         ("llmc-work-test-" + std::to_string(getpid()) + ".bin");
      auto model = compile(form, path);
      std::filesystem::remove(path);
      ASSERT_TRUE(bool(model)) << model.error().render();
      models.push_back(*std::move(model));
    }
  }
  static void TearDownTestSuite() { models.clear(); }
  void SetUp() override { ASSERT_EQ(models.size(), std::size(forms)); }

  static Result<Model> compile(const Form &form, const std::string &path) {
    CompileOptions options;
    options.input = LLMC_TEST_DATA "/stories260K-" + std::string(form.name);
    options.output = path;
    options.stub = LLMC_STUB;
    options.targets = {"x86-64-v3"};
    options.attentionSplit = form.split;
    LLMC_TRY(CompileSummary summary, compileModel(options));
    (void)summary;
    LLMC_TRY(Artifact artifact, Artifact::open(path));
    return artifact.model();
  }

  static inline std::vector<Model> models; // one per form
};

uint64_t operationsOf(const Model &model, int64_t cached) {
  CostSequence part{cached, 1};
  auto cost = stepCost(model, model.modules[0], {&part, 1}, 1);
  EXPECT_TRUE(bool(cost));
  return cost ? cost->operations : 0;
}

TEST_F(Work, OfAStepIsThatOfItsLinearsAndAttentionInEveryForm) {
  for (size_t i = 0; i < models.size(); ++i)
    for (int64_t cached : {0, 99})
      EXPECT_EQ(operationsOf(models[i], cached),
                uint64_t(2 * (layers * forms[i].layerNumbers() + width * vocabulary) +
                         layers * 4 * heads * forms[i].headDim * (cached + 1)))
          << forms[i].name << " cut at " << forms[i].split;
}

TEST_F(Work, ParametersAreTheModelsOwnWhateverTheirType) {
  for (size_t i = 0; i < models.size(); ++i)
    EXPECT_EQ(parameterCount(models[i]),
              uint64_t(layers * (forms[i].layerNumbers() + 2 * width) + width +
                       width * vocabulary))
        << forms[i].name;
}

TEST_F(Work, ADecodeStepReadsItsWeightsOnceAndOneRowOfItsTables) {
  const Model &model = models[0];
  CostSequence part{99, 1};
  auto cost = stepCost(model, model.modules[0], {&part, 1}, 1);
  ASSERT_TRUE(bool(cost));
  // The gated MLP's 172 columns are padded to 176. Each layer has two rotations,
  // of queries and of keys, each of 4 sines and 4 cosines.
  uint64_t numbers = layers * (forms[0].layerNumbers() + 2 * 4 * width + 2 * width) +
                     width + width * vocabulary + width + layers * 2 * 8;
  EXPECT_EQ(cost->weightBytes, 4 * numbers);
  // Values of 8 lie in vectors of 16.
  EXPECT_EQ(cost->cacheBytes, uint64_t(layers * 4 * (8 + 16) * 4 * 100));
}

} // namespace

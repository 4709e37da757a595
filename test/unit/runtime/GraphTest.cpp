#include "runtime/model/GraphExecutor.h"
#include "test/unit/runtime/FakeModel.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::test;

namespace {

Tensor floats(std::vector<float> numbers) {
  Tensor tensor{ElementType::F32, {static_cast<int64_t>(numbers.size())}, {}};
  auto bytes = std::as_bytes(std::span(numbers));
  tensor.data.assign(bytes.begin(), bytes.end());
  return tensor;
}

struct Fixture {
  TemporaryFile file{"model.bin"};
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<GraphExecutor> graph;

  Fixture() {
    writeFake(file.path());
    auto opened = LoadedModel::open(file.path(), 2);
    if (!opened)
      return;
    model = *std::move(opened);
    if (auto made = GraphExecutor::create(*model))
      graph = *std::move(made);
  }
};

} // namespace

TEST(GraphExecutor, ComputesForEveryExtent) {
  Fixture f;
  ASSERT_TRUE(f.graph);
  for (size_t n : {size_t(3), size_t(0), size_t(100)}) {
    std::vector<float> a(n), b(n, 2.0f);
    for (size_t i = 0; i < n; ++i)
      a[i] = static_cast<float>(i);
    Tensor inputs[] = {floats(a), floats(b)};
    auto outputs = f.graph->run(inputs);
    ASSERT_TRUE(outputs) << outputs.error().render();
    ASSERT_EQ(outputs->size(), 1u);
    EXPECT_EQ((*outputs)[0].shape, std::vector<int64_t>{static_cast<int64_t>(n)});
    for (size_t i = 0; i < n; ++i) {
      float number;
      std::memcpy(&number, &(*outputs)[0].data[4 * i], 4);
      EXPECT_EQ(number, static_cast<float>(i) + 4);
    }
  }
}

TEST(GraphExecutor, RefusesInputsThatDoNotFit) {
  Fixture f;
  ASSERT_TRUE(f.graph);
  Tensor three = floats({1, 2, 3}), two = floats({1, 2});
  Tensor integers = three, matrix = three;
  integers.type = ElementType::I32;
  matrix.shape = {1, 3};
  std::vector<std::vector<Tensor>> wrong = {
      {three}, {three, three, three}, {three, two}, {integers, three}, {matrix, three}};
  for (const std::vector<Tensor> &inputs : wrong) {
    auto outputs = f.graph->run(inputs);
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, Code::BadTensor);
  }
}

TEST(GraphExecutor, NamesTheConstraintThatIsBroken) {
  Fixture f;
  ASSERT_TRUE(f.graph);
  Tensor inputs[] = {floats({1, 2, 3}), floats({1, 2})};
  auto outputs = f.graph->run(inputs);
  ASSERT_FALSE(outputs);
  EXPECT_NE(outputs.error().render().find("dimension 0 of b"), std::string::npos);
}

TEST(LoadedModel, SaysWhatTheFileCannotDo) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  content.model = fakeModel(/*withGraph=*/false);
  ASSERT_TRUE(writeArtifact(file.path(), std::move(content)));
  auto model = LoadedModel::open(file.path(), 1);
  ASSERT_TRUE(model);
  auto graph = GraphExecutor::create(**model);
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().code, Code::WrongModule);
}

TEST(LoadedModel, NeedsAnImageForThisCpu) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  content.model.images[0].level = "some-future-cpu";
  ASSERT_TRUE(writeArtifact(file.path(), std::move(content)));
  auto model = LoadedModel::open(file.path(), 1);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::CpuTooOld);
}

TEST(WeightCheck, FindsDamageInLargeWeightsBeforeResultsAreGiven) {
  TemporaryFile file("model.bin");
  ArtifactContent content = fakeContent();
  content.model.weights[0].bytes = 70 << 20; // checked in the background
  auto shift = content.weights;
  content.weights = [shift](size_t weight, WeightSink &sink) {
    std::vector<std::byte> bytes(70 << 20, std::byte(1));
    return weight == 0 ? sink.write(bytes) : shift(weight, sink);
  };
  ASSERT_TRUE(writeArtifact(file.path(), std::move(content)));
  {
    auto good = LoadedModel::open(file.path(), 2);
    ASSERT_TRUE(good) << good.error().render();
    EXPECT_TRUE((*good)->weightCheck->wait());
    EXPECT_TRUE((*good)->weightCheck->wait());
  }
  FILE *stream = std::fopen(file.path().c_str(), "r+b");
  ASSERT_TRUE(stream);
  std::fseek(stream, 69 << 20, SEEK_SET);
  std::fputc(2, stream);
  std::fclose(stream);
  auto bad = LoadedModel::open(file.path(), 2);
  ASSERT_TRUE(bad);
  auto graph = GraphExecutor::create(**bad);
  ASSERT_TRUE(graph);
  Tensor inputs[] = {floats({1}), floats({2})};
  auto outputs = (*graph)->run(inputs);
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, Code::ArtifactDamaged);
}

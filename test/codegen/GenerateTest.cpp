/// Workers, cache and image: what a compile relies on.
#include "codegen/llvm/Image.h"
#include "codegen/llvm/Workers.h"
#include "test/codegen/KernelHarness.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace llmc;
using namespace llmc::codegen;

namespace {

/// A kernel that copies rows of `columns` floats.
std::string copyKernel(const std::string &name, int64_t columns,
                       const std::string &body = "") {
  std::string rows = "memref<?x" + std::to_string(columns) + "xf32>";
  return "func.func @" + name + "(%x: " + rows + ", %y: " + rows +
         ", %b: index, %e: index) attributes {kernel.entry} {\n"
         "kernel.map inputs(%x : " + rows + ") outputs(%y : " + rows +
         ") tiles(%b, %e) do {\n^bb0(%a: f32):\n" +
         (body.empty() ? "llm.yield %a : f32" : body) + "\n}\nreturn\n}\n";
}

class Generate : public testing::Test {
protected:
  Generate() : context(mlir::MLIRContext::Threading::DISABLED) {
    mlir::DialectRegistry registry;
    allTargets().front()->registerDialects(registry);
    context.appendDialectRegistry(registry);
    folder = std::filesystem::temp_directory_path() /
             ("llmc-generate-test-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder);
    options.cacheFolder = folder;
  }
  ~Generate() override { std::filesystem::remove_all(folder); }

  Result<std::vector<KernelObject>> generate(const std::string &text) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return generateKernels(*module, {"x86-64-v3", "x86-64-v4"}, options,
                           &statistics);
  }

  mlir::MLIRContext context;
  std::filesystem::path folder;
  GenerateOptions options;
  GenerateStatistics statistics;
};

const std::string three =
    copyKernel("a", 8) + copyKernel("b", 24) + copyKernel("c", 8);

} // namespace

TEST_F(Generate, GivesTheSameBytesForAnyNumberOfJobs) {
  options.cache = false;
  std::vector<std::vector<KernelObject>> runs;
  for (unsigned jobs : {1, 2, 5}) {
    options.jobs = jobs;
    auto objects = generate(three);
    ASSERT_TRUE(objects) << objects.error().render();
    ASSERT_EQ(objects->size(), 6u);
    runs.push_back(std::move(*objects));
  }
  for (size_t i = 0; i < 6; ++i)
    for (auto &run : runs) {
      EXPECT_EQ(run[i].kernel, runs[0][i].kernel);
      EXPECT_EQ(run[i].object, runs[0][i].object);
    }
}

TEST_F(Generate, GeneratesKernelsThatDifferInNameOnce) {
  auto objects = generate(three);
  ASSERT_TRUE(objects);
  EXPECT_EQ(statistics.generated, 4u);
  EXPECT_EQ((*objects)[0].symbol, (*objects)[2].symbol);
  auto image = linkImage(*objects, "x86-64-v3");
  ASSERT_TRUE(image) << image.error().render();
  ASSERT_EQ(image->entries.size(), 3u);
  EXPECT_EQ(image->entries[0].offset, image->entries[2].offset);
  EXPECT_NE(image->entries[0].offset, image->entries[1].offset);
}

TEST_F(Generate, FindsKernelsInTheCache) {
  auto first = generate(three);
  auto second = generate(three);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(statistics.generated, 0u);
  EXPECT_EQ(statistics.cached, 4u);
  for (size_t i = 0; i < first->size(); ++i)
    EXPECT_EQ((*first)[i].object, (*second)[i].object);
}

TEST_F(Generate, IgnoresDamagedEntriesOfTheCache) {
  auto first = generate(three);
  ASSERT_TRUE(first);
  for (auto &entry : std::filesystem::directory_iterator(folder)) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file.put('\xff');
    file.put('\x01');
  }
  auto second = generate(three);
  ASSERT_TRUE(second);
  EXPECT_EQ(statistics.generated, 4u);
  EXPECT_EQ((*first)[0].object, (*second)[0].object);
}

TEST_F(Generate, NamesTheKernelThatFailsAndKeepsItsText) {
  auto result = generate(
      copyKernel("good", 8) +
      copyKernel("bad", 8,
                 "%i = math.clampf %a to [%a, %a] : f32\nllm.yield %i : f32"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::KernelFailed);
  EXPECT_NE(result.error().what.find("kernel bad"), std::string::npos);
  EXPECT_NE(result.error().why.find("clampf"), std::string::npos);
  std::ifstream kept(result.error().where);
  std::string text((std::istreambuf_iterator<char>(kept)), {});
  EXPECT_NE(text.find("math.clampf"), std::string::npos);
  std::filesystem::remove(result.error().where);
}

TEST_F(Generate, RefusesAnUnknownLevel) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(three, &context);
  auto result = generateKernels(*module, {"x86-64-v9"}, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::BadTarget);
  EXPECT_NE(result.error().fix.find("x86-64-v3"), std::string::npos);
}

TEST(Workers, ACrashCostsOnlyItsItem) {
  std::vector<WorkResult> results(7);
  Status status = runWorkers(
      7, 2,
      [](size_t item) -> Result<std::string> {
        if (item == 2) {
          std::fputs("last words", stderr);
          std::fflush(stderr);
          std::raise(SIGABRT);
        }
        if (item == 4)
          return Error{Code::KernelFailed, "refused", "", "", ""};
        return std::string(item * 100000, 'x');
      },
      [&](size_t item, WorkResult result) { results[item] = std::move(result); });
  ASSERT_TRUE(status);
  for (size_t i : {0, 1, 3, 5, 6}) {
    EXPECT_EQ(results[i].kind, WorkResult::Kind::Done);
    EXPECT_EQ(results[i].bytes.size(), i * 100000);
  }
  EXPECT_EQ(results[2].kind, WorkResult::Kind::Crashed);
  EXPECT_NE(results[2].bytes.find("last words"), std::string::npos);
  EXPECT_EQ(results[4].kind, WorkResult::Kind::Failed);
  EXPECT_EQ(results[4].bytes, "refused");
}

TEST(Image, RefusesAKernelThatCallsAFunction) {
  mlir::DialectRegistry registry;
  allTargets().front()->registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      "llvm.func @puts(!llvm.ptr) -> i32\n"
      "llvm.func @k(%a: !llvm.ptr) {\n"
      "%r = llvm.call @puts(%a) : (!llvm.ptr) -> i32\nllvm.return\n}\n",
      &context);
  ASSERT_TRUE(module);
  auto object = generateHere(*module, "x86-64-v3", EmitKind::Object);
  ASSERT_TRUE(object) << object.error().render();
  auto image = linkImage({{"k", "x86-64-v3", "k", *object}}, "x86-64-v3");
  ASSERT_FALSE(image);
  EXPECT_NE(image.error().why.find("puts"), std::string::npos);
}

/// Properties of memory plans and kernels over steps of many layers.
#include "compiler/Pipelines.h"
#include "dialects/kernel/KernelOps.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/rt/RtOps.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

using namespace llmc;
using namespace mlir;

namespace {
/// A step of equal layers: norm, gated linear, linear with residual.
std::string stepOf(int layers, int width, int hidden) {
  std::string d = std::to_string(width), h = std::to_string(hidden);
  std::string rows = "tensor<?x" + d + "xf32, #rows" + d + ">";
  std::string wide = "tensor<?x" + h + "xf32, #rows" + h + ">";
  std::string text;
  for (const std::string &n : {d, h})
    text += "#rows" + n + " = affine_map<()[s0] -> (s0, " + n + ")>\n";
  text += "#t = affine_map<()[s0] -> (s0)>\n"
          "#r = affine_map<()[s0, s1] -> (s1)>\n"
          "#out = affine_map<()[s0, s1] -> (s1, " + d + ")>\n"
          "module {\n";
  auto weight = [&](const std::string &name, const std::string &type) {
    text += "llm.weight @" + name + " {type = " + type +
            ", values = dense<0.5> : " + type + "}\n";
  };
  weight("table", "tensor<32x" + d + "xf32>");
  weight("scale", "tensor<" + d + "xf32>");
  for (int i = 0; i < layers; ++i) {
    weight("up" + std::to_string(i), "tensor<" + d + "x" + h + "xf32>");
    weight("down" + std::to_string(i), "tensor<" + h + "x" + d + "xf32>");
  }
  text += "func.func @step(%tokens: tensor<?xi32, #t>, %positions: "
          "tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x" + d +
          "xf32, #out> {\n"
          "%table = llm.get_weight @table : tensor<32x" + d + "xf32>\n"
          "%scale = llm.get_weight @scale : tensor<" + d + "xf32>\n"
          "%x0 = llm.embedding %tokens, %table : (tensor<?xi32, #t>, tensor<32x" +
          d + "xf32>) -> " + rows + "\n";
  for (int i = 0; i < layers; ++i) {
    std::string n = std::to_string(i), next = std::to_string(i + 1);
    text += "%n" + n + " = llm.rms_norm %x" + n + ", %scale {epsilon = 1.0e-5 : "
            "f32} : (" + rows + ", tensor<" + d + "xf32>) -> " + rows + "\n"
            "%u" + n + " = llm.get_weight @up" + n + " : tensor<" + d + "x" + h +
            "xf32>\n%w" + n + " = llm.get_weight @down" + n + " : tensor<" + h +
            "x" + d + "xf32>\n"
            "%h" + n + " = llm.linear %n" + n + ", %u" + n + " : (" + rows +
            ", tensor<" + d + "x" + h + "xf32>) -> " + wide +
            " {\n^bb0(%a: f32):\n llm.yield %a : f32\n}\n"
            "%x" + next + " = llm.linear %h" + n + ", %w" + n + " extras(%x" + n +
            ") : (" + wide + ", tensor<" + h + "x" + d + "xf32>, " + rows +
            ") -> " + rows + " {\n^bb0(%a: f32, %b: f32):\n %s = arith.addf %a, "
            "%b : f32\n llm.yield %s : f32\n}\n";
  }
  text += "%o = llm.take_rows %x" + std::to_string(layers) + ", %rows : (" + rows +
          ", tensor<?xi32, #r>) -> tensor<?x" + d + "xf32, #out>\n"
          "return %o : tensor<?x" + d + "xf32, #out>\n}\n}\n";
  return text;
}

class Plan : public ::testing::Test {
protected:
  Plan() : context(MLIRContext::Threading::DISABLED) {
    context.loadDialect<llm::LlmDialect, onnx::OnnxDialect, rt::RtDialect,
                        kernel::KernelDialect, func::FuncDialect,
                        arith::ArithDialect, math::MathDialect>();
  }

  /// The step of so many layers through schedule and memory.
  OwningOpRef<ModuleOp> compile(int layers, int width = 48, int hidden = 112) {
    auto module = parseSourceString<ModuleOp>(stepOf(layers, width, hidden),
                                              &context);
    EXPECT_TRUE(bool(module));
    PassManager manager(&context);
    for (PipelineStep &step : cpuPipeline({}))
      if (step.stage == "layout" || step.stage == "schedule" ||
          step.stage == "memory")
        manager.addPass(std::move(step.pass));
    EXPECT_TRUE(module && succeeded(manager.run(*module)));
    return module;
  }

  static int64_t kernels(ModuleOp module) {
    int64_t count = 0;
    for (auto function : module.getOps<func::FuncOp>())
      count += function->hasAttr(kernel::entryAttr);
    return count;
  }

  MLIRContext context;
};

struct Placed {
  int64_t offset, bytes, first, last;
};

/// Arena buffers of a program with their lives, found anew from the launches.
std::vector<Placed> placed(rt::ProgramOp program) {
  llvm::MapVector<Operation *, Placed> buffers;
  int64_t time = 0;
  program.walk([&](rt::LaunchOp launch) {
    for (Value arg : launch.getArgs()) {
      while (auto view = arg.getDefiningOp<rt::ViewOp>())
        arg = view.getSource();
      auto buffer = arg.getDefiningOp<rt::BufferOp>();
      if (!buffer || buffer.getSpace() != rt::Space::Arena)
        continue;
      auto type = cast<MemRefType>(buffer.getResult().getType());
      int64_t bytes = type.getElementTypeBitWidth() / 8;
      for (int64_t extent : type.getShape())
        bytes *= ShapedType::isDynamic(extent) ? program.getMaxRows() : extent;
      auto [entry, isNew] = buffers.insert(
          {buffer, {int64_t(*buffer.getOffset()), bytes, time, time}});
      entry->second.last = time;
    }
    ++time;
  });
  std::vector<Placed> list;
  for (auto &[op, entry] : buffers)
    list.push_back(entry);
  return list;
}

TEST_F(Plan, KeepsLiveBuffersApart) {
  auto module = compile(5);
  for (auto program : module->getOps<rt::ProgramOp>()) {
    auto buffers = placed(program);
    ASSERT_FALSE(buffers.empty());
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_EQ(buffers[i].offset % 64, 0);
      EXPECT_LE(buffers[i].offset + buffers[i].bytes, *program.getArenaBytes());
      for (size_t j = 0; j < i; ++j) {
        bool together = buffers[i].first <= buffers[j].last &&
                        buffers[j].first <= buffers[i].last;
        bool apart =
            buffers[i].offset + buffers[i].bytes <= buffers[j].offset ||
            buffers[j].offset + buffers[j].bytes <= buffers[i].offset;
        EXPECT_TRUE(!together || apart) << i << " and " << j;
      }
    }
  }
}

TEST_F(Plan, PeakIsWithinFivePercentOfTheLowerBound) {
  for (auto [width, hidden] : {std::pair(48, 112), {64, 172}, {256, 1024}}) {
    auto module = compile(6, width, hidden);
    for (auto program : module->getOps<rt::ProgramOp>()) {
      double bound =
          program->getAttrOfType<IntegerAttr>("live_bytes").getInt();
      EXPECT_GE(double(*program.getArenaBytes()), bound);
      EXPECT_LE(double(*program.getArenaBytes()), 1.05 * bound);
    }
  }
}

TEST_F(Plan, DoesNotGrowWithLayers) {
  auto few = compile(2), many = compile(32);
  auto a = few->getOps<rt::ProgramOp>(), b = many->getOps<rt::ProgramOp>();
  for (auto [x, y] : llvm::zip(a, b))
    EXPECT_EQ(x.getArenaBytes(), y.getArenaBytes());
}

TEST_F(Plan, IsTheSameEveryTime) {
  std::string texts[2];
  for (std::string &text : texts)
    llvm::raw_string_ostream(text) << *compile(7);
  EXPECT_EQ(texts[0], texts[1]);
}

TEST_F(Plan, EqualLayersShareKernels) {
  EXPECT_EQ(kernels(*compile(2)), kernels(*compile(32)));
}

TEST_F(Plan, EveryStepIsALaunchOfAKernel) {
  auto module = compile(3);
  for (auto program : module->getOps<rt::ProgramOp>())
    for (Operation &op : program.getBody().front()) {
      bool known = isa<rt::SymbolOp, rt::ShapeOp, rt::BufferOp, rt::ViewOp,
                       rt::LaunchOp>(op);
      EXPECT_TRUE(known) << op.getName().getStringRef().str();
      if (auto launch = dyn_cast<rt::LaunchOp>(op)) {
        auto kernel = module->lookupSymbol<func::FuncOp>(launch.getKernel());
        ASSERT_TRUE(kernel);
        EXPECT_TRUE(kernel->hasAttr(kernel::entryAttr));
      }
    }
}
} // namespace

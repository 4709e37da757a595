/// Kernel ops to what one thread of a block does.
///
///   kernel.rms_norm %x, %scale, %y, %begin, %end {…} : …
/// becomes
///   scf.for %t = %begin + ctaid.x to %end step nctaid.x { … }
///
/// Each op of the kernel dialect has one lowering, in the file of its family. The
/// order of every sum depends on the op's static shape alone: neither on the rows
/// of a launch nor on how its tiles are spread over blocks. Kernels without an op
/// of their own (plain loops) have each tile done by one thread. Refuses, with an
/// error on the op, types and shapes that a lowering does not take.
#include "codegen/nvptx/KernelsToNvptx.h"

#include "codegen/nvptx/GpuAbi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

static LogicalResult lowerOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([](kernel::EmbeddingOp op) { return nvptx::lowerEmbedding(op); })
      .Case([](kernel::TakeRowsOp op) { return nvptx::lowerTakeRows(op); })
      .Case([](kernel::LinearOp op) { return nvptx::lowerLinear(op); })
      .Case([](kernel::QuantizeRowsOp op) {
        return nvptx::lowerQuantizeRows(op);
      })
      .Case([](kernel::MapOp op) { return nvptx::lowerMap(op); })
      .Case([](kernel::RmsNormOp op) { return nvptx::lowerRmsNorm(op); })
      .Case([](kernel::AddRmsNormOp op) { return nvptx::lowerAddRmsNorm(op); })
      .Case([](kernel::LayerNormOp op) { return nvptx::lowerLayerNorm(op); })
      .Case([](kernel::RopeOp op) { return nvptx::lowerRope(op); })
      .Case([](kernel::KvAppendOp op) { return nvptx::lowerKvAppend(op); })
      .Case([](kernel::RopeAppendOp op) { return nvptx::lowerRopeAppend(op); })
      .Case([](kernel::AttentionOp op) { return nvptx::lowerAttention(op); })
      .Case([](kernel::AttentionSplitOp op) {
        return nvptx::lowerAttentionSplit(op);
      })
      .Case([](kernel::RowMaximaOp op) { return nvptx::lowerRowMaxima(op); })
      .Case([](kernel::ChooseTokenOp op) { return nvptx::lowerChooseToken(op); })
      .Default([](Operation *op) {
        return op->emitOpError("has no lowering to nvptx");
      });
}

static bool isKernelOp(Operation *op) {
  return isa_and_nonnull<kernel::KernelDialect>(op->getDialect());
}

/// Loops over [begin, end) of a plain kernel: thread n of the launch does the
/// tiles begin + n, begin + n + threads, ….
static void distributePlain(func::FuncOp function) {
  Block &body = function.front();
  unsigned count = body.getNumArguments();
  Operation *end = body.getTerminator();
  GpuBuilder b(end);
  b.setInsertionPointToStart(&body);
  auto special = [&](StringRef name) {
    return b.asIndex(b.intrinsic(("llvm.nvvm.read.ptx.sreg." + name).str(),
                                 b.getI32Type(), {}));
  };
  Value threads = b.index(blockThreads);
  Value first = b.add(b.mul(special("ctaid.x"), threads), b.asIndex(b.thread()));
  Value step = b.mul(special("nctaid.x"), threads);
  Value begin = body.getArgument(count - 2), last = body.getArgument(count - 1);
  auto loop = scf::ForOp::create(b, b.add(begin, first), last, step);
  b.setInsertionPointToStart(loop.getBody());
  Value next = b.add(loop.getInductionVar(), b.index(1));
  // What was behind the loop goes into it.
  loop.getBody()->getOperations().splice(
      loop.getBody()->getTerminator()->getIterator(), body.getOperations(),
      std::next(loop->getIterator()), end->getIterator());
  auto inside = [&](OpOperand &use) {
    return loop->isProperAncestor(use.getOwner()) &&
           use.getOwner() != next.getDefiningOp();
  };
  begin.replaceUsesWithIf(loop.getInductionVar(), inside);
  last.replaceUsesWithIf(next, inside);
}

namespace {

struct KernelsToNvptx : PassWrapper<KernelsToNvptx, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KernelsToNvptx)

  StringRef getArgument() const override { return "llmc-kernels-to-nvptx"; }
  StringRef getDescription() const override {
    return "Lower kernel ops to what a GPU's thread does";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect,
                    memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kernel::entryAttr))
        continue;
      SmallVector<Operation *> ops;
      function.walk([&](Operation *op) {
        if (isKernelOp(op))
          ops.push_back(op);
      });
      if (ops.empty())
        distributePlain(function);
      for (Operation *op : ops) {
        if (failed(lowerOp(op)))
          return signalPassFailure();
        op->erase();
      }
    }
  }
};

} // namespace

std::unique_ptr<Pass> llmc::codegen::createKernelsToNvptxPass() {
  return std::make_unique<KernelsToNvptx>();
}

void llmc::codegen::registerNvptxPasses() {
  registerPass(createKernelsToNvptxPass);
  registerPass(createGpuAbiPass);
}

/// Kernel ops to loops over vectors of sixteen lanes.
///
///   kernel.rms_norm %x, %scale, %y, %begin, %end {…} : …
/// becomes
///   scf.for %t = %begin to %end { … vector.load … math.fma … vector.store … }
///
/// Each op of the kernel dialect has one lowering, in the file of its family.
/// The order of every sum is the op's own, so all levels give the same bits.
/// Refuses, with an error on the op, types and shapes that a lowering does not
/// take. Other ops (loops of a kernel without an op of its own) stay.
#include "codegen/x86/KernelsToX86.h"

#include "codegen/llvm/KernelAbi.h"
#include "codegen/llvm/ToLlvm.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

static LogicalResult lowerOp(Operation *op, const X86Level &level) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](kernel::EmbeddingOp op) { return lowerEmbedding(op); })
      .Case([&](kernel::TakeRowsOp op) { return lowerTakeRows(op); })
      .Case([&](kernel::LinearOp op) { return lowerLinear(op, level); })
      .Case([&](kernel::QuantizeRowsOp op) { return lowerQuantizeRows(op); })
      .Case([&](kernel::MapOp op) { return lowerMap(op); })
      .Case([&](kernel::RmsNormOp op) { return lowerRmsNorm(op); })
      .Case([&](kernel::AddRmsNormOp op) { return lowerAddRmsNorm(op); })
      .Case([&](kernel::LayerNormOp op) { return lowerLayerNorm(op); })
      .Case([&](kernel::RopeOp op) { return lowerRope(op); })
      .Case([&](kernel::KvAppendOp op) { return lowerKvAppend(op); })
      .Case([&](kernel::AttentionOp op) { return lowerAttention(op, level); })
      .Case([&](kernel::AttentionSplitOp op) {
        return lowerAttentionSplit(op, level);
      })
      .Case([&](kernel::AttentionMergeOp op) { return lowerAttentionMerge(op); })
      .Default([](Operation *op) {
        return op->emitOpError("has no lowering to x86");
      });
}

namespace {

struct KernelsToX86 : PassWrapper<KernelsToX86, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KernelsToX86)
  KernelsToX86() = default;
  KernelsToX86(const KernelsToX86 &other) : PassWrapper(other) {}
  explicit KernelsToX86(const X86Level &chosen) {
    level = chosen.name.str();
  }

  StringRef getArgument() const override { return "llmc-kernels-to-x86"; }
  StringRef getDescription() const override {
    return "Lower kernel ops to loops over vectors for an x86-64 level";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<amx::AMXDialect, arith::ArithDialect, math::MathDialect,
                    memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    const X86Level *found = findX86Level(level);
    if (!found) {
      getOperation().emitError("unknown x86-64 level '") << level << "'";
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<kernel::KernelDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (failed(lowerOp(op, *found)))
        return signalPassFailure();
      op->erase();
    }
  }

  Option<std::string> level{*this, "level", llvm::cl::init("x86-64-v3"),
                            llvm::cl::desc("The x86-64 level to lower for")};
};

} // namespace

std::unique_ptr<Pass>
llmc::codegen::createKernelsToX86Pass(const X86Level &level) {
  return std::make_unique<KernelsToX86>(level);
}

void llmc::codegen::registerX86Passes() {
  registerPass([] { return std::make_unique<KernelsToX86>(); });
  registerPass(createKernelAbiPass);
  registerPass(createToLlvmPass);
}

#include "codegen/nvptx/AsyncCopies.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llmc::codegen;

using llvm::SmallVector;

/// Shared memory of all blocks of a cluster: where copies go.
static constexpr unsigned clusterSpace = 7;

void SharedBarrier::init(int64_t arrivals) {
  b.intrinsic("llvm.nvvm.mbarrier.init.shared", {}, {address, b.i32(arrivals)});
}

/// LLVM would make a branch of the intrinsic, and ptxas end the pipeline of
/// products at it.
void SharedBarrier::arriveIf(Value condition) {
  Value bits = LLVM::PtrToIntOp::create(b, b.getI32Type(), address);
  b.statement({}, {bits, condition},
              "@$1 mbarrier.arrive.shared::cta.b64 _, [$0];", "r,b,~{memory}");
}

void SharedBarrier::arriveAndExpect(int64_t bytes) {
  b.intrinsic("llvm.nvvm.mbarrier.arrive.expect.tx.scope.cta.space.cta",
              b.getI64Type(), {address, b.i32(bytes)});
}

void SharedBarrier::wait(Value parity) {
  auto loop = scf::WhileOp::create(b, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&loop.getBefore());
  Value done = b.intrinsic(
      "llvm.nvvm.mbarrier.try.wait.parity.scope.cta.space.cta", b.getI1Type(),
      {address, parity});
  Value again = arith::XOrIOp::create(b, done, b.integer(b.getI1Type(), 1));
  scf::ConditionOp::create(b, again, ValueRange());
  b.createBlock(&loop.getAfter());
  scf::YieldOp::create(b);
}

void SharedBarrier::copyTile(Value to, Value map, ValueRange place) {
  auto cluster = LLVM::LLVMPointerType::get(b.getContext(), clusterSpace);
  Value no = b.integer(b.getI1Type(), 0);
  SmallVector<Value> operands = {
      LLVM::AddrSpaceCastOp::create(b, cluster, to), address, map};
  llvm::append_range(operands, place);
  // No multicast, no cache policy, no pair of blocks.
  operands.append({b.integer(b.getIntegerType(16), 0),
                   b.integer(b.getI64Type(), 0), no, no, b.i32(0)});
  b.intrinsic("llvm.nvvm.cp.async.bulk.tensor.g2s.tile." +
                  std::to_string(place.size()) + "d",
              {}, operands);
}

void llmc::codegen::fenceBarrierInit(GpuBuilder &b) {
  b.intrinsic("llvm.nvvm.fence.mbarrier_init.release.cluster", {}, {});
}

/// LLVM has no intrinsic for it.
void llmc::codegen::fenceSharedProxy(GpuBuilder &b) {
  b.statement({}, {}, "fence.proxy.async.shared::cta;", "~{memory}");
}

void llmc::codegen::giveRegisters(GpuBuilder &b, int64_t kept) {
  b.intrinsic("llvm.nvvm.setmaxnreg.dec.sync.aligned.u32", {}, {b.i32(kept)});
}

void llmc::codegen::takeRegisters(GpuBuilder &b, int64_t wanted) {
  b.intrinsic("llvm.nvvm.setmaxnreg.inc.sync.aligned.u32", {}, {b.i32(wanted)});
}

/// kernel.linear: which of its lowerings an op has.
///
/// A block does `tile_panels` panels of all parts and, by the grid's y, blocks of
/// rows. Weights of f32 are multiplied by fused multiply-add, all others by matrix
/// instructions, with many rows (`tile_rows` > 32) through shared memory. What these
/// instructions cannot hold is split into summands that they can (rows of f32 into
/// three bf16, weights of f16 into two), so nothing is rounded but the sums.
#include "codegen/nvptx/LinearByMma.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

LogicalResult nvptx::lowerLinear(kernel::LinearOp op) {
  auto shape = LinearShape::of(op);
  if (failed(shape))
    return failure();
  if (shape->weights.kind == PanelLayout::Kind::F32)
    return lowerLinearByFma(*shape);
  if (op.getEngine() == "wgmma" && fitsWarpgroups(*shape))
    return lowerLinearByWarpgroups(*shape);
  return fitsTiles(*shape) ? lowerLinearByTiles(*shape)
                           : lowerLinearByMma(*shape);
}

bool nvptx::wantsWarpgroups(func::FuncOp kernel) {
  return kernel
      .walk([](kernel::LinearOp op) {
        return op.getEngine() == "wgmma" ? WalkResult::interrupt()
                                         : WalkResult::advance();
      })
      .wasInterrupted();
}

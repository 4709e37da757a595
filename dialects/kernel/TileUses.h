/// What a tile of a kernel reads and writes.
#ifndef LLMC_DIALECTS_KERNEL_TILEUSES_H
#define LLMC_DIALECTS_KERNEL_TILEUSES_H

#include "mlir/IR/Operation.h"

namespace llmc::kernel {

/// A memref operand of a kernel op. Where `dimension` is not negative, tile t
/// touches of that dimension the indices [t * perTile, (t + 1) * perTile) alone;
/// otherwise it may touch any element.
struct TileUse {
  mlir::Value operand;
  bool reads = true;
  bool writes = true;
  int64_t dimension = -1;
  int64_t perTile = 1;
};

/// Of every memref operand of \p op. One of which nothing is known may be read and
/// written anywhere.
llvm::SmallVector<TileUse> tileUsesOf(mlir::Operation *op);

} // namespace llmc::kernel

#endif // LLMC_DIALECTS_KERNEL_TILEUSES_H

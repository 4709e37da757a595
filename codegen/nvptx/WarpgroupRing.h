/// The stages through which rows and weights of a linear come to a warpgroup.
#ifndef LLMC_CODEGEN_NVPTX_WARPGROUPRING_H
#define LLMC_CODEGEN_NVPTX_WARPGROUPRING_H

#include "codegen/nvptx/AsyncCopies.h"
#include "codegen/nvptx/LinearSums.h"

namespace llmc::codegen::nvptx {

/// Where a ring stands: carried from step to step and place to place.
struct Turn {
  Value slot;   ///< i32
  Value parity; ///< i32, of the slot's phase.

  Turn(Value slot, Value parity) : slot(slot), parity(parity) {}
  explicit Turn(ValueRange values) : Turn(values[0], values[1]) {}
  llvm::SmallVector<Value> values() const { return {slot, parity}; }
};

/// A stage is 64 terms of each row, 128 bytes, and of each panel, swizzled, zero
/// beyond the end. A slot has two barriers: that all bytes have arrived, and that the
/// warps of the consumer have read them.
class WarpgroupRing {
public:
  /// Of blocks of `rows` rows, `steps` stages a place.
  WarpgroupRing(GpuBuilder &b, const LinearShape &shape, int64_t rows,
                int64_t steps);

  /// Tells what is copied and readies the barriers, by the whole block; ends in a
  /// barrier. At least `least` bytes of memory are there.
  void init(int64_t least);

  Turn first();
  Turn after(Turn turn);
  Value before(Value slot);
  /// The address of a stage's rows, and of its weights.
  Value rowsOf(Turn turn);
  Value weightsOf(Turn turn) { return b.offset(rowsOf(turn), rowBytes); }

  /// One thread: waits until the slot is free and asks for a step of a place.
  void copy(const LinearPlace &place, Value step, Turn turn);
  /// Until the slot's bytes are there.
  void wait(Turn turn) { full(turn.slot).wait(turn.parity); }
  /// This warp is done with a slot, where `condition` (i1) holds; all of its lanes
  /// come here.
  void release(Value slot, Value condition = {});

  int64_t slots() const { return stages; }
  Value bytes() const { return memory; }

private:
  void describeTiles();
  SharedBarrier barrier(Value slot, int64_t which);
  SharedBarrier full(Value slot) { return barrier(slot, 0); }
  SharedBarrier free(Value slot) { return barrier(slot, 1); }
  /// Terms of a line of the weights' tile.
  int64_t termsOfLine() const;

  GpuBuilder &b;
  const LinearShape &shape;
  const PanelLayout &layout;
  bool grouped;
  int64_t rows, stages, rowBytes, stageBytes, weightBytes;
  Value memory, barriers, rowMap, weightMap;
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_WARPGROUPRING_H

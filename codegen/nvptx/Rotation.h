/// The rotation of `kernel.rope`, by the threads of a block.
#ifndef LLMC_CODEGEN_NVPTX_ROTATION_H
#define LLMC_CODEGEN_NVPTX_ROTATION_H

#include "codegen/nvptx/KernelsToNvptx.h"

namespace llmc::codegen::nvptx {

/// a' = a*c - b*s, b' = b*c + a*s, each product rounded, of pairs of a head's
/// first elements; the others as they are. A thread does a few pairs.
struct Rotation {
  GpuBuilder &b;
  Value cos, sin; ///< [P, rotaryDim / 2]
  int64_t headDim, rotaryDim;
  bool interleaved;

  template <typename Op> static Rotation of(GpuBuilder &b, Op op) {
    return {b, op.getCos(), op.getSin(), int64_t(op.getHeadDim()),
            int64_t(op.getRotaryDim()), op.getInterleaved()};
  }

  /// Checks the rotation and that `rows` are [T, heads * headDim] of floats; an
  /// error on `op` says what is wrong.
  mlir::LogicalResult check(mlir::Operation *op, ValueRange rows,
                            int64_t heads) const;
  /// Takes neighbours from a row's column on: f32, vectors of `lanes` at most.
  using Store = llvm::function_ref<void(Value head, Value element, Value numbers)>;
  /// Rotates a row's heads at `position` (both indices). Every pair is read
  /// before it is stored. `others` are rows that numbers are stored to.
  void emit(Value input, ValueRange others, int64_t heads, Value row,
            Value position, Store store) const;

  /// Gives `count` neighbours (f32) of a head.
  using Load = llvm::function_ref<Value(Value head, Value element, int64_t count)>;
  /// Rotates one head (an index) by the lanes of a warp, in a loop of each:
  /// `visit` gets an element, its neighbours and what it gave before, at first
  /// `carried`. Returns what a lane's last visit gave. `rows` is whatever `load`
  /// and `visit` read and write at these elements.
  using Visit = llvm::function_ref<Value(Value element, Value numbers,
                                         Value carried)>;
  Value walk(ValueRange rows, Load load, Value head, Value position,
             Value carried, Visit visit) const;

private:
  void rotate(Load load, Value position, Value head, Value pair, int64_t lanes,
              Store store) const;
  void forHeads(int64_t heads, int64_t count, int64_t lanes,
                llvm::function_ref<void(Value, Value)> body) const;
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_ROTATION_H

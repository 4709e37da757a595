/// Where kernel.kv_append and kernel.rope_append write a row's keys and values: a
/// thread what lies together, of keys a pair of elements where it has both, of
/// values one. Lanes beyond a head's width are written as zeros.
///
/// Where elements are bytes, a warp does a head: its lanes look for the largest
/// magnitude, then all is read, and rotated, once more, and written.
#ifndef LLMC_CODEGEN_NVPTX_APPENDPLACE_H
#define LLMC_CODEGEN_NVPTX_APPENDPLACE_H

#include "codegen/llvm/KernelShapes.h"
#include "codegen/llvm/KvCacheLayout.h"
#include "codegen/nvptx/Rotation.h"

namespace llmc::codegen::nvptx {

/// Where a row's key and value go.
struct AppendPlace {
  GpuBuilder &b;
  KvCacheLayout layout;
  Value keyCache, valueCache;
  Value page, offset; ///< Of the row's position.

  template <typename Op>
  static mlir::FailureOr<AppendPlace> of(GpuBuilder &b, Op op);
  /// At a row, whose position is an index.
  template <typename Op> void enter(Op op, Value row, Value position);
  /// Neighbouring elements (f32) of a head's key.
  void storeKey(Value head, Value element, Value numbers);
  void copyKeys(Value keys, Value row);
  void copyValues(Value values, Value row);

  /// Visits a head's numbers by the lanes of a warp, like Rotation::walk.
  using Walk = llvm::function_ref<Value(Value head, Value carried,
                                        Rotation::Visit visit)>;
  void appendKeyBytes(Walk walk);
  void appendValueBytes(Value values, Value row);
  /// Walks a row's head as it is.
  Value walkRow(Value rows, Value row, Value head, Value carried,
                Rotation::Visit visit);

private:
  /// Writes heads as bytes, with scales in line `line` of panels of keys; `store`
  /// takes neighbours of an element (vector of i8).
  using StoreBytes =
      llvm::function_ref<void(Value head, Value element, Value bytes)>;
  void appendBytes(int64_t line, Walk walk, StoreBytes store);
};

template <typename Op>
mlir::FailureOr<AppendPlace> AppendPlace::of(GpuBuilder &b, Op op) {
  auto layout = KvCacheLayout::of(op, op.getKeyCache(), op.getValueCache(),
                                  op.getHeadDim(), op.getPage());
  if (mlir::failed(layout))
    return mlir::failure();
  for (Value rows : {op.getKey(), op.getValue()})
    if (mlir::failed(checkAppendedRows(op, rows, layout->heads, layout->headDim)))
      return mlir::failure();
  return AppendPlace{b, *layout, op.getKeyCache(), op.getValueCache(), {}, {}};
}

template <typename Op>
void AppendPlace::enter(Op op, Value row, Value position) {
  Value sequence = b.toIndex(b.loadScalar(op.getRowSequence(), {row}));
  Value slot = b.floorDiv(position, layout.page);
  page = b.toIndex(b.loadScalar(op.getPageTable(), {sequence, slot}));
  offset = b.remainder(position, layout.page);
}

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_APPENDPLACE_H

/// A row of logits as the choice of a token reads it.
#ifndef LLMC_CODEGEN_NVPTX_LOGITROW_H
#define LLMC_CODEGEN_NVPTX_LOGITROW_H

#include "codegen/nvptx/GpuBuilder.h"

namespace llmc::codegen::nvptx {

/// Slices of rows begin at multiples of so many columns.
constexpr int64_t sliceAlignment = 4;

/// `begin` and `end` are i32 columns, multiples of the lanes.
class LogitRow {
public:
  /// \p row is an index.
  LogitRow(GpuBuilder &b, Value logits, Value row);

  /// Columns of each of \p count slices.
  int64_t sliceLength(int64_t count) const;

  /// Told of a column's logit; `valid` is false where there is no such column, and
  /// the logit then any number.
  using Body = llvm::function_ref<llvm::SmallVector<Value>(
      Value logit, Value column, Value valid, ValueRange carried)>;
  /// Walks [begin, end) by `threads` threads of which this is `thread` (i32); `length`
  /// is the most that end - begin can be. Several loads are in flight at once. All
  /// threads of a warp walk together, also where one has no column left.
  llvm::SmallVector<Value> walk(Value begin, Value end, int64_t length,
                                Value thread, int64_t threads,
                                ValueRange initial, Body body);

  Value logitAt(Value column);
  int64_t columns() const { return length; }

private:
  GpuBuilder &b;
  Value start; ///< The address of column 0.
  int64_t length, lanes;
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_LOGITROW_H

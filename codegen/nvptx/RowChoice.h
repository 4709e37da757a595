/// The parts of a token's choice that a block does together over a row.
#ifndef LLMC_CODEGEN_NVPTX_ROWCHOICE_H
#define LLMC_CODEGEN_NVPTX_ROWCHOICE_H

#include "codegen/nvptx/LogitRow.h"

namespace llmc::codegen::nvptx {

/// Distances of a row from its largest logit, and sums over them. Numbers are those
/// of runtime/format/TokenChoice.h; what is returned is the same for all threads.
class RowChoice {
public:
  /// Regions of shared memory, once a kernel.
  struct Regions {
    explicit Regions(GpuBuilder &b);
    Value sums;   ///< i64, of bins or segments.
    Value warps;  ///< i64, a warp each.
    Value result; ///< Two i64.
  };

  RowChoice(GpuBuilder &b, const Regions &regions, LogitRow row, Value largest,
            Value inverseTemperature);

  /// What a token adds to a sum, i64; `distance` is choice::beyond where there is no
  /// token, and must then add nothing that matters: it is the last in order.
  using Measure = llvm::function_ref<Value(Value distance, Value column)>;
  /// What is wanted of a sum over the row.
  using Wanted = llvm::function_ref<Value(Value total)>;

  /// Where the sum of the nearest reaches what is wanted, 1 to all of it.
  struct Place {
    Value distance; ///< Of the token that reaches it, i32.
    Value before;   ///< The sum of all that are nearer, i64.
    Value wanted;   ///< i64
  };
  Place reach(Measure measure, Wanted wanted);

  /// The first column at which the sum in order of columns exceeds what is wanted,
  /// which is below all of it.
  Value pick(Measure measure, Wanted wanted);

private:
  /// Distances of [low, low + 2^width), of which none, or `before`, is nearer.
  struct Range {
    Value low, width; ///< i32
    Value before;     ///< i64
  };
  Range coarseRange(Measure measure, Wanted wanted, Value &goal);
  Range narrowed(const Range &range, Measure measure, Value goal);
  void forRow(llvm::function_ref<void(Value distance, Value column)> body);
  Value distance(Value logit, Value valid);
  Value word(Value region, Value number);
  Value zero() { return b.integer(b.getI64Type(), 0); }
  /// The sum of a warp's lanes up to this one.
  Value scanOfLanes(Value value);
  /// The sum of a block's threads up to this one, and that of all.
  std::pair<Value, Value> scanOfBlock(Value value);
  /// Two i64 of the one thread for which `isIt`, told to all.
  std::pair<Value, Value> tell(Value isIt, Value first, Value second);
  std::pair<Value, Value> segmentOf(Measure measure, Wanted wanted);

  GpuBuilder &b;
  Regions regions;
  LogitRow row;
  Value largest, inverseTemperature;
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_ROWCHOICE_H

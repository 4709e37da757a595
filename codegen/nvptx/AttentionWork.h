/// What of attention a block does, and where it lies.
#ifndef LLMC_CODEGEN_NVPTX_ATTENTIONWORK_H
#define LLMC_CODEGEN_NVPTX_ATTENTIONWORK_H

#include "codegen/llvm/AttentionOperands.h"
#include "codegen/nvptx/KernelsToNvptx.h"

namespace llmc::codegen::nvptx {

/// Positions in a step of attention: two panels of keys.
constexpr int64_t chunkPositions = 32;

/// Rows of one sequence and a cache head. A line is a row and one of the `group`
/// query heads that read the cache head: line l is row l / group, head l mod
/// group of these.
struct AttentionWork {
  Value firstRow;  ///< i32
  Value rows;      ///< i32
  Value cacheHead; ///< i32
  Value sequence;  ///< An index.
};

/// Reads and places of attention that do not depend on how it is computed.
class AttentionMemory {
public:
  AttentionMemory(GpuBuilder &b, AttentionOperands operands,
                  KvCacheLayout layout)
      : op(operands), layout(layout), b(b) {}

  int64_t group() const { return op.heads / layout.heads; }
  /// The work of row block `block` (an index) and a cache head (i32).
  AttentionWork workOf(Value block, Value cacheHead);
  Value lineCount(const AttentionWork &work);
  /// The row and the query head of a line, i32.
  Value rowOf(const AttentionWork &work, Value line);
  Value headOf(const AttentionWork &work, Value line);
  /// The position of a row, i32.
  Value positionOf(Value row);
  /// The first position that a row at `position` sees, i32.
  Value oldestFor(Value position);
  /// The address of a line's query.
  Value queryPointer(Value row, Value head);
  /// Elements of a query that one access may take.
  int64_t queryLanes() const;
  Type queryElement() const;
  /// The addresses of panel 0 of a cache head's keys from position `position`
  /// (i32, a multiple of 32) on, and of panel 0 of its values in that position's
  /// line.
  std::pair<Value, Value> cachePointers(const AttentionWork &work,
                                        Value position);
  /// Bytes of a panel of 16 positions of keys, or of 16 elements of values.
  int64_t keyPanelBytes() const { return layout.keyLines() * 64; }
  int64_t valuePanelBytes() const { return layout.page * lineBytes(); }

  AttentionOperands op;
  KvCacheLayout layout;

private:
  /// Of a line's position or element: a part of one that holds pairs or fours.
  int64_t lineBytes() const { return 64 / layout.pair; }

  GpuBuilder &b;
};

/// A softmax over some positions: what the weights were lessened by (log2 of
/// their scale), and what merging two multiplies each by.
struct SoftmaxFactors {
  Value maximum, before, added;
  static SoftmaxFactors merge(GpuBuilder &b, Value before, Value added);
};

/// 0 where `maximum` is -inf, so that what is subtracted from -inf is a number.
Value finiteMaximum(GpuBuilder &b, Value maximum);

/// The exponent, base 2, that a product of query and key stands for; -inf where a
/// line at `position` must not look at `key` (both i32).
Value finishScore(GpuBuilder &b, const AttentionOperands &op, Value product,
                  Value key, Value position);

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_ATTENTIONWORK_H

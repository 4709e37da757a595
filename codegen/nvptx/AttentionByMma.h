/// Attention over caches of bf16, f16 or bytes by matrix instructions.
#ifndef LLMC_CODEGEN_NVPTX_ATTENTIONBYMMA_H
#define LLMC_CODEGEN_NVPTX_ATTENTIONBYMMA_H

#include "codegen/nvptx/AttentionWork.h"
#include "codegen/nvptx/HeadParts.h"
#include "codegen/nvptx/WeightFragments.h"

#include <array>

namespace llmc::codegen::nvptx {

/// Sixteen lines that a warp does together, or the warps of a team (HeadParts): a
/// thread has the lines g and g + 8 (FragmentLane) of them.
struct LineTile {
  std::array<Value, 2> line, row, head, position; ///< i32; the last line beyond.
  std::array<Value, 2> inside;                    ///< Whether there is such a line.
  std::array<Value, 2> query;                     ///< Addresses.
  llvm::SmallVector<llvm::SmallVector<Value>> factors; ///< [step of part][8 i32]
};

/// A thread's part of the softmax of sixteen lines.
struct TileSoftmax {
  std::array<Value, 2> maxima; ///< The same in all threads of a line.
  std::array<Value, 2> sums;   ///< Of the thread's weights alone, until finish().
  /// [step of part][product][register]: thread t has, of a line, the elements
  /// 8t … 8t + 7 of each step of 32.
  llvm::SmallVector<Value> outputs;

  llvm::SmallVector<Value> flat() const;
  static TileSoftmax of(ValueRange values);
};

class AttentionByMma {
public:
  static constexpr int64_t tileLines = 16;

  AttentionByMma(GpuBuilder &b, AttentionMemory &memory);

  /// The lines 16 * `tile` (i32) and on.
  LineTile enter(const AttentionWork &work, Value tile);
  /// The softmax of the positions from + 32 i * stride … + 31 below `to` (i32,
  /// multiples of 32), the same in all warps of a team.
  TileSoftmax run(const AttentionWork &work, const LineTile &lines, Value from,
                  Value to, int64_t stride);
  /// What thread has of outputs: `body` gets 0 or 1 for the line, the first of
  /// four elements (i32) and those (vector<4xf32>).
  void forOutputs(const TileSoftmax &state,
                  llvm::function_ref<void(int64_t, Value, Value)> body);
  /// Of four elements of a step: those that products' registers hold.
  Value outputsOf(const TileSoftmax &state, int64_t step, int64_t line,
                  int64_t half);
  FragmentLane lane;
  HeadParts parts;

private:
  Value elementAt(int64_t step);
  llvm::SmallVector<Value> queryFactors(const LineTile &lines, int64_t step);
  TileSoftmax add(const AttentionWork &work, const LineTile &lines,
                  Value position, int64_t stride, const TileSoftmax &before);
  llvm::SmallVector<Value> loadKeys(Value keys, int64_t step);
  llvm::SmallVector<Value> loadValues(Value values, int64_t step);
  /// Line `line` of scales of this thread's eight positions (f32).
  llvm::SmallVector<Value> loadScales(Value keys, int64_t line);

  GpuBuilder &b;
  AttentionMemory &memory;
  Type element; ///< Of the factors: what multiplies keys and values.
  AttentionOperands scoreOp; ///< For products as they come.
  PanelLayout keyLayout, valueLayout;
  WeightFragments keys, values;
  InputFragments queries;
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_ATTENTIONBYMMA_H

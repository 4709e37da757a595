/// Wide heads divided among the warps of a block.
#ifndef LLMC_CODEGEN_NVPTX_HEADPARTS_H
#define LLMC_CODEGEN_NVPTX_HEADPARTS_H

#include "codegen/nvptx/GpuBuilder.h"

namespace llmc::codegen::nvptx {

/// The elements of a head in parts of at most 128, as many of which as warps of a
/// block allow are done by a team of as many warps. A warp multiplies its part of
/// queries and keys, the team adds the products up, and each has its part of the
/// outputs: no product is computed twice, and a thread holds what it does of a head
/// of 128. Heads of up to 128 are one part; of more than 1024, parts are wider.
class HeadParts {
public:
  static constexpr int64_t stepElements = 32;

  /// For products of `count` f32 a thread (a multiple of 4), over which the block
  /// adds up.
  HeadParts(GpuBuilder &b, int64_t headDim, int64_t products);

  int64_t count() const { return parts; }
  int64_t teams() const { return blockWarps / parts; }
  /// Of 32 elements, of each part; the last part's may lie beyond the head's end.
  int64_t steps() const { return partSteps; }
  /// The steps of all parts up to step `at` of the last one.
  int64_t stepsTo(int64_t at) const { return (parts - 1) * partSteps + at + 1; }
  /// Whether the parts end where the head does.
  bool exact() const;

  Value team(); ///< i32
  /// i32 of the warp's first step times `scale`.
  Value first(int64_t scale);

  /// No warp of the team still reads what was added up in front of this.
  void begin();
  /// The sums over all parts, the same bits in all warps of a team. `turn` (i32) goes
  /// up by one from call to call.
  void add(llvm::MutableArrayRef<Value> products, Value turn);

private:
  Value part(); ///< i32
  void meet();

  GpuBuilder &b;
  int64_t headDim, parts, partSteps;
  int64_t quads;   ///< Of a thread.
  Value exchanged; ///< [2 rounds][warps][quads][lanes] of four f32.
};

} // namespace llmc::codegen::nvptx

#endif // LLMC_CODEGEN_NVPTX_HEADPARTS_H

/// The end of a step that chooses tokens: launches that have tiles only where the
/// caller wants it. See runtime/format/TokenChoice.h.
#include "passes/schedule/StepLowering.h"

#include "runtime/format/TokenChoice.h"

using namespace mlir;

namespace llmc {

/// Logits that a block of a GPU looks at for their largest: four loads a thread.
static constexpr int64_t sliceLogits = 4096;
/// Slices of a row are looked at again by the lanes of a warp, twice.
static constexpr int64_t mostSlices = 64;

void StepLowering::lowerChoice() {
  Value table = memrefs.lookup(logits);
  auto type = cast<MemRefType>(table.getType());
  int64_t vocabulary = type.getDimSize(1);
  if (!type.getElementType().isF32() || vocabulary > choice::mostTokens)
    return; // The host chooses.
  int64_t slices =
      std::min<int64_t>(llvm::divideCeil(vocabulary, sliceLogits), mostSlices);
  int64_t dynamic = ShapedType::kDynamic;
  Value rows = symbol("C");
  Value maxima = makeBuffer(
      builder, step.getLoc(),
      MemRefType::get({dynamic, slices}, builder.getI64Type()),
      rt::Space::Arena, rows);
  Value choices = input("choices", {dynamic, choice::words}, rows);
  Value tokens =
      makeBuffer(builder, step.getLoc(),
                 MemRefType::get({dynamic}, builder.getI32Type()),
                 rt::Space::Output, rows, "next_tokens");
  Value tiles = shape(
      AffineMap::get(1, 0, getAffineDimExpr(0, builder.getContext()) * slices),
      rows);
  Location unknown = builder.getUnknownLoc();
  launch(step, "row_maxima", tiles, {table, maxima},
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::RowMaximaOp::create(b, unknown, a[0], a[1], begin, end);
         });
  launch(step, "choose_token", rows, {table, maxima, choices, tokens},
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::ChooseTokenOp::create(b, unknown, a[0], a[1], a[2], a[3],
                                         begin, end);
         });
}

} // namespace llmc

/// A linear in which query, key and value alternate head by head becomes three:
///
///   %a = llm.linear %x, %w + %b               : [B, S, H * 3 * D]
///   %v = onnx.reshape %a                      : [B, S, H, 3 * D]
///   %q, %k, %v = slices of %v                 : [B, S, H, D]
///   ->
///   %q = llm.linear %x, %wq + %bq             : [B, S, H * D], as [B, S, H, D]
///   %k = ...;  %v = ...
///
/// where %wq is %w with `columns`. MergeLinears makes one linear of them again,
/// the columns now in the order in which attention reads them.
///
/// 1. A view of rows in which movement ends in three selections (slice, split,
///    gather) that nothing else reads beside.
/// 2. What each selects is found by evaluating it on rows that hold the numbers
///    of their columns: it must be one regular set of ranges, the three sets
///    disjoint and all the columns together.
/// 3. The selections go up through additions and products with one number per
///    column to the linear; if all three are one range, they are llm.columns.
///
/// Bits are kept: a column's sum does not depend on its neighbours.
/// Refused: other irregular layouts, rows that no linear makes.
#include "dialects/onnx/SymbolicShape.h"
#include "passes/Passes.h"
#include "passes/support/OnnxMatch.h"
#include "passes/support/Probe.h"
#include "passes/support/Regions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace llmc {
#define GEN_PASS_DEF_SPLITHEADS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
/// One selection: which columns of the rows its elements are, in the order of
/// its static dimensions.
struct Part {
  Value value;
  llm::ColumnRanges columns;
  SmallVector<int64_t> permutation; ///< From [B, S, others...].
  onnx::Dims viewed;                ///< [B, S, others...]
};

class HeadSplitter {
public:
  HeadSplitter(Probe &probe, Value rows) : probe(probe), rows(rows) {}
  bool run();

private:
  bool findSelections();
  bool classify(Part &part);
  std::optional<SmallVector<int64_t>> columnNumbers(Value value);
  bool coversAll() const;
  Value select(OpBuilder &builder, Value value, llm::ColumnRanges columns);

  Probe &probe;
  Value rows; // [B, S, N] or [B * S, N]
  SmallVector<Part> parts;
};

struct SplitHeads : llmc::impl::SplitHeadsBase<SplitHeads> {
  void runOnOperation() override;
};
} // namespace

/// Columns are told apart by digits of this base: every float type holds them.
static constexpr int64_t digitBase = 128;
static constexpr int64_t batchProbed = 2, rowsProbed = 3;

bool HeadSplitter::findSelections() {
  SmallVector<Value> worklist{rows};
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    for (Operation *user : next.getUsers()) {
      if (isa<onnx::ShapeOp>(user))
        continue;
      if (user->getOperand(0) != next)
        return false;
      if (isa<onnx::ReshapeOp, onnx::TransposeOp>(user))
        worklist.push_back(user->getResult(0));
      else if (isa<onnx::SliceOp, onnx::SplitOp>(user) ||
               (isa<onnx::GatherOp, onnx::GatherNdOp>(user) &&
                denseConstant(user->getOperand(1))))
        for (Value result : user->getResults())
          parts.push_back({result, {}, {}, {}});
      else
        return false;
      if (parts.size() > 3)
        return false;
    }
  }
  return parts.size() == 3;
}

/// For every element of `value`, the column of `rows` that it is; none where
/// it cannot be evaluated.
std::optional<SmallVector<int64_t>> HeadSplitter::columnNumbers(Value value) {
  auto type = rankedType(rows);
  int64_t columns = type.getShape().back();
  SmallVector<int64_t> numbers;
  for (int64_t digit = 1; digit <= columns; digit *= digitBase) {
    probe.begin({batchProbed, rowsProbed, 0});
    auto bound = probe.bindRandom(rows);
    if (failed(bound))
      return std::nullopt;
    for (int64_t i = 0; i < bound->numElements(); ++i)
      bound->setDouble(i, double(i % columns / digit % digitBase));
    probe.bind(rows, *bound);
    auto moved = probe.evaluate(value);
    if (failed(moved))
      return std::nullopt;
    numbers.resize(moved->numElements());
    for (int64_t i = 0; i < moved->numElements(); ++i)
      numbers[i] += digit * int64_t(moved->getDouble(i));
  }
  return numbers;
}

/// The regular set of ranges that `numbers` are, if they are one.
static std::optional<llm::ColumnRanges> rangesOf(ArrayRef<int64_t> numbers) {
  int64_t size = numbers.size(), width = 1;
  if (size == 0)
    return std::nullopt;
  while (width < size && numbers[width] == numbers[0] + width)
    ++width;
  if (size % width)
    return std::nullopt;
  llm::ColumnRanges ranges{numbers[0], width,
                           width < size ? numbers[width] - numbers[0] : 0,
                           size / width};
  for (int64_t n = 0; n < size; ++n)
    if (numbers[n] != ranges.at(n))
      return std::nullopt;
  return ranges;
}

bool HeadSplitter::classify(Part &part) {
  auto type = rankedType(part.value);
  auto dims = onnx::symbolicDims(type);
  const auto *batch = llvm::find(dims, probe.batchExtent());
  const auto *sequence = llvm::find(dims, probe.rowsExtent());
  auto found = columnNumbers(part.value);
  if (!found || batch == dims.end() || sequence == dims.end())
    return false;
  // What of an element's place is its row, and what its place in the row.
  part.viewed = {*batch, *sequence};
  SmallVector<int64_t> extents;
  int64_t width = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    bool isBatch = &dims[i] == batch, isRow = &dims[i] == sequence;
    part.permutation.push_back(isBatch ? 0 : isRow ? 1 : part.viewed.size());
    extents.push_back(isBatch ? batchProbed
                      : isRow ? rowsProbed
                              : type.getDimSize(i));
    if (isBatch || isRow)
      continue;
    if (type.isDynamicDim(i))
      return false;
    width *= type.getDimSize(i);
    part.viewed.push_back(dims[i]);
  }
  if (int64_t(found->size()) != batchProbed * rowsProbed * width)
    return false;
  // All rows must hold the same columns.
  SmallVector<int64_t> numbers(width, -1);
  for (auto [i, number] : llvm::enumerate(*found)) {
    int64_t rest = i, scale = 1, place = 0;
    for (int64_t d = extents.size() - 1; d >= 0; rest /= extents[d--]) {
      if (part.permutation[d] < 2)
        continue;
      place += rest % extents[d] * scale;
      scale *= extents[d];
    }
    if (numbers[place] >= 0 && numbers[place] != number)
      return false;
    numbers[place] = number;
  }
  auto ranges = rangesOf(numbers);
  if (ranges)
    part.columns = *ranges;
  return ranges.has_value();
}

/// Whether the parts are disjoint and all columns together.
bool HeadSplitter::coversAll() const {
  SmallVector<bool> taken(rankedType(rows).getShape().back(), false);
  int64_t total = 0;
  for (const Part &part : parts)
    for (int64_t n = 0; n < part.columns.size(); ++n, ++total) {
      if (taken[part.columns.at(n)])
        return false;
      taken[part.columns.at(n)] = true;
    }
  return total == int64_t(taken.size());
}

/// `type` with so many columns.
static RankedTensorType withColumns(RankedTensorType type, int64_t columns) {
  auto dims = onnx::symbolicDims(type);
  dims.back() = getAffineConstantExpr(columns, type.getContext());
  return onnx::symbolicTensorType(dims, type.getElementType());
}

/// These columns of `value` (rows, or one number per column), made anew from
/// the linear on; null where something else is in the way.
Value HeadSplitter::select(OpBuilder &builder, Value value,
                           llm::ColumnRanges columns) {
  if (scalarConstant(value))
    return value;
  auto type = rankedType(value);
  if (!type || type.getShape().back() != rankedType(rows).getShape().back())
    return {};
  Location loc = value.getLoc();
  auto selectedWeight = [&](Value whole) -> Value {
    llm::WeightOp weight = weightOf(whole);
    llm::WeightOp selected =
        weight ? selectColumns(weight, columns) : llm::WeightOp();
    if (!selected)
      return {};
    return llm::GetWeightOp::create(builder, loc, selected.getType(),
                                    selected.getSymName());
  };
  if (type.getRank() == 1) {
    Value whole = isWeight(value) ? getWeight(builder, loc, value) : Value();
    return whole ? selectedWeight(whole) : Value();
  }
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  auto narrowed = withColumns(type, columns.size());
  if (auto linear = dyn_cast<llm::LinearOp>(op)) {
    Value weight = linear.isPlain() ? selectedWeight(linear.getWeight()) : Value();
    if (!weight)
      return {};
    return llm::LinearOp::createPlain(builder, loc, narrowed,
                                      linear.getInput(), weight)
        .getResult(0);
  }
  auto reshape = dyn_cast<onnx::ReshapeOp>(op);
  if (!isa<onnx::AddOp, onnx::MulOp, onnx::CastOp>(op) && !reshape)
    return {};
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value selected = select(builder, operand, columns);
    if (!selected)
      return {};
    mapping.map(operand, selected);
  }
  Operation *clone = builder.clone(*op, mapping);
  clone->getResult(0).setType(narrowed);
  return clone->getResult(0);
}

bool HeadSplitter::run() {
  if (!findSelections() ||
      !llvm::all_of(parts, [&](Part &part) { return classify(part); }) ||
      !coversAll())
    return false;
  // Uses are in no order that means anything.
  llvm::sort(parts, [](const Part &a, const Part &b) {
    return a.columns.start < b.columns.start;
  });
  bool contiguous = llvm::all_of(
      parts, [](const Part &part) { return part.columns.count == 1; });
  OpBuilder builder(rows.getContext());
  builder.setInsertionPointAfterValue(rows);
  auto type = rankedType(rows);
  Location loc = rows.getLoc();
  SmallVector<Value> selected;
  for (const Part &part : parts) {
    Value value =
        contiguous
            ? llm::ColumnsOp::create(builder, loc,
                                     withColumns(type, part.columns.size()),
                                     rows, part.columns.start)
                  .getResult()
            : select(builder, rows, part.columns);
    if (!value)
      return false;
    selected.push_back(value);
  }
  for (auto [part, value] : llvm::zip(parts, selected)) {
    Type element = type.getElementType();
    auto flat = onnx::symbolicTensorType(
        {part.viewed[0], part.viewed[1],
         builder.getAffineConstantExpr(part.columns.size())},
        element);
    if (value.getType() != flat)
      value = onnx::ReshapeOp::create(builder, loc, flat, value);
    value = onnx::ReshapeOp::create(
        builder, loc, onnx::symbolicTensorType(part.viewed, element), value);
    value = onnx::TransposeOp::create(builder, loc, part.value.getType(), value,
                                      part.permutation);
    part.value.replaceAllUsesWith(value);
  }
  return true;
}

void SplitHeads::runOnOperation() {
  auto graph = getOperation().lookupSymbol<func::FuncOp>("main");
  if (!graph)
    return;
  auto probe = Probe::create(graph);
  if (failed(probe))
    return;
  llvm::SetVector<Value> candidates;
  graph.walk([&](onnx::ReshapeOp view) {
    auto from = rankedType(view.getInput()), to = rankedType(view.getResult());
    if (from && to && from.getRank() < 4 && from.getRank() > 1 &&
        to.getRank() >= 4 && !from.hasStaticShape() &&
        !from.isDynamicDim(from.getRank() - 1) &&
        isa<FloatType>(from.getElementType()))
      candidates.insert(view.getInput());
  });
  for (Value rows : candidates)
    HeadSplitter(**probe, rows).run();
  eraseDeadOps(graph);
}

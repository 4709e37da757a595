/// Verifiers of the llm dialect. Each error repeats the number of the
/// constraint in the op's description.
#include "dialects/llm/LlmOps.h"

#include "dialects/llm/GroupScheme.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace llmc::llm;

#define GET_OP_CLASSES
#include "dialects/llm/LlmOps.cpp.inc"

static RankedTensorType ranked(Value value) {
  return dyn_cast<RankedTensorType>(value.getType());
}

static int64_t lastDim(Value value) {
  auto type = ranked(value);
  return type && type.getRank() > 0 ? type.getShape().back() : -1;
}

/// Checks constraint \p number: `what` is [D] with D the input's last extent.
static LogicalResult checkPerColumn(Operation *op, int number, StringRef what,
                                    Value value, Value input) {
  auto type = ranked(value);
  if (type && type.getRank() == 1 && type.getDimSize(0) == lastDim(input))
    return success();
  return op->emitOpError("(") << number << ") " << what << " "
                              << value.getType() << " does not match the last "
                              << "dimension of " << input.getType();
}

/// Constraint (5) of a weight: its ranges make up the columns of its type.
static LogicalResult verifyColumns(WeightOp op, size_t sources,
                                   RankedTensorType type) {
  ArrayRef<int64_t> columns = op.getColumns();
  if (columns.empty())
    return success();
  if (columns.size() != 4 * sources)
    return op.emitOpError("(5) needs four numbers of columns per source, has ")
           << columns.size() << " for " << sources;
  int64_t total = 0;
  for (size_t i = 0; i < sources; ++i) {
    auto ranges = op.columnsOf(i, std::numeric_limits<int64_t>::max());
    int64_t size;
    if (!ranges || (ranges->count > 1 && ranges->stride < ranges->width) ||
        __builtin_mul_overflow(ranges->width, ranges->count, &size) ||
        __builtin_add_overflow(total, size, &total))
      return op.emitOpError("(5) the columns of source ") << i << " are no ranges";
  }
  if (type.getRank() == 0 || total != type.getShape().back())
    return op.emitOpError("(5) takes ")
           << total << " columns for those of " << type;
  return success();
}

/// Constraint (7) of a weight.
static LogicalResult verifyScheme(WeightOp op, size_t sources) {
  StringRef scheme = op.getScheme();
  auto groups = llmc::llm::parseGroupScheme(scheme);
  if (!scheme.empty() && !hasScaledColumns(scheme) && !groups)
    return op.emitOpError("(7) unknown scheme '") << scheme << "'";
  size_t scales = op.getScales() ? op.getScales()->size() : 0;
  size_t zeros = op.getZeros() ? op.getZeros()->size() : 0;
  if (scales && (!groups || scales != sources))
    return op.emitOpError("(7) has ")
           << scales << " scales for " << sources << " sources in scheme '"
           << scheme << "'";
  if (zeros != (groups && groups->zeros ? scales : 0) ||
      (groups && groups->zeros && !scales))
    return op.emitOpError("(7) has ")
           << zeros << " zero points in scheme '" << scheme << "'";
  return success();
}

LogicalResult WeightOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape())
    return emitOpError("(1) type must be a ranked tensor of static shape");
  size_t sources = getSources() ? getSources()->size() : 0;
  if (getTransposed().size() != sources)
    return emitOpError("(2) needs one entry of transposed per source, has ")
           << getTransposed().size() << " for " << sources;
  if (getLayout() != "rows" && getLayout() != "panels")
    return emitOpError("(3) unknown layout '") << getLayout() << "'";
  if (getLayout() == "panels" && type.getRank() != 2)
    return emitOpError("(3) panels need a matrix, not ") << type;
  if ((sources > 0) == getValues().has_value())
    return emitOpError("(4) needs either sources or values");
  if (int64_t first = getFirstRow(); first < 0 || (first > 0 && sources == 0))
    return emitOpError("(6) cannot leave out ") << first << " rows";
  if (failed(verifyScheme(*this, sources)))
    return failure();
  return verifyColumns(*this, sources, type);
}

std::optional<ColumnRanges> WeightOp::columnsOf(unsigned index, int64_t all) {
  ArrayRef<int64_t> numbers = getColumns();
  if (numbers.empty())
    return ColumnRanges{0, std::max<int64_t>(all, 1), 0, all > 0};
  if (numbers.size() / 4 <= index)
    return std::nullopt;
  numbers = numbers.slice(4 * index, 4);
  ColumnRanges ranges{numbers[0], numbers[1], numbers[2], numbers[3]};
  int64_t last;
  if (ranges.width < 1 || ranges.count < 1 || ranges.start < 0 ||
      ranges.stride < 0 ||
      __builtin_mul_overflow(ranges.count - 1, ranges.stride, &last) ||
      __builtin_add_overflow(last, ranges.start, &last) ||
      __builtin_add_overflow(last, ranges.width, &last) || last > all)
    return std::nullopt;
  return ranges;
}

/// The terminator that a region without one is given: it yields nothing.
void YieldOp::build(OpBuilder &, OperationState &) {}

LogicalResult EmbeddingOp::verify() {
  auto tokens = ranked(getTokens()), table = ranked(getTable());
  auto result = ranked(getResult());
  if (!tokens || !table || !result || table.getRank() != 2 ||
      !isa<IntegerType>(tokens.getElementType()) ||
      result.getRank() != tokens.getRank() + 1 ||
      result.getShape().back() != table.getDimSize(getColumns() ? 0 : 1) ||
      result.getShape().drop_back() != tokens.getShape())
    return emitOpError("(1) cannot look up ")
           << getTokens().getType() << " in " << getTable().getType()
           << " to give " << getResult().getType();
  return success();
}

LogicalResult LinearOp::verify() {
  auto weight = ranked(getWeight());
  if (!weight || weight.getRank() != 2 ||
      weight.getDimSize(0) != lastDim(getInput()))
    return emitOpError("(1) weight ") << getWeight().getType()
                                      << " does not multiply "
                                      << getInput().getType();
  if (getNumResults() == 0)
    return emitOpError("(2) has no result");
  int64_t columns = lastDim(getResult(0));
  if (weight.getDimSize(1) != int64_t(getParts()) * columns)
    return emitOpError("(2) weight ")
           << weight << " does not have " << getParts() << " * " << columns
           << " columns";
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != getParts() + getExtras().size())
    return emitOpError("(3) epilogue has ")
           << body.getNumArguments() << " arguments for " << getParts()
           << " parts and " << getExtras().size() << " extras";
  for (auto [i, argument] : llvm::enumerate(body.getArguments())) {
    Type expected = Float32Type::get(getContext());
    if (i >= getParts())
      expected = getElementTypeOrSelf(getExtras()[i - getParts()].getType());
    if (argument.getType() != expected)
      return emitOpError("(3) epilogue argument ")
             << i << " is " << argument.getType() << ", not " << expected;
  }
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield.getNumOperands() != getNumResults())
    return emitOpError("(3) epilogue yields ")
           << yield.getNumOperands() << " values for " << getNumResults()
           << " results";
  for (auto [value, result] : llvm::zip(yield.getValues(), getResults()))
    if (value.getType() != getElementTypeOrSelf(result.getType()))
      return emitOpError("(3) epilogue yields ")
             << value.getType() << " for " << result.getType();
  for (Value extra : getExtras()) {
    auto type = ranked(extra);
    bool column = type && type.getRank() == 1 && type.getDimSize(0) == columns;
    bool full = type && type.getShape() == ranked(getResult(0)).getShape();
    if (!column && !full)
      return emitOpError("(4) extra ") << extra.getType() << " fits neither "
                                       << columns << " columns nor the result";
  }
  return success();
}

LinearOp LinearOp::createPlain(OpBuilder &builder, Location loc, Type result,
                               Value input, Value weight) {
  auto op = LinearOp::create(builder, loc, TypeRange{result}, input, weight,
                             ValueRange{}, 1);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&op.getEpilogue());
  Value sum = body->addArgument(builder.getF32Type(), loc);
  Type element = getElementTypeOrSelf(result);
  if (element != sum.getType())
    sum = arith::TruncFOp::create(builder, loc, element, sum);
  YieldOp::create(builder, loc, sum);
  return op;
}

bool LinearOp::isPlain() {
  if (getParts() != 1 || !getExtras().empty() || getNumResults() != 1)
    return false;
  Block &body = getEpilogue().front();
  Value yielded = cast<YieldOp>(body.getTerminator()).getValues()[0];
  if (auto convert = yielded.getDefiningOp<arith::TruncFOp>())
    yielded = convert.getIn();
  return yielded == body.getArgument(0);
}

LogicalResult MapOp::verify() {
  if (getNumResults() == 0)
    return emitOpError("(1) has no result");
  Block &body = getBody().front();
  if (body.getNumArguments() != getInputs().size())
    return emitOpError("(1) body has ")
           << body.getNumArguments() << " arguments for " << getInputs().size()
           << " inputs";
  for (auto [argument, input] : llvm::zip(body.getArguments(), getInputs()))
    if (argument.getType() != getElementTypeOrSelf(input.getType()))
      return emitOpError("(1) body takes ")
             << argument.getType() << " for " << input.getType();
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield.getNumOperands() != getNumResults())
    return emitOpError("(1) body yields ")
           << yield.getNumOperands() << " values for " << getNumResults()
           << " results";
  for (auto [value, result] : llvm::zip(yield.getValues(), getResults()))
    if (value.getType() != getElementTypeOrSelf(result.getType()))
      return emitOpError("(1) body yields ")
             << value.getType() << " for " << result.getType();
  auto shape = ranked(getResult(0));
  for (Value input : getInputs()) {
    auto type = ranked(input);
    bool one = type && type.hasStaticShape() && type.getNumElements() == 1;
    bool column = type && type.getRank() == 1 &&
                  type.getDimSize(0) == shape.getShape().back();
    if (!type || !(one || column || type.getShape() == shape.getShape()))
      return emitOpError("(2) input ") << input.getType()
                                       << " does not broadcast to " << shape;
  }
  return success();
}

LogicalResult RmsNormOp::verify() {
  if (getHeads() == 1)
    return checkPerColumn(*this, 1, "scale", getScale(), getInput());
  auto scale = ranked(getScale());
  if (getHeads() < 1 || !scale || scale.getRank() != 1 ||
      scale.getDimSize(0) * int64_t(getHeads()) != lastDim(getInput()))
    return emitOpError("(1) scale ")
           << getScale().getType() << " does not match " << getHeads()
           << " ranges of the last dimension of " << getInput().getType();
  return success();
}

LogicalResult AddRmsNormOp::verify() {
  return checkPerColumn(*this, 1, "scale", getScale(), getInput());
}

LogicalResult LayerNormOp::verify() {
  if (failed(checkPerColumn(*this, 1, "scale", getScale(), getInput())))
    return failure();
  return checkPerColumn(*this, 1, "bias", getBias(), getInput());
}

LogicalResult ColumnsOp::verify() {
  int64_t width = lastDim(getInput()), part = lastDim(getResult());
  // The attribute is read as unsigned.
  int64_t offset = getOffset();
  if (offset < 0 || part < 0 || part > width || offset > width - part)
    return emitOpError("(1) columns [")
           << offset << ", " << offset + part << ") are not within "
           << getInput().getType();
  return success();
}

LogicalResult RopeOp::verify() {
  if (lastDim(getInput()) != getHeads() * getHeadDim())
    return emitOpError("(1) ") << getInput().getType() << " does not hold "
                               << getHeads() << " heads of " << getHeadDim();
  if (getRotaryDim() % 2 || getRotaryDim() > getHeadDim())
    return emitOpError("(2) rotary_dim ")
           << getRotaryDim() << " is odd or more than " << getHeadDim();
  for (Value table : {getCos(), getSin()})
    if (!ranked(table) || ranked(table).getRank() != 2 ||
        lastDim(table) != getRotaryDim() / 2)
      return emitOpError("(3) table ")
             << table.getType() << " does not have " << getRotaryDim() / 2
             << " columns";
  return success();
}

LogicalResult KvAppendOp::verify() {
  KvCacheType cache = getCache().getType();
  for (Value rows : {getKey(), getValue()})
    if (lastDim(rows) != cache.getHeads() * cache.getHeadDim())
      return emitOpError("(1) ") << rows.getType() << " does not hold "
                                 << cache.getHeads() << " heads of "
                                 << cache.getHeadDim();
  return success();
}

LogicalResult AttentionOp::verify() {
  KvCacheType cache = getCache().getType();
  if (lastDim(getQuery()) != getHeads() * cache.getHeadDim())
    return emitOpError("(1) ") << getQuery().getType() << " does not hold "
                               << getHeads() << " heads of "
                               << cache.getHeadDim();
  if (cache.getHeads() <= 0 || getHeads() % cache.getHeads())
    return emitOpError("(2) ") << getHeads() << " heads are not a multiple of "
                               << "the cache's " << cache.getHeads();
  return success();
}

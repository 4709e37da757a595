#include "compiler/PackWeights.h"

#include "compiler/pack/Convert.h"
#include "compiler/pack/OrderedPieces.h"
#include "dialects/llm/GroupScheme.h"
#include "passes/support/StoredWeight.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <atomic>

using namespace mlir;

namespace llmc {

Result<ElementType> elementTypeOf(Type type) {
  if (type.isF32())
    return ElementType::F32;
  if (type.isF16())
    return ElementType::F16;
  if (type.isBF16())
    return ElementType::BF16;
  if (type.isF64())
    return ElementType::F64;
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return ElementType::Bool;
    case 8:
      return isUnsigned ? ElementType::U8 : ElementType::I8;
    case 16:
      return isUnsigned ? ElementType::U16 : ElementType::I16;
    case 32:
      return isUnsigned ? ElementType::U32 : ElementType::I32;
    case 64:
      return isUnsigned ? ElementType::U64 : ElementType::I64;
    }
  }
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return Error{Code::Internal, "a buffer has an element type without storage",
               "", text, "please report this"};
}

static Error badWeight(llm::WeightOp weight, const std::string &why) {
  return Error{Code::Internal, "a weight cannot be written",
               weight.getSymName().str(), why, "please report this"};
}

/// The name that the model's author knows \p weight by, where it has one.
static std::string sourceName(llm::WeightOp weight) {
  if (auto sources = weight.getSources(); sources && !sources->empty())
    return cast<SymbolRefAttr>((*sources)[0]).getRootReference().str();
  return weight.getSymName().str();
}

Result<std::span<const std::byte>>
WeightPacker::bytesOf(onnx::InitializerOp op, llm::WeightOp weight) const {
  uint64_t offset = op.getOffset(), bytes = op.getBytes();
  size_t file = op.getFile();
  if (file >= files.size() || offset > files[file].size() ||
      bytes > files[file].size() - offset)
    return badWeight(weight, "its source is not within its file");
  return files[file].subspan(offset, bytes);
}

Result<onnx::InitializerOp>
WeightPacker::initializer(Attribute reference, llm::WeightOp weight) const {
  auto op = symbols.lookup<onnx::InitializerOp>(
      cast<SymbolRefAttr>(reference).getRootReference());
  if (!op)
    return badWeight(weight, "its source is not in the module");
  return op;
}

std::vector<std::span<const std::byte>>
WeightPacker::reads(llm::WeightOp weight) const {
  std::vector<std::span<const std::byte>> list;
  for (std::optional<ArrayAttr> references :
       {weight.getSources(), weight.getScales(), weight.getZeros()}) {
    if (!references)
      continue;
    for (Attribute reference : *references)
      if (auto op = initializer(reference, weight))
        if (auto bytes = bytesOf(*op, weight))
          list.push_back(*bytes);
  }
  return list;
}

Result<pack::Source> WeightPacker::groupedSource(llm::WeightOp weight,
                                                 unsigned index) const {
  auto scheme = llm::parseGroupScheme(weight.getScheme());
  int64_t rows = cast<RankedTensorType>(weight.getType()).getDimSize(0);
  int64_t groups = llvm::divideCeil(rows, scheme->size);
  LLMC_TRY(auto numbers, initializer((*weight.getSources())[index], weight));
  LLMC_TRY(auto scales, initializer((*weight.getScales())[index], weight));
  LLMC_TRY(std::span<const std::byte> bytes, bytesOf(numbers, weight));
  LLMC_TRY(std::span<const std::byte> scaleBytes, bytesOf(scales, weight));
  auto scaleType = cast<RankedTensorType>(scales.getType());
  pack::Source source;
  source.bytes = bytes.data();
  source.scales = scaleBytes.data();
  LLMC_TRY(source.scaleType, elementTypeOf(scaleType.getElementType()));
  source.columns =
      scaleType.getNumElements() / std::max<int64_t>(groups, 1);
  auto holds = [&](std::span<const std::byte> span, int64_t needed) {
    return int64_t(span.size()) == source.columns * needed;
  };
  if (!isa<FloatType>(scaleType.getElementType()) ||
      !holds(bytes, groups * scheme->size * scheme->bits / 8) ||
      !holds(scaleBytes, groups * elementBytes(source.scaleType)))
    return badWeight(weight, "its numbers and scales do not fit each other");
  if (!scheme->zeros)
    return source;
  LLMC_TRY(auto zeros, initializer((*weight.getZeros())[index], weight));
  LLMC_TRY(std::span<const std::byte> zeroBytes, bytesOf(zeros, weight));
  Type zeroType = cast<RankedTensorType>(zeros.getType()).getElementType();
  source.zeros = zeroBytes.data();
  source.packedZeros = zeroType.isInteger(8);
  if (!holds(zeroBytes, source.packedZeros
                            ? llvm::divideCeil(groups * scheme->bits, 8)
                            : groups * elementBytes(source.scaleType)))
    return badWeight(weight, "its zero points do not fit its numbers");
  return source;
}

/// Which of \p all columns of a source the weight takes; false where it does
/// not have them.
static bool select(pack::Source &source, llm::WeightOp weight, unsigned index,
                   int64_t all) {
  auto taken = weight.columnsOf(index, all);
  if (!taken)
    return false;
  source.columns = taken->size();
  source.start = taken->start;
  source.width = taken->width;
  source.stride = taken->stride;
  return true;
}

Result<std::vector<pack::Source>>
WeightPacker::sources(llm::WeightOp weight) const {
  std::vector<pack::Source> list;
  for (auto [index, reference] : llvm::enumerate(*weight.getSources())) {
    if (weight.getScales()) {
      LLMC_TRY(pack::Source source, groupedSource(weight, index));
      if (!select(source, weight, index, source.columns))
        return badWeight(weight, "its source lacks columns of it");
      list.push_back(source);
      continue;
    }
    bool transposed = weight.getTransposed()[index];
    LLMC_TRY(auto op, initializer(reference, weight));
    LLMC_TRY(std::span<const std::byte> bytes, bytesOf(op, weight));
    auto type = cast<RankedTensorType>(op.getType());
    Type element = type.getElementType();
    if (!element.isF32() && !element.isF16() && !element.isBF16())
      return badWeight(weight, "its source has an element type that linears do "
                               "not take");
    pack::Source source;
    source.bytes = bytes.data();
    LLMC_TRY(source.type, elementTypeOf(element));
    // Anything but a matrix is one row.
    int64_t rows = type.getRank() == 2 ? type.getDimSize(transposed ? 1 : 0) : 1;
    int64_t columns = type.getNumElements() / std::max<int64_t>(rows, 1);
    source.rowStride = transposed ? 1 : columns;
    source.columnStride = transposed ? rows : 1;
    int64_t firstRow = weight.getFirstRow();
    if (firstRow > rows || !select(source, weight, index, columns))
      return badWeight(weight, "its source lacks rows or columns of it");
    source.bytes += firstRow * source.rowStride * elementBytes(source.type);
    list.push_back(source);
  }
  return list;
}

Result<Weight> WeightPacker::describe(llm::WeightOp weight) const {
  MemRefType stored = storedType(weight);
  Weight result;
  result.name = weight.getSymName().str();
  result.layout = weight.getLayout().str();
  if (!weight.getScheme().empty())
    result.layout += " " + weight.getScheme().str();
  LLMC_TRY(result.type, elementTypeOf(stored.getElementType()));
  result.shape.assign(stored.getShape().begin(), stored.getShape().end());
  result.bytes = elementBytes(result.type);
  for (int64_t extent : result.shape)
    if (__builtin_mul_overflow(result.bytes, uint64_t(extent), &result.bytes))
      return badWeight(weight, "its size overflows");
  result.parameters =
      uint64_t(cast<RankedTensorType>(weight.getType()).getNumElements());
  return result;
}

/// The elements of \p values as they lie in memory: little-endian, booleans a
/// byte each.
static std::vector<std::byte> valueBytes(DenseElementsAttr values) {
  Type element = values.getElementType();
  size_t width = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  std::vector<std::byte> bytes;
  bytes.reserve(values.getNumElements() * width);
  auto add = [&](const APInt &bits) {
    uint64_t number = bits.getZExtValue();
    auto *first = reinterpret_cast<const std::byte *>(&number);
    bytes.insert(bytes.end(), first, first + width);
  };
  if (isa<FloatType>(element))
    for (const APFloat &value : values.getValues<APFloat>())
      add(value.bitcastToAPInt());
  else
    for (const APInt &value : values.getValues<APInt>())
      add(value);
  return bytes;
}

/// Rows that are stored as their source has them: the only form of integers,
/// booleans and f64.
Result<bool> WeightPacker::copyRows(llm::WeightOp weight,
                                    WeightSink &sink) const {
  auto type = cast<RankedTensorType>(weight.getType());
  if (weight.getLayout() != "rows" ||
      weight.getFactor().convertToFloat() != 1 ||
      !weight.getColumns().empty() || weight.getFirstRow() != 0)
    return false;
  if (auto values = weight.getValues()) {
    auto dense = dyn_cast<DenseElementsAttr>(*values);
    if (!dense || dense.getElementType() != type.getElementType())
      return false;
    LLMC_CHECK(sink.write(valueBytes(dense)));
    return true;
  }
  ArrayRef<bool> transposed = weight.getTransposed();
  auto initializer =
      weight.getSources()->size() == 1 && !(transposed.size() && transposed[0])
          ? symbols.lookup<onnx::InitializerOp>(
                cast<SymbolRefAttr>((*weight.getSources())[0]).getRootReference())
          : onnx::InitializerOp();
  if (!initializer || cast<RankedTensorType>(initializer.getType())
                              .getElementType() != type.getElementType())
    return false;
  LLMC_TRY(std::span<const std::byte> bytes, bytesOf(initializer, weight));
  LLMC_CHECK(sink.write(bytes));
  return true;
}

Status WeightPacker::pack(llm::WeightOp weight, WeightSink &sink) const {
  LLMC_TRY(bool copied, copyRows(weight, sink));
  if (copied)
    return Status::ok();
  auto values = weight.getValues();
  if (!values) {
    LLMC_TRY(std::vector<pack::Source> list, sources(weight));
    return packMatrix(weight, std::move(list), sink);
  }
  auto type = cast<RankedTensorType>(weight.getType());
  auto dense = dyn_cast<DenseElementsAttr>(*values);
  if (!dense || !isa<FloatType>(type.getElementType()))
    return badWeight(weight, "its values are not dense numbers");
  std::vector<float> numbers;
  for (const APFloat &value : dense.getValues<APFloat>())
    numbers.push_back(float(value.convertToDouble()));
  pack::Source source;
  source.bytes = reinterpret_cast<const std::byte *>(numbers.data());
  source.columns = type.getRank() == 2 ? type.getDimSize(1) : numbers.size();
  source.width = source.rowStride = source.columns;
  source.columnStride = 1;
  return packMatrix(weight, {source}, sink);
}

/// What a piece of work makes at least, in bytes: enough that neither threads
/// nor the file system are asked often.
static constexpr int64_t pieceBytes = int64_t(1) << 20;

uint64_t WeightPacker::largestPiece(llm::WeightOp weight) {
  MemRefType stored = storedType(weight);
  int64_t units = stored.getRank() ? stored.getDimSize(0) : 1;
  uint64_t bits = stored.getElementTypeBitWidth();
  return pieceBytes + stored.getNumElements() / std::max<int64_t>(units, 1) *
                          llvm::divideCeil(bits, 8);
}

Status WeightPacker::packMatrix(llm::WeightOp weight,
                                std::vector<pack::Source> list,
                                WeightSink &sink) const {
  auto type = cast<RankedTensorType>(weight.getType());
  bool panels = weight.getLayout() == "panels";
  pack::Matrix matrix;
  for (pack::Source &source : list)
    matrix.columns += source.columns;
  matrix.sources = std::move(list);
  matrix.factor = weight.getFactor().convertToFloat();
  matrix.interleave = weight.getInterleave();
  if (panels)
    matrix.groups = llm::parseGroupScheme(weight.getScheme());
  LLMC_TRY(matrix.stored, elementTypeOf(storedType(weight).getElementType()));
  matrix.rows = type.getNumElements() / std::max<int64_t>(matrix.columns, 1);
  int64_t units = panels ? pack::panelCount(matrix) : matrix.rows;
  int64_t unitBytes = panels ? pack::panelBytes(matrix) : pack::rowBytes(matrix);
  int64_t together =
      std::max<int64_t>(pieceBytes / std::max<int64_t>(unitBytes, 1), 1);
  // Vectors may be masks, whose lowest numbers are to be infinite.
  bool narrowed = type.getRank() == 2 && matrix.stored == ElementType::F16 &&
                  llvm::none_of(matrix.sources, [](const pack::Source &source) {
                    return source.type == ElementType::F16;
                  });
  std::atomic<bool> infinite = false;
  auto make = [&](int64_t piece, std::vector<std::byte> &out) {
    int64_t first = piece * together;
    int64_t count = std::min(together, units - first);
    out.resize(count * unitBytes);
    (panels ? pack::writePanels : pack::writeRows)(matrix, first, count,
                                                   out.data());
    if (narrowed && pack::holdsInfiniteHalf(out))
      infinite = true;
  };
  LLMC_CHECK(pack::inOrder(
      llvm::divideCeil(units, together), threads, make,
      [&](const std::vector<std::byte> &bytes) { return sink.write(bytes); }));
  if (infinite)
    return Error{Code::WeightTooLarge, "a weight is too large for f16",
                 sourceName(weight), "f16 holds numbers up to 65504",
                 "compile with --dtype=bf16, or without --dtype"};
  return Status::ok();
}

} // namespace llmc

#include "compiler/PackWeights.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/onnx/OnnxOps.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>

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

static float halfToFloat(uint16_t bits) {
  llvm::APFloat value(llvm::APFloat::IEEEhalf(), llvm::APInt(16, bits));
  bool lost;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven,
                &lost);
  return value.convertToFloat();
}

static uint16_t floatToHalf(float number) {
  llvm::APFloat value(number);
  bool lost;
  value.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven,
                &lost);
  return uint16_t(value.bitcastToAPInt().getZExtValue());
}

/// Round to nearest, ties to even; NaN stays NaN.
static uint16_t floatToBrain(float number) {
  uint32_t bits;
  std::memcpy(&bits, &number, 4);
  if (std::isnan(number))
    return uint16_t((bits >> 16) | 0x40);
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float WeightPacker::Source::at(int64_t row, int64_t column) const {
  column = taken.at(column);
  row += firstRow;
  int64_t index =
      transposed ? column * storedRows + row : row * storedColumns + column;
  if (element.isF32()) {
    float value;
    std::memcpy(&value, bytes + 4 * index, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, bytes + 2 * index, 2);
  if (element.isF16())
    return halfToFloat(half);
  uint32_t wide = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

void WeightPacker::Source::readColumn(int64_t column, float *out) const {
  for (int64_t row = 0; row < rows; ++row)
    out[row] = at(row, column);
}

/// Appends \p value as an element of \p type.
static void append(std::vector<std::byte> &out, Type type, float value) {
  uint32_t bits;
  size_t size = 4;
  if (type.isF32()) {
    std::memcpy(&bits, &value, 4);
  } else {
    bits = type.isF16() ? floatToHalf(value) : floatToBrain(value);
    size = 2;
  }
  auto *first = reinterpret_cast<const std::byte *>(&bits);
  out.insert(out.end(), first, first + size);
}

static Error badWeight(llm::WeightOp weight, const std::string &why) {
  return Error{Code::Internal, "a weight cannot be written",
               weight.getSymName().str(), why, "please report this"};
}

Result<std::vector<WeightPacker::Source>>
WeightPacker::sources(llm::WeightOp weight) const {
  std::vector<Source> list;
  SymbolTable symbols(module);
  for (auto [reference, transposed] :
       llvm::zip(weight.getSourcesAttr().getAsRange<SymbolRefAttr>(),
                 weight.getTransposed())) {
    auto initializer =
        symbols.lookup<onnx::InitializerOp>(reference.getRootReference());
    if (!initializer)
      return badWeight(weight, "its source is not in the module");
    auto type = cast<RankedTensorType>(initializer.getType());
    uint64_t offset = initializer.getOffset(), bytes = initializer.getBytes();
    size_t file = initializer.getFile();
    if (file >= files.size() || offset > files[file].size() ||
        bytes > files[file].size() - offset)
      return badWeight(weight, "its source is not within its file");
    Type element = type.getElementType();
    if (!element.isF32() && !element.isF16() && !element.isBF16())
      return badWeight(weight, "its source has an element type that linears do "
                               "not take");
    Source source;
    source.bytes = files[file].data() + offset;
    source.element = element;
    source.transposed = transposed;
    // Anything but a matrix is one row.
    source.storedRows =
        type.getRank() == 2 ? type.getDimSize(transposed ? 1 : 0) : 1;
    source.storedColumns =
        type.getNumElements() / std::max<int64_t>(source.storedRows, 1);
    source.firstRow = weight.getFirstRow();
    auto taken = weight.columnsOf(list.size(), source.storedColumns);
    if (!taken || source.firstRow > source.storedRows)
      return badWeight(weight, "its source lacks rows or columns of it");
    source.rows = source.storedRows - source.firstRow;
    source.columns = taken->size();
    source.taken = *taken;
    list.push_back(source);
  }
  return list;
}

/// Panels of 16 columns, the interleaved parts counted in.
static int64_t panelCount(llm::WeightOp weight, int64_t columns) {
  int64_t parts = weight.getInterleave() ? weight.getSources()->size() : 1;
  return parts * llvm::divideCeil(columns / parts, kernel::panelWidth);
}

Result<Weight> WeightPacker::describe(llm::WeightOp weight) const {
  auto type = cast<RankedTensorType>(weight.getType());
  Weight result;
  result.name = weight.getSymName().str();
  result.layout = weight.getLayout().str();
  LLMC_TRY(result.type, elementTypeOf(type.getElementType()));
  if (weight.getLayout() == "rows") {
    result.shape.assign(type.getShape().begin(), type.getShape().end());
  } else {
    int64_t rows = type.getDimSize(0), width = kernel::panelWidth;
    int64_t panels = panelCount(weight, type.getDimSize(1));
    if (weight.getScheme() == "w8") {
      result.type = ElementType::I8;
      result.layout += " w8";
      result.shape = {panels, int64_t(llvm::divideCeil(rows, 4)) * 4 * width +
                                  4 * width};
    } else {
      int64_t group = 4 / elementBytes(result.type);
      result.shape = {panels, int64_t(llvm::divideCeil(rows, group)), width,
                      group};
    }
  }
  result.bytes = elementBytes(result.type);
  for (int64_t extent : result.shape)
    if (__builtin_mul_overflow(result.bytes, uint64_t(extent), &result.bytes))
      return badWeight(weight, "its size overflows");
  return result;
}

/// The elements of \p values as they lie in memory: little-endian, booleans a
/// byte each.
static std::vector<std::byte> bytesOf(DenseElementsAttr values) {
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
    LLMC_CHECK(sink.write(bytesOf(dense)));
    return true;
  }
  SymbolTable symbols(module);
  ArrayRef<bool> transposed = weight.getTransposed();
  auto initializer =
      weight.getSources()->size() == 1 && !(transposed.size() && transposed[0])
          ? symbols.lookup<onnx::InitializerOp>(
                cast<SymbolRefAttr>((*weight.getSources())[0]).getRootReference())
          : onnx::InitializerOp();
  if (!initializer || cast<RankedTensorType>(initializer.getType())
                              .getElementType() != type.getElementType())
    return false;
  uint64_t offset = initializer.getOffset(), bytes = initializer.getBytes();
  size_t file = initializer.getFile();
  if (file >= files.size() || offset > files[file].size() ||
      bytes > files[file].size() - offset)
    return badWeight(weight, "its source is not within its file");
  LLMC_CHECK(sink.write(files[file].subspan(offset, bytes)));
  return true;
}

Status WeightPacker::pack(llm::WeightOp weight, WeightSink &sink) const {
  LLMC_TRY(bool copied, copyRows(weight, sink));
  if (copied)
    return Status::ok();
  if (auto values = weight.getValues()) {
    auto type = cast<RankedTensorType>(weight.getType());
    auto dense = dyn_cast<DenseElementsAttr>(*values);
    if (!dense || !isa<FloatType>(type.getElementType()))
      return badWeight(weight, "its values are not dense numbers");
    std::vector<float> numbers;
    for (const APFloat &value : dense.getValues<APFloat>())
      numbers.push_back(float(value.convertToDouble()));
    auto f32 = Float32Type::get(type.getContext());
    Source source{reinterpret_cast<const std::byte *>(numbers.data()), f32, 1,
                  int64_t(numbers.size())};
    if (type.getRank() == 2) {
      source.rows = type.getDimSize(0);
      source.columns = type.getDimSize(1);
    }
    source.storedRows = source.rows;
    source.storedColumns = source.columns;
    source.taken = {0, std::max<int64_t>(source.columns, 1), 0, 1};
    return weight.getLayout() == "rows" ? packRows(weight, source, sink)
                                        : packPanels(weight, source, sink);
  }
  LLMC_TRY(std::vector<Source> list, sources(weight));
  return weight.getLayout() == "rows" ? packRows(weight, list, sink)
                                      : packPanels(weight, list, sink);
}

Status WeightPacker::packRows(llm::WeightOp weight, ArrayRef<Source> list,
                              WeightSink &sink) const {
  Type element = cast<RankedTensorType>(weight.getType()).getElementType();
  float factor = weight.getFactor().convertToFloat();
  std::vector<std::byte> out;
  for (int64_t row = 0; row < list.front().rows; ++row) {
    for (const Source &source : list)
      for (int64_t column = 0; column < source.columns; ++column)
        append(out, element, factor * source.at(row, column));
    // A megabyte at a time: neither many calls nor much memory.
    if (out.size() >= (1 << 20) || row + 1 == list.front().rows) {
      LLMC_CHECK(sink.write(out));
      out.clear();
    }
  }
  return Status::ok();
}

/// A column of K numbers -> i8 and the scale that restores them: symmetric,
/// round to nearest even, the largest magnitude at 127.
static float quantizeColumn(ArrayRef<float> column, int8_t *out) {
  float largest = 0;
  for (float value : column)
    largest = std::max(largest, std::abs(value));
  float scale = largest / 127, inverse = largest > 0 ? 127 / largest : 0;
  for (auto [i, value] : llvm::enumerate(column))
    out[i] = int8_t(std::clamp(std::nearbyint(value * inverse), -127.f, 127.f));
  return scale;
}

Status WeightPacker::packPanels(llm::WeightOp weight, ArrayRef<Source> list,
                                WeightSink &sink) const {
  auto type = cast<RankedTensorType>(weight.getType());
  Type element = type.getElementType();
  int64_t rows = type.getDimSize(0), width = kernel::panelWidth;
  int64_t parts = weight.getInterleave() ? list.size() : 1;
  int64_t partColumns = type.getDimSize(1) / parts;
  int64_t panels = panelCount(weight, type.getDimSize(1));
  float factor = weight.getFactor().convertToFloat();
  bool w8 = weight.getScheme() == "w8";
  int64_t group = w8 ? 4 : 4 / (element.getIntOrFloatBitWidth() / 8);
  int64_t paddedRows = llvm::alignTo(rows, group);
  // Columns of one panel, zero where there is none: [16][paddedRows].
  std::vector<float> columns(width * paddedRows);
  std::vector<int8_t> quantized(width * paddedRows);
  std::vector<std::byte> out;
  for (int64_t panel = 0; panel < panels; ++panel) {
    std::fill(columns.begin(), columns.end(), 0.f);
    std::fill(quantized.begin(), quantized.end(), int8_t(0));
    std::vector<float> scales(width, 0.f);
    for (int64_t lane = 0; lane < width; ++lane) {
      int64_t column = (panel / parts) * width + lane;
      if (column >= partColumns)
        continue;
      // The source that holds the column: the part's own, or the one whose
      // range of the concatenation it lies in.
      size_t index = parts > 1 ? panel % parts : 0;
      if (parts == 1)
        while (column >= list[index].columns)
          column -= list[index++].columns;
      float *target = &columns[lane * paddedRows];
      list[index].readColumn(column, target);
      if (factor != 1)
        for (int64_t row = 0; row < rows; ++row)
          target[row] *= factor;
      if (w8)
        scales[lane] = quantizeColumn({target, size_t(rows)},
                                      &quantized[lane * paddedRows]);
    }
    out.clear();
    for (int64_t first = 0; first < paddedRows; first += group)
      for (int64_t lane = 0; lane < width; ++lane)
        for (int64_t row = first; row < first + group; ++row)
          if (w8)
            out.push_back(std::byte(quantized[lane * paddedRows + row]));
          else
            append(out, element, columns[lane * paddedRows + row]);
    if (w8) {
      auto *bytes = reinterpret_cast<const std::byte *>(scales.data());
      out.insert(out.end(), bytes, bytes + 4 * width);
    }
    LLMC_CHECK(sink.write(out));
  }
  return Status::ok();
}

} // namespace llmc

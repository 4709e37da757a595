/// How tensors are made: allocation, constants, attributes, packed bytes.
#include "compiler/reference/Tensor.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;

namespace llmc::reference {

std::optional<Element> elementOf(Type type) {
  if (!type)
    return std::nullopt;
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return Element::Bool;
    case 2:
      return isUnsigned ? Element::U2 : Element::I2;
    case 4:
      return isUnsigned ? Element::U4 : Element::I4;
    case 8:
      return isUnsigned ? Element::U8 : Element::I8;
    case 16:
      return isUnsigned ? Element::U16 : Element::I16;
    case 32:
      return isUnsigned ? Element::U32 : Element::I32;
    case 64:
      return isUnsigned ? Element::U64 : Element::I64;
    default:
      return std::nullopt;
    }
  }
  if (isa<IndexType>(type))
    return Element::I64;
  if (isa<Float64Type>(type))
    return Element::F64;
  if (isa<Float32Type>(type))
    return Element::F32;
  if (isa<Float16Type>(type))
    return Element::F16;
  if (isa<BFloat16Type>(type))
    return Element::BF16;
  if (isa<Float8E4M3FNType>(type))
    return Element::F8E4M3FN;
  if (isa<Float8E5M2Type>(type))
    return Element::F8E5M2;
  if (isa<Float8E4M3FNUZType>(type))
    return Element::F8E4M3FNUZ;
  if (isa<Float8E5M2FNUZType>(type))
    return Element::F8E5M2FNUZ;
  return std::nullopt;
}

int64_t widthOf(Element element) {
  switch (element) {
  case Element::I16:
  case Element::U16:
  case Element::F16:
  case Element::BF16:
    return 2;
  case Element::I32:
  case Element::U32:
  case Element::F32:
    return 4;
  case Element::I64:
  case Element::U64:
  case Element::F64:
    return 8;
  default:
    return 1;
  }
}

std::optional<int64_t> countElements(ArrayRef<int64_t> shape, int64_t limit) {
  // An extent of 0 makes the tensor empty whatever the others are.
  if (llvm::any_of(shape, [](int64_t extent) { return extent < 0; }))
    return std::nullopt;
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t count = 1;
  for (int64_t extent : shape)
    if (llvm::MulOverflow(count, extent, count) || count > limit)
      return std::nullopt;
  return count;
}

SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = int64_t(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

static std::shared_ptr<std::byte> allocate(int64_t bytes) {
  // calloc leaves the pages of large tensors untouched until they are written.
  void *memory = std::calloc(std::max<int64_t>(bytes, 1), 1);
  if (!memory)
    llvm::report_bad_alloc_error("reference evaluator: out of memory");
  return {static_cast<std::byte *>(memory), [](std::byte *p) { std::free(p); }};
}

Tensor Tensor::view(Type elementType, ArrayRef<int64_t> shape,
                    std::shared_ptr<const std::byte> bytes) {
  Tensor tensor;
  tensor.type = elementType;
  tensor.kind = elementOf(elementType).value_or(Element::Bool);
  tensor.extents.assign(shape.begin(), shape.end());
  tensor.count = countElements(shape, INT64_MAX / 8).value_or(0);
  tensor.storage = std::move(bytes);
  return tensor;
}

Tensor Tensor::zeros(Type elementType, ArrayRef<int64_t> shape) {
  Tensor tensor = view(elementType, shape, nullptr);
  tensor.storage = allocate(tensor.count * tensor.width());
  return tensor;
}

std::byte *Tensor::mutableBytes() {
  if (storage.use_count() != 1) {
    auto own = allocate(count * width());
    if (storage)
      std::memcpy(own.get(), storage.get(), count * width());
    storage = std::move(own);
  }
  return const_cast<std::byte *>(storage.get());
}

Tensor Tensor::fromDoubles(Type elementType, ArrayRef<int64_t> shape,
                           ArrayRef<double> values) {
  Tensor tensor = zeros(elementType, shape);
  tensor.write(0, 1, std::min<int64_t>(tensor.count, values.size()),
               values.data());
  return tensor;
}

Tensor Tensor::fromInts(Type elementType, ArrayRef<int64_t> shape,
                        ArrayRef<int64_t> values) {
  Tensor tensor = zeros(elementType, shape);
  tensor.write(0, 1, std::min<int64_t>(tensor.count, values.size()),
               values.data());
  return tensor;
}

Tensor Tensor::iota(Type elementType, ArrayRef<int64_t> shape, double start,
                    double step) {
  Tensor tensor = zeros(elementType, shape);
  constexpr int64_t chunk = 1024;
  double values[chunk];
  for (int64_t first = 0; first < tensor.count; first += chunk) {
    int64_t n = std::min(chunk, tensor.count - first);
    for (int64_t i = 0; i < n; ++i)
      values[i] = start + double(first + i) * step;
    tensor.write(first, 1, n, values);
  }
  return tensor;
}

Tensor Tensor::splat(Type elementType, ArrayRef<int64_t> shape, double value) {
  return iota(elementType, shape, value, 0);
}

std::optional<Tensor>
Tensor::fromPacked(RankedTensorType type, std::shared_ptr<const std::byte> bytes,
                   uint64_t size) {
  auto element = elementOf(type.getElementType());
  if (!element || !type.hasStaticShape())
    return std::nullopt;
  auto count = countElements(type.getShape(), INT64_MAX / 64);
  if (!count)
    return std::nullopt;
  bool packed = !reference::isFloat(*element) && *element != Element::Bool &&
                type.getElementTypeBitWidth() < 8;
  int bits = packed ? int(type.getElementTypeBitWidth())
                    : int(widthOf(*element) * 8);
  if (uint64_t((*count * bits + 7) / 8) > size)
    return std::nullopt;
  bool aligned = reinterpret_cast<uintptr_t>(bytes.get()) % widthOf(*element) == 0;
  if (!packed && aligned && *element != Element::Bool)
    return view(type.getElementType(), type.getShape(), std::move(bytes));
  Tensor tensor = zeros(type.getElementType(), type.getShape());
  if (!packed) {
    std::memcpy(tensor.mutableBytes(), bytes.get(), *count * tensor.width());
    // Any nonzero byte of a file is true; inside, true is 1.
    if (*element == Element::Bool)
      for (int64_t i = 0; i < *count; ++i)
        tensor.setInt(i, tensor.as<uint8_t>()[i]);
    return tensor;
  }
  auto *source = reinterpret_cast<const uint8_t *>(bytes.get());
  auto *target = tensor.mutableAs<uint8_t>();
  for (int64_t i = 0; i < *count; ++i)
    target[i] = uint8_t(
        wrapTo(*element, source[i * bits / 8] >> (i * bits % 8)));
  return tensor;
}

std::optional<Tensor> Tensor::fromElementsAttr(ElementsAttr attribute) {
  auto type = dyn_cast<RankedTensorType>(attribute.getShapedType());
  auto element = type ? elementOf(type.getElementType()) : std::nullopt;
  if (!element || !type.hasStaticShape())
    return std::nullopt;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    // The attribute outlives the evaluator: its context owns the blob.
    auto data = std::shared_ptr<const std::byte>(
        std::shared_ptr<void>(),
        reinterpret_cast<const std::byte *>(blob->getData().data()));
    return fromPacked(type, data, blob->getData().size());
  }
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense)
    return std::nullopt;
  Tensor tensor = zeros(type.getElementType(), type.getShape());
  int64_t count = tensor.count;
  if (isa<FloatType>(type.getElementType())) {
    if (dense.isSplat()) {
      APFloat value = dense.getSplatValue<APFloat>();
      return splat(type.getElementType(), type.getShape(), value.convertToDouble());
    }
    ArrayRef<char> raw = dense.getRawData();
    if (int64_t(raw.size()) == count * tensor.width())
      llvm::copy(llvm::ArrayRef(reinterpret_cast<const std::byte *>(raw.data()),
                                raw.size()),
                 tensor.mutableBytes());
    return tensor;
  }
  auto decode = [&](const APInt &value) {
    return value.getBitWidth() <= 64 ? int64_t(value.getSExtValue()) : 0;
  };
  if (dense.isSplat()) {
    std::vector<int64_t> values(count, decode(dense.getSplatValue<APInt>()));
    tensor.write(0, 1, count, values.data());
    return tensor;
  }
  int64_t i = 0;
  for (const APInt &value : dense.getValues<APInt>())
    tensor.setInt(i++, decode(value));
  return tensor;
}

DenseElementsAttr Tensor::toElementsAttr() const {
  auto tensorType = RankedTensorType::get(extents, type);
  if (isFloat()) {
    bool splatBuffer;
    ArrayRef<char> raw(as<char>(), count * width());
    if (DenseElementsAttr::isValidRawBuffer(tensorType, raw, splatBuffer))
      return DenseElementsAttr::getFromRawBuffer(tensorType, raw);
  }
  SmallVector<APInt> values;
  unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  values.reserve(count);
  for (int64_t i = 0; i < count; ++i)
    values.push_back(APInt(bits, uint64_t(getInt(i)), false, true));
  return DenseElementsAttr::get(tensorType, values);
}

double Tensor::getDouble(int64_t index) const {
  double value;
  read(index, 1, 1, &value);
  return value;
}

int64_t Tensor::getInt(int64_t index) const {
  int64_t value;
  read(index, 1, 1, &value);
  return value;
}

void Tensor::setDouble(int64_t index, double value) {
  write(index, 1, 1, &value);
}

void Tensor::setInt(int64_t index, int64_t value) { write(index, 1, 1, &value); }

std::vector<double> Tensor::toDoubles() const {
  std::vector<double> buffer(count);
  read(0, 1, count, buffer.data());
  return buffer;
}

std::vector<int64_t> Tensor::toInts() const {
  std::vector<int64_t> buffer(count);
  read(0, 1, count, buffer.data());
  return buffer;
}

Tensor Tensor::reshaped(ArrayRef<int64_t> shape) const {
  Tensor result = *this;
  result.extents.assign(shape.begin(), shape.end());
  return result;
}

} // namespace llmc::reference

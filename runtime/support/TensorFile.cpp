#include "runtime/support/TensorFile.h"

#include "runtime/support/File.h"
#include "runtime/support/OutputFile.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace llmc {

namespace {

bool isProto(std::string_view path) { return path.ends_with(".pb"); }

template <typename T> T load(const Tensor &tensor, size_t index) {
  T number;
  std::memcpy(&number, tensor.data.data() + index * sizeof(T), sizeof(T));
  return number;
}

float halfToFloat(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  int fraction = bits & 1023;
  float size = exponent == 0    ? std::ldexp(float(fraction), -24)
               : exponent == 31 ? (fraction ? NAN : INFINITY)
                                : std::ldexp(float(fraction + 1024), exponent - 25);
  return bits & 0x8000 ? -size : size;
}

bool isFloating(ElementType type) {
  return type == ElementType::F16 || type == ElementType::BF16 ||
         type == ElementType::F32 || type == ElementType::F64;
}

/// An element of a floating type, or of an integer type, as far as a double
/// can tell.
double elementAt(const Tensor &tensor, size_t i) {
  switch (tensor.type) {
  case ElementType::F16:
    return halfToFloat(load<uint16_t>(tensor, i));
  case ElementType::BF16:
    return std::bit_cast<float>(uint32_t(load<uint16_t>(tensor, i)) << 16);
  case ElementType::F32:
    return load<float>(tensor, i);
  case ElementType::F64:
    return load<double>(tensor, i);
  case ElementType::I8:
    return load<int8_t>(tensor, i);
  case ElementType::I16:
    return load<int16_t>(tensor, i);
  case ElementType::I32:
    return load<int32_t>(tensor, i);
  case ElementType::I64:
    return static_cast<double>(load<int64_t>(tensor, i));
  case ElementType::U16:
    return load<uint16_t>(tensor, i);
  case ElementType::U32:
    return load<uint32_t>(tensor, i);
  case ElementType::U64:
    return static_cast<double>(load<uint64_t>(tensor, i));
  case ElementType::Bool:
  case ElementType::U8:
    break;
  }
  return load<uint8_t>(tensor, i);
}

} // namespace

Status checkTensorName(const std::string &path) {
  if (isProto(path) || path.ends_with(".npy"))
    return Status::ok();
  return Error{Code::BadFlagValue, "the ending of a tensor's file is unknown", path,
               "it says which form the file has: .npy (NumPy) or .pb (ONNX TensorProto)",
               "name a file that ends in .npy or .pb"};
}

Result<NamedTensor> readTensor(const std::string &path) {
  LLMC_TRY(MappedFile file, MappedFile::open(path));
  if (isProto(path))
    return parseTensorProto(file.bytes(), path);
  LLMC_TRY(Tensor tensor, parseNpy(file.bytes(), path));
  return NamedTensor{"", std::move(tensor)};
}

Status writeTensor(const std::string &path, const Tensor &tensor,
                   std::string_view name) {
  std::vector<std::byte> bytes =
      isProto(path) ? formatTensorProto(tensor, name) : formatNpy(tensor);
  LLMC_TRY(OutputFile file, OutputFile::create(path, bytes.size()));
  LLMC_CHECK(file.append(bytes));
  return file.commit(/*executable=*/false);
}

double defaultTolerance(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return 1e-2;
  case ElementType::BF16:
    return 5e-2;
  case ElementType::F32:
    return 1e-4;
  case ElementType::F64:
    return 1e-9;
  default:
    return 0;
  }
}

Result<TensorDifference> compareTensors(const Tensor &got, const Tensor &wanted,
                                        double tolerance) {
  if (got.type != wanted.type || got.shape != wanted.shape)
    return Error{Code::BadTensor, "an expected output does not fit", "",
                 "the output is " + tensorTypeText(got) + ", expected is " +
                     tensorTypeText(wanted),
                 "`inspect` shows the outputs of the graph"};
  TensorDifference result;
  auto size = static_cast<size_t>(elementBytes(got.type));
  for (size_t i = 0; i < got.data.size() / size; ++i) {
    if (std::memcmp(&got.data[i * size], &wanted.data[i * size], size) == 0)
      continue;
    double one = elementAt(got, i), two = elementAt(wanted, i);
    if (std::isnan(one) && std::isnan(two))
      continue;
    double difference = std::abs(one - two);
    if (std::isnan(difference))
      difference = INFINITY;
    result.largest = std::max(result.largest, difference);
    bool near = isFloating(got.type) && std::isfinite(two) &&
                difference <= tolerance * (1 + std::abs(two));
    if (!near && result.elements++ == 0)
      result.first = i;
  }
  return result;
}

std::string tensorTypeText(const Tensor &tensor) {
  std::string text(elementTypeName(tensor.type));
  text += "[";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(tensor.shape[i]);
  return text + "]";
}

} // namespace llmc

#include "test/frontends/TensorFile.h"

#include "frontends/onnx/builder/Types.h"
#include "frontends/onnx/reader/OnnxReader.h"

#include <cmath>
#include <cstring>
#include <filesystem>

using namespace mlir;

namespace llmc::test {

namespace {

void appendVarint(std::vector<std::byte> &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(std::byte(value | 0x80));
  out.push_back(std::byte(value));
}

void appendField(std::vector<std::byte> &out, unsigned field,
                 std::span<const std::byte> bytes) {
  appendVarint(out, field << 3 | 2);
  appendVarint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// The tensor as the only initializer of a model: the reader knows models.
std::vector<std::byte> asModel(std::span<const std::byte> tensor) {
  std::vector<std::byte> named(tensor.begin(), tensor.end());
  std::byte name[] = {std::byte('t')};
  appendField(named, 8, name); // A later name replaces an earlier one.
  std::vector<std::byte> graph, model, opset;
  appendField(graph, 5, named);
  appendVarint(opset, 2 << 3);
  appendVarint(opset, 21);
  appendVarint(model, 1 << 3);
  appendVarint(model, 10);
  appendField(model, 8, opset);
  appendField(model, 7, graph);
  return model;
}

double toleranceOf(reference::Element element) {
  using reference::Element;
  switch (element) {
  case Element::F64:
    return 1e-6; // Upstream computes some references in f32.
  case Element::F32:
    return 1e-3;
  case Element::F16:
    return 5e-3;
  case Element::BF16:
    return 2e-2;
  default:
    return 0;
  }
}

} // namespace

Result<reference::Tensor> readTensorFile(const std::string &path,
                                         MLIRContext &context) {
  LLMC_TRY(MappedFile map, MappedFile::open(path));
  std::vector<std::byte> bytes = asModel(map.bytes());
  LLMC_TRY(onnx::Model model, onnx::readModelFromBytes(bytes, ""));
  if (model.graph.initializers.size() != 1)
    return Error{Code::BadModel, "no tensor in the file", path, {}, {}};
  const onnx::TensorData &data = model.graph.initializers[0];
  Type elem = onnx::elementType(data.type, &context);
  if (!elem || !reference::elementOf(elem))
    return Error{Code::UnsupportedType,
                 "a tensor of " + onnx::elemTypeName(data.type),
                 path,
                 {},
                 {}};
  std::span<const std::byte> content = model.bytes(data);
  std::shared_ptr<std::byte> copy(new std::byte[content.size() + 1],
                                  std::default_delete<std::byte[]>());
  std::memcpy(copy.get(), content.data(), content.size());
  auto tensor = reference::Tensor::fromPacked(
      RankedTensorType::get(data.dims, elem), copy, content.size());
  if (!tensor)
    return Error{Code::UnsupportedType,
                 "a tensor that cannot be unpacked",
                 path,
                 {},
                 {}};
  return *tensor;
}

Result<onnx::TensorData> readTensorData(const std::string &path) {
  LLMC_TRY(MappedFile map, MappedFile::open(path));
  std::vector<std::byte> bytes = asModel(map.bytes());
  LLMC_TRY(onnx::Model model, onnx::readModelFromBytes(bytes, ""));
  if (model.graph.initializers.size() != 1 ||
      model.graph.initializers[0].storage == onnx::TensorData::Storage::Strings)
    return Error{Code::BadModel, "no tensor in the file", path, {}, {}};
  onnx::TensorData &data = model.graph.initializers[0];
  std::span<const std::byte> content = model.bytes(data);
  std::vector<std::byte> owned(content.begin(), content.end());
  data.owned = std::move(owned);
  data.storage = onnx::TensorData::Storage::Owned;
  return std::move(data);
}

std::string compareTensors(const reference::Tensor &actual,
                           const reference::Tensor &expected) {
  auto shapeText = [](const reference::Tensor &tensor) {
    std::string text = "[";
    for (int64_t extent : tensor.shape())
      text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
  };
  if (!actual)
    return "no tensor";
  if (actual.elementType() != expected.elementType())
    return "another element type";
  if (actual.shape() != expected.shape())
    return "shape " + shapeText(actual) + ", not " + shapeText(expected);
  double tolerance = toleranceOf(expected.element());
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    bool equal = false;
    double a = actual.getDouble(i), e = expected.getDouble(i);
    if (!expected.isFloat())
      equal = actual.getInt(i) == expected.getInt(i);
    else if (std::isnan(e) || std::isnan(a))
      equal = std::isnan(e) && std::isnan(a);
    else
      equal = a == e ||
              std::abs(a - e) <= tolerance * std::abs(e) + tolerance * 1e-2;
    if (!equal)
      return "element " + std::to_string(i) + " of " + shapeText(expected) +
             ": " + std::to_string(a) + ", not " + std::to_string(e);
  }
  return {};
}

std::vector<std::string> numberedTensors(const std::string &folder,
                                         const std::string &stem) {
  std::vector<std::string> paths;
  while (true) {
    std::string path =
        folder + "/" + stem + std::to_string(paths.size()) + ".pb";
    if (!std::filesystem::exists(path))
      return paths;
    paths.push_back(path);
  }
}

void bindIntegers(onnx::Model &model, const std::string &folder) {
  std::vector<std::string> files = numberedTensors(folder, "input_");
  for (size_t i = 0; i < files.size() && i < model.graph.inputs.size(); ++i) {
    auto tensor = readTensorData(files[i]);
    if (!tensor || tensor->count > 64)
      continue;
    bool integer = tensor->type == onnx::ElemType::Int64 ||
                   tensor->type == onnx::ElemType::Int32 ||
                   tensor->type == onnx::ElemType::Bool;
    // Scalars of other types are the limits of a Range, the rate of a Dropout.
    if (!integer && tensor->count != 1)
      continue;
    tensor->name = model.graph.inputs[i].name;
    model.graph.initializers.push_back(std::move(*tensor));
  }
}

} // namespace llmc::test

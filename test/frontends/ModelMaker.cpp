#include "test/frontends/ModelMaker.h"

#include "dialects/onnx/OnnxOps.h"
#include "dialects/onnx/SymbolicShape.h"
#include "frontends/onnx/builder/Types.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Format.h"

#include <cstring>

using namespace mlir;

namespace llmc::test {

ModelMaker::ModelMaker(int64_t opset) {
  model.irVersion = 10;
  model.opsetImports.push_back({"", opset});
  model.opsetImports.push_back({"com.microsoft", 1});
  model.files.push_back({"test.onnx", MappedFile(), {}});
}

ModelMaker &ModelMaker::input(const std::string &name,
                              std::vector<DimText> shape, onnx::ElemType type) {
  onnx::ValueInfo info;
  info.name = name;
  info.type.kind = onnx::ValueType::Kind::Tensor;
  info.type.elem = type;
  info.type.shape.emplace();
  for (const DimText &dim : shape) {
    onnx::Dim made;
    if (const int64_t *value = std::get_if<int64_t>(&dim))
      made.value = *value;
    else
      made.param = std::get<std::string>(dim);
    info.type.shape->push_back(made);
  }
  model.graph.inputs.push_back(std::move(info));
  return *this;
}

ModelMaker &ModelMaker::output(const std::string &name) {
  model.graph.outputs.push_back({name, {}});
  return *this;
}

template <typename T>
static onnx::TensorData tensorOf(const std::string &name, onnx::ElemType type,
                                 std::vector<int64_t> dims,
                                 const std::vector<T> &values) {
  onnx::TensorData data;
  data.name = name;
  data.type = type;
  data.dims = std::move(dims);
  data.count = values.size();
  data.owned.resize(values.size() * sizeof(T));
  std::memcpy(data.owned.data(), values.data(), data.owned.size());
  return data;
}

ModelMaker &ModelMaker::ints(const std::string &name,
                             std::vector<int64_t> values, bool scalar) {
  std::vector<int64_t> dims;
  if (!scalar)
    dims.push_back(values.size());
  model.graph.initializers.push_back(
      tensorOf(name, onnx::ElemType::Int64, dims, values));
  return *this;
}

ModelMaker &ModelMaker::floats(const std::string &name,
                               std::vector<int64_t> dims,
                               std::vector<float> values) {
  model.graph.initializers.push_back(
      tensorOf(name, onnx::ElemType::Float, std::move(dims), values));
  return *this;
}

ModelMaker &ModelMaker::node(const std::string &op,
                             std::vector<std::string> inputs,
                             std::vector<std::string> outputs,
                             const std::string &domain) {
  onnx::Node made;
  made.name = "node_" + outputs.front();
  made.opType = op;
  made.domain = domain;
  made.inputs = std::move(inputs);
  made.outputs = std::move(outputs);
  model.graph.nodes.push_back(std::move(made));
  return *this;
}

static onnx::Attribute &
addAttribute(onnx::Model &model, const std::string &name, onnx::AttrType type) {
  auto &list = model.graph.nodes.back().attributes;
  list.emplace_back();
  list.back().name = name;
  list.back().type = type;
  return list.back();
}

ModelMaker &ModelMaker::attr(const std::string &name, int value) {
  addAttribute(model, name, onnx::AttrType::Int).i = value;
  return *this;
}
ModelMaker &ModelMaker::attr(const std::string &name, float value) {
  addAttribute(model, name, onnx::AttrType::Float).f = value;
  return *this;
}
ModelMaker &ModelMaker::attr(const std::string &name, const char *value) {
  addAttribute(model, name, onnx::AttrType::String).s = value;
  return *this;
}
ModelMaker &ModelMaker::attr(const std::string &name,
                             std::vector<int64_t> value) {
  addAttribute(model, name, onnx::AttrType::Ints).ints = std::move(value);
  return *this;
}
ModelMaker &ModelMaker::graphAttr(const std::string &name, onnx::Graph graph) {
  addAttribute(model, name, onnx::AttrType::Graph).g =
      std::make_unique<onnx::Graph>(std::move(graph));
  return *this;
}

Imported import(MLIRContext &context, const onnx::Model &model) {
  Imported imported;
  auto module = onnx::buildModule(context, model);
  if (!module) {
    imported.error = module.error().render();
    imported.code = module.error().code;
    return imported;
  }
  imported.module = std::move(*module);
  for (StringRef name : onnx::symbolNames(*imported.module))
    imported.symbols.push_back(name.str());
  return imported;
}

static std::string joined(const std::vector<std::string> &parts,
                          const char *separator) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : separator) + part;
  return text;
}

static func::FuncOp mainOf(const Imported &imported) {
  return imported.module ? (*imported.module).lookupSymbol<func::FuncOp>("main")
                         : func::FuncOp();
}

static std::string typesText(TypeRange types, ArrayRef<std::string> symbols) {
  std::vector<std::string> parts;
  for (Type type : types)
    parts.push_back(onnx::describeType(type, symbols));
  return joined(parts, "; ");
}

std::string Imported::results() const {
  auto function = mainOf(*this);
  return function ? typesText(function.getResultTypes(), symbols) : error;
}

std::string Imported::arguments() const {
  auto function = mainOf(*this);
  return function ? typesText(function.getArgumentTypes(), symbols) : error;
}

std::string Imported::ops() const {
  auto function = mainOf(*this);
  if (!function)
    return error;
  std::vector<std::string> names;
  for (Operation &op : function.getBody().front())
    if (!isa<onnx::ConstantOp, onnx::NoneOp, onnx::GetInitializerOp,
             func::ReturnOp>(op))
      names.push_back(op.getName().stripDialect().str());
  return joined(names, " ");
}

std::string Imported::values(unsigned result) const {
  auto function = mainOf(*this);
  if (!function)
    return error;
  Value value = function.getBody().front().getTerminator()->getOperand(result);
  std::vector<std::string> parts;
  if (auto dimensions = value.getDefiningOp<onnx::DimensionsOp>())
    for (AffineExpr expr : dimensions.getValues().getResults())
      parts.push_back(onnx::describeExtent(expr, symbols));
  else if (auto constant = value.getDefiningOp<onnx::ConstantOp>())
    if (auto elements = dyn_cast<DenseElementsAttr>(constant.getValue()))
      for (mlir::Attribute element : elements.getValues<mlir::Attribute>()) {
        std::string text;
        llvm::raw_string_ostream out(text);
        if (auto number = dyn_cast<FloatAttr>(element))
          out << llvm::format("%g", number.getValueAsDouble());
        else if (auto integer = dyn_cast<IntegerAttr>(element))
          out << integer.getValue();
        parts.push_back(text);
      }
  return parts.empty() ? "not constant" : joined(parts, " ");
}

static std::vector<std::string>
mapsText(const Imported &imported, StringRef attribute, const char *separator) {
  std::vector<std::string> parts;
  auto list = (*imported.module)->getAttrOfType<ArrayAttr>(attribute);
  if (!list)
    return parts;
  for (mlir::Attribute map : list) {
    std::vector<std::string> sides;
    for (AffineExpr side : cast<AffineMapAttr>(map).getValue().getResults())
      sides.push_back(onnx::describeExtent(side, imported.symbols));
    parts.push_back(joined(sides, separator));
  }
  return parts;
}

std::string Imported::equalities() const {
  return module ? joined(mapsText(*this, "onnx.equal_dims", " = "), "; ")
                : error;
}

std::string Imported::assumptions() const {
  return module ? joined(mapsText(*this, "onnx.non_negative", ""), "; ")
                : error;
}

} // namespace llmc::test

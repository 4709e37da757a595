#include "frontends/onnx/builder/NodeContext.h"

#include "frontends/onnx/builder/Types.h"

using namespace mlir;

namespace llmc::onnx {

const Attribute *resolveAttribute(const Node &node, std::string_view name,
                                  const CallFrame *frame) {
  const Attribute *attribute = node.attribute(name);
  while (attribute && !attribute->refAttrName.empty()) {
    if (!frame)
      return nullptr;
    const Attribute *given = frame->call->attribute(attribute->refAttrName);
    if (!given) {
      for (const Attribute &standard : frame->function->attributeDefaults)
        if (standard.name == attribute->refAttrName)
          return &standard;
      return nullptr;
    }
    attribute = given;
    frame = frame->caller;
  }
  return attribute;
}

NodeContext::NodeContext(EmitterState &state, OpBuilder &builder,
                         Location location, Problems &problems,
                         const Model &model, const Node &node,
                         const CallFrame *frame, const OpRow &row,
                         int64_t version, ArrayRef<Value> inputs)
    : Emitter(state, builder, location), model(model), node(node), frame(frame),
      row(row), version(version), problems(problems), inputs(inputs),
      results(node.outputs.size()) {}

std::optional<Contents> NodeContext::extentInput(unsigned i, StringRef what) {
  auto contents = contentsOf(in(i));
  if (!contents)
    (void)unsupported(what + " is computed from values", Remedy::DataShape);
  return contents;
}

std::optional<SmallVector<int64_t>> NodeContext::constantInput(unsigned i,
                                                               StringRef what) {
  auto values = integersIn(in(i));
  if (!values)
    (void)unsupported(what + " is not constant", Remedy::DataShape);
  return values;
}

LogicalResult NodeContext::requireFloat(unsigned i) {
  return isa<FloatType>(elem(i))
             ? success()
             : fail(Code::UnsupportedType, "it takes floating-point elements");
}

LogicalResult NodeContext::requireBool(unsigned i) {
  return elem(i).isInteger(1)
             ? success()
             : fail(Code::UnsupportedType, "it takes booleans");
}

LogicalResult NodeContext::requireNumber(unsigned i) {
  return elem(i).isInteger(1)
             ? fail(Code::UnsupportedType, "it takes numbers, not booleans")
             : success();
}

LogicalResult NodeContext::requireInteger(unsigned i) {
  return isa<IntegerType>(elem(i)) && !elem(i).isInteger(1)
             ? success()
             : fail(Code::UnsupportedType, "it takes integers");
}

const Attribute *NodeContext::attr(std::string_view name) {
  asked.emplace(name);
  return resolveAttribute(node, name, frame);
}

const Attribute *NodeContext::typed(std::string_view name, AttrType type) {
  const Attribute *attribute = attr(name);
  if (attribute && attribute->type != type) {
    (void)fail(Code::BadModel, "attribute " + Twine(StringRef(name)) +
                                   " is of kind " +
                                   attrTypeName(attribute->type) + ", not " +
                                   attrTypeName(type));
    return nullptr;
  }
  return attribute;
}

int64_t NodeContext::intAttr(std::string_view name, int64_t otherwise) {
  const Attribute *attribute = typed(name, AttrType::Int);
  return attribute ? attribute->i : otherwise;
}

float NodeContext::floatAttr(std::string_view name, float otherwise) {
  const Attribute *attribute = typed(name, AttrType::Float);
  return attribute ? attribute->f : otherwise;
}

std::string NodeContext::stringAttr(std::string_view name,
                                    std::string otherwise) {
  const Attribute *attribute = typed(name, AttrType::String);
  return attribute ? attribute->s : otherwise;
}

std::optional<SmallVector<int64_t>>
NodeContext::intsAttr(std::string_view name) {
  const Attribute *attribute = typed(name, AttrType::Ints);
  if (!attribute)
    return std::nullopt;
  return SmallVector<int64_t>(attribute->ints.begin(), attribute->ints.end());
}

void NodeContext::ignoreAttrs(std::initializer_list<std::string_view> names) {
  asked.insert(names.begin(), names.end());
}

LogicalResult NodeContext::set(unsigned i, Value value) {
  if (!value)
    return failure();
  if (i < results.size())
    results[i] = value;
  return success();
}

LogicalResult NodeContext::fail(Code code, const Twine &why) {
  if (problem)
    return failure();
  problem = true;
  std::string operands;
  for (auto [i, input] : llvm::enumerate(inputs))
    operands += (i ? ", " : "") + describe(input);
  std::string scope = scopeText();
  problems.fail(
      {code, "node " + nodeText() + " (" + opText() + ") cannot be imported",
       model.files.empty()
           ? ""
           : model.files.front().path + (scope.empty() ? "" : ", in " + scope),
       why.str() + (inputs.empty() ? "" : "; inputs: " + operands),
       code == Code::ShapeMismatch
           ? "check the model with ONNX Runtime; it contradicts "
             "itself, or the llmc importer is wrong"
           : ""});
  return failure();
}

LogicalResult NodeContext::unsupported(const Twine &reason, Remedy remedy) {
  if (problem)
    return failure();
  problem = true;
  problems.add({opText(), nodeText(), scopeText(), reason.str(), remedy});
  return failure();
}

std::string NodeContext::opText() const {
  return (node.domain.empty() ? "" : node.domain + "::") + node.opType + "-" +
         std::to_string(version);
}

std::string NodeContext::nodeText() const {
  std::string prefix = frame ? frame->prefix : "";
  if (!node.name.empty())
    return prefix + node.name;
  for (const std::string &output : node.outputs)
    if (!output.empty())
      return prefix + "-> " + output;
  return prefix + node.opType;
}

std::string NodeContext::scopeText() const {
  for (const char *key : {"namespace", "pkg.torch.onnx.name_scopes"})
    if (std::string_view value = node.metadataValue(key); !value.empty())
      return std::string(value);
  return {};
}

std::vector<std::string> NodeContext::unknownAttributes() const {
  std::vector<std::string> names;
  for (const Attribute &attribute : node.attributes)
    if (!asked.count(attribute.name))
      names.push_back(attribute.name);
  return names;
}

} // namespace llmc::onnx

#include "frontends/onnx/builder/GraphImporter.h"

#include "frontends/onnx/builder/Types.h"
#include "frontends/onnx/reader/OnnxReader.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

// Functions that call functions can describe more nodes than any memory holds.
constexpr uint64_t maxNodes = 500'000;
constexpr unsigned maxBodyDepth = 64;
/// The newest opset whose operators were looked through.
constexpr int64_t newestOpset = 28;
/// Larger tensors stay in their file.
constexpr uint64_t maxConstantElements = 64;
constexpr uint64_t maxConstantBytes = 512;

std::string functionKey(const std::string &domain, const std::string &name,
                        const std::string &overload) {
  return domain + '\0' + name + '\0' + overload;
}

} // namespace

GraphImporter::GraphImporter(ModuleOp module, OpBuilder &builder,
                             const Model &model, EmitterState &state,
                             Problems &problems)
    : module(module), builder(builder), model(model), state(state),
      problems(problems) {
  symbolUses["main"] = 1; // The function's name.
  for (const Function &function : model.functions)
    functions[functionKey(function.domain, function.name, function.overload)] =
        &function;
}

void GraphImporter::addInitializers(const Graph &graph, Scope &scope) {
  for (const TensorData &tensor : graph.initializers)
    scope.entries[tensor.name] = {nullptr, &tensor};
}

const Function *GraphImporter::findFunction(const Node &node) const {
  auto found =
      functions.find(functionKey(node.domain, node.opType, node.overload));
  return found == functions.end() ? nullptr : found->second;
}

int64_t GraphImporter::versionOf(const std::string &domain,
                                 const CallFrame *frame) const {
  if (frame)
    for (const OpsetImport &import : frame->function->opsetImports)
      if (import.domain == domain)
        return import.version;
  return model.opsetVersion(domain).value_or(1);
}

Location GraphImporter::locationOf(const Node &node, size_t index,
                                   const CallFrame *frame) {
  MLIRContext *context = builder.getContext();
  std::string name = frame ? frame->prefix : "";
  if (!node.name.empty())
    name += node.name;
  else
    name += node.opType + (node.outputs.empty() ? "" : " " + node.outputs[0]);
  StringRef path =
      model.files.empty() ? StringRef() : StringRef(model.files.front().path);
  // Bytes that are no UTF-8 would not print.
  for (char &c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == '"')
      c = '_';
  return NameLoc::get(StringAttr::get(context, name),
                      FileLineColLoc::get(context, path, index + 1, 0));
}

Value GraphImporter::lookUp(std::string_view name, Scope &scope) {
  for (const Scope *at = &scope; at; at = at->parent) {
    auto found = at->entries.find(name);
    if (found == at->entries.end())
      continue;
    if (found->second.initializer)
      return importTensor(*found->second.initializer,
                          found->second.initializer->name);
    return found->second.value;
  }
  return {};
}

bool GraphImporter::isOmitted(const std::string &name,
                              const Scope &scope) const {
  if (name.empty())
    return true;
  for (const Scope *at = &scope; at; at = at->parent)
    if (at->omitted.count(name))
      return true;
  return false;
}

Value GraphImporter::importTensor(const TensorData &tensor,
                                  const std::string &name) {
  if (auto found = imported.find(&tensor); found != imported.end())
    return found->second;
  // Made once, before everything that may read it.
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(builder.getBlock());
  Value &value = imported[&tensor];
  Type elem = elementType(tensor.type, builder.getContext());
  if (!elem || tensor.dims.size() > 64) {
    problems.add({"tensor",
                  name,
                  {},
                  "elements of type " + elemTypeName(tensor.type),
                  Remedy::Export});
    return value;
  }
  auto type = RankedTensorType::get(tensor.dims, elem);
  Location location = NameLoc::get(builder.getStringAttr(name));
  bool small = tensor.count <= maxConstantElements &&
               tensor.byteSize() <= maxConstantBytes;
  if (small || tensor.storage == TensorData::Storage::Owned) {
    value = ConstantOp::create(builder, location,
                               denseElements(type, model.bytes(tensor)));
    return value;
  }
  // Names of weights may repeat in subgraphs; symbols may not.
  std::string symbol = name.empty() ? "constant" : name;
  while (unsigned uses = symbolUses[symbol]++)
    symbol += "." + std::to_string(uses);
  OpBuilder atModule = OpBuilder::atBlockBegin(module.getBody());
  InitializerOp::create(atModule, location, symbol, type, tensor.range.file,
                        tensor.range.offset, tensor.range.length);
  value = GetInitializerOp::create(builder, location, type, symbol);
  return value;
}

Status GraphImporter::importNodes(std::span<const Node> nodes, Scope &scope,
                                  const CallFrame *frame) {
  if (depth >= maxBodyDepth)
    return Error{Code::TooLarge, "bodies are nested too deep", {}, {}, {}};
  ++depth;
  LLMC_TRY(auto order, topologicalOrder(nodes));
  for (uint32_t index : order)
    LLMC_CHECK(importNode(nodes[index], index, scope, frame));
  --depth;
  return Status::ok();
}

Status GraphImporter::importNode(const Node &node, size_t index, Scope &scope,
                                 const CallFrame *frame) {
  if (++visited > maxNodes)
    return Error{Code::TooLarge,
                 "the model has more than 500000 nodes once its functions "
                 "are expanded",
                 model.files.empty() ? "" : model.files.front().path,
                 {},
                 {}};
  if (const Function *function = findFunction(node))
    return inlineFunction(*function, node, scope, frame);

  SmallVector<Value> inputs;
  bool poisoned = false;
  for (const std::string &name : node.inputs) {
    bool omitted = isOmitted(name, scope);
    inputs.push_back(omitted ? Value() : lookUp(name, scope));
    poisoned |= !omitted && !inputs.back();
  }
  for (const std::string &name : node.outputs)
    if (!name.empty())
      scope.entries[name] = {};

  if (node.domain.empty() && node.opType == "If" && !poisoned &&
      !inputs.empty()) {
    bool done = false;
    LLMC_CHECK(inlineIf(node, scope, frame, inputs[0], done));
    if (done)
      return Status::ok();
  }
  const OpRow *row = findOp(node.domain, node.opType);
  int64_t version = versionOf(node.domain, frame);
  if (!row || (node.domain.empty() && version > newestOpset)) {
    reportUnknown(node, frame);
    return Status::ok();
  }
  // What an unsupported node would have made is not there; the operator is
  // known, so there is nothing to list.
  if (poisoned)
    return Status::ok();

  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();
  NodeContext context(state, builder, locationOf(node, index, frame), problems,
                      model, node, frame, *row, version, inputs);
  LogicalResult status = success();
  for (unsigned i = 0; i < row->minInputs; ++i)
    if (!context.has(i) && !context.failed())
      status =
          context.fail(Code::BadModel, "input " + Twine(i) + " is missing");
  if (inputs.size() > row->maxInputs && row->maxInputs != 255)
    status = context.unsupported(
        "more than " + Twine(row->maxInputs) + " inputs", Remedy::NewerOpset);
  if (succeeded(status))
    status = row->handler(context);
  finishNode(context, status, scope);
  return Status::ok();
}

void GraphImporter::finishNode(NodeContext &context, LogicalResult status,
                               Scope &scope) {
  if (succeeded(status) && !context.failed())
    for (const std::string &name : context.unknownAttributes())
      (void)context.unsupported("attribute " + name, Remedy::NewerOpset);
  if (context.failed())
    return;
  for (unsigned i = 0; i < context.outputCount(); ++i) {
    if (!context.wants(i))
      continue;
    Value value = context.result(i);
    if (failed(status) || !value) {
      // A handler gave up without saying why.
      (void)context.unsupported("result " + Twine(i), Remedy::None);
      return;
    }
    scope.entries[context.node.outputs[i]] = {value, nullptr};
  }
}

void GraphImporter::reportUnknown(const Node &node, const CallFrame *frame) {
  OpRow none{node.domain, node.opType, 0, 255, nullptr, {}};
  int64_t version = versionOf(node.domain, frame);
  NodeContext context(state, builder, builder.getUnknownLoc(), problems, model,
                      node, frame, none, version, {});
  if (findOp(node.domain, node.opType))
    (void)context.unsupported("opset " + Twine(version) + " is too new",
                              Remedy::NewerOpset);
  else if (!node.domain.empty() && node.domain != "com.microsoft")
    (void)context.unsupported("", StringRef(node.domain).contains("training")
                                      ? Remedy::TrainingOp
                                      : Remedy::OtherDomain);
  else if (StringRef(node.opType).ends_with("Grad"))
    (void)context.unsupported("", Remedy::TrainingOp);
  else if (node.opType == "If" || node.opType == "Loop" ||
           node.opType == "Scan")
    (void)context.unsupported("", Remedy::ControlFlow);
  else
    (void)context.unsupported("", Remedy::None);
}

} // namespace llmc::onnx

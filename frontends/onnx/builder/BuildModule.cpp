#include "frontends/onnx/builder/BuildModule.h"

#include "dialects/onnx/OnnxOps.h"
#include "frontends/onnx/builder/FinishModule.h"
#include "frontends/onnx/builder/GraphImporter.h"
#include "frontends/onnx/builder/Types.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

// Each round replaces at least one symbol; past this many, equalities are
// recorded instead.
constexpr unsigned maxRounds = 64;

/// One import of the whole model under known replacements of symbols.
class ModuleImport {
public:
  ModuleImport(MLIRContext &context, const Model &model,
               const Replacements &replacements, bool mayReplace)
      : model(model), builder(&context),
        symbols(&context, replacements, mayReplace),
        module(ModuleOp::create(FileLineColLoc::get(&context, path(), 0, 0))),
        folder(*module), state(symbols, folder) {}

  Result<OwningOpRef<ModuleOp>> run();
  const Replacements &found() const { return symbols.found(); }

private:
  Type inputType(const ValueInfo &input);
  void addArguments(func::FuncOp function, Scope &scope);
  void addResults(func::FuncOp function, Scope &scope, GraphImporter &importer);
  std::string path() const {
    return model.files.empty() ? "" : model.files.front().path;
  }
  void reject(const ValueInfo &value, const std::string &reason) {
    problems.add({"input or output", value.name, {}, reason, Remedy::Export});
  }

  const Model &model;
  OpBuilder builder;
  Symbols symbols;
  OwningOpRef<ModuleOp> module;
  ConstantFolder folder;
  EmitterState state;
  Problems problems;
};

Type ModuleImport::inputType(const ValueInfo &input) {
  Type elem = elementType(input.type.elem, builder.getContext());
  if (input.type.kind != ValueType::Kind::Tensor || !elem) {
    reject(input, input.type.kind == ValueType::Kind::Tensor
                      ? "elements of type " + elemTypeName(input.type.elem)
                      : "not a tensor");
    return {};
  }
  if (!input.type.shape || input.type.shape->size() > 64) {
    reject(input, "its rank is not declared");
    return {};
  }
  Dims dims;
  int64_t count = 1;
  for (auto [axis, dim] : llvm::enumerate(*input.type.shape)) {
    AffineExpr extent =
        dim.value ? getAffineConstantExpr(*dim.value, builder.getContext())
        : !dim.param.empty()
            ? symbols.parse(dim.param)
            : symbols.named(input.name + "." + std::to_string(axis));
    auto constant = constantExtent(extent);
    if (constant && *constant > 0 &&
        (llvm::MulOverflow(count, *constant, count) || count > (1ll << 56))) {
      reject(input, "more than 2^56 elements");
      return {};
    }
    if (constant ? *constant < 0 : !symbols.assumeNonNegative(extent)) {
      reject(input, "a negative extent");
      return {};
    }
    dims.push_back(extent);
  }
  return symbolicTensorType(dims, elem);
}

void ModuleImport::addArguments(func::FuncOp function, Scope &scope) {
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  SmallVector<Type> types;
  SmallVector<mlir::Attribute> names;
  for (const ValueInfo &input : model.graph.inputs) {
    // An initializer under the name of an input is its value: older files list
    // every weight among the inputs.
    if (scope.entries.count(input.name))
      continue;
    Type type = inputType(input);
    if (!type) {
      scope.entries[input.name] = {};
      continue;
    }
    auto location = NameLoc::get(builder.getStringAttr(input.name));
    scope.entries[input.name] = {body->addArgument(type, location), nullptr};
    types.push_back(type);
    names.push_back(builder.getStringAttr(input.name));
  }
  function.setFunctionType(builder.getFunctionType(types, {}));
  for (auto [i, name] : llvm::enumerate(names))
    function.setArgAttr(i, "onnx.name", name);
  function->setAttr("onnx.input_names", builder.getArrayAttr(names));
}

void ModuleImport::addResults(func::FuncOp function, Scope &scope,
                              GraphImporter &importer) {
  SmallVector<Value> values;
  SmallVector<Type> types;
  SmallVector<mlir::Attribute> names;
  for (const ValueInfo &output : model.graph.outputs) {
    Value value = importer.lookUp(output.name, scope);
    if (!value)
      continue;
    values.push_back(value);
    types.push_back(value.getType());
    names.push_back(builder.getStringAttr(output.name));
  }
  func::ReturnOp::create(builder, function.getLoc(), values);
  function.setFunctionType(
      builder.getFunctionType(function.getFunctionType().getInputs(), types));
  function->setAttr("onnx.output_names", builder.getArrayAttr(names));
}

Result<OwningOpRef<ModuleOp>> ModuleImport::run() {
  MLIRContext *context = builder.getContext();
  Location location = module->getLoc();
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, location, "main",
                                       builder.getFunctionType({}, {}));

  GraphImporter importer(*module, builder, model, state, problems);
  state.importTensor = [&](const TensorData &tensor, const std::string &name) {
    return importer.importTensor(tensor, name);
  };
  Scope scope;
  importer.addInitializers(model.graph, scope);
  addArguments(function, scope);
  LLMC_CHECK(importer.importNodes(model.graph.nodes, scope, nullptr));
  addResults(function, scope, importer);
  if (!problems.empty())
    return problems.toError(path());

  setModuleAttributes(*module, model, symbols);
  removeDeadCode(*module);
  std::string complaint;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    complaint += (complaint.empty() ? "" : "\n") + diagnostic.str();
    return success();
  });
  if (failed(verify(*module)))
    return Error{Code::Internal, "the importer made a module that is not valid",
                 path(), complaint, "please report this with the model"};
  return std::move(module);
}

} // namespace

Result<OwningOpRef<ModuleOp>> buildModule(MLIRContext &context,
                                          const Model &model) {
  context.loadDialect<OnnxDialect, func::FuncDialect>();
  Replacements replacements;
  for (unsigned round = 0;; ++round) {
    ModuleImport import(context, model, replacements, round < maxRounds);
    auto module = import.run();
    if (import.found().empty())
      return module;
    for (const auto &[name, replacement] : import.found())
      replacements[name] = replacement;
  }
}

} // namespace llmc::onnx

#include "frontends/onnx/reader/CheckModel.h"

#include "frontends/onnx/reader/Messages.h"
#include "frontends/onnx/reader/OnnxReader.h"

#include <unordered_map>
#include <unordered_set>

namespace llmc::onnx {

namespace {

using NameSet = std::unordered_set<std::string_view>;

/// How many things the checks have to hold in tables.
struct Size {
  uint64_t names = 0, uses = 0, nodes = 0;

  void add(const std::vector<Node> &list) {
    nodes += list.size();
    for (const Node &node : list) {
      names += node.outputs.size() + node.attributes.size();
      uses += node.inputs.size();
      for (const Attribute &attribute : node.attributes) {
        if (attribute.g)
          add(*attribute.g);
        for (const Graph &graph : attribute.graphs)
          add(graph);
      }
    }
  }
  void add(const Graph &graph) {
    names += graph.inputs.size() + graph.initializers.size();
    uses += graph.outputs.size();
    add(graph.nodes);
  }
};

class NameChecker {
public:
  explicit NameChecker(const Model &model) : model(model) {}

  Status checkModel() {
    function = nullptr;
    onnxImported = false;
    LLMC_CHECK(checkImports(model.opsetImports));
    const bool byModel = onnxImported;
    LLMC_CHECK(checkGraph(model.graph));
    for (const Function &body : model.functions) {
      onnxImported = byModel;
      LLMC_CHECK(checkFunction(body));
    }
    return Status::ok();
  }

private:
  Error bad(std::string what, std::string where, std::string why) const {
    if (function)
      where += (where.empty() ? "" : "\n") + std::string("in function ") +
               quoted(function->name);
    return Error{Code::BadModel, std::move(what), std::move(where),
                 std::move(why), ""};
  }

  Status checkImports(const std::vector<OpsetImport> &imports) {
    std::unordered_map<std::string_view, int64_t> versions;
    for (const OpsetImport &import : imports) {
      if (import.version < 1)
        return bad("an operator set is imported without a version",
                   "domain " + quoted(import.domain),
                   "its version is " + std::to_string(import.version));
      onnxImported |= import.domain.empty();
      int64_t first =
          versions.emplace(import.domain, import.version).first->second;
      if (first != import.version)
        return bad("an operator set is imported in two versions",
                   "domain " + quoted(import.domain),
                   std::to_string(first) + " and " +
                       std::to_string(import.version));
    }
    return Status::ok();
  }

  Status checkGraph(const Graph &graph) {
    NameSet made;
    for (const ValueInfo &input : graph.inputs)
      LLMC_CHECK(define(made, input.name, "a graph input"));
    // An initializer may give an input its default, but none may come twice.
    NameSet initialized;
    for (const TensorData &initializer : graph.initializers) {
      LLMC_CHECK(define(initialized, initializer.name, "an initializer"));
      made.insert(initializer.name);
    }
    return checkBody(graph.nodes, std::move(made), [&] {
      for (const ValueInfo &output : graph.outputs)
        if (!isVisible(output.name))
          return Status(bad(
              "a graph output is never made", "graph " + quoted(graph.name),
              "no node, input or initializer makes " + quoted(output.name)));
      return Status::ok();
    });
  }

  Status checkFunction(const Function &body) {
    function = &body;
    LLMC_CHECK(checkImports(body.opsetImports));
    NameSet made;
    for (const std::string &input : body.inputs)
      LLMC_CHECK(define(made, input, "a function input"));
    return checkBody(body.nodes, std::move(made), [&] {
      for (const std::string &output : body.outputs)
        if (!isVisible(output))
          return Status(bad("a function's output is never made", "",
                            "no node or input makes " + quoted(output)));
      return Status::ok();
    });
  }

  /// The nodes of a graph or function whose inputs make \p made.
  template <typename CheckOutputs>
  Status checkBody(const std::vector<Node> &nodes, NameSet made,
                   CheckOutputs checkOutputs) {
    for (const Node &node : nodes)
      for (const std::string &output : node.outputs)
        if (!output.empty() && !made.insert(output).second)
          return bad("a value is made twice", describe(node),
                     quoted(output) + " is already the name of another value");
    scopes.push_back(std::move(made));
    for (const Node &node : nodes)
      LLMC_CHECK(checkNode(node));
    LLMC_CHECK(checkOutputs());
    scopes.pop_back();
    if (auto order = topologicalOrder(nodes); !order)
      return order.takeError();
    return Status::ok();
  }

  Status checkNode(const Node &node) {
    if (node.opType.empty())
      return bad("a node has no operator", describe(node), "");
    // Others than ONNX's own are left to the builder: tools that fuse often
    // forget the import of com.microsoft, which has but one version.
    if (node.domain.empty() && !onnxImported)
      return bad("ONNX's operator set is not imported", describe(node),
                 "without its version the node's meaning is not known");
    for (const std::string &input : node.inputs)
      if (!input.empty() && !isVisible(input))
        return bad("a node reads a value that nothing makes", describe(node),
                   "no node, input or initializer makes " + quoted(input));
    NameSet names;
    for (const Attribute &attribute : node.attributes) {
      if (!names.insert(attribute.name).second)
        return bad("a node has an attribute twice", describe(node),
                   quoted(attribute.name));
      if (!attribute.refAttrName.empty() && !function)
        return bad("a node refers to an attribute of a function",
                   describe(node),
                   "attribute " + quoted(attribute.name) +
                       " does so outside of any function");
      if (attribute.g)
        LLMC_CHECK(checkGraph(*attribute.g));
      for (const Graph &graph : attribute.graphs)
        LLMC_CHECK(checkGraph(graph));
    }
    return Status::ok();
  }

  Status define(NameSet &made, std::string_view name, const char *as) {
    if (name.empty())
      return bad(std::string(as) + " has no name", "", "");
    if (!made.insert(name).second)
      return bad("a value is made twice", "",
                 "more than once, " + quoted(name) + " is the name of " + as);
    return Status::ok();
  }

  bool isVisible(std::string_view name) const {
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
      if (scope->count(name))
        return true;
    return false;
  }

  const Model &model;
  const Function *function = nullptr; ///< Whose body is checked, if any.
  bool onnxImported = false;          ///< By the model or the function.
  std::vector<NameSet> scopes;        ///< Innermost last.
};

} // namespace

Status checkNames(const Model &model, HeapBudget &budget) {
  Size size;
  size.names = model.opsetImports.size();
  size.add(model.graph);
  for (const Function &function : model.functions) {
    size.names += function.inputs.size() + function.opsetImports.size();
    size.uses += function.outputs.size();
    size.add(function.nodes);
  }
  // A name stands in a scope and in the table of makers, a use in a list of
  // users that grows by doubling.
  if (!budget.charge(size.names, 160) || !budget.charge(size.uses, 48) ||
      !budget.charge(size.nodes, 128))
    return Error{Code::TooLarge, "the model asks for too much memory", "",
                 std::to_string(size.nodes) + " nodes with " +
                     std::to_string(size.names) + " values are too many for " +
                     "the file's length",
                 ""};
  return NameChecker(model).checkModel();
}

} // namespace llmc::onnx

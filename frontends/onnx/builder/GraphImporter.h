/// Walks graphs and function bodies in order and imports their nodes.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_GRAPHIMPORTER_H
#define LLMC_FRONTENDS_ONNX_BUILDER_GRAPHIMPORTER_H

#include "frontends/onnx/builder/NodeContext.h"
#include "mlir/IR/BuiltinOps.h"

#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace llmc::onnx {

/// The values that the nodes of one graph or function body can read.
struct Scope {
  /// A value, or an initializer that nothing has read yet. Neither: what makes
  /// the value could not be imported.
  struct Entry {
    mlir::Value value;
    const TensorData *initializer = nullptr;
  };
  const Scope *parent = nullptr; ///< Null for a function body.
  std::unordered_map<std::string_view, Entry> entries;
  /// Inputs of a function that its call leaves out.
  std::unordered_set<std::string_view> omitted;
};

class GraphImporter {
public:
  GraphImporter(mlir::ModuleOp module, mlir::OpBuilder &builder,
                const Model &model, EmitterState &state, Problems &problems);

  /// Declares the initializers of \p graph.
  void addInitializers(const Graph &graph, Scope &scope);
  /// Imports the nodes; their results join \p scope.
  Status importNodes(std::span<const Node> nodes, Scope &scope,
                     const CallFrame *frame);
  /// The value of a name; null where its maker could not be imported.
  mlir::Value lookUp(std::string_view name, Scope &scope);
  /// The tensor as a constant or initializer of this name; null for types that
  /// MLIR lacks, with a problem recorded.
  mlir::Value importTensor(const TensorData &tensor, const std::string &name);

private:
  bool isOmitted(const std::string &name, const Scope &scope) const;
  Status importNode(const Node &node, size_t index, Scope &scope,
                    const CallFrame *frame);
  Status inlineFunction(const Function &function, const Node &node,
                        Scope &scope, const CallFrame *frame);
  Status inlineIf(const Node &node, Scope &scope, const CallFrame *frame,
                  mlir::Value condition, bool &done);
  void reportUnknown(const Node &node, const CallFrame *frame);
  void finishNode(NodeContext &context, mlir::LogicalResult status,
                  Scope &scope);
  const Function *findFunction(const Node &node) const;
  int64_t versionOf(const std::string &domain, const CallFrame *frame) const;
  mlir::Location locationOf(const Node &node, size_t index,
                            const CallFrame *frame);

  mlir::ModuleOp module;
  mlir::OpBuilder &builder;
  const Model &model;
  EmitterState &state;
  Problems &problems;
  std::unordered_map<const TensorData *, mlir::Value> imported;
  std::unordered_map<std::string, unsigned> symbolUses;
  std::unordered_map<std::string, const Function *> functions;
  uint64_t visited = 0; ///< Nodes so far, those of inlined bodies included.
  unsigned depth = 0;   ///< Of bodies within bodies.
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_GRAPHIMPORTER_H

/// What an operator's handler sees of the node that it imports.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_NODECONTEXT_H
#define LLMC_FRONTENDS_ONNX_BUILDER_NODECONTEXT_H

#include "frontends/onnx/builder/Emitter.h"
#include "frontends/onnx/builder/OpTable.h"
#include "frontends/onnx/builder/Problems.h"
#include "frontends/onnx/reader/OnnxModel.h"

#include <set>

namespace llmc::onnx {

/// A call of a model-local function that is being inlined.
struct CallFrame {
  const Function *function = nullptr;
  const Node *call = nullptr;
  const CallFrame *caller = nullptr;
  std::string prefix; ///< Of the names of the nodes within, for messages.
};

/// The attribute \p name of \p node, references to the attributes of calls
/// resolved; null where it is not set.
const Attribute *resolveAttribute(const Node &node, std::string_view name,
                                  const CallFrame *frame);

class NodeContext : public Emitter {
public:
  NodeContext(EmitterState &state, mlir::OpBuilder &builder,
              mlir::Location location, Problems &problems, const Model &model,
              const Node &node, const CallFrame *frame, const OpRow &row,
              int64_t version, llvm::ArrayRef<mlir::Value> inputs);

  const Model &model;
  const Node &node;
  const CallFrame *frame;
  const OpRow &row;
  /// The version of the operator set of the node's domain.
  const int64_t version;

  // Inputs. An input that is left out is a null value.
  unsigned inputCount() const { return inputs.size(); }
  bool has(unsigned i) const { return i < inputs.size() && inputs[i]; }
  mlir::Value in(unsigned i) const { return has(i) ? inputs[i] : nullptr; }
  mlir::Value inOrNone(unsigned i) { return has(i) ? inputs[i] : none(); }
  mlir::Type elem(unsigned i) const { return elemOf(in(i)); }
  Dims dims(unsigned i) const { return dimsOf(in(i)); }
  int64_t rank(unsigned i) const { return rankOf(in(i)); }
  /// Input \p i as integers where it is a constant; records a problem (a shape
  /// that depends on values) where it is not.
  std::optional<llvm::SmallVector<int64_t>> constantInput(unsigned i,
                                                          llvm::StringRef what);
  /// Input \p i as extents, on the same terms.
  std::optional<Contents> extentInput(unsigned i, llvm::StringRef what);

  // Element types of inputs; the failure is recorded.
  mlir::LogicalResult requireFloat(unsigned i);
  mlir::LogicalResult requireBool(unsigned i);
  /// Integers or floats, not booleans.
  mlir::LogicalResult requireNumber(unsigned i);
  mlir::LogicalResult requireInteger(unsigned i);

  // Attributes. One of the wrong kind counts as a problem of the node.
  bool hasAttr(std::string_view name) { return attr(name) != nullptr; }
  int64_t intAttr(std::string_view name, int64_t otherwise);
  float floatAttr(std::string_view name, float otherwise);
  std::string stringAttr(std::string_view name, std::string otherwise);
  std::optional<llvm::SmallVector<int64_t>> intsAttr(std::string_view name);
  /// Any kind; also says that the attribute is known.
  const Attribute *attr(std::string_view name);
  /// Names of attributes that no longer mean anything.
  void ignoreAttrs(std::initializer_list<std::string_view> names);

  // Results.
  unsigned outputCount() const { return node.outputs.size(); }
  bool wants(unsigned i) const {
    return i < node.outputs.size() && !node.outputs[i].empty();
  }
  /// Failure where \p value is null: its maker has recorded the problem.
  mlir::LogicalResult set(unsigned i, mlir::Value value);
  mlir::Value result(unsigned i) const {
    return i < results.size() ? results[i] : nullptr;
  }

  // Problems. The first of a node is kept.
  mlir::LogicalResult fail(Code code, const llvm::Twine &why) override;
  mlir::LogicalResult unsupported(const llvm::Twine &reason,
                                  Remedy remedy = Remedy::Export);
  bool failed() const { return problem; }

  /// `MatMul-13`, `com.microsoft::Gelu-1`.
  std::string opText() const;
  /// The name of the node, or of what it makes.
  std::string nodeText() const;
  /// The source layer that the metadata names; may be empty.
  std::string scopeText() const;
  /// The attributes that the handler did not ask for.
  std::vector<std::string> unknownAttributes() const;

private:
  const Attribute *typed(std::string_view name, AttrType type);

  Problems &problems;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::Value> results;
  std::set<std::string, std::less<>> asked;
  bool problem = false;
};

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_NODECONTEXT_H

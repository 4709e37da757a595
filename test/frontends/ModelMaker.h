/// Makes small models in memory for the tests of the builder, and says in short
/// text what the builder made of them.
#ifndef LLMC_TEST_FRONTENDS_MODELMAKER_H
#define LLMC_TEST_FRONTENDS_MODELMAKER_H

#include "frontends/onnx/builder/BuildModule.h"
#include "mlir/IR/MLIRContext.h"

#include <initializer_list>
#include <variant>

namespace llmc::test {

/// A dimension: a number or a symbol's name ("" for an unnamed one).
using DimText = std::variant<int64_t, std::string>;

class ModelMaker {
public:
  explicit ModelMaker(int64_t opset = 21);

  ModelMaker &input(const std::string &name, std::vector<DimText> shape,
                    onnx::ElemType type = onnx::ElemType::Float);
  ModelMaker &output(const std::string &name);
  /// An int64 initializer of rank 1, or a scalar.
  ModelMaker &ints(const std::string &name, std::vector<int64_t> values,
                   bool scalar = false);
  ModelMaker &floats(const std::string &name, std::vector<int64_t> dims,
                     std::vector<float> values);
  /// A node; the attributes below go to the last one.
  ModelMaker &node(const std::string &op, std::vector<std::string> inputs,
                   std::vector<std::string> outputs,
                   const std::string &domain = "");
  ModelMaker &attr(const std::string &name, int value);
  ModelMaker &attr(const std::string &name, float value);
  ModelMaker &attr(const std::string &name, const char *value);
  ModelMaker &attr(const std::string &name, std::vector<int64_t> value);
  ModelMaker &graphAttr(const std::string &name, onnx::Graph graph);
  /// A body of one branch: nodes without inputs of their own.
  onnx::Graph takeGraph() { return std::move(model.graph); }

  onnx::Model model;
};

/// What was imported.
struct Imported {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string error; ///< Rendered; empty for a module.
  std::optional<Code> code;
  std::vector<std::string> symbols;

  /// The types of the results: `f32[batch, 8]; i64[3]`.
  std::string results() const;
  /// The types of the arguments.
  std::string arguments() const;
  /// The ops in order without `onnx.`, constants left out: `add mul`.
  std::string ops() const;
  /// The values of the i-th result where it is a constant: `1 2 3`; the extents
  /// where it is `onnx.dimensions`: `batch seq + 1`.
  std::string values(unsigned result = 0) const;
  /// The module's equalities: `a = b; …`.
  std::string equalities() const;
  /// What it assumes to be at least 0.
  std::string assumptions() const;
};

Imported import(mlir::MLIRContext &context, const onnx::Model &model);

} // namespace llmc::test

#endif // LLMC_TEST_FRONTENDS_MODELMAKER_H

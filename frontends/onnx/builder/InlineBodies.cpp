/// Model-local functions and If nodes of a known condition, in place.
#include "frontends/onnx/builder/GraphImporter.h"

using namespace mlir;

namespace llmc::onnx {

Status GraphImporter::inlineFunction(const Function &function, const Node &node,
                                     Scope &scope, const CallFrame *frame) {
  CallFrame inner;
  inner.function = &function;
  inner.call = &node;
  inner.caller = frame;
  inner.prefix = (frame ? frame->prefix : "") +
                 (node.name.empty() ? node.opType : node.name) + "/";
  // Long chains of names would be copied into every node beneath.
  if (inner.prefix.size() > 512)
    inner.prefix = ".../";

  Scope body;
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    // An input left out by the call reads as left out in the body.
    if (i < node.inputs.size() && !isOmitted(node.inputs[i], scope))
      body.entries[function.inputs[i]] = {lookUp(node.inputs[i], scope),
                                          nullptr};
    else
      body.omitted.insert(function.inputs[i]);
  }
  LLMC_CHECK(importNodes(function.nodes, body, &inner));
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (!node.outputs[i].empty())
      scope.entries[node.outputs[i]] = {i < function.outputs.size()
                                            ? lookUp(function.outputs[i], body)
                                            : Value(),
                                        nullptr};
  return Status::ok();
}

Status GraphImporter::inlineIf(const Node &node, Scope &scope,
                               const CallFrame *frame, Value condition,
                               bool &done) {
  NodeContext context(state, builder, builder.getUnknownLoc(), problems, model,
                      node, frame, {}, 1, {});
  auto known = context.integersIn(condition);
  if (!known || known->size() != 1)
    return Status::ok();
  const Attribute *branch = resolveAttribute(
      node, known->front() ? "then_branch" : "else_branch", frame);
  if (!branch || !branch->g)
    return Status::ok();
  done = true;
  Scope body;
  body.parent = &scope;
  addInitializers(*branch->g, body);
  LLMC_CHECK(importNodes(branch->g->nodes, body, frame));
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (!node.outputs[i].empty())
      scope.entries[node.outputs[i]] = {
          i < branch->g->outputs.size()
              ? lookUp(branch->g->outputs[i].name, body)
              : Value(),
          nullptr};
  return Status::ok();
}

} // namespace llmc::onnx

#include "frontends/onnx/reader/CheckModel.h"

#include "frontends/onnx/reader/Messages.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace llmc::onnx {

namespace {

using FunctionKey =
    std::tuple<std::string_view, std::string_view, std::string_view>;
using FunctionTable = std::map<FunctionKey, uint32_t>;

/// Counts the nodes of a body, subgraphs included, and lists the functions
/// that they call, once per call.
struct Body {
  uint64_t nodes = 0;
  std::vector<uint32_t> calls;

  void visit(const std::vector<Node> &list, const FunctionTable &table) {
    nodes += list.size();
    for (const Node &node : list) {
      auto called = table.find({node.domain, node.opType, node.overload});
      if (called != table.end())
        calls.push_back(called->second);
      for (const Attribute &attribute : node.attributes) {
        if (attribute.g)
          visit(attribute.g->nodes, table);
        for (const Graph &graph : attribute.graphs)
          visit(graph.nodes, table);
      }
    }
  }
};

uint64_t addSaturated(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

} // namespace

Status checkFunctions(const Model &model, HeapBudget &budget) {
  size_t count = model.functions.size();
  if (count == 0)
    return Status::ok();
  // The tables by function; calls were charged with the nodes' names.
  if (!budget.charge(count, sizeof(Body) + 256))
    return Error{Code::TooLarge, "the model asks for too much memory", "",
                 std::to_string(count) + " functions", ""};
  FunctionTable table;
  for (uint32_t i = 0; i < count; ++i) {
    const Function &function = model.functions[i];
    if (function.name.empty())
      return Error{Code::BadModel, "a function has no name", "", "", ""};
    if (!table
             .emplace(
                 FunctionKey(function.domain, function.name, function.overload),
                 i)
             .second)
      return Error{Code::BadModel, "a function is defined twice",
                   "function " + quoted(function.name), "", ""};
  }

  std::vector<Body> bodies(count);
  std::vector<uint32_t> callers(count, 0);
  for (uint32_t i = 0; i < count; ++i) {
    bodies[i].visit(model.functions[i].nodes, table);
    for (uint32_t called : bodies[i].calls)
      ++callers[called];
  }
  Body main;
  main.visit(model.graph.nodes, table);

  // Callers before the functions that they call.
  std::vector<uint32_t> order;
  order.reserve(count);
  for (uint32_t i = 0; i < count; ++i)
    if (callers[i] == 0)
      order.push_back(i);
  for (size_t next = 0; next < order.size(); ++next)
    for (uint32_t called : bodies[order[next]].calls)
      if (--callers[called] == 0)
        order.push_back(called);
  if (order.size() < count) {
    auto first = std::find_if(callers.begin(), callers.end(),
                              [](uint32_t left) { return left > 0; });
    return Error{Code::BadModel, "functions call each other in a circle",
                 "function " +
                     quoted(model.functions[first - callers.begin()].name),
                 "", ""};
  }

  // From the innermost outwards: the nodes after all calls are put in place.
  for (auto i = order.rbegin(); i != order.rend(); ++i)
    for (uint32_t called : bodies[*i].calls)
      bodies[*i].nodes = addSaturated(bodies[*i].nodes, bodies[called].nodes);
  for (uint32_t called : main.calls)
    main.nodes = addSaturated(main.nodes, bodies[called].nodes);
  if (main.nodes > maxInlinedNodes)
    return Error{Code::TooLarge, "the functions unfold to too many nodes", "",
                 "more than " + std::to_string(maxInlinedNodes) +
                     " nodes stand in the graph after all calls are put in "
                     "place",
                 ""};
  return Status::ok();
}

} // namespace llmc::onnx

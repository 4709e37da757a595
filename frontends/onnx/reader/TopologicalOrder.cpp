#include "frontends/onnx/reader/OnnxReader.h"

#include "frontends/onnx/reader/Messages.h"

#include <functional>
#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace llmc::onnx {

namespace {

/// Calls \p use for every name that a node reads from the graph it stands in:
/// its inputs, and what its subgraphs read without making it.
class OuterUses {
public:
  explicit OuterUses(const std::function<void(std::string_view)> &use)
      : use(use) {}

  void visit(const Node &node) {
    for (const std::string &input : node.inputs)
      read(input);
    for (const Attribute &attribute : node.attributes) {
      if (attribute.g)
        visit(*attribute.g);
      for (const Graph &graph : attribute.graphs)
        visit(graph);
    }
  }

private:
  void visit(const Graph &graph) {
    auto &made = scopes.emplace_back();
    for (const ValueInfo &input : graph.inputs)
      made.insert(input.name);
    for (const TensorData &initializer : graph.initializers)
      made.insert(initializer.name);
    for (const Node &node : graph.nodes)
      made.insert(node.outputs.begin(), node.outputs.end());
    for (const Node &node : graph.nodes)
      visit(node);
    for (const ValueInfo &output : graph.outputs)
      read(output.name);
    scopes.pop_back();
  }

  void read(std::string_view name) {
    if (name.empty())
      return;
    for (const auto &made : scopes)
      if (made.count(name))
        return;
    use(name);
  }

  const std::function<void(std::string_view)> &use;
  std::vector<std::unordered_set<std::string_view>> scopes;
};

/// Names one circle among the nodes that were never ready.
Error cycleError(std::span<const Node> nodes,
                 const std::vector<std::vector<uint32_t>> &users,
                 const std::vector<uint32_t> &waiting) {
  // Every waiting node waits for a waiting one, so going backwards from any of
  // them ends in a circle.
  constexpr uint32_t none = UINT32_MAX;
  std::vector<uint32_t> waitsFor(nodes.size(), none);
  uint32_t start = none;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (waiting[i] == 0)
      continue;
    start = start == none ? i : start;
    for (uint32_t user : users[i])
      if (waiting[user] > 0)
        waitsFor[user] = i;
  }
  for (size_t step = 0; step < nodes.size(); ++step)
    start = waitsFor[start];

  constexpr size_t shown = 8;
  std::vector<uint32_t> circle;
  for (uint32_t i = start; circle.empty() || i != start; i = waitsFor[i])
    circle.push_back(i);
  std::string where;
  for (size_t i = 0; i < circle.size() && i < shown; ++i)
    where += (i ? "\n" : "") + describe(nodes[circle[i]]);
  if (circle.size() > shown)
    where += "\nand " + std::to_string(circle.size() - shown) + " more";
  return Error{Code::BadModel, "nodes read each other's results in a circle",
               where, "a graph must have an order in which it can run", ""};
}

} // namespace

Result<std::vector<uint32_t>> topologicalOrder(std::span<const Node> nodes) {
  std::unordered_map<std::string_view, uint32_t> makers;
  for (uint32_t i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].outputs)
      if (!output.empty())
        makers.emplace(output, i);

  std::vector<std::vector<uint32_t>> users(nodes.size());
  std::vector<uint32_t> waiting(nodes.size(), 0);
  uint32_t reader = 0;
  std::function<void(std::string_view)> use = [&](std::string_view name) {
    auto maker = makers.find(name);
    if (maker == makers.end())
      return;
    users[maker->second].push_back(reader);
    ++waiting[reader];
  };
  OuterUses uses(use);
  for (; reader < nodes.size(); ++reader)
    uses.visit(nodes[reader]);

  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  for (uint32_t i = 0; i < nodes.size(); ++i)
    if (waiting[i] == 0)
      ready.push(i);
  std::vector<uint32_t> order;
  order.reserve(nodes.size());
  while (!ready.empty()) {
    uint32_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (uint32_t user : users[next])
      if (--waiting[user] == 0)
        ready.push(user);
  }
  if (order.size() < nodes.size())
    return cycleError(nodes, users, waiting);
  return order;
}

Result<std::vector<uint32_t>> topologicalOrder(const Graph &graph) {
  return topologicalOrder(std::span<const Node>(graph.nodes));
}

} // namespace llmc::onnx

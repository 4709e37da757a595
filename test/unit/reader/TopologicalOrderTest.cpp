#include "frontends/onnx/reader/OnnxReader.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::onnx;

namespace {

Node makeNode(std::string name, std::vector<std::string> inputs,
              std::vector<std::string> outputs) {
  Node node;
  node.name = std::move(name);
  node.opType = "Op";
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  return node;
}

/// A node of which a subgraph reads \p names.
Node makeBranch(std::string name, std::vector<std::string> names,
                std::vector<std::string> outputs) {
  Node node = makeNode(std::move(name), {}, std::move(outputs));
  Attribute body;
  body.name = "body";
  body.type = AttrType::Graph;
  body.g = std::make_unique<Graph>();
  body.g->nodes.push_back(makeNode("inner", std::move(names), {"local"}));
  node.attributes.push_back(std::move(body));
  return node;
}

using Order = std::vector<uint32_t>;

TEST(TopologicalOrder, KeepsTheOrderOfTheFileWhereItCan) {
  Graph graph;
  graph.nodes.push_back(makeNode("a", {"in"}, {"1"}));
  graph.nodes.push_back(makeNode("b", {"in"}, {"2"}));
  graph.nodes.push_back(makeNode("c", {"1", "2"}, {"3"}));
  EXPECT_EQ(*topologicalOrder(graph), (Order{0, 1, 2}));
}

TEST(TopologicalOrder, PutsMakersBeforeReaders) {
  Graph graph;
  graph.nodes.push_back(makeNode("c", {"2"}, {"3"}));
  graph.nodes.push_back(makeNode("x", {"in"}, {"4"}));
  graph.nodes.push_back(makeNode("b", {"1", "1"}, {"2"}));
  graph.nodes.push_back(makeNode("a", {"in"}, {"1"}));
  EXPECT_EQ(*topologicalOrder(graph), (Order{1, 3, 2, 0}));
}

TEST(TopologicalOrder, CountsWhatSubgraphsRead) {
  Graph graph;
  graph.nodes.push_back(makeBranch("if", {"late"}, {"1"}));
  graph.nodes.push_back(makeNode("a", {}, {"late"}));
  EXPECT_EQ(*topologicalOrder(graph), (Order{1, 0}));
}

TEST(TopologicalOrder, LetsASubgraphsOwnNamesHideOuterOnes) {
  Graph graph;
  Node loop = makeBranch("loop", {"shadowed"}, {"1"});
  loop.attributes[0].g->inputs.push_back({"shadowed", {}});
  graph.nodes.push_back(std::move(loop));
  graph.nodes.push_back(makeNode("a", {"1"}, {"shadowed"}));
  EXPECT_EQ(*topologicalOrder(graph), (Order{0, 1}));
}

TEST(TopologicalOrder, CountsWhatASubgraphReturnsFromOutside) {
  Graph graph;
  Node branch = makeBranch("if", {}, {"1"});
  branch.attributes[0].g->outputs.push_back({"late", {}});
  graph.nodes.push_back(std::move(branch));
  graph.nodes.push_back(makeNode("a", {}, {"late"}));
  EXPECT_EQ(*topologicalOrder(graph), (Order{1, 0}));
}

TEST(TopologicalOrder, NamesTheNodesOfACircleAndNoOthers) {
  Graph graph;
  graph.nodes.push_back(makeNode("before", {}, {"0"}));
  graph.nodes.push_back(makeNode("a", {"0", "3"}, {"1"}));
  graph.nodes.push_back(makeNode("b", {"1"}, {"2"}));
  graph.nodes.push_back(makeNode("c", {"2"}, {"3"}));
  graph.nodes.push_back(makeNode("after", {"3"}, {"4"}));
  auto order = topologicalOrder(graph);
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().code, Code::BadModel);
  for (const char *name : {"\"a\"", "\"b\"", "\"c\""})
    EXPECT_NE(order.error().where.find(name), std::string::npos) << name;
  for (const char *name : {"before", "after"})
    EXPECT_EQ(order.error().where.find(name), std::string::npos) << name;
}

TEST(TopologicalOrder, ShortensALongCircle) {
  Graph graph;
  for (int i = 0; i < 1000; ++i)
    graph.nodes.push_back(makeNode("n" + std::to_string(i), {std::to_string(i)},
                                   {std::to_string((i + 1) % 1000)}));
  auto order = topologicalOrder(graph);
  ASSERT_FALSE(order);
  EXPECT_NE(order.error().where.find("and 992 more"), std::string::npos);
}

TEST(TopologicalOrder, OfNothingIsEmpty) {
  EXPECT_TRUE(topologicalOrder(Graph())->empty());
}

} // namespace

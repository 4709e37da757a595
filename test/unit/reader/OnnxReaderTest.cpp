// Valid models: what stands in the bytes stands in the structs.
#include "frontends/onnx/reader/OnnxReader.h"
#include "test/unit/reader/ProtoWriter.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::onnx;
using namespace llmc::test;

namespace {

/// Reads a model that must be valid; the bytes live as long as the fixture.
class OnnxReader : public testing::Test {
protected:
  const Model &read(const Proto &proto) {
    bytes = proto.data;
    Result<Model> result = readModelFromBytes(asBytes(bytes), "");
    EXPECT_TRUE(result) << (result ? "" : result.error().render());
    if (result)
      model = std::move(*result);
    return model;
  }
  std::string bytes;
  Model model;
};

TEST_F(OnnxReader, ReadsTheFieldsOfAModel) {
  const Model &m =
      read(test::model(reluGraph())
               .bytes(2, "maker")
               .bytes(3, "1.2")
               .bytes(4, "org.example")
               .varint(5, 7)
               .message(14, Proto().bytes(1, "k").bytes(2, "v"))
               .message(8, Proto().bytes(1, "com.x").varint(2, 3)));
  EXPECT_EQ(m.irVersion, 8);
  EXPECT_EQ(m.producerName, "maker");
  EXPECT_EQ(m.producerVersion, "1.2");
  EXPECT_EQ(m.domain, "org.example");
  EXPECT_EQ(m.modelVersion, 7);
  EXPECT_EQ(m.metadataValue("k"), "v");
  EXPECT_EQ(m.metadataValue("none"), "");
  EXPECT_EQ(m.opsetVersion(""), 18);
  EXPECT_EQ(m.opsetVersion("com.x"), 3);
  EXPECT_EQ(m.opsetVersion("com.y"), std::nullopt);
  ASSERT_EQ(m.files.size(), 1u);
}

TEST_F(OnnxReader, ReadsGraphNodesAndShapes) {
  const Model &m = read(test::model(reluGraph()));
  EXPECT_EQ(m.graph.name, "relu");
  ASSERT_EQ(m.graph.nodes.size(), 1u);
  const Node &relu = m.graph.nodes[0];
  EXPECT_EQ(relu.opType, "Relu");
  EXPECT_EQ(relu.inputs, std::vector<std::string>{"x"});
  EXPECT_EQ(relu.outputs, std::vector<std::string>{"y"});
  ASSERT_EQ(m.graph.inputs.size(), 1u);
  const ValueType &type = m.graph.inputs[0].type;
  EXPECT_EQ(type.kind, ValueType::Kind::Tensor);
  EXPECT_EQ(type.elem, ElemType::Float);
  ASSERT_TRUE(type.shape);
  ASSERT_EQ(type.shape->size(), 2u);
  EXPECT_EQ((*type.shape)[0].value, 1);
  EXPECT_FALSE((*type.shape)[1].value);
  EXPECT_EQ((*type.shape)[1].param, "N");
}

TEST_F(OnnxReader, ReadsNodeMetadataOverloadAndOffset) {
  Proto full = node("F", {"x"}, {"y"})
                   .bytes(3, "n0")
                   .bytes(7, "local")
                   .bytes(8, "half")
                   .message(9, Proto().bytes(1, "namespace").bytes(2, "a/b"));
  const Model &m = read(test::model(Proto()
                                        .message(11, value("x", 1, {}))
                                        .message(12, value("y", 1, {}))
                                        .message(1, full)));
  const Node &n = m.graph.nodes[0];
  EXPECT_EQ(n.name, "n0");
  EXPECT_EQ(n.domain, "local");
  EXPECT_EQ(n.overload, "half");
  EXPECT_EQ(n.metadataValue("namespace"), "a/b");
  EXPECT_EQ(bytes.substr(n.fileOffset, full.data.size()), full.data);
}

TEST_F(OnnxReader, TreatsTheOldSpellingOfTheDomainAsEmpty) {
  Proto graph = Proto()
                    .message(11, value("x", 1, {}))
                    .message(12, value("y", 1, {}))
                    .message(1, node("Relu", {"x"}, {"y"}).bytes(7, "ai.onnx"));
  const Model &m = read(Proto().varint(1, 8).message(7, graph).message(
      8, Proto().bytes(1, "ai.onnx").varint(2, 28)));
  EXPECT_EQ(m.graph.nodes[0].domain, "");
  EXPECT_EQ(m.opsetVersion(""), 28);
}

TEST_F(OnnxReader, GivesModelsBeforeOpsetsTheFirst) {
  const Model &m = read(Proto().varint(1, 1).message(7, reluGraph()));
  EXPECT_EQ(m.opsetVersion(""), 1);
}

TEST_F(OnnxReader, ReadsAttributesOfEveryKind) {
  Proto inner = Proto().message(12, value("x", 1, {}));
  Proto n =
      node("Op", {"x"}, {"y"})
          .message(5, attribute("f", 1).fixed32(2, 0.5f))
          .message(5, attribute("i", 2).varint(3, uint64_t(-3)))
          .message(5, attribute("s", 3).bytes(4, "text"))
          .message(5, attribute("t", 4).message(
                          5, tensor("", 6, {2}).packed(5, {1, -1})))
          .message(5, attribute("g", 5).message(6, inner))
          .message(
              5, attribute("fs", 6).packedFixed<float>(7, {1, 2}).fixed32(7, 3))
          .message(5, attribute("is", 7).packed(8, {1, -2}).varint(8, 300))
          .message(5, attribute("ss", 8).bytes(9, "a").bytes(9, "b"))
          .message(5, attribute("ts", 9).message(10, tensor("e", 1, {0})))
          .message(5, attribute("gs", 10).message(11, inner).message(11, inner))
          .message(5, attribute("tp", 13).message(
                          14, Proto().message(1, Proto().varint(1, 10))));
  const Model &m = read(test::model(Proto()
                                        .message(11, value("x", 1, {}))
                                        .message(12, value("y", 1, {}))
                                        .message(1, n)));
  const Node &op = m.graph.nodes[0];
  ASSERT_EQ(op.attributes.size(), 11u);
  EXPECT_EQ(op.attribute("f")->f, 0.5f);
  EXPECT_EQ(op.attribute("i")->i, -3);
  EXPECT_EQ(op.attribute("s")->s, "text");
  EXPECT_EQ(op.attribute("t")->t->dims, std::vector<int64_t>{2});
  EXPECT_EQ(op.attribute("g")->g->outputs[0].name, "x");
  EXPECT_EQ(op.attribute("fs")->floats, (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(op.attribute("is")->ints, (std::vector<int64_t>{1, -2, 300}));
  EXPECT_EQ(op.attribute("ss")->strings, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(op.attribute("ts")->tensors.size(), 1u);
  EXPECT_EQ(op.attribute("gs")->graphs.size(), 2u);
  EXPECT_EQ(op.attribute("tp")->tp->elem, ElemType::Float16);
  EXPECT_EQ(op.attribute("none"), nullptr);
}

TEST_F(OnnxReader, DerivesTheTypeOfAnAttributeThatSaysNone) {
  Proto n = node("Op", {"x"}, {"y"})
                .message(5, Proto().bytes(1, "a").packed(8, {1, 2}));
  const Model &m = read(test::model(Proto()
                                        .message(11, value("x", 1, {}))
                                        .message(12, value("y", 1, {}))
                                        .message(1, n)));
  EXPECT_EQ(m.graph.nodes[0].attributes[0].type, AttrType::Ints);
}

TEST_F(OnnxReader, ReadsFunctions) {
  Proto body = node("Elu", {"a"}, {"b"})
                   .message(5, attribute("alpha", 1).bytes(21, "slope"));
  Proto function = Proto()
                       .bytes(1, "Bend")
                       .bytes(10, "local")
                       .bytes(4, "a")
                       .bytes(5, "b")
                       .bytes(6, "slope")
                       .message(11, attribute("deep", 2).varint(3, 4))
                       .message(9, Proto().varint(2, 17))
                       .message(7, body)
                       .bytes(13, "v")
                       .message(12, value("b", 1, {}));
  Proto call = node("Bend", {"x"}, {"y"}).bytes(7, "local").bytes(8, "v");
  const Model &m = read(test::model(Proto()
                                        .message(11, value("x", 1, {}))
                                        .message(12, value("y", 1, {}))
                                        .message(1, call))
                            .message(25, function));
  ASSERT_EQ(m.functions.size(), 1u);
  const Function &f = m.functions[0];
  EXPECT_EQ(f.name, "Bend");
  EXPECT_EQ(f.domain, "local");
  EXPECT_EQ(f.overload, "v");
  EXPECT_EQ(f.attributes, std::vector<std::string>{"slope"});
  EXPECT_EQ(f.attributeDefaults[0].i, 4);
  EXPECT_EQ(f.opsetImports[0].version, 17);
  EXPECT_EQ(f.nodes[0].attributes[0].refAttrName, "slope");
  EXPECT_EQ(f.valueInfos.size(), 1u);
}

TEST_F(OnnxReader, SkipsFieldsItDoesNotKnow) {
  Proto group = Proto()
                    .tag(900, 3)
                    .varint(1, 1)
                    .bytes(2, "x")
                    .tag(3, 3)
                    .fixed32(1, 0)
                    .tag(3, 4)
                    .tag(900, 4);
  Proto graph =
      reluGraph().varint(100, 1).fixed32(101, 1).fixed64(102, 2).bytes(
          103, "unknown");
  const Model &m = read(test::model(graph).raw(group.data));
  EXPECT_EQ(m.graph.nodes.size(), 1u);
}

TEST_F(OnnxReader, KeepsNumbersThatItDoesNotKnow) {
  Proto graph =
      Proto()
          .message(11, value("x", 77, {}))
          .message(12, value("x", 77, {}))
          .message(5, tensor("w", 99, {2}).bytes(9, "abc"))
          .message(1, node("Op", {"x"}, {"y"}).message(5, attribute("a", 40)));
  const Model &m = read(Proto().varint(1, 99).message(7, graph).message(
      8, Proto().varint(2, 1000)));
  EXPECT_EQ(m.irVersion, 99);
  EXPECT_EQ(elemTypeName(m.graph.inputs[0].type.elem), "type 77");
  EXPECT_EQ(m.graph.initializers[0].byteSize(), 3u);
  EXPECT_EQ(attrTypeName(m.graph.nodes[0].attributes[0].type), "kind 40");
}

TEST_F(OnnxReader, MarksTypesThatAreNoTensors) {
  using Kind = ValueType::Kind;
  const std::pair<uint32_t, Kind> kinds[] = {{4, Kind::Sequence},
                                             {5, Kind::Map},
                                             {7, Kind::Opaque},
                                             {9, Kind::Optional}};
  for (auto [field, kind] : kinds) {
    Proto info = Proto().bytes(1, "x").message(
        2, Proto().message(field, Proto().bytes(1, "inner")));
    EXPECT_EQ(
        read(test::model(Proto().message(11, info))).graph.inputs[0].type.kind,
        kind);
  }
  const Model &bare =
      read(test::model(Proto().message(11, Proto().bytes(1, "x"))));
  EXPECT_EQ(bare.graph.inputs[0].type.kind, Kind::None);
}

TEST_F(OnnxReader, ReadsANegativeDimensionAsUnknown) {
  const Model &m = read(test::model(
      Proto().message(11, value("x", 1, {dim(-1), dim(int64_t(0))}))));
  const auto &shape = *m.graph.inputs[0].type.shape;
  EXPECT_FALSE(shape[0].value);
  EXPECT_EQ(shape[1].value, 0);
}

TEST_F(OnnxReader, TellsAnUnknownRankFromAScalar) {
  Proto noShape = Proto().bytes(1, "x").message(
      2, Proto().message(1, Proto().varint(1, 1)));
  const Model &m = read(
      test::model(Proto().message(11, noShape).message(11, value("s", 1, {}))));
  EXPECT_FALSE(m.graph.inputs[0].type.shape);
  ASSERT_TRUE(m.graph.inputs[1].type.shape);
  EXPECT_TRUE(m.graph.inputs[1].type.shape->empty());
}

TEST_F(OnnxReader, LetsSubgraphsReadAndReturnOuterValues) {
  Proto body = Proto()
                   .message(1, node("Add", {"x", "late"}, {"z"}))
                   .message(12, value("z", 1, {}))
                   .message(12, value("x", 1, {}));
  Proto graph =
      Proto()
          .message(11, value("x", 1, {}))
          .message(12, value("y", 1, {}))
          .message(
              1, node("If", {"x"}, {"y"})
                     .message(5, attribute("then_branch", 5).message(6, body)))
          .message(1, node("Neg", {"x"}, {"late"}));
  const Model &m = read(test::model(graph));
  auto order = topologicalOrder(m.graph);
  ASSERT_TRUE(order);
  EXPECT_EQ(*order, (std::vector<uint32_t>{1, 0}));
}

TEST_F(OnnxReader, LetsAnInitializerBeTheDefaultOfAnInput) {
  const Model &m =
      read(test::model(Proto()
                           .message(11, value("w", 1, {dim(1)}))
                           .message(5, tensor("w", 1, {1}).fixed32(4, 2))
                           .message(12, value("w", 1, {dim(1)}))));
  EXPECT_EQ(m.graph.initializers.size(), 1u);
}

TEST_F(OnnxReader, ReadsNodesWithOmittedInputsAndOutputs) {
  const Model &m = read(test::model(
      Proto()
          .message(11, value("x", 1, {}))
          .message(12, value("y", 1, {}))
          .message(1, node("Clip", {"x", "", "x"}, {"y", "", ""}))));
  EXPECT_EQ(m.graph.nodes[0].inputs.size(), 3u);
}

} // namespace

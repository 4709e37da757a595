// Models that must be refused, and what the message then says.
#include "frontends/onnx/reader/OnnxReader.h"
#include "test/unit/reader/ProtoWriter.h"

#include <gtest/gtest.h>

using namespace llmc;
using namespace llmc::onnx;
using namespace llmc::test;

namespace {

Error refuse(const std::string &bytes) {
  Result<Model> result = readModelFromBytes(asBytes(bytes), "");
  EXPECT_FALSE(result);
  return result ? Error{} : result.takeError();
}
Error refuse(const Proto &proto) { return refuse(proto.data); }

/// A graph with input x and output y around \p nodes.
Proto around(std::initializer_list<Proto> nodes) {
  Proto graph =
      Proto().message(11, value("x", 1, {})).message(12, value("y", 1, {}));
  for (const Proto &n : nodes)
    graph.message(1, n);
  return model(graph);
}

/// Error::where without the file's name.
std::string place(const Error &error) {
  size_t comma = error.where.find(", ");
  return comma == std::string::npos ? "" : error.where.substr(comma + 2);
}

TEST(OnnxReaderError, EveryPrefixOfAModelIsRefused) {
  std::string whole = model(reluGraph()).data;
  ASSERT_TRUE(readModelFromBytes(asBytes(whole), ""));
  for (size_t length = 0; length < whole.size(); ++length) {
    // A copy of its own, so that a read past the end is seen by a sanitizer.
    std::vector<char> part(whole.begin(), whole.begin() + length);
    auto result = readModelFromBytes(asBytes({part.data(), length}), "");
    ASSERT_FALSE(result) << length;
    EXPECT_EQ(result.error().code, Code::NotOnnx) << length;
  }
}

TEST(OnnxReaderError, NamesTheByteWhereReadingStopped) {
  Error error = refuse(Proto().varint(1, 8).tag(7, 2).bare(50).raw("abc"));
  EXPECT_EQ(error.code, Code::NotOnnx);
  EXPECT_EQ(place(error), "byte 2, in ModelProto");
  EXPECT_EQ(error.why, "field 7 claims 50 bytes where 3 remain");
  EXPECT_NE(error.fix, "");
}

TEST(OnnxReaderError, RefusesMalformedFields) {
  const std::string start = Proto().varint(1, 8).data;
  // No such wire type; field 0; a varint without end; half a double; a group
  // that ends before it began, or never ends; a tag that is cut.
  for (std::string bad :
       {std::string("\x0e", 1), std::string("\x02\x00", 2),
        "\x28" + std::string(11, '\xff'), std::string("\x31\x01\x02", 3),
        std::string("\x34", 1), std::string("\x33", 1),
        std::string("\x33\x3c", 2), std::string("\xff", 1)})
    EXPECT_EQ(refuse(start + bad).code, Code::NotOnnx);
  Proto groups = Proto().varint(1, 8);
  for (int i = 0; i < 1000; ++i)
    groups.tag(90, 3);
  EXPECT_EQ(refuse(groups).why, "groups are nested too deeply");
}

TEST(OnnxReaderError, RefusesFieldsOfTheWrongWireType) {
  Error error = refuse(Proto().varint(1, 8).varint(7, 3));
  EXPECT_EQ(error.why, "field 7 has the wire type 0 where ONNX has 2");
}

TEST(OnnxReaderError, RefusesAModelWithoutVersionOrGraph) {
  EXPECT_EQ(refuse(Proto().message(7, reluGraph())).why,
            "it does not say which version of the IR it follows");
  EXPECT_EQ(refuse(Proto().varint(1, 8)).why, "it holds no graph");
  EXPECT_EQ(refuse(model(reluGraph()).message(7, reluGraph())).code,
            Code::BadModel);
}

TEST(OnnxReaderError, NamesNodeAndValueThatNothingMakes) {
  Error error = refuse(around({node("Relu", {"ghost"}, {"y"}).bytes(3, "n7")}));
  EXPECT_EQ(error.code, Code::BadModel);
  EXPECT_NE(place(error).find("node \"n7\" (Relu)"), std::string::npos);
  EXPECT_EQ(error.why, "no node, input or initializer makes \"ghost\"");
}

TEST(OnnxReaderError, HidesASubgraphsValuesFromTheOuterGraph) {
  Proto body = Proto().message(1, node("Neg", {"x"}, {"inner"}));
  Error error = refuse(around(
      {node("If", {"x"}, {"z"}).message(5, attribute("b", 5).message(6, body)),
       node("Relu", {"inner"}, {"y"})}));
  EXPECT_EQ(error.why, "no node, input or initializer makes \"inner\"");
}

TEST(OnnxReaderError, RefusesOutputsThatNothingMakes) {
  EXPECT_EQ(refuse(around({})).what, "a graph output is never made");
  Proto body = Proto().message(12, value("lost", 1, {}));
  EXPECT_EQ(
      refuse(around({node("If", {"x"}, {"y"})
                         .message(5, attribute("b", 5).message(6, body))}))
          .why,
      "no node, input or initializer makes \"lost\"");
}

TEST(OnnxReaderError, RefusesValuesMadeTwice) {
  EXPECT_EQ(
      refuse(around({node("A", {"x"}, {"y"}), node("B", {"x"}, {"y"})})).what,
      "a value is made twice");
  EXPECT_EQ(refuse(around({node("A", {"x"}, {"x", "y"})})).what,
            "a value is made twice");
  Proto w = tensor("w", 1, {1}).fixed32(4, 1);
  EXPECT_EQ(refuse(model(Proto().message(5, w).message(5, w))).what,
            "a value is made twice");
  Proto x = value("x", 1, {});
  EXPECT_EQ(refuse(model(Proto().message(11, x).message(11, x))).what,
            "a value is made twice");
}

TEST(OnnxReaderError, RefusesThingsWithoutAName) {
  EXPECT_EQ(refuse(model(Proto().message(11, Proto()))).what,
            "a graph input has no name");
  EXPECT_EQ(refuse(model(Proto().message(5, tensor("", 1, {0})))).what,
            "an initializer has no name");
  EXPECT_EQ(refuse(around({Proto().bytes(2, "y")})).what,
            "a node has no operator");
  EXPECT_EQ(
      refuse(around({node("A", {"x"}, {"y"}).message(5, Proto().varint(3, 1))}))
          .why,
      "it has no name");
}

TEST(OnnxReaderError, RefusesACircleAndNamesItsNodes) {
  Error error = refuse(around({node("A", {"x", "b"}, {"a"}).bytes(3, "na"),
                               node("B", {"a"}, {"b"}).bytes(3, "nb"),
                               node("C", {"a"}, {"y"}).bytes(3, "nc")}));
  EXPECT_EQ(error.what, "nodes read each other's results in a circle");
  EXPECT_NE(error.where.find("\"na\""), std::string::npos);
  EXPECT_NE(error.where.find("\"nb\""), std::string::npos);
  EXPECT_EQ(error.where.find("\"nc\""), std::string::npos);
}

TEST(OnnxReaderError, RefusesASubgraphThatReadsItsOwnNode) {
  Proto body = Proto().message(1, node("Neg", {"y"}, {"z"}));
  EXPECT_EQ(
      refuse(around({node("If", {"x"}, {"y"})
                         .message(5, attribute("b", 5).message(6, body))}))
          .what,
      "nodes read each other's results in a circle");
}

TEST(OnnxReaderError, RefusesOperatorSetsWithoutOneVersion) {
  Proto graph = reluGraph();
  EXPECT_EQ(refuse(Proto().varint(1, 8).message(7, graph)).what,
            "ONNX's operator set is not imported");
  EXPECT_EQ(refuse(model(graph).message(8, Proto().varint(2, 19))).what,
            "an operator set is imported in two versions");
  EXPECT_EQ(refuse(model(graph).message(8, Proto().bytes(1, "d"))).what,
            "an operator set is imported without a version");
}

TEST(OnnxReaderError, RefusesAttributesThatContradictThemselves) {
  auto with = [](const Proto &a) {
    return refuse(around({node("A", {"x"}, {"y"}).message(5, a)}));
  };
  EXPECT_EQ(with(attribute("a", 4)).why,
            "its type is tensor but it holds none");
  EXPECT_EQ(with(attribute("a", 2).packed(8, {1})).why,
            "its type is int but it holds a value of type ints");
  EXPECT_EQ(with(Proto().bytes(1, "a")).why,
            "it has neither a type nor a value");
  EXPECT_EQ(with(Proto().bytes(1, "a").varint(3, 1).bytes(4, "s")).why,
            "it has several values and no type");
  EXPECT_EQ(with(attribute("a", 2).bytes(21, "outer")).what,
            "a node refers to an attribute of a function");
  EXPECT_EQ(
      with(attribute("a", 5).message(6, Proto()).message(6, Proto())).code,
      Code::NotOnnx);
  EXPECT_EQ(with(attribute("a", 12).message(23, Proto())).code,
            Code::UnsupportedType);
  EXPECT_EQ(refuse(around({node("A", {"x"}, {"y"})
                               .message(5, attribute("a", 2))
                               .message(5, attribute("a", 2))}))
                .what,
            "a node has an attribute twice");
}

TEST(OnnxReaderError, RefusesTwoTypesOfOneValue) {
  Proto two = Proto().message(1, Proto()).message(4, Proto());
  EXPECT_EQ(
      refuse(model(Proto().message(11, Proto().bytes(1, "x").message(2, two))))
          .why,
      "a value has two types");
}

TEST(OnnxReaderError, RefusesGraphsNestedTooDeeply) {
  Proto inner;
  for (int i = 0; i < 500; ++i)
    inner = Proto().message(
        1, node("If", {}, {}).message(5, attribute("b", 5).message(6, inner)));
  Error error = refuse(model(inner));
  EXPECT_EQ(error.code, Code::TooLarge);
  EXPECT_EQ(error.what, "graphs are nested too deeply");
}

/// A function `name` whose body calls each of \p calls.
Proto function(const std::string &name,
               std::initializer_list<std::string_view> calls) {
  Proto result = Proto().bytes(1, name).bytes(10, "l");
  for (std::string_view call : calls)
    result.message(7, node(call, {}, {}).bytes(7, "l"));
  return result;
}

TEST(OnnxReaderError, RefusesFunctionsThatCallEachOtherInACircle) {
  Error error = refuse(model(reluGraph())
                           .message(25, function("F", {"G"}))
                           .message(25, function("G", {"F"})));
  EXPECT_EQ(error.what, "functions call each other in a circle");
}

TEST(OnnxReaderError, RefusesFunctionsThatUnfoldWithoutBound) {
  Proto graph = Proto().message(1, node("f40", {}, {}).bytes(7, "l"));
  Proto whole = model(graph).message(25, function("f0", {}));
  for (int i = 1; i <= 40; ++i) {
    std::string callee = "f" + std::to_string(i - 1);
    whole.message(25, function("f" + std::to_string(i), {callee, callee}));
  }
  Error error = refuse(whole);
  EXPECT_EQ(error.code, Code::TooLarge);
  EXPECT_EQ(error.what, "the functions unfold to too many nodes");
}

TEST(OnnxReaderError, RefusesFunctionsThatAreNotWhole) {
  Proto f = function("F", {});
  EXPECT_EQ(refuse(model(reluGraph()).message(25, f).message(25, f)).what,
            "a function is defined twice");
  EXPECT_EQ(refuse(model(reluGraph()).message(25, Proto())).what,
            "a function has no name");
  EXPECT_EQ(
      refuse(model(reluGraph()).message(25, Proto(f).bytes(5, "lost"))).what,
      "a function's output is never made");
  // The graph's x is not visible within.
  EXPECT_EQ(refuse(model(reluGraph())
                       .message(25, Proto(f).message(7, node("A", {"x"}, {}))))
                .what,
            "a node reads a value that nothing makes");
}

TEST(OnnxReaderError, EscapesControlBytesOfNames) {
  Error error = refuse(around({node("Relu", {"a\x1b[2J\"b"}, {"y"})}));
  EXPECT_EQ(error.why,
            "no node, input or initializer makes \"a\\x1b[2J\\\"b\"");
  Error lengthy =
      refuse(around({node("Relu", {std::string(5000, 'q')}, {"y"})}));
  EXPECT_LT(lengthy.why.size(), 300u);
}

} // namespace

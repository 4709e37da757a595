/// The one form of each operator, folding, functions, and the errors of the
/// ONNX builder.
#include "test/frontends/ModelMaker.h"
#include "gtest/gtest.h"

using namespace llmc;
using namespace llmc::test;
using onnx::ElemType;

namespace {

class Builder : public ::testing::Test {
protected:
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  Imported import(ModelMaker &maker) {
    return test::import(context, maker.model);
  }
};

TEST_F(Builder, NodesInAnyOrderAreSorted) {
  ModelMaker m;
  m.input("x", {4});
  m.node("Exp", {"y"}, {"z"}).node("Neg", {"x"}, {"y"}).output("z");
  EXPECT_EQ(import(m).ops(), "neg exp");
}

TEST_F(Builder, WhatNothingReadsIsDropped) {
  ModelMaker m;
  m.input("x", {4}).node("Exp", {"x"}, {"dead"}).node("Neg", {"x"}, {"z"});
  m.output("z");
  EXPECT_EQ(import(m).ops(), "neg");
}

TEST_F(Builder, EqualNodesAreMerged) {
  ModelMaker m;
  m.input("x", {4}).node("Neg", {"x"}, {"a"}).node("Neg", {"x"}, {"b"});
  m.node("Add", {"a", "b"}, {"z"}).output("z");
  EXPECT_EQ(import(m).ops(), "neg add");
}

TEST_F(Builder, IdentityAndInferenceDropoutDisappear) {
  ModelMaker m;
  m.input("x", {4}).node("Identity", {"x"}, {"y"});
  m.node("Dropout", {"y"}, {"d"}).node("Neg", {"d"}, {"z"}).output("z");
  EXPECT_EQ(import(m).ops(), "neg");
}

TEST_F(Builder, GemmBecomesItsParts) {
  ModelMaker m;
  m.input("a", {"n", 3}).input("b", {5, 3}).input("c", {5});
  m.node("Gemm", {"a", "b", "c"}, {"z"}).attr("transB", 1).attr("alpha", 0.5f);
  m.output("z");
  Imported made = import(m);
  EXPECT_EQ(made.ops(), "transpose matmul mul add");
  EXPECT_EQ(made.results(), "f32[n, 5]");
}

TEST_F(Builder, SoftmaxBefore13FlattensWhatFollows) {
  ModelMaker m(11);
  m.input("x", {2, 3, 4}).node("Softmax", {"x"}, {"z"}).attr("axis", 1);
  m.output("z");
  EXPECT_EQ(import(m).ops(), "reshape softmax reshape");
}

TEST_F(Builder, AxesMayBeAttributeOrInput) {
  ModelMaker old(12), now(18);
  old.input("x", {2, 3}).node("ReduceMean", {"x"}, {"z"});
  old.attr("axes", std::vector<int64_t>{-1}).output("z");
  now.input("x", {2, 3}).ints("axes", {-1});
  now.node("ReduceMean", {"x", "axes"}, {"z"}).output("z");
  EXPECT_EQ(import(old).results(), "f32[2, 1]");
  EXPECT_EQ(import(now).results(), "f32[2, 1]");
}

TEST_F(Builder, ReducingNothingIsTheElementsMap) {
  ModelMaker m;
  m.input("x", {2}).node("ReduceSum", {"x"}, {"z"});
  m.attr("noop_with_empty_axes", 1).output("z");
  EXPECT_EQ(import(m).ops(), "");
}

TEST_F(Builder, OldBroadcastStartsAtItsAxis) {
  ModelMaker m(6);
  m.input("x", {2, 3, 4}).input("y", {3}).node("Add", {"x", "y"}, {"z"});
  m.attr("broadcast", 1).attr("axis", 1).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.ops(), "reshape add");
  EXPECT_EQ(made.results(), "f32[2, 3, 4]");
}

TEST_F(Builder, SkipNormalizationGivesItsSum) {
  ModelMaker m;
  m.input("x", {"b", "s", 8}).input("skip", {"b", "s", 8}).input("g", {8});
  m.node("SkipSimplifiedLayerNormalization", {"x", "skip", "g"},
         {"z", "", "", "sum"}, "com.microsoft");
  m.output("z").output("sum");
  Imported made = import(m);
  EXPECT_EQ(made.ops(), "add rms_normalization");
  EXPECT_EQ(made.results(), "f32[b, s, 8]; f32[b, s, 8]");
}

TEST_F(Builder, GroupQueryAttentionGrowsItsCache) {
  ModelMaker m;
  m.input("q", {"b", "s", 64}).input("k", {"b", "s", 32});
  m.input("v", {"b", "s", 32}).input("pk", {"b", 4, "p", 8});
  m.input("pv", {"b", 4, "p", 8}).input("len", {"b"}, ElemType::Int32);
  m.input("total", {}, ElemType::Int32);
  m.node("GroupQueryAttention", {"q", "k", "v", "pk", "pv", "len", "total"},
         {"z", "nk", "nv"}, "com.microsoft");
  m.attr("num_heads", 8).attr("kv_num_heads", 4).output("z").output("nk");
  EXPECT_EQ(import(m).results(), "f32[b, s, 64]; f32[b, 4, s + p, 8]");
}

TEST_F(Builder, ConstantsFold) {
  ModelMaker m;
  m.floats("a", {3}, {1, 4, 9}).node("Sqrt", {"a"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.ops(), "");
  EXPECT_EQ(made.values(), "1 2 3");
}

TEST_F(Builder, LargeWeightsStayInTheirFile) {
  std::vector<float> values(100, 1.0f);
  auto bytes = std::as_bytes(std::span(values));
  ModelMaker m;
  m.input("x", {"n", 10}).floats("w", {10, 10}, values);
  m.model.files[0].bytes = bytes;
  onnx::TensorData &weight = m.model.graph.initializers[0];
  weight.storage = onnx::TensorData::Storage::InFile;
  weight.range = {0, 0, bytes.size()};
  weight.owned.clear();
  m.node("MatMul", {"x", "w"}, {"z"}).output("z");
  Imported made = import(m);
  ASSERT_EQ(made.error, "");
  std::string text;
  llvm::raw_string_ostream out(text);
  made.module->print(out);
  EXPECT_NE(text.find("onnx.initializer @w {bytes = 400"), std::string::npos)
      << text;
}

/// A function twice(x) = x + x scaled by an attribute of the call.
onnx::Function scaledTwice() {
  onnx::Function function;
  function.domain = "local";
  function.name = "Twice";
  function.inputs = {"x"};
  function.outputs = {"y"};
  function.attributes = {"slope"};
  function.opsetImports = {{"", 21}};
  ModelMaker body;
  body.node("Add", {"x", "x"}, {"t"}).node("LeakyRelu", {"t"}, {"y"});
  body.attr("alpha", 0.0f);
  body.model.graph.nodes.back().attributes.back().refAttrName = "slope";
  function.nodes = std::move(body.model.graph.nodes);
  return function;
}

TEST_F(Builder, FunctionsAreInlinedWithTheirAttributes) {
  ModelMaker m;
  m.model.functions.push_back(scaledTwice());
  m.input("x", {4}).node("Twice", {"x"}, {"z"}, "local").attr("slope", 0.25f);
  m.output("z");
  Imported made = import(m);
  EXPECT_EQ(made.ops(), "add leaky_relu");
  std::string text;
  llvm::raw_string_ostream out(text);
  made.module->print(out);
  EXPECT_NE(text.find("alpha = 2.500000e-01"), std::string::npos) << text;
}

TEST_F(Builder, IfOfAConstantConditionIsInlined) {
  ModelMaker yes, no, m;
  yes.node("Neg", {"x"}, {"a"}).output("a");
  no.node("Exp", {"x"}, {"b"}).output("b");
  m.input("x", {4}).node("Shape", {"x"}, {"s"}).ints("four", {4});
  m.node("Equal", {"s", "four"}, {"c"}).node("If", {"c"}, {"z"});
  m.graphAttr("then_branch", yes.takeGraph());
  m.graphAttr("else_branch", no.takeGraph());
  m.output("z");
  EXPECT_EQ(import(m).ops(), "neg");
}

TEST_F(Builder, EveryUnsupportedNodeIsListedAtOnce) {
  ModelMaker m;
  m.input("x", {1, 3, 8, 8});
  m.node("Conv", {"x", "x"}, {"c"}).node("Foo", {"c"}, {"d"}, "my.domain");
  m.node("Relu", {"d"}, {"e"}).node("Loop", {"e"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.code, Code::UnsupportedOps);
  EXPECT_EQ(made.error,
            "error: 3 nodes are not supported [LLMC-E206]\n"
            "  at:  test.onnx\n"
            "  why: Conv-21 (1): node_c\n"
            "       my.domain::Foo-1 (1): node_d\n"
            "       Loop-21 (1): node_z\n"
            "  try: operators of other domains: export without custom "
            "operators, or with their bodies as model-local functions\n"
            "       If, Loop and Scan: export one graph per case (for Optimum: "
            "`--no-post-process`, so that no merged decoder is made)\n"
            "       the others: a newer llmc may know them\n");
}

TEST_F(Builder, ManyUnsupportedNodesOfOneKindAreCounted) {
  ModelMaker m;
  m.input("x", {4});
  for (int i = 0; i < 12; ++i)
    m.node("Foo", {"x"}, {"y" + std::to_string(i)}, "my.domain");
  m.output("y0");
  EXPECT_NE(import(m).error.find("my.domain::Foo-1 (12): "), std::string::npos);
  EXPECT_NE(import(m).error.find("; and 2 more"), std::string::npos);
}

TEST_F(Builder, TheSourceLayerIsNamed) {
  ModelMaker m;
  m.input("x", {4}).node("Foo", {"x"}, {"z"}, "my.domain").output("z");
  m.model.graph.nodes[0].metadata.push_back({"namespace", "model/layers.3"});
  EXPECT_NE(import(m).error.find("node_z in model/layers.3"),
            std::string::npos);
}

TEST_F(Builder, UnknownAttributesAreListed) {
  ModelMaker m;
  m.input("x", {4}).node("Relu", {"x"}, {"z"}).attr("slope", 1.0f).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.code, Code::UnsupportedOps);
  EXPECT_NE(made.error.find("Relu-21 (1), attribute slope: node_z"),
            std::string::npos)
      << made.error;
}

TEST_F(Builder, AnAttributeOfTheWrongKindIsRefused) {
  ModelMaker m;
  m.input("x", {4}).node("Softmax", {"x"}, {"z"}).attr("axis", 1.0f);
  m.output("z");
  EXPECT_EQ(import(m).code, Code::BadModel);
}

TEST_F(Builder, AMissingInputIsRefused) {
  ModelMaker m;
  m.input("x", {4}).node("Add", {"x"}, {"z"}).output("z");
  EXPECT_EQ(import(m).code, Code::BadModel);
}

TEST_F(Builder, APermutationThatIsNoneIsRefused) {
  for (std::vector<int64_t> perm :
       {std::vector<int64_t>{0, 0}, {0, 2}, {-1, 0}, {0}, {0, 1, 2}}) {
    ModelMaker m;
    m.input("x", {2, 3}).node("Transpose", {"x"}, {"z"}).attr("perm", perm);
    m.output("z");
    EXPECT_EQ(import(m).code, Code::ShapeMismatch);
  }
}

TEST_F(Builder, DifferentElementTypesAreRefused) {
  ModelMaker m;
  m.input("x", {4}).input("y", {4}, ElemType::Double);
  m.node("Add", {"x", "y"}, {"z"}).output("z");
  EXPECT_EQ(import(m).code, Code::UnsupportedType);
}

TEST_F(Builder, AShapeFromDataIsUnsupported) {
  ModelMaker m;
  m.input("x", {4}).input("shape", {2}, ElemType::Int64);
  m.node("Reshape", {"x", "shape"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.code, Code::UnsupportedOps);
  EXPECT_NE(made.error.find("computed from values"), std::string::npos);
}

TEST_F(Builder, FunctionsThatMultiplyEndInAnError) {
  ModelMaker m;
  for (int i = 0; i < 40; ++i) {
    onnx::Function function;
    function.domain = "local";
    function.name = "F" + std::to_string(i);
    function.inputs = {"x"};
    function.outputs = {"y"};
    function.opsetImports = {{"", 21}};
    ModelMaker body;
    std::string callee = i == 39 ? "Neg" : "F" + std::to_string(i + 1);
    std::string domain = i == 39 ? "" : "local";
    body.node(callee, {"x"}, {"t"}, domain).node(callee, {"t"}, {"y"}, domain);
    function.nodes = std::move(body.model.graph.nodes);
    m.model.functions.push_back(std::move(function));
  }
  m.input("x", {4}).node("F0", {"x"}, {"z"}, "local").output("z");
  EXPECT_EQ(import(m).code, Code::TooLarge);
}

} // namespace

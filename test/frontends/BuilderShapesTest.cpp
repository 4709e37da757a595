/// Symbolic shapes and shape arithmetic in the ONNX builder.
#include "test/frontends/ModelMaker.h"
#include "gtest/gtest.h"

using namespace llmc;
using namespace llmc::test;
using onnx::ElemType;

namespace {

class BuilderShapes : public ::testing::Test {
protected:
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  Imported import(ModelMaker &maker) {
    return test::import(context, maker.model);
  }
};

TEST_F(BuilderShapes, InputDimensionsOfOneNameAreOneSymbol) {
  ModelMaker m;
  m.input("x", {"batch", "seq"}).input("y", {"batch", 1});
  m.node("Add", {"x", "y"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.arguments(), "f32[batch, seq]; f32[batch, 1]");
  EXPECT_EQ(made.results(), "f32[batch, seq]");
  EXPECT_EQ(made.equalities(), "");
}

TEST_F(BuilderShapes, UnnamedDimensionsAreNamedAfterInputAndAxis) {
  ModelMaker m;
  m.input("x", {"", 4}).node("Relu", {"x"}, {"z"}).output("z");
  EXPECT_EQ(import(m).results(), "f32[x.0, 4]");
}

TEST_F(BuilderShapes, ExpressionsOfNamesAreUnderstood) {
  ModelMaker m;
  m.input("mask", {"batch", "past + seq"})
      .input("past_key", {"batch", "past"})
      .input("key", {"batch", "seq"});
  m.node("Concat", {"past_key", "key"}, {"present"}).attr("axis", 1);
  m.node("Mul", {"present", "mask"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[batch, past + seq]");
  EXPECT_EQ(made.equalities(), "");
}

TEST_F(BuilderShapes, ANameThatIsNoExpressionIsOneSymbol) {
  ModelMaker m;
  m.input("x", {"a b(c"}).node("Relu", {"x"}, {"z"}).output("z");
  EXPECT_EQ(import(m).results(), "f32[a b(c]");
}

TEST_F(BuilderShapes, ALoneSymbolIsReplacedByWhatItMustEqual) {
  ModelMaker m;
  m.input("mask", {"batch", "total"})
      .input("past_key", {"batch", "past"})
      .input("key", {"batch", "seq"});
  m.node("Concat", {"past_key", "key"}, {"present"}).attr("axis", 1);
  m.node("Mul", {"present", "mask"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.arguments(),
            "f32[batch, past + seq]; f32[batch, past]; f32[batch, seq]");
  EXPECT_EQ(made.results(), "f32[batch, past + seq]");
  EXPECT_EQ(made.equalities(), "");
}

TEST_F(BuilderShapes, AnEqualityThatCannotBeSolvedIsRecorded) {
  ModelMaker m;
  m.input("x", {"a"}).input("y", {"b"}).input("u", {"c"}).input("v", {"d"});
  m.node("Concat", {"x", "y"}, {"xy"}).attr("axis", 0);
  m.node("Concat", {"u", "v"}, {"uv"}).attr("axis", 0);
  m.node("Add", {"xy", "uv"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[a + b]");
  EXPECT_EQ(made.equalities(), "a + b = c + d");
}

TEST_F(BuilderShapes, AConstantExtentReplacesASymbol) {
  ModelMaker m;
  m.input("x", {"batch", "heads"}).input("y", {1, 8});
  m.node("Add", {"x", "y"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.arguments(), "f32[batch, 8]; f32[1, 8]");
  EXPECT_EQ(made.results(), "f32[batch, 8]");
}

TEST_F(BuilderShapes, ManyNamesForOneBatchBecomeOneSymbol) {
  ModelMaker m;
  m.input("x0", {""});
  for (int i = 1; i < 20; ++i) {
    m.input("x" + std::to_string(i), {""});
    m.node(
        "Add",
        {i == 1 ? "x0" : "s" + std::to_string(i - 1), "x" + std::to_string(i)},
        {"s" + std::to_string(i)});
  }
  m.output("s19");
  Imported made = import(m);
  EXPECT_EQ(made.symbols.size(), 1u);
  EXPECT_EQ(made.equalities(), "");
}

TEST_F(BuilderShapes, ShapeArithmeticFoldsAway) {
  ModelMaker m;
  m.input("x", {"batch", "seq", 64}).ints("i0", {0}).ints("i1", {1});
  m.ints("heads", {8}).ints("minus", {-1});
  m.node("Shape", {"x"}, {"shape"});
  m.node("Gather", {"shape", "i0"}, {"b"})
      .node("Gather", {"shape", "i1"}, {"s"});
  m.node("Concat", {"b", "s", "heads", "minus"}, {"target"}).attr("axis", 0);
  m.node("Reshape", {"x", "target"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[batch, seq, 8, 8]");
  EXPECT_EQ(made.ops(), "reshape");
}

TEST_F(BuilderShapes, ReshapeCopiesWhereTheEntryIsZero) {
  ModelMaker m;
  m.input("x", {"batch", "seq", 6}).ints("target", {0, -1, 3});
  m.node("Reshape", {"x", "target"}, {"z"}).output("z");
  EXPECT_EQ(import(m).results(), "f32[batch, seq * 2, 3]");
}

TEST_F(BuilderShapes, ReshapeByASymbolRecordsThatItDivides) {
  ModelMaker m;
  m.input("x", {"n"}).ints("target", {4, -1});
  m.node("Reshape", {"x", "target"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[4, n floordiv 4]");
  EXPECT_EQ(made.equalities(), "n = (n floordiv 4) * 4");
}

TEST_F(BuilderShapes, ReshapeToAnotherCountIsRefused) {
  ModelMaker m;
  m.input("x", {2, 3}).ints("target", {4, 2});
  m.node("Reshape", {"x", "target"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.code, Code::ShapeMismatch);
  EXPECT_NE(made.error.find("node_z (Reshape-21)"), std::string::npos)
      << made.error;
  EXPECT_NE(made.error.find("f32[2, 3]"), std::string::npos) << made.error;
}

TEST_F(BuilderShapes, TheExportersGuardAroundExpandFolds) {
  // where(shape == -1, 1, shape): what PyTorch writes for expand(-1, …).
  ModelMaker m;
  m.input("x", {"batch", 1}).input("y", {"batch", "seq"});
  m.ints("minus", {-1}, true);
  m.node("Shape", {"y"}, {"shape"}).node("Shape", {"shape"}, {"rank"});
  m.node("ConstantOfShape", {"rank"}, {"zeros"});
  m.model.graph.nodes.back().attributes.emplace_back();
  onnx::Attribute &value = m.model.graph.nodes.back().attributes.back();
  value.name = "value";
  value.type = onnx::AttrType::Tensor;
  ModelMaker one;
  one.ints("one", {1});
  value.t = std::make_unique<onnx::TensorData>(
      std::move(one.model.graph.initializers[0]));
  m.node("Mul", {"zeros", "minus"}, {"minuses"});
  m.node("Equal", {"shape", "minuses"}, {"keep"});
  m.node("Where", {"keep", "zeros", "shape"}, {"target"});
  m.node("Expand", {"x", "target"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[batch, seq]");
  EXPECT_EQ(made.ops(), "expand");
}

TEST_F(BuilderShapes, RangeOfASymbolHasItsExtent) {
  ModelMaker m;
  m.input("x", {"past"}).input("y", {"seq"});
  m.ints("one", {1}, true).ints("zero", {0});
  m.node("Shape", {"x"}, {"sx"}).node("Shape", {"y"}, {"sy"});
  m.node("Squeeze", {"sx", "zero"}, {"start"});
  m.node("Squeeze", {"sy", "zero"}, {"length"});
  m.node("Add", {"start", "length"}, {"limit"});
  m.node("Range", {"start", "limit", "one"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "i64[seq]");
  EXPECT_EQ(made.ops(), "dimensions dimensions range");
}

TEST_F(BuilderShapes, ContentsThatAreReadBecomeDimensions) {
  ModelMaker m;
  m.input("x", {"batch", "seq"}).ints("one", {1}, true);
  m.node("Shape", {"x"}, {"s"}).node("Add", {"s", "one"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "i64[2]");
  EXPECT_EQ(made.values(), "batch + 1 seq + 1");
}

TEST_F(BuilderShapes, SliceToTheEndKeepsASymbol) {
  ModelMaker m;
  m.input("x", {"seq", 8}).ints("s", {1}).ints("e", {INT64_MAX}).ints("a", {0});
  m.node("Slice", {"x", "s", "e", "a"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[seq - 1, 8]");
  EXPECT_EQ(made.assumptions(), "seq - 1");
}

TEST_F(BuilderShapes, SliceOfTheLastRowCountsFromTheEnd) {
  ModelMaker m;
  m.input("x", {"seq", 8})
      .ints("s", {-1})
      .ints("e", {INT64_MAX})
      .ints("a", {0});
  m.node("Slice", {"x", "s", "e", "a"}, {"z"}).output("z");
  EXPECT_EQ(import(m).results(), "f32[1, 8]");
}

TEST_F(BuilderShapes, SliceBoundsOfConstantsAreClamped) {
  ModelMaker m;
  m.input("x", {10}).ints("s", {100}).ints("e", {INT64_MIN}).ints("a", {0});
  m.ints("t", {-3});
  m.node("Slice", {"x", "s", "e", "a", "t"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[4]"); // 9, 6, 3, 0
  EXPECT_EQ(made.ops(), "slice");
}

TEST_F(BuilderShapes, SliceToASymbolAssumesThatItFits) {
  ModelMaker m;
  m.input("table", {1024, 64}).input("x", {"seq"});
  m.ints("s", {0}).ints("a", {0});
  m.node("Shape", {"x"}, {"e"}).node("Slice", {"table", "s", "e", "a"}, {"z"});
  m.output("z");
  Imported made = import(m);
  EXPECT_EQ(made.results(), "f32[seq, 64]");
  EXPECT_EQ(made.assumptions(), "-seq + 1024");
}

TEST_F(BuilderShapes, SplitOfASymbolIntoEqualParts) {
  ModelMaker m;
  m.input("x", {"n", 12});
  m.node("Split", {"x"}, {"a", "b", "c"})
      .attr("axis", 1)
      .attr("num_outputs", 3);
  m.output("a").output("c");
  EXPECT_EQ(import(m).results(), "f32[n, 4]; f32[n, 4]");
}

TEST_F(BuilderShapes, ConcatOfUnequalRowsIsRefused) {
  ModelMaker m;
  m.input("x", {2, 3}).input("y", {2, 4});
  m.node("Concat", {"x", "y"}, {"z"}).attr("axis", 0).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.code, Code::ShapeMismatch);
  EXPECT_NE(made.error.find("3 and 4"), std::string::npos) << made.error;
}

TEST_F(BuilderShapes, MatMulOfUnequalInnerExtentsIsRefused) {
  ModelMaker m;
  m.input("x", {"n", 3}).input("y", {4, 5});
  m.node("MatMul", {"x", "y"}, {"z"}).output("z");
  Imported made = import(m);
  EXPECT_EQ(made.code, Code::ShapeMismatch);
  EXPECT_NE(made.error.find("f32[n, 3], f32[4, 5]"), std::string::npos)
      << made.error;
}

TEST_F(BuilderShapes, SquaringASumAgainAndAgainEndsInAnError) {
  ModelMaker m;
  m.input("x", {"a", "b"}).node("Size", {"x"}, {"n0"});
  for (int i = 0; i < 70; ++i) {
    std::string n = "n" + std::to_string(i), next = "n" + std::to_string(i + 1);
    m.node("Add", {n, n}, {n + "_"}).node("Mul", {n + "_", n}, {next});
  }
  m.ints("axis", {0}).node("Unsqueeze", {"n70", "axis"}, {"shape"});
  m.node("Expand", {"x", "shape"}, {"z"}).output("z");
  EXPECT_NE(import(m).error, "");
}

TEST_F(BuilderShapes, HugeExtentsAreRefused) {
  ModelMaker m;
  m.ints("shape", {1ll << 40, 1ll << 40});
  m.node("ConstantOfShape", {"shape"}, {"z"}).output("z");
  EXPECT_EQ(import(m).code, Code::TooLarge);
}

} // namespace

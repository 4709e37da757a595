// RUN: llmc-opt %s --llmc-share-weights | FileCheck %s

#x = affine_map<()[s0] -> (s0, 64)>
#l = affine_map<()[s0] -> (s0, 128)>
#ids = affine_map<()[s0] -> (s0)>

onnx.initializer @tied {file = 0 : i64, offset = 0 : i64, bytes = 32768 : i64, type = tensor<128x64xf32>}
onnx.initializer @other {file = 0 : i64, offset = 0 : i64, bytes = 32768 : i64, type = tensor<128x64xf32>}

// The table goes, the head serves both.
// CHECK-NOT: llm.weight @table {
llm.weight @table {sources = [@tied], transposed = array<i1: false>, type = tensor<128x64xf32>}
// CHECK: llm.weight @head {
llm.weight @head {sources = [@tied], transposed = array<i1: true>, type = tensor<64x128xf32>}
// Not the same matrix: what cannot be read is not shared.
// CHECK: llm.weight @other_table {
llm.weight @other_table {sources = [@other], transposed = array<i1: false>, type = tensor<128x64xf32>}
// A table of another type than the head.
// CHECK: llm.weight @half_table {
llm.weight @half_table {sources = [@tied], transposed = array<i1: false>, type = tensor<128x64xbf16>}
// A table that is scaled.
// CHECK: llm.weight @scaled_table {
llm.weight @scaled_table {factor = 2.0 : f32, sources = [@tied], transposed = array<i1: false>, type = tensor<128x64xf32>}

// CHECK-LABEL: func.func @step
func.func @step(%ids: tensor<?xi32, #ids>) -> tensor<?x128xf32, #l> {
  // CHECK: %[[SHARED:.*]] = llm.get_weight @head
  // CHECK-NEXT: llm.embedding %{{.*}}, %[[SHARED]] {columns}
  %t = llm.get_weight @table : tensor<128x64xf32>
  %e = llm.embedding %ids, %t : (tensor<?xi32, #ids>, tensor<128x64xf32>) -> tensor<?x64xf32, #x>
  %o = llm.get_weight @other_table : tensor<128x64xf32>
  // CHECK: llm.embedding %{{.*}} : (
  %f = llm.embedding %ids, %o : (tensor<?xi32, #ids>, tensor<128x64xf32>) -> tensor<?x64xf32, #x>
  %h = llm.get_weight @half_table : tensor<128x64xbf16>
  // CHECK: llm.embedding %{{.*}} : (
  %g = llm.embedding %ids, %h : (tensor<?xi32, #ids>, tensor<128x64xbf16>) -> tensor<?x64xf32, #x>
  %s = llm.get_weight @scaled_table : tensor<128x64xf32>
  // CHECK: llm.embedding %{{.*}} : (
  %i = llm.embedding %ids, %s : (tensor<?xi32, #ids>, tensor<128x64xf32>) -> tensor<?x64xf32, #x>
  %w = llm.get_weight @head : tensor<64x128xf32>
  %y = llm.linear %e, %w : (tensor<?x64xf32, #x>, tensor<64x128xf32>) -> tensor<?x128xf32, #l> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  // The others are read, so that they stay.
  %m = llm.map %f, %g, %i : (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> tensor<?x64xf32, #x> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    llm.yield %a : f32
  }
  return %y : tensor<?x128xf32, #l>
}

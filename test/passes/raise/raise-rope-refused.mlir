// RUN: llmc-opt %s --split-input-file --llmc-raise-rope=max-context=16 -verify-diagnostics | FileCheck %s

// CHECK-LABEL: module @no_raise_without_the_sign
// CHECK-NOT: llm.rope
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 4)>
#x = affine_map<()[s0, s1] -> (s0, s1, 1, 4)>
#half = affine_map<()[s0, s1] -> (s0, s1, 1, 2)>
#angle = affine_map<()[s0, s1] -> (s0, s1, 1)>
module @no_raise_without_the_sign {
llm.weight @table {type = tensor<32x4xf32>, values = dense<1.0> : tensor<32x4xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pos: tensor<?x?xi64, #bs>) -> tensor<?x?x1x4xf32, #x> {
  %w = llm.get_weight @table : tensor<32x4xf32>
  %rows = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x4xf32>) -> tensor<?x?x4xf32, #rows>
  %x = onnx.reshape %rows : (tensor<?x?x4xf32, #rows>) -> tensor<?x?x1x4xf32, #x>
  %freq = onnx.constant dense<[[[[1.0, 0.1, 1.0, 0.1]]]]> : tensor<1x1x1x4xf32> : tensor<1x1x1x4xf32>
  %p1 = onnx.reshape %pos : (tensor<?x?xi64, #bs>) -> tensor<?x?x1x1xi64, affine_map<()[s0, s1] -> (s0, s1, 1, 1)>>
  %p2 = onnx.cast %p1 : (tensor<?x?x1x1xi64, affine_map<()[s0, s1] -> (s0, s1, 1, 1)>>) -> tensor<?x?x1x1xf32, affine_map<()[s0, s1] -> (s0, s1, 1, 1)>>
  %angle = onnx.mul %p2, %freq : (tensor<?x?x1x1xf32, affine_map<()[s0, s1] -> (s0, s1, 1, 1)>>, tensor<1x1x1x4xf32>) -> tensor<?x?x1x4xf32, #x>
  %c = onnx.cos %angle : (tensor<?x?x1x4xf32, #x>) -> tensor<?x?x1x4xf32, #x>
  %s = onnx.sin %angle : (tensor<?x?x1x4xf32, #x>) -> tensor<?x?x1x4xf32, #x>
  %lo = onnx.slice %x {starts = affine_map<() -> (0, 0, 0, 0)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x1x4xf32, #x>) -> tensor<?x?x1x2xf32, #half>
  %hi = onnx.slice %x {starts = affine_map<() -> (0, 0, 0, 2)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x1x4xf32, #x>) -> tensor<?x?x1x2xf32, #half>
  %rot = onnx.concat %hi, %lo {axis = 3 : i64} : (tensor<?x?x1x2xf32, #half>, tensor<?x?x1x2xf32, #half>) -> tensor<?x?x1x4xf32, #x>
  %a = onnx.mul %x, %c : (tensor<?x?x1x4xf32, #x>, tensor<?x?x1x4xf32, #x>) -> tensor<?x?x1x4xf32, #x>
  %b = onnx.mul %rot, %s : (tensor<?x?x1x4xf32, #x>, tensor<?x?x1x4xf32, #x>) -> tensor<?x?x1x4xf32, #x>
  // expected-remark @below {{not raised to llm.rope: it is no rotation by the tables}}
  %r = onnx.add %a, %b : (tensor<?x?x1x4xf32, #x>, tensor<?x?x1x4xf32, #x>) -> tensor<?x?x1x4xf32, #x>
  return %r : tensor<?x?x1x4xf32, #x>
}
}

// -----

// No argument is embedded: what are rows is not known.
// CHECK-LABEL: module @no_raise_without_an_embedding
// CHECK: onnx.rotary_embedding
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_without_an_embedding {
func.func @main(%rows: tensor<?x?x8xf32, #rows>, %pos: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %c = onnx.constant dense<1.0> : tensor<12x2xf32> : tensor<12x2xf32>
  %r = onnx.rotary_embedding %rows, %c, %c, %pos {num_heads = 2 : i64, rotary_dim = 0 : i64, interleaved = true} : (tensor<?x?x8xf32, #rows>, tensor<12x2xf32>, tensor<12x2xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows>
  return %r : tensor<?x?x8xf32, #rows>
}
}

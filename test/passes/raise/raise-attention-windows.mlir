// RUN: llmc-opt %s --split-input-file --llmc-raise-attention -verify-diagnostics | FileCheck %s

// Windows beyond what a square mask can be looked at: what stands for the large
// number in it tells.

// CHECK-LABEL: module @raise_large_window
// CHECK: llm.attention {{.+}} window = 6000 : i64
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#s = affine_map<()[s0, s1] -> (s1)>
#s1 = affine_map<()[s0, s1] -> (s1, 1)>
#ss = affine_map<()[s0, s1] -> (s1, s1)>
!rows = tensor<?x?x8xf32, #rows>
!row = tensor<?x1xi64, #s1>
!pairs = tensor<?x?xi64, #ss>
!seen = tensor<?x?xi1, #ss>
module @raise_large_window {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> !rows {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %many = onnx.constant dense<6000> : tensor<i64> : tensor<i64>
  %length = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %col = onnx.range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #s>
  %row = onnx.reshape %col : (tensor<?xi64, #s>) -> !row
  %causal = onnx.less_or_equal %col, %row : (tensor<?xi64, #s>, !row) -> !seen
  %far = onnx.sub %row, %many : (!row, tensor<i64>) -> !row
  %near = onnx.less %far, %col : (!row, tensor<?xi64, #s>) -> !seen
  %seen = onnx.and %causal, %near : (!seen, !seen) -> !seen
  %n = onnx.none : none
  %y:3 = onnx.attention %x, %x, %x, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !rows, !rows, !seen, none, none, none) -> (!rows, none, none)
  return %y#0 : !rows
}
}

// -----

// One position more: the limit itself is seen too.
// CHECK-LABEL: module @raise_large_window_with_its_end
// CHECK: llm.attention {{.+}} window = 6001 : i64
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#s = affine_map<()[s0, s1] -> (s1)>
#s1 = affine_map<()[s0, s1] -> (s1, 1)>
#ss = affine_map<()[s0, s1] -> (s1, s1)>
!rows = tensor<?x?x8xf32, #rows>
!row = tensor<?x1xi64, #s1>
!pairs = tensor<?x?xi64, #ss>
!seen = tensor<?x?xi1, #ss>
module @raise_large_window_with_its_end {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> !rows {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %many = onnx.constant dense<6000> : tensor<i64> : tensor<i64>
  %length = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %col = onnx.range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #s>
  %row = onnx.reshape %col : (tensor<?xi64, #s>) -> !row
  %causal = onnx.less_or_equal %col, %row : (tensor<?xi64, #s>, !row) -> !seen
  %distance = onnx.sub %row, %col : (!row, tensor<?xi64, #s>) -> !pairs
  %near = onnx.less_or_equal %distance, %many : (!pairs, tensor<i64>) -> !seen
  %seen = onnx.and %causal, %near : (!seen, !seen) -> !seen
  %n = onnx.none : none
  %y:3 = onnx.attention %x, %x, %x, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !rows, !rows, !seen, none, none, none) -> (!rows, none, none)
  return %y#0 : !rows
}
}

// -----

// The number hides nothing: there is no window.
// CHECK-LABEL: module @raise_number_without_effect
// CHECK: llm.attention {{.+}} {heads = 2 : i64, scale = 5.000000e-01 : f32}
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#s = affine_map<()[s0, s1] -> (s1)>
#s1 = affine_map<()[s0, s1] -> (s1, 1)>
#ss = affine_map<()[s0, s1] -> (s1, s1)>
!rows = tensor<?x?x8xf32, #rows>
!row = tensor<?x1xi64, #s1>
!pairs = tensor<?x?xi64, #ss>
!seen = tensor<?x?xi1, #ss>
module @raise_number_without_effect {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> !rows {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %many = onnx.constant dense<6000> : tensor<i64> : tensor<i64>
  %length = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %col = onnx.range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #s>
  %row = onnx.reshape %col : (tensor<?xi64, #s>) -> !row
  %causal = onnx.less_or_equal %col, %row : (tensor<?xi64, #s>, !row) -> !seen
  %wide = onnx.add %col, %many : (tensor<?xi64, #s>, tensor<i64>) -> tensor<?xi64, #s>
  %near = onnx.less_or_equal %zero, %wide : (tensor<i64>, tensor<?xi64, #s>) -> tensor<?xi1, #s>
  %seen = onnx.and %causal, %near : (!seen, tensor<?xi1, #s>) -> !seen
  %n = onnx.none : none
  %y:3 = onnx.attention %x, %x, %x, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !rows, !rows, !seen, none, none, none) -> (!rows, none, none)
  return %y#0 : !rows
}
}

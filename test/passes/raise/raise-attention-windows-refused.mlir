// RUN: llmc-opt %s --split-input-file --llmc-raise-attention -verify-diagnostics | FileCheck %s

// Masks of large numbers that are no windows.
// CHECK-NOT: llm.attention

// Chunks: a row sees its own, not the last ones.
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#s = affine_map<()[s0, s1] -> (s1)>
#s1 = affine_map<()[s0, s1] -> (s1, 1)>
#ss = affine_map<()[s0, s1] -> (s1, s1)>
!rows = tensor<?x?x8xf32, #rows>
!row = tensor<?x1xi64, #s1>
!pairs = tensor<?x?xi64, #ss>
!seen = tensor<?x?xi1, #ss>
module @no_raise_large_chunks {
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
  %theirs = onnx.div %col, %many : (tensor<?xi64, #s>, tensor<i64>) -> tensor<?xi64, #s>
  %own = onnx.div %row, %many : (!row, tensor<i64>) -> !row
  %near = onnx.equal %own, %theirs : (!row, tensor<?xi64, #s>) -> !seen
  %seen = onnx.and %causal, %near : (!seen, !seen) -> !seen
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: its mask shows a row something else than the last positions}}
  %y:3 = onnx.attention %x, %x, %x, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !rows, !rows, !seen, none, none, none) -> (!rows, none, none)
  return %y#0 : !rows
}
}

// -----

// The same where the last row that is looked at ends a chunk.
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#s = affine_map<()[s0, s1] -> (s1)>
#s1 = affine_map<()[s0, s1] -> (s1, 1)>
#ss = affine_map<()[s0, s1] -> (s1, s1)>
!rows = tensor<?x?x8xf32, #rows>
!row = tensor<?x1xi64, #s1>
!pairs = tensor<?x?xi64, #ss>
!seen = tensor<?x?xi1, #ss>
module @no_raise_chunks {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> !rows {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %many = onnx.constant dense<256> : tensor<i64> : tensor<i64>
  %length = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %col = onnx.range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #s>
  %row = onnx.reshape %col : (tensor<?xi64, #s>) -> !row
  %causal = onnx.less_or_equal %col, %row : (tensor<?xi64, #s>, !row) -> !seen
  %theirs = onnx.div %col, %many : (tensor<?xi64, #s>, tensor<i64>) -> tensor<?xi64, #s>
  %own = onnx.div %row, %many : (!row, tensor<i64>) -> !row
  %near = onnx.equal %own, %theirs : (!row, tensor<?xi64, #s>) -> !seen
  %seen = onnx.and %causal, %near : (!seen, !seen) -> !seen
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: its mask shows a row something else than the last positions}}
  %y:3 = onnx.attention %x, %x, %x, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !rows, !rows, !seen, none, none, none) -> (!rows, none, none)
  return %y#0 : !rows
}
}

// -----

// The first positions are seen beside the last ones.
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#s = affine_map<()[s0, s1] -> (s1)>
#s1 = affine_map<()[s0, s1] -> (s1, 1)>
#ss = affine_map<()[s0, s1] -> (s1, s1)>
!rows = tensor<?x?x8xf32, #rows>
!row = tensor<?x1xi64, #s1>
!pairs = tensor<?x?xi64, #ss>
!seen = tensor<?x?xi1, #ss>
module @no_raise_first_positions {
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
  %last = onnx.less %distance, %many : (!pairs, tensor<i64>) -> !seen
  %first = onnx.less_or_equal %col, %one : (tensor<?xi64, #s>, tensor<i64>) -> tensor<?xi1, #s>
  %near = onnx.or %last, %first : (!seen, tensor<?xi1, #s>) -> !seen
  %seen = onnx.and %causal, %near : (!seen, !seen) -> !seen
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: its mask shows a row something else than the last positions}}
  %y:3 = onnx.attention %x, %x, %x, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !rows, !rows, !seen, none, none, none) -> (!rows, none, none)
  return %y#0 : !rows
}
}

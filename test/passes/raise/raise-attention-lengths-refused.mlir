// RUN: llmc-opt %s --split-input-file --llmc-raise-attention -verify-diagnostics | FileCheck %s

// Whatever is refused stays, and a remark says why.
// CHECK-NOT: llm.attention

#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @no_raise_behind_a_gap {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %next = onnx.add %at, %one : (!b, tensor<i64>) -> !b
  %k = onnx.tensor_scatter %pk, %x, %next {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %next {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: its cache is written elsewhere than behind the past}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// One input is no write position and a length at once.
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @no_raise_values_written_elsewhere {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %len {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: it computes something else than causal attention}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// Nothing hides what lies behind the rows.
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @no_raise_without_lengths {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: it computes something else than causal attention}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, none) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// Rows see each other whatever their order.
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @no_raise_not_causal {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: it computes something else than causal attention}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// Without lengths, the first row is at position 0.
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @no_raise_causal_from_the_start {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: it computes something else than causal attention}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, none) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @no_raise_length_of_one_more {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %more = onnx.add %len, %one : (!b, tensor<i64>) -> !b
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: it computes something else than causal attention}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %more {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

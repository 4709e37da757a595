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
module @no_raise_circular_buffer {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = true} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = true} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: its cache is a circular buffer}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
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
module @no_raise_without_write_positions {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %n {axis = 1 : i64, circular = false} : (!buffer, !rows, none) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %n {axis = 1 : i64, circular = false} : (!buffer, !rows, none) -> !buffer
  // expected-remark @below {{not raised to llm.attention: its cache is always written from the first position on}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
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
module @no_raise_buffer_read_elsewhere {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: its cache's buffer is read by more than its update}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  %old = onnx.neg %pk : (!buffer) -> !buffer
  return %y#0, %k, %v, %old : !rows, !buffer, !buffer, !buffer
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
module @no_raise_update_that_is_lost {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: its cache's updated buffer is no result}}
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k : !rows, !buffer
}
}

// -----

// The buffer before its update.
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @no_raise_stale_values {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  // expected-remark @below {{not raised to llm.attention: its keys or values are not a rearrangement of rows}}
  %y:3 = onnx.attention %x, %k, %pv, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// A mask that hides later rows of the step alone, not what lies behind them.
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
#seen = affine_map<()[s0, s1] -> (s0, 1, 1, 24)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
!seen = tensor<?x1x1x24xi1, #seen>
module @no_raise_mask_that_ends_too_late {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %all = onnx.constant dense<24> : tensor<i64> : tensor<i64>
  %slot = onnx.range %zero, %all, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<24xi64>
  %first = onnx.reshape %at : (!b) -> tensor<?x1x1x1xi64, affine_map<()[s0, s1] -> (s0, 1, 1, 1)>>
  %seen = onnx.greater_or_equal %slot, %first : (tensor<24xi64>, tensor<?x1x1x1xi64, affine_map<()[s0, s1] -> (s0, 1, 1, 1)>>) -> !seen
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: its mask shows}}
  %y:3 = onnx.attention %x, %k, %v, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, !seen, none, none, none) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

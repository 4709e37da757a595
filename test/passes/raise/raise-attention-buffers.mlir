// RUN: llmc-opt %s --split-input-file --llmc-raise-attention=page=16 | FileCheck %s

// Rows of heads, written behind the past; Attention knows how much is held.
// CHECK-LABEL: module @raise_buffer_of_rows
// CHECK-SAME: llm.max_positions = 24 : i64
// CHECK: func.func @main(%{{.+}}: tensor<?x?xi64{{.+}}, %[[PK:[a-z0-9]+]]: {{.+}}, %[[PV:[a-z0-9]+]]: {{.+}}, %{{.+}}: {{.+}}, %{{.+}}: {{.+}}) ->
// CHECK: %[[X:.+]] = llm.embedding
// CHECK: %[[KS:.+]] = onnx.reshape %[[PK]] : {{.+}} -> tensor<?x24x2x4xf32
// CHECK: %[[K0:.+]] = onnx.transpose %[[KS]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: %[[VS:.+]] = onnx.reshape %[[PV]]
// CHECK: %[[V0:.+]] = onnx.transpose %[[VS]]
// CHECK: %[[C0:.+]] = llm.cache_from %[[K0]], %[[V0]] : {{.+}} -> !llm.kv_cache<2 x 4, page = 16, f32>
// CHECK: %[[C1:.+]] = llm.kv_append %[[C0]], %[[X]], %[[X]]
// CHECK: llm.attention %[[X]], %[[C1]] {heads = 2 : i64, scale = 5.000000e-01 : f32}
// CHECK: %[[K1:.+]], %[[V1:.+]] = llm.cache_to %[[C1]] : {{.+}} -> (tensor<?x2x24x4xf32
// CHECK: %[[KT:.+]] = onnx.transpose %[[K1]]
// CHECK: %[[K2:.+]] = onnx.reshape %[[KT]] : {{.+}} -> tensor<?x24x8xf32
// CHECK: %[[VT:.+]] = onnx.transpose %[[V1]]
// CHECK: %[[V2:.+]] = onnx.reshape %[[VT]]
// CHECK: return %{{.+}}, %[[K2]], %[[V2]]
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @raise_buffer_of_rows {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// Of two lengths only one is an input.
// CHECK-LABEL: module @raise_write_position_from_length
// CHECK: llm.kv_append
// CHECK: llm.attention
// CHECK-NOT: onnx.tensor_scatter
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x24x8xf32, #buffer>
module @raise_write_position_from_length {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %s = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %start = onnx.sub %len, %s : (!b, tensor<i64>) -> !b
  %k = onnx.tensor_scatter %pk, %x, %start {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %start {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// A buffer too long to be computed on: its mask alone is looked at that far.
// CHECK-LABEL: module @raise_long_buffer
// CHECK-SAME: llm.max_positions = 1000000 : i64
// CHECK: llm.attention
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#buffer = affine_map<()[s0, s1] -> (s0, 1000000, 8)>
!b = tensor<?xi64, #b>
!rows = tensor<?x?x8xf32, #rows>
!buffer = tensor<?x1000000x8xf32, #buffer>
module @raise_long_buffer {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b, %len: !b) -> (!rows, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> !rows
  %n = onnx.none : none
  %k = onnx.tensor_scatter %pk, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %x, %at {axis = 1 : i64, circular = false} : (!buffer, !rows, !b) -> !buffer
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (!rows, !buffer, !buffer, none, none, none, !b) -> (!rows, none, none)
  return %y#0, %k, %v : !rows, !buffer, !buffer
}
}

// -----

// Heads before positions, a length that is left open, and a mask made from the
// positions, in which a row sees the last five.
// CHECK-LABEL: module @raise_buffer_of_heads
// CHECK-NOT: llm.max_positions
// CHECK: func.func @main(%{{.+}}: tensor<?x?xi64{{.+}}, %[[PK:[a-z0-9]+]]: {{.+}}, %[[PV:[a-z0-9]+]]: {{.+}}, %{{.+}}: {{.+}}) ->
// CHECK: %[[C0:.+]] = llm.cache_from %[[PK]], %[[PV]]
// CHECK: %[[C1:.+]] = llm.kv_append %[[C0]]
// CHECK: llm.attention %{{.+}}, %[[C1]] {heads = 2 : i64, scale = 5.000000e-01 : f32, window = 5 : i64}
// CHECK: %[[K1:.+]], %[[V1:.+]] = llm.cache_to %[[C1]]
// CHECK: return %{{.+}}, %[[K1]], %[[V1]]
#b = affine_map<()[s0, s1, s2] -> (s0)>
#bs = affine_map<()[s0, s1, s2] -> (s0, s1)>
#rows = affine_map<()[s0, s1, s2] -> (s0, s1, 8)>
#split = affine_map<()[s0, s1, s2] -> (s0, s1, 2, 4)>
#heads = affine_map<()[s0, s1, s2] -> (s0, 2, s1, 4)>
#buffer = affine_map<()[s0, s1, s2] -> (s0, 2, s2, 4)>
#slots = affine_map<()[s0, s1, s2] -> (s2)>
#own = affine_map<()[s0, s1, s2] -> (s0, 1, s1, 1)>
#scores = affine_map<()[s0, s1, s2] -> (s0, 1, s1, s2)>
!b = tensor<?xi64, #b>
!heads = tensor<?x2x?x4xf32, #heads>
!buffer = tensor<?x2x?x4xf32, #buffer>
!seen = tensor<?x1x?x?xi1, #scores>
module @raise_buffer_of_heads {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b) -> (!heads, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %split = onnx.reshape %x : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x2x4xf32, #split>
  %q = onnx.transpose %split {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #split>) -> !heads
  %k = onnx.tensor_scatter %pk, %q, %at {axis = 2 : i64, circular = false} : (!buffer, !heads, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %q, %at {axis = 2 : i64, circular = false} : (!buffer, !heads, !b) -> !buffer
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %five = onnx.constant dense<5> : tensor<i64> : tensor<i64>
  %length = onnx.dimensions {values = affine_map<()[s0, s1, s2] -> (s2)>} : () -> tensor<i64>
  %count = onnx.dimensions {values = affine_map<()[s0, s1, s2] -> (s1)>} : () -> tensor<i64>
  %slot = onnx.range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #slots>
  %new = onnx.range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, affine_map<()[s0, s1, s2] -> (s1)>>
  %start = onnx.reshape %at : (!b) -> tensor<?x1xi64, affine_map<()[s0, s1, s2] -> (s0, 1)>>
  %pos = onnx.add %start, %new : (tensor<?x1xi64, affine_map<()[s0, s1, s2] -> (s0, 1)>>, tensor<?xi64, affine_map<()[s0, s1, s2] -> (s1)>>) -> tensor<?x?xi64, #bs>
  %own = onnx.reshape %pos : (tensor<?x?xi64, #bs>) -> tensor<?x1x?x1xi64, #own>
  %far = onnx.sub %own, %five : (tensor<?x1x?x1xi64, #own>, tensor<i64>) -> tensor<?x1x?x1xi64, #own>
  %causal = onnx.less_or_equal %slot, %own : (tensor<?xi64, #slots>, tensor<?x1x?x1xi64, #own>) -> !seen
  %near = onnx.less %far, %slot : (tensor<?x1x?x1xi64, #own>, tensor<?xi64, #slots>) -> !seen
  %seen = onnx.and %causal, %near : (!seen, !seen) -> !seen
  %n = onnx.none : none
  %y:3 = onnx.attention %q, %k, %v, %seen, %n, %n, %n {q_num_heads = 0 : i64, kv_num_heads = 0 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (!heads, !buffer, !buffer, !seen, none, none, none) -> (!heads, none, none)
  return %y#0, %k, %v : !heads, !buffer, !buffer
}
}

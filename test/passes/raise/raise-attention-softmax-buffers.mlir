// RUN: llmc-opt %s --split-input-file --llmc-raise-attention | FileCheck %s

// Positions before heads, and attention written out: compared at full length.
// CHECK-LABEL: module @raise_softmax_over_a_buffer
// CHECK: func.func @main(%{{.+}}: tensor<?x?xi64{{.+}}, %[[PK:[a-z0-9]+]]: {{.+}}, %[[PV:[a-z0-9]+]]: {{.+}}, %{{.+}}: {{.+}}) ->
// CHECK: %[[K0:.+]] = onnx.transpose %[[PK]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: %[[V0:.+]] = onnx.transpose %[[PV]]
// CHECK: %[[C0:.+]] = llm.cache_from %[[K0]], %[[V0]]
// CHECK: %[[C1:.+]] = llm.kv_append %[[C0]]
// CHECK: llm.attention %{{.+}}, %[[C1]] {heads = 2 : i64, scale = 1.000000e+00 : f32}
// CHECK: %[[K1:.+]], %[[V1:.+]] = llm.cache_to %[[C1]]
// CHECK: %[[K2:.+]] = onnx.transpose %[[K1]]
// CHECK: %[[V2:.+]] = onnx.transpose %[[V1]]
// CHECK: return %{{.+}}, %[[K2]], %[[V2]]
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#split = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#heads = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 2, 4)>
#keys = affine_map<()[s0, s1] -> (s0, 2, 4, 24)>
#values = affine_map<()[s0, s1] -> (s0, 2, 24, 4)>
#scores = affine_map<()[s0, s1] -> (s0, 2, s1, 24)>
#seen = affine_map<()[s0, s1] -> (s0, 1, s1, 24)>
#own = affine_map<()[s0, s1] -> (s0, 1, s1, 1)>
!b = tensor<?xi64, #b>
!split = tensor<?x?x2x4xf32, #split>
!heads = tensor<?x2x?x4xf32, #heads>
!buffer = tensor<?x24x2x4xf32, #buffer>
!scores = tensor<?x2x?x24xf32, #scores>
!own = tensor<?x1x?x1xi64, #own>
module @raise_softmax_over_a_buffer {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b) -> (!heads, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %split = onnx.reshape %x : (tensor<?x?x8xf32, #rows>) -> !split
  %q = onnx.transpose %split {permutation = array<i64: 0, 2, 1, 3>} : (!split) -> !heads
  %k = onnx.tensor_scatter %pk, %split, %at {axis = 1 : i64, circular = false} : (!buffer, !split, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %split, %at {axis = 1 : i64, circular = false} : (!buffer, !split, !b) -> !buffer
  %kt = onnx.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (!buffer) -> tensor<?x2x4x24xf32, #keys>
  %vt = onnx.transpose %v {permutation = array<i64: 0, 2, 1, 3>} : (!buffer) -> tensor<?x2x24x4xf32, #values>
  %qk = onnx.matmul %q, %kt : (!heads, tensor<?x2x4x24xf32, #keys>) -> !scores
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %all = onnx.constant dense<24> : tensor<i64> : tensor<i64>
  %count = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %slot = onnx.range %zero, %all, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<24xi64>
  %new = onnx.range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, affine_map<()[s0, s1] -> (s1)>>
  %start = onnx.reshape %at : (!b) -> tensor<?x1xi64, affine_map<()[s0, s1] -> (s0, 1)>>
  %pos = onnx.add %start, %new : (tensor<?x1xi64, affine_map<()[s0, s1] -> (s0, 1)>>, tensor<?xi64, affine_map<()[s0, s1] -> (s1)>>) -> tensor<?x?xi64, #bs>
  %own = onnx.reshape %pos : (tensor<?x?xi64, #bs>) -> !own
  %seen = onnx.less_or_equal %slot, %own : (tensor<24xi64>, !own) -> tensor<?x1x?x24xi1, #seen>
  %low = onnx.constant dense<-1.0e30> : tensor<f32> : tensor<f32>
  %masked = onnx.where %seen, %qk, %low : (tensor<?x1x?x24xi1, #seen>, !scores, tensor<f32>) -> !scores
  %p = onnx.softmax %masked {axis = 3 : i64} : (!scores) -> !scores
  %o = onnx.matmul %p, %vt : (!scores, tensor<?x2x24x4xf32, #values>) -> !heads
  return %o, %k, %v : !heads, !buffer, !buffer
}
}

// -----

// The same with a limit of one slot too many.
// CHECK-LABEL: module @no_raise_softmax_that_sees_a_slot_too_many
// CHECK-NOT: llm.attention
#b = affine_map<()[s0, s1] -> (s0)>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#split = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#heads = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
#buffer = affine_map<()[s0, s1] -> (s0, 24, 2, 4)>
#keys = affine_map<()[s0, s1] -> (s0, 2, 4, 24)>
#values = affine_map<()[s0, s1] -> (s0, 2, 24, 4)>
#scores = affine_map<()[s0, s1] -> (s0, 2, s1, 24)>
#seen = affine_map<()[s0, s1] -> (s0, 1, s1, 24)>
#own = affine_map<()[s0, s1] -> (s0, 1, s1, 1)>
!b = tensor<?xi64, #b>
!split = tensor<?x?x2x4xf32, #split>
!heads = tensor<?x2x?x4xf32, #heads>
!buffer = tensor<?x24x2x4xf32, #buffer>
!scores = tensor<?x2x?x24xf32, #scores>
!own = tensor<?x1x?x1xi64, #own>
module @no_raise_softmax_that_sees_a_slot_too_many {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: !buffer, %pv: !buffer, %at: !b) -> (!heads, !buffer, !buffer) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %split = onnx.reshape %x : (tensor<?x?x8xf32, #rows>) -> !split
  %q = onnx.transpose %split {permutation = array<i64: 0, 2, 1, 3>} : (!split) -> !heads
  %k = onnx.tensor_scatter %pk, %split, %at {axis = 1 : i64, circular = false} : (!buffer, !split, !b) -> !buffer
  %v = onnx.tensor_scatter %pv, %split, %at {axis = 1 : i64, circular = false} : (!buffer, !split, !b) -> !buffer
  %kt = onnx.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (!buffer) -> tensor<?x2x4x24xf32, #keys>
  %vt = onnx.transpose %v {permutation = array<i64: 0, 2, 1, 3>} : (!buffer) -> tensor<?x2x24x4xf32, #values>
  %qk = onnx.matmul %q, %kt : (!heads, tensor<?x2x4x24xf32, #keys>) -> !scores
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %all = onnx.constant dense<24> : tensor<i64> : tensor<i64>
  %count = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %slot = onnx.range %zero, %all, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<24xi64>
  %new = onnx.range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, affine_map<()[s0, s1] -> (s1)>>
  %start = onnx.reshape %at : (!b) -> tensor<?x1xi64, affine_map<()[s0, s1] -> (s0, 1)>>
  %pos = onnx.add %start, %new : (tensor<?x1xi64, affine_map<()[s0, s1] -> (s0, 1)>>, tensor<?xi64, affine_map<()[s0, s1] -> (s1)>>) -> tensor<?x?xi64, #bs>
  %next = onnx.add %pos, %one : (tensor<?x?xi64, #bs>, tensor<i64>) -> tensor<?x?xi64, #bs>
  %own = onnx.reshape %next : (tensor<?x?xi64, #bs>) -> !own
  %seen = onnx.less_or_equal %slot, %own : (tensor<24xi64>, !own) -> tensor<?x1x?x24xi1, #seen>
  %low = onnx.constant dense<-1.0e30> : tensor<f32> : tensor<f32>
  %masked = onnx.where %seen, %qk, %low : (tensor<?x1x?x24xi1, #seen>, !scores, tensor<f32>) -> !scores
  %p = onnx.softmax %masked {axis = 3 : i64} : (!scores) -> !scores
  %o = onnx.matmul %p, %vt : (!scores, tensor<?x2x24x4xf32, #values>) -> !heads
  return %o, %k, %v : !heads, !buffer, !buffer
}
}

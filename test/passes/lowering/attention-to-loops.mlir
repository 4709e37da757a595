// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// Heads of rows become [B, H, S, D], then scores, softmax in place, and values.
// The two operands of one shape share a kernel.
// CHECK-LABEL: module @lower_masked_causal_attention
// CHECK: %[[Q:.+]] = rt.buffer input() {name = "input_0"}
// CHECK: %[[K:.+]] = rt.buffer input() {name = "input_1"}
// CHECK: %[[M:.+]] = rt.buffer input() {name = "input_2"}
// CHECK: %[[KEYS:.+]] = rt.buffer arena() : memref<2x1x5x4xf32>
// CHECK: rt.launch @heads_0 {{.*}}(%[[K]], %[[KEYS]])
// CHECK: %[[VALUES:.+]] = rt.buffer arena() : memref<2x1x5x4xf32>
// CHECK: rt.launch @heads_0 {{.*}}(%[[K]], %[[VALUES]])
// CHECK: %[[QUERIES:.+]] = rt.buffer arena() : memref<2x2x3x4xf32>
// CHECK: rt.launch @heads_1 {{.*}}(%[[Q]], %[[QUERIES]])
// CHECK: %[[SCORES:.+]] = rt.buffer arena() : memref<2x2x3x5xf32>
// CHECK: rt.launch @scores_0 {{.*}}(%[[M]], %[[QUERIES]], %[[KEYS]], %[[SCORES]])
// CHECK: rt.launch @softmax_visible_0 {{.*}}(%[[SCORES]])
// CHECK: rt.launch @attention_0 {{.*}}(%[[SCORES]], %[[VALUES]], %{{.+}})
// A score that is hidden is not computed; the others are summed in f64 and capped.
// CHECK: func.func @scores_0(
// CHECK: scf.if
// CHECK: arith.mulf {{.*}} : f64
// CHECK: math.tanh {{.*}} : f64
// CHECK: func.func @softmax_visible_0(
// CHECK: math.exp
// What has no weight is not added, whatever it is.
// CHECK: func.func @attention_0(
// CHECK: %[[UNSEEN:.+]] = arith.cmpf oeq, %{{.+}}, %{{.+}} : f32
// CHECK: arith.select %[[UNSEEN]]
module @lower_masked_causal_attention {
  func.func @main(%q: tensor<2x3x8xf32>, %k: tensor<2x5x4xf32>, %mask: tensor<3x5xi1>) -> tensor<2x3x8xf32> {
    %none = onnx.none : none
    %0:3 = onnx.attention %q, %k, %k, %mask, %none, %none, %none {q_num_heads = 2 : i64, kv_num_heads = 1 : i64, scale = 0.0 : f32, is_causal = true, softcap = 5.0 : f32} : (tensor<2x3x8xf32>, tensor<2x5x4xf32>, tensor<2x5x4xf32>, tensor<3x5xi1>, none, none, none) -> (tensor<2x3x8xf32>, none, none)
    return %0#0 : tensor<2x3x8xf32>
  }
}

// -----

// The past stands before the new rows, in the operator's own result.
// CHECK-LABEL: module @lower_attention_behind_a_past
// CHECK: %[[K:.+]] = rt.buffer input() {name = "input_0"} : memref<2x1x3x4xf32>
// CHECK: %[[P:.+]] = rt.buffer input() {name = "input_1"} : memref<2x1x7x4xf32>
// CHECK: %[[PRESENT:.+]] = rt.buffer output() {name = "output_1"} : memref<2x1x10x4xf32>
// CHECK: rt.launch @heads_0 {{.*}}(%[[K]], %[[P]], %[[PRESENT]])
// CHECK: func.func @heads_0(
// CHECK: %[[OLD:.+]] = arith.cmpi slt
// CHECK: scf.if %[[OLD]]
module @lower_attention_behind_a_past {
  func.func @main(%x: tensor<2x1x3x4xf32>, %past: tensor<2x1x7x4xf32>) -> (tensor<2x1x3x4xf32>, tensor<2x1x10x4xf32>) {
    %none = onnx.none : none
    %0:3 = onnx.attention %x, %x, %x, %none, %past, %past, %none {q_num_heads = 0 : i64, kv_num_heads = 0 : i64, scale = 0.5 : f32, is_causal = true, softcap = 0.0 : f32} : (tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>, none, tensor<2x1x7x4xf32>, tensor<2x1x7x4xf32>, none) -> (tensor<2x1x3x4xf32>, tensor<2x1x10x4xf32>, tensor<2x1x10x4xf32>)
    return %0#0, %0#1 : tensor<2x1x3x4xf32>, tensor<2x1x10x4xf32>
  }
}

// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// The projections' biases are added where heads are made: query, key and value
// read their own part of one list. Padding is a second shift of a score.
// CHECK-LABEL: module @lower_bias_and_padding
// CHECK: %[[Q:.+]] = rt.buffer input() {name = "input_0"}
// CHECK: %[[BIAS:.+]] = rt.buffer input() {name = "input_1"} : memref<24xf32>
// CHECK: %[[PAD:.+]] = rt.buffer input() {name = "input_2"} : memref<2x3xi32>
// CHECK: rt.launch @heads_0 {{.*}}(%[[Q]], %[[BIAS]], %[[KEYS:.+]]) :
// CHECK: rt.launch @heads_1 {{.*}}(%[[Q]], %[[BIAS]], %[[VALUES:.+]]) :
// CHECK: rt.launch @heads_2 {{.*}}(%[[Q]], %[[BIAS]], %[[QUERIES:.+]]) :
// CHECK: rt.launch @scores_0 {{.*}}(%[[PAD]], %[[QUERIES]], %[[KEYS]], %[[SCORES:.+]]) :
// CHECK: rt.launch @softmax_visible_0 {{.*}}(%[[SCORES]])
// CHECK: func.func @scores_0(
// CHECK: arith.constant -1.000000e+04 : f32
module @lower_bias_and_padding {
  func.func @main(%q: tensor<2x3x8xf32>, %bias: tensor<24xf32>, %pad: tensor<2x3xi32>) -> tensor<2x3x8xf32> {
    %none = onnx.none : none
    %0:3 = onnx.multi_head_attention %q, %q, %q, %bias, %pad, %none, %none, %none {num_heads = 2 : i64, scale = 0.0 : f32, unidirectional = false, mask_filter_value = -10000.0 : f32} : (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<24xf32>, tensor<2x3xi32>, none, none, none) -> (tensor<2x3x8xf32>, none, none)
    return %0#0 : tensor<2x3x8xf32>
  }
}

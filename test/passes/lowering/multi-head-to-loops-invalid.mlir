// RUN: llmc-opt %s --split-input-file --llmc-lower-graph --verify-diagnostics

module {
  func.func @main(%q: tensor<2x3x8xf32>, %pad: tensor<2xi32>) -> tensor<2x3x8xf32> {
    %none = onnx.none : none
    // expected-error @+1 {{has a key padding mask that is not [B, L]}}
    %0:3 = onnx.multi_head_attention %q, %q, %q, %none, %pad, %none, %none, %none {num_heads = 2 : i64, scale = 0.0 : f32, unidirectional = false, mask_filter_value = -10000.0 : f32} : (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>, none, tensor<2xi32>, none, none, none) -> (tensor<2x3x8xf32>, none, none)
    return %0#0 : tensor<2x3x8xf32>
  }
}

// -----

module {
  func.func @main(%q: tensor<2x3x8xf32>, %v: tensor<2x3x4xf32>, %bias: tensor<20xf32>) -> tensor<2x3x4xf32> {
    %none = onnx.none : none
    // expected-error @+1 {{has a bias, and values of another width than the query}}
    %0:3 = onnx.multi_head_attention %q, %q, %v, %bias, %none, %none, %none, %none {num_heads = 2 : i64, scale = 0.0 : f32, unidirectional = false, mask_filter_value = -10000.0 : f32} : (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x4xf32>, tensor<20xf32>, none, none, none, none) -> (tensor<2x3x4xf32>, none, none)
    return %0#0 : tensor<2x3x4xf32>
  }
}

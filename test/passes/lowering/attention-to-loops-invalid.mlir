// RUN: llmc-opt %s --split-input-file --llmc-lower-graph --verify-diagnostics

module {
  func.func @main(%x: tensor<2x3x8xi64>) -> tensor<2x3x8xi64> {
    %none = onnx.none : none
    // expected-error @+1 {{has operands that are neither [B, S, H * D] nor [B, H, S, D] of floats}}
    %0:3 = onnx.attention %x, %x, %x, %none, %none, %none, %none {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (tensor<2x3x8xi64>, tensor<2x3x8xi64>, tensor<2x3x8xi64>, none, none, none, none) -> (tensor<2x3x8xi64>, none, none)
    return %0#0 : tensor<2x3x8xi64>
  }
}

// RUN: llmc-opt %s --split-input-file --llmc-lower-graph --verify-diagnostics

module {
  func.func @main(%x: tensor<3x8xf32>, %cos: tensor<16x2xf32>, %p: tensor<2x3xi64>) -> tensor<3x8xf32> {
    // expected-error @+1 {{needs floats [B, S, H * D] or [B, H, S, D]}}
    %0 = onnx.rotary_embedding %x, %cos, %cos, %p {num_heads = 2 : i64, rotary_dim = 4 : i64, interleaved = true} : (tensor<3x8xf32>, tensor<16x2xf32>, tensor<16x2xf32>, tensor<2x3xi64>) -> tensor<3x8xf32>
    return %0 : tensor<3x8xf32>
  }
}

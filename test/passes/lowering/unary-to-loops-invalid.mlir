// RUN: llmc-opt %s --split-input-file --llmc-lower-graph --verify-diagnostics

module {
  func.func @main(%s: tensor<4xi64>) -> tensor<4xi64> {
    // expected-error @+1 {{is not defined for elements of type 'i64'}}
    %0 = onnx.sqrt %s : (tensor<4xi64>) -> tensor<4xi64>
    return %0 : tensor<4xi64>
  }
}

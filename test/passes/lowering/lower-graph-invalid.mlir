// RUN: llmc-opt %s --split-input-file --llmc-lower-graph --verify-diagnostics

module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf8E4M3FN> {
    // expected-error @+1 {{has no kernel for elements of type 'f8E4M3FN'}}
    %0 = onnx.cast %x : (tensor<4xf32>) -> tensor<4xf8E4M3FN>
    // expected-error @+1 {{has no kernel for elements of type 'f8E4M3FN'}}
    return %0 : tensor<4xf8E4M3FN>
  }
}

// -----

// Every refused operator has its own error.
module attributes {onnx.symbols = ["n", "data"]} {
  func.func @main(%x: tensor<?xf32, affine_map<()[s0] -> (s0)>>, %s: tensor<1xi64>) -> tensor<1xi64> {
    %none = onnx.none : none
    // expected-error @+1 {{has an extent that does not follow from the extents of the inputs}}
    %0 = onnx.dynamic_slice %x, %s, %s, %none, %none : (tensor<?xf32, affine_map<()[s0] -> (s0)>>, tensor<1xi64>, tensor<1xi64>, none, none) -> tensor<?xf32, affine_map<()[s0, s1] -> (s1)>>
    // expected-error @+1 {{is not defined for elements of type 'i64'}}
    %1 = onnx.exp %s : (tensor<1xi64>) -> tensor<1xi64>
    return %1 : tensor<1xi64>
  }
}

// -----

// expected-error @+1 {{has no graph @main}}
module {
}

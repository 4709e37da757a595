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

// -----

#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#present = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
module attributes {onnx.symbols = ["b", "s"]} {
func.func @main(%x: tensor<?x?x8xf32, #rows>, %lens: tensor<?xi32, affine_map<()[s0, s1] -> (s0)>>, %total: tensor<i32>) -> tensor<?x?x8xf32, #rows> {
  %n = onnx.none : none
  // expected-error @below {{keeps a cache of its window only}}
  %y:3 = onnx.group_query_attention %x, %x, %x, %n, %n, %lens, %total, %n, %n, %n, %n {num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, do_rotary = false, rotary_interleaved = false, local_window = 4 : i64, softcap = 0.0 : f32, window_cache = true} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, none, none, tensor<?xi32, affine_map<()[s0, s1] -> (s0)>>, tensor<i32>, none, none, none, none) -> (tensor<?x?x8xf32, #rows>, tensor<?x2x?x4xf32, #present>, tensor<?x2x?x4xf32, #present>)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

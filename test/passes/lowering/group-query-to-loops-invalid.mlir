// RUN: llmc-opt %s --split-input-file --llmc-lower-graph --verify-diagnostics

module {
  func.func @main(%x: tensor<2x3x16xf32>, %past: tensor<2x1x9x4xf32>, %lengths: tensor<2xi32>, %total: tensor<i32>) -> tensor<2x3x8xf32> {
    %none = onnx.none : none
    // expected-error @+1 {{has rotary tables that are not matrices}}
    %0:3 = onnx.group_query_attention %x, %none, %none, %past, %past, %lengths, %total, %none, %none, %none, %none {num_heads = 2 : i64, kv_num_heads = 1 : i64, scale = 0.0 : f32, do_rotary = true, rotary_interleaved = false, local_window = -1 : i64, softcap = 0.0 : f32} : (tensor<2x3x16xf32>, none, none, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>, tensor<2xi32>, tensor<i32>, none, none, none, none) -> (tensor<2x3x8xf32>, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>)
    return %0#0 : tensor<2x3x8xf32>
  }
}

// -----

module {
  func.func @main(%x: tensor<2x3x16xf32>, %past: tensor<2x1x9x4xf32>, %lengths: tensor<2xi32>, %total: tensor<i32>) -> tensor<2x3x8xf32> {
    %none = onnx.none : none
    // expected-error @+1 {{has a query, keys or values that are not rows of heads}}
    %0:3 = onnx.group_query_attention %x, %none, %none, %past, %past, %lengths, %total, %none, %none, %none, %none {num_heads = 2 : i64, kv_num_heads = 3 : i64, scale = 0.0 : f32, do_rotary = false, rotary_interleaved = false, local_window = -1 : i64, softcap = 0.0 : f32} : (tensor<2x3x16xf32>, none, none, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>, tensor<2xi32>, tensor<i32>, none, none, none, none) -> (tensor<2x3x8xf32>, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>)
    return %0#0 : tensor<2x3x8xf32>
  }
}

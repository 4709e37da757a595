// RUN: llmc-opt %s -split-input-file -verify-diagnostics

// Elementwise ops, reductions and networks.

func.func @add_of_two_types(%x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error @below {{(1) takes 'f32' and 'f16'}}
  %z = onnx.add %x, %y : (tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>
  return
}

// -----

func.func @compare_of_two_types(%x: tensor<4xi64>, %y: tensor<4xi32>) {
  // expected-error @below {{(1) takes 'i64' and 'i32'}}
  %z = onnx.less %x, %y : (tensor<4xi64>, tensor<4xi32>) -> tensor<4xi1>
  return
}

// -----

func.func @mul_of_other_extents(%x: tensor<2x4xf32>, %y: tensor<3xf32>) {
  // expected-error @below {{(2) 'tensor<2x4xf32>' and 'tensor<3xf32>' do not broadcast to 'tensor<2x4xf32>'}}
  %z = onnx.mul %x, %y : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @sub_to_another_rank(%x: tensor<4xf32>, %y: tensor<4xf32>) {
  // expected-error @below {{(2) 'tensor<4xf32>' and 'tensor<4xf32>' do not broadcast to 'tensor<1x4xf32>'}}
  %z = onnx.sub %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @pow_to_another_extent(%x: tensor<1xf32>, %y: tensor<4xi64>) {
  // expected-error @below {{(2) 'tensor<1xf32>' and 'tensor<4xi64>' do not broadcast to 'tensor<1xf32>'}}
  %z = onnx.pow %x, %y : (tensor<1xf32>, tensor<4xi64>) -> tensor<1xf32>
  return
}

// -----

func.func @reduce_descending_axes(%x: tensor<2x3x4xf32>) {
  // expected-error @below {{(1) axes [2, 0] are not ascending dimensions of 'tensor<2x3x4xf32>'}}
  %y = onnx.reduce_sum %x {axes = array<i64: 2, 0>, keepdims = true} : (tensor<2x3x4xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @reduce_an_axis_twice(%x: tensor<2x3x4xf32>) {
  // expected-error @below {{(1) axes [1, 1] are not ascending dimensions of 'tensor<2x3x4xf32>'}}
  %y = onnx.reduce_max %x {axes = array<i64: 1, 1>, keepdims = true} : (tensor<2x3x4xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @reduce_beyond_the_rank(%x: tensor<2x3x4xf32>) {
  // expected-error @below {{(1) axes [3] are not ascending dimensions of 'tensor<2x3x4xf32>'}}
  %y = onnx.reduce_mean %x {axes = array<i64: 3>, keepdims = true} : (tensor<2x3x4xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @reduce_from_the_end(%x: tensor<2x3x4xf32>) {
  // expected-error @below {{(1) axes [-1] are not ascending dimensions of 'tensor<2x3x4xf32>'}}
  %y = onnx.reduce_l2 %x {axes = array<i64: -1>, keepdims = true} : (tensor<2x3x4xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @matmul_of_3_bits(%x: tensor<?x64xf32>, %w: tensor<8x2x16xui8>, %s: tensor<16xf32>) {
  %none = onnx.none : none
  // expected-error @below {{(1) bits must be 2, 4 or 8, not 3}}
  %y = onnx.matmul_nbits %x, %w, %s, %none, %none, %none {k = 64 : i64, n = 8 : i64, bits = 3 : i64, block_size = 32 : i64} : (tensor<?x64xf32>, tensor<8x2x16xui8>, tensor<16xf32>, none, none, none) -> tensor<?x8xf32>
  return
}

// -----

func.func @matmul_of_blocks_of_24(%x: tensor<?x64xf32>, %w: tensor<8x2x16xui8>, %s: tensor<16xf32>) {
  %none = onnx.none : none
  // expected-error @below {{(2) block_size must be a power of two from 16 on, not 24}}
  %y = onnx.matmul_nbits %x, %w, %s, %none, %none, %none {k = 64 : i64, n = 8 : i64, bits = 4 : i64, block_size = 24 : i64} : (tensor<?x64xf32>, tensor<8x2x16xui8>, tensor<16xf32>, none, none, none) -> tensor<?x8xf32>
  return
}

// -----

func.func @matmul_of_blocks_of_8(%x: tensor<?x64xf32>, %w: tensor<8x2x16xui8>, %s: tensor<16xf32>) {
  %none = onnx.none : none
  // expected-error @below {{(2) block_size must be a power of two from 16 on, not 8}}
  %y = onnx.matmul_nbits %x, %w, %s, %none, %none, %none {k = 64 : i64, n = 8 : i64, bits = 4 : i64, block_size = 8 : i64} : (tensor<?x64xf32>, tensor<8x2x16xui8>, tensor<16xf32>, none, none, none) -> tensor<?x8xf32>
  return
}

// -----

func.func @rotary_embedding_without_heads(%x: tensor<?x?x8xf32>, %t: tensor<16x2xf32>, %p: tensor<?x?xi64>) {
  // expected-error @below {{(1) needs num_heads with an input of rank 3}}
  %y = onnx.rotary_embedding %x, %t, %t, %p {num_heads = 0 : i64, rotary_dim = 0 : i64, interleaved = false} : (tensor<?x?x8xf32>, tensor<16x2xf32>, tensor<16x2xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @attention_without_heads(%x: tensor<?x?x8xf32>) {
  %n = onnx.none : none
  // expected-error @below {{(1) needs both head counts with inputs of rank 3}}
  %y:3 = onnx.attention %x, %x, %x, %n, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 0 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, none, none, none, none) -> (tensor<?x?x8xf32>, none, none)
  return
}

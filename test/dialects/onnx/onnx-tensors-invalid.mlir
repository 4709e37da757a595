// RUN: llmc-opt %s -split-input-file -verify-diagnostics

// Initializers, constants and movement.

// expected-error @below {{(1) type must be a ranked tensor of static shape, not 'tensor<?x8xf32>'}}
onnx.initializer @w {type = tensor<?x8xf32>, bytes = 32 : i64, file = 0 : i64, offset = 0 : i64}

// -----

// expected-error @below {{(1) type must be a ranked tensor of static shape, not 'f32'}}
onnx.initializer @w {type = f32, bytes = 4 : i64, file = 0 : i64, offset = 0 : i64}

// -----

// expected-error @below {{(1) element type must be an integer or float, not 'index'}}
onnx.initializer @w {type = tensor<2xindex>, bytes = 16 : i64, file = 0 : i64, offset = 0 : i64}

// -----

// expected-error @below {{(2) 'tensor<2x3xf32>' takes 24 bytes, not 20}}
onnx.initializer @w {type = tensor<2x3xf32>, bytes = 20 : i64, file = 0 : i64, offset = 0 : i64}

// -----

// expected-error @below {{(2) 'tensor<3xi4>' takes 2 bytes, not 3}}
onnx.initializer @w {type = tensor<3xi4>, bytes = 3 : i64, file = 0 : i64, offset = 0 : i64}

// -----

// expected-error @below {{(2) 'tensor<4611686018427387904x2xf32>' takes more than 2^60 bytes}}
onnx.initializer @w {type = tensor<4611686018427387904x2xf32>, bytes = 0 : i64, file = 0 : i64, offset = 0 : i64}

// -----

func.func @constant_of_another_type() {
  // expected-error @below {{(1) result 'tensor<4xf32>' is not the value's 'tensor<2xf32>'}}
  %c = onnx.constant dense<1.0> : tensor<2xf32> : tensor<4xf32>
  return
}

// -----

func.func @reshape_to_another_type(%x: tensor<4xf32>) {
  // expected-error @below {{(1) cannot change the element type 'f32' to 'f16'}}
  %y = onnx.reshape %x : (tensor<4xf32>) -> tensor<4xf16>
  return
}

// -----

func.func @reshape_to_more_elements(%x: tensor<4xf32>) {
  // expected-error @below {{(2) cannot reshape 4 elements to 6}}
  %y = onnx.reshape %x : (tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose_that_repeats(%x: tensor<2x3xf32>) {
  // expected-error @below {{(1) permutation [0, 0] does not permute 2 dimensions}}
  %y = onnx.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @transpose_of_too_few(%x: tensor<2x3xf32>) {
  // expected-error @below {{(1) permutation [0] does not permute 2 dimensions}}
  %y = onnx.transpose %x {permutation = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @transpose_beyond_the_rank(%x: tensor<2x3xf32>) {
  // expected-error @below {{(1) permutation [0, 2] does not permute 2 dimensions}}
  %y = onnx.transpose %x {permutation = array<i64: 0, 2>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_with_too_few_starts(%x: tensor<2x3xf32>) {
  // expected-error @below {{(1) needs one start and one step for each of 2 dimensions}}
  %y = onnx.slice %x {starts = affine_map<() -> (0)>, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_with_too_few_steps(%x: tensor<2x3xf32>) {
  // expected-error @below {{(1) needs one start and one step for each of 2 dimensions}}
  %y = onnx.slice %x {starts = affine_map<() -> (0, 0)>, steps = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_that_stands_still(%x: tensor<2x3xf32>) {
  // expected-error @below {{(1) a step must not be 0}}
  %y = onnx.slice %x {starts = affine_map<() -> (0, 0)>, steps = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @dimensions_of_another_count() {
  // expected-error @below {{(1) result must hold 1 elements in rank 0 or 1, not 'tensor<2xi64>'}}
  %y = onnx.dimensions {values = affine_map<()[s0] -> (s0)>} : () -> tensor<2xi64>
  return
}

// -----

func.func @dimensions_in_a_matrix() {
  // expected-error @below {{(1) result must hold 1 elements in rank 0 or 1, not 'tensor<1x1xi64>'}}
  %y = onnx.dimensions {values = affine_map<()[s0] -> (s0)>} : () -> tensor<1x1xi64>
  return
}

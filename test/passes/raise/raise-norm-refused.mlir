// RUN: llmc-opt %s --llmc-raise-norm | FileCheck %s

// What RaiseNorm leaves as it is, for the reason in the name.

#x = affine_map<()[s0, s1] -> (s0, s1, 4)>
#m = affine_map<()[s0, s1] -> (s0, s1, 1)>

// CHECK-LABEL: func.func @no_raise_computed_epsilon(
// CHECK-NOT: llm.rms_norm
// CHECK: return
func.func @no_raise_computed_epsilon(%x: tensor<?x?x4xf32, #x>, %eps: tensor<f32>) -> tensor<?x?x4xf32, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %sq = onnx.mul %x, %x : (tensor<?x?x4xf32, #x>, tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x>
  %mean = onnx.reduce_mean %sq {axes = array<i64: 2>, keepdims = true} : (tensor<?x?x4xf32, #x>) -> tensor<?x?x1xf32, #m>
  %var = onnx.add %mean, %eps : (tensor<?x?x1xf32, #m>, tensor<f32>) -> tensor<?x?x1xf32, #m>
  %root = onnx.sqrt %var : (tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %n = onnx.div %x, %root : (tensor<?x?x4xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x4xf32, #x>
  %r = onnx.mul %n, %w : (tensor<?x?x4xf32, #x>, tensor<4xf32>) -> tensor<?x?x4xf32, #x>
  return %r : tensor<?x?x4xf32, #x>
}

// CHECK-LABEL: func.func @no_raise_mean_over_another_axis(
// CHECK-NOT: llm.rms_norm
// CHECK: return
func.func @no_raise_mean_over_another_axis(%x: tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>) -> tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %eps = onnx.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %sq = onnx.mul %x, %x : (tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>, tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>) -> tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>
  %mean = onnx.reduce_mean %sq {axes = array<i64: 1>, keepdims = true} : (tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>) -> tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>
  %var = onnx.add %mean, %eps : (tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>, tensor<f32>) -> tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>
  %root = onnx.sqrt %var : (tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>) -> tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>
  %n = onnx.div %x, %root : (tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>, tensor<?x1x4xf32, affine_map<()[s0] -> (s0, 1, 4)>>) -> tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>
  %r = onnx.mul %n, %w : (tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>, tensor<4xf32>) -> tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>
  return %r : tensor<?x3x4xf32, affine_map<()[s0] -> (s0, 3, 4)>>
}

// The quotient is of another value than the mean.
// CHECK-LABEL: func.func @no_raise_root_of_another_value(
// CHECK-NOT: llm.rms_norm
// CHECK: return
func.func @no_raise_root_of_another_value(%x: tensor<?x?x4xf32, #x>, %y: tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %eps = onnx.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %sq = onnx.mul %x, %x : (tensor<?x?x4xf32, #x>, tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x>
  %mean = onnx.reduce_mean %sq {axes = array<i64: 2>, keepdims = true} : (tensor<?x?x4xf32, #x>) -> tensor<?x?x1xf32, #m>
  %var = onnx.add %mean, %eps : (tensor<?x?x1xf32, #m>, tensor<f32>) -> tensor<?x?x1xf32, #m>
  %root = onnx.sqrt %var : (tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %n = onnx.div %y, %root : (tensor<?x?x4xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x4xf32, #x>
  %r = onnx.mul %n, %w : (tensor<?x?x4xf32, #x>, tensor<4xf32>) -> tensor<?x?x4xf32, #x>
  return %r : tensor<?x?x4xf32, #x>
}

// A product of two activations is no mean of squares.
// CHECK-LABEL: func.func @no_raise_mean_of_a_product(
// CHECK-NOT: llm.rms_norm
// CHECK: return
func.func @no_raise_mean_of_a_product(%x: tensor<?x?x4xf32, #x>, %y: tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %eps = onnx.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %sq = onnx.mul %x, %y : (tensor<?x?x4xf32, #x>, tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x>
  %mean = onnx.reduce_mean %sq {axes = array<i64: 2>, keepdims = true} : (tensor<?x?x4xf32, #x>) -> tensor<?x?x1xf32, #m>
  %var = onnx.add %mean, %eps : (tensor<?x?x1xf32, #m>, tensor<f32>) -> tensor<?x?x1xf32, #m>
  %root = onnx.sqrt %var : (tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %n = onnx.div %x, %root : (tensor<?x?x4xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x4xf32, #x>
  %r = onnx.mul %n, %w : (tensor<?x?x4xf32, #x>, tensor<4xf32>) -> tensor<?x?x4xf32, #x>
  return %r : tensor<?x?x4xf32, #x>
}

// CHECK-LABEL: func.func @no_raise_operator_over_two_axes(
// CHECK: onnx.rms_normalization
func.func @no_raise_operator_over_two_axes(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %r = onnx.rms_normalization %x, %w {axis = 0 : i64, epsilon = 1.0e-5 : f32} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

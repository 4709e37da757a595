// RUN: llmc-opt %s --llmc-raise-norm | FileCheck %s

#x = affine_map<()[s0, s1] -> (s0, s1, 4)>
#m = affine_map<()[s0, s1] -> (s0, s1, 1)>

// CHECK-DAG: llm.weight @[[ZEROS:.+]] {type = tensor<4xf32>, values = dense<0.000000e+00>

// CHECK-LABEL: func.func @raise_rms_with_reciprocal_and_pow(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[W:.+]] = llm.get_weight @{{.+}} : tensor<4xf32>
// CHECK: %[[N:.+]] = llm.rms_norm %[[X]], %[[W]] {epsilon = 9.99999974E-6 : f32}
// CHECK-NOT: onnx.
// CHECK: return %[[N]]
func.func @raise_rms_with_reciprocal_and_pow(%x: tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %two = onnx.constant dense<2.0> : tensor<f32> : tensor<f32>
  %eps = onnx.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %sq = onnx.pow %x, %two : (tensor<?x?x4xf32, #x>, tensor<f32>) -> tensor<?x?x4xf32, #x>
  %mean = onnx.reduce_mean %sq {axes = array<i64: 2>, keepdims = true} : (tensor<?x?x4xf32, #x>) -> tensor<?x?x1xf32, #m>
  %var = onnx.add %mean, %eps : (tensor<?x?x1xf32, #m>, tensor<f32>) -> tensor<?x?x1xf32, #m>
  %root = onnx.sqrt %var : (tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %inv = onnx.reciprocal %root : (tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %n = onnx.mul %x, %inv : (tensor<?x?x4xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x4xf32, #x>
  %r = onnx.mul %w, %n : (tensor<4xf32>, tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x>
  return %r : tensor<?x?x4xf32, #x>
}

// CHECK-LABEL: func.func @raise_rms_through_casts(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: llm.rms_norm %[[X]], %{{.+}} : (tensor<?x?x4xf16, #{{.+}}>, tensor<4xf16>) -> tensor<?x?x4xf16
// CHECK-NOT: onnx.
// CHECK: return
func.func @raise_rms_through_casts(%h: tensor<?x?x4xf16, #x>) -> tensor<?x?x4xf16, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf16> : tensor<4xf16>
  %eps = onnx.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %x = onnx.cast %h : (tensor<?x?x4xf16, #x>) -> tensor<?x?x4xf32, #x>
  %sq = onnx.mul %x, %x : (tensor<?x?x4xf32, #x>, tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x>
  %mean = onnx.reduce_mean %sq {axes = array<i64: 2>, keepdims = true} : (tensor<?x?x4xf32, #x>) -> tensor<?x?x1xf32, #m>
  %var = onnx.add %eps, %mean : (tensor<f32>, tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %root = onnx.sqrt %var : (tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %n = onnx.div %x, %root : (tensor<?x?x4xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x4xf32, #x>
  %back = onnx.cast %n : (tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf16, #x>
  %r = onnx.mul %back, %w : (tensor<?x?x4xf16, #x>, tensor<4xf16>) -> tensor<?x?x4xf16, #x>
  return %r : tensor<?x?x4xf16, #x>
}

// CHECK-LABEL: func.func @raise_layer_written_out(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: llm.layer_norm %[[X]], %{{.+}}, %{{.+}} {epsilon = 9.99999974E-6 : f32}
// CHECK-NOT: onnx.
// CHECK: return
func.func @raise_layer_written_out(%x: tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %b = onnx.constant dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32> : tensor<4xf32>
  %eps = onnx.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %first = onnx.reduce_mean %x {axes = array<i64: 2>, keepdims = true} : (tensor<?x?x4xf32, #x>) -> tensor<?x?x1xf32, #m>
  %d = onnx.sub %x, %first : (tensor<?x?x4xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x4xf32, #x>
  %sq = onnx.mul %d, %d : (tensor<?x?x4xf32, #x>, tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x>
  %mean = onnx.reduce_mean %sq {axes = array<i64: 2>, keepdims = true} : (tensor<?x?x4xf32, #x>) -> tensor<?x?x1xf32, #m>
  %var = onnx.add %mean, %eps : (tensor<?x?x1xf32, #m>, tensor<f32>) -> tensor<?x?x1xf32, #m>
  %root = onnx.sqrt %var : (tensor<?x?x1xf32, #m>) -> tensor<?x?x1xf32, #m>
  %n = onnx.div %d, %root : (tensor<?x?x4xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x4xf32, #x>
  %s = onnx.mul %n, %w : (tensor<?x?x4xf32, #x>, tensor<4xf32>) -> tensor<?x?x4xf32, #x>
  %r = onnx.add %s, %b : (tensor<?x?x4xf32, #x>, tensor<4xf32>) -> tensor<?x?x4xf32, #x>
  return %r : tensor<?x?x4xf32, #x>
}

// CHECK-LABEL: func.func @raise_the_operators(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[N:.+]] = llm.rms_norm %[[X]]
// CHECK: llm.layer_norm %[[N]]
func.func @raise_the_operators(%x: tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %b = onnx.constant dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32> : tensor<4xf32>
  %n = onnx.rms_normalization %x, %w {axis = 2 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x?x4xf32, #x>, tensor<4xf32>) -> tensor<?x?x4xf32, #x>
  %r = onnx.layer_normalization %n, %w, %b {axis = 2 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x?x4xf32, #x>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32, #x>
  return %r : tensor<?x?x4xf32, #x>
}

// CHECK-LABEL: func.func @raise_operator_without_bias(
// CHECK: %[[B:.+]] = llm.get_weight @[[ZEROS]] : tensor<4xf32>
// CHECK: llm.layer_norm %{{.+}}, %{{.+}}, %[[B]]
func.func @raise_operator_without_bias(%x: tensor<?x?x4xf32, #x>) -> tensor<?x?x4xf32, #x> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %none = onnx.none : none
  %r = onnx.layer_normalization %x, %w, %none {axis = 2 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x?x4xf32, #x>, tensor<4xf32>, none) -> tensor<?x?x4xf32, #x>
  return %r : tensor<?x?x4xf32, #x>
}

// Heads [B, H, S, D] are normalised as the rows [B, S, H, D] that they were.
// CHECK-LABEL: func.func @raise_before_heads_are_moved(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[N:.+]] = llm.rms_norm %[[X]]
// CHECK: onnx.transpose %[[N]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: return
func.func @raise_before_heads_are_moved(%x: tensor<?x?x2x4xf32, affine_map<()[s0, s1] -> (s0, s1, 2, 4)>>) -> tensor<?x2x?x4xf32, affine_map<()[s0, s1] -> (s0, 2, s1, 4)>> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %t = onnx.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, affine_map<()[s0, s1] -> (s0, s1, 2, 4)>>) -> tensor<?x2x?x4xf32, affine_map<()[s0, s1] -> (s0, 2, s1, 4)>>
  %n = onnx.rms_normalization %t, %w {axis = 3 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x2x?x4xf32, affine_map<()[s0, s1] -> (s0, 2, s1, 4)>>, tensor<4xf32>) -> tensor<?x2x?x4xf32, affine_map<()[s0, s1] -> (s0, 2, s1, 4)>>
  return %n : tensor<?x2x?x4xf32, affine_map<()[s0, s1] -> (s0, 2, s1, 4)>>
}

// Rows of D for every head, [B, S * H, D], are heads of rows.
// CHECK-LABEL: func.func @raise_heads_as_rows(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[H:.+]] = onnx.reshape %[[X]] : {{.+}} -> tensor<?x?x2x4xf32
// CHECK: %[[N:.+]] = llm.rms_norm %[[H]]
// CHECK: onnx.reshape %[[N]] : {{.+}} -> tensor<?x?x4xf32
// CHECK: return
func.func @raise_heads_as_rows(%x: tensor<?x?x8xf32, affine_map<()[s0, s1] -> (s0, s1, 8)>>) -> tensor<?x?x4xf32, affine_map<()[s0, s1] -> (s0, s1 * 2, 4)>> {
  %w = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %r = onnx.reshape %x : (tensor<?x?x8xf32, affine_map<()[s0, s1] -> (s0, s1, 8)>>) -> tensor<?x?x4xf32, affine_map<()[s0, s1] -> (s0, s1 * 2, 4)>>
  %n = onnx.rms_normalization %r, %w {axis = 2 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x?x4xf32, affine_map<()[s0, s1] -> (s0, s1 * 2, 4)>>, tensor<4xf32>) -> tensor<?x?x4xf32, affine_map<()[s0, s1] -> (s0, s1 * 2, 4)>>
  return %n : tensor<?x?x4xf32, affine_map<()[s0, s1] -> (s0, s1 * 2, 4)>>
}

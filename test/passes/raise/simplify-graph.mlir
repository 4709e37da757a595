// RUN: llmc-opt %s --llmc-simplify-graph | FileCheck %s

#bsd = affine_map<()[s0, s1] -> (s0, s1, 8)>
#bshd = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#bhsd = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
#bhds = affine_map<()[s0, s1] -> (s0, 2, 4, s1)>
#scores = affine_map<()[s0, s1] -> (s0, 2, s1, s1)>

// CHECK-LABEL: func.func @compose_transposes(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[T:.+]] = onnx.transpose %[[X]] {permutation = array<i64: 0, 2, 3, 1>}
// CHECK-NOT: onnx.transpose
// CHECK: return %[[T]]
func.func @compose_transposes(%x: tensor<?x?x2x4xf32, #bshd>) -> tensor<?x2x4x?xf32, #bhds> {
  %0 = onnx.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #bshd>) -> tensor<?x2x?x4xf32, #bhsd>
  %1 = onnx.transpose %0 {permutation = array<i64: 0, 1, 3, 2>} : (tensor<?x2x?x4xf32, #bhsd>) -> tensor<?x2x4x?xf32, #bhds>
  return %1 : tensor<?x2x4x?xf32, #bhds>
}

// CHECK-LABEL: func.func @inverse_transposes_vanish(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK-NEXT: return %[[X]]
func.func @inverse_transposes_vanish(%x: tensor<?x?x2x4xf32, #bshd>) -> tensor<?x?x2x4xf32, #bshd> {
  %0 = onnx.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #bshd>) -> tensor<?x2x?x4xf32, #bhsd>
  %1 = onnx.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x4xf32, #bhsd>) -> tensor<?x?x2x4xf32, #bshd>
  return %1 : tensor<?x?x2x4xf32, #bshd>
}

// CHECK-LABEL: func.func @no_compose_transpose_of_reshape(
// CHECK: onnx.reshape
// CHECK: onnx.transpose
func.func @no_compose_transpose_of_reshape(%x: tensor<?x?x8xf32, #bsd>) -> tensor<?x2x?x4xf32, #bhsd> {
  %0 = onnx.reshape %x : (tensor<?x?x8xf32, #bsd>) -> tensor<?x?x2x4xf32, #bshd>
  %1 = onnx.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #bshd>) -> tensor<?x2x?x4xf32, #bhsd>
  return %1 : tensor<?x2x?x4xf32, #bhsd>
}

// CHECK-LABEL: func.func @compose_reshapes(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK-NEXT: %[[R:.+]] = onnx.reshape %[[X]] : (tensor<24xf32>) -> tensor<2x12xf32>
// CHECK-NEXT: return %[[R]]
func.func @compose_reshapes(%x: tensor<24xf32>) -> tensor<2x12xf32> {
  %0 = onnx.reshape %x : (tensor<24xf32>) -> tensor<4x6xf32>
  %1 = onnx.reshape %0 : (tensor<4x6xf32>) -> tensor<2x12xf32>
  return %1 : tensor<2x12xf32>
}

// CHECK-LABEL: func.func @reshape_there_and_back_vanishes(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK-NEXT: return %[[X]]
func.func @reshape_there_and_back_vanishes(%x: tensor<?x?x8xf32, #bsd>) -> tensor<?x?x8xf32, #bsd> {
  %0 = onnx.reshape %x : (tensor<?x?x8xf32, #bsd>) -> tensor<?x?x2x4xf32, #bshd>
  %1 = onnx.reshape %0 : (tensor<?x?x2x4xf32, #bshd>) -> tensor<?x?x8xf32, #bsd>
  return %1 : tensor<?x?x8xf32, #bsd>
}

// CHECK-LABEL: func.func @identities_vanish(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK-NEXT: return %[[X]]
func.func @identities_vanish(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = onnx.cast %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = onnx.expand %0 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %2 = onnx.tile %1 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %3 = onnx.split %2 {axis = 0 : i64} : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %3 : tensor<4x6xf32>
}

// CHECK-LABEL: func.func @no_drop_cast_to_another_type(
// CHECK: onnx.cast
// CHECK: onnx.cast
func.func @no_drop_cast_to_another_type(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = onnx.cast %x : (tensor<4x6xf32>) -> tensor<4x6xf16>
  %1 = onnx.cast %0 : (tensor<4x6xf16>) -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}

// CHECK-LABEL: func.func @no_drop_split_of_two(
// CHECK: onnx.split
func.func @no_drop_split_of_two(%x: tensor<4x6xf32>) -> tensor<2x6xf32> {
  %0:2 = onnx.split %x {axis = 0 : i64} : (tensor<4x6xf32>) -> (tensor<2x6xf32>, tensor<2x6xf32>)
  return %0#1 : tensor<2x6xf32>
}

// CHECK-LABEL: func.func @guard_of_softmax_vanishes(
// CHECK: %[[P:.+]] = onnx.softmax
// CHECK-NEXT: return %[[P]]
func.func @guard_of_softmax_vanishes(%s: tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xf32, #scores> {
  %zero = onnx.constant dense<0.0> : tensor<f32> : tensor<f32>
  %p = onnx.softmax %s {axis = 3 : i64} : (tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xf32, #scores>
  %nan = onnx.is_nan %p : (tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xi1, #scores>
  %r = onnx.where %nan, %zero, %p : (tensor<?x2x?x?xi1, #scores>, tensor<f32>, tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xf32, #scores>
  return %r : tensor<?x2x?x?xf32, #scores>
}

// CHECK-LABEL: func.func @no_drop_guard_of_another_value(
// CHECK: onnx.where
func.func @no_drop_guard_of_another_value(%s: tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xf32, #scores> {
  %zero = onnx.constant dense<0.0> : tensor<f32> : tensor<f32>
  %p = onnx.sqrt %s : (tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xf32, #scores>
  %nan = onnx.is_nan %p : (tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xi1, #scores>
  %r = onnx.where %nan, %zero, %p : (tensor<?x2x?x?xi1, #scores>, tensor<f32>, tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xf32, #scores>
  return %r : tensor<?x2x?x?xf32, #scores>
}

// CHECK-LABEL: func.func @dead_ops_are_erased(
// CHECK-NEXT: return
func.func @dead_ops_are_erased(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = onnx.exp %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = onnx.sqrt %0 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %x : tensor<4x6xf32>
}

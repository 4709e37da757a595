// RUN: llmc-opt %s --llmc-raise-map | FileCheck %s

#x = affine_map<()[s0, s1] -> (s0, s1, 8)>
#m = affine_map<()[s0, s1] -> (s0, s1, 1)>
#h = affine_map<()[s0, s1] -> (s1, s0, 8)>

onnx.initializer @bias {type = tensor<8xf32>, file = 0 : i64, offset = 0 : i64, bytes = 32 : i64}
// CHECK: llm.weight @[[BIAS:.+]] {sources = [@bias]

// CHECK-LABEL: func.func @raise_sum_of_rows(
// CHECK-SAME: %[[X:[a-z0-9]+]]: {{.+}}, %[[Y:[a-z0-9]+]]:
// CHECK: llm.map %[[X]], %[[Y]] : {{.+}} {
// CHECK-NEXT: ^bb0(%[[A:.+]]: f32, %[[B:.+]]: f32):
// CHECK-NEXT: %[[S:.+]] = arith.addf %[[A]], %[[B]] : f32
// CHECK-NEXT: llm.yield %[[S]] : f32
func.func @raise_sum_of_rows(%x: tensor<?x?x8xf32, #x>, %y: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %0 = onnx.add %x, %y : (tensor<?x?x8xf32, #x>, tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @raise_constant_into_the_region(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: llm.map %[[X]] : {{.+}} {
// CHECK-NEXT: ^bb0(%[[A:.+]]: f32):
// CHECK-NEXT: %[[C:.+]] = arith.constant 2.500000e-01 : f32
// CHECK-NEXT: arith.divf %[[A]], %[[C]] : f32
func.func @raise_constant_into_the_region(%x: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %c = onnx.constant dense<0.25> : tensor<1xf32> : tensor<1xf32>
  %0 = onnx.div %x, %c : (tensor<?x?x8xf32, #x>, tensor<1xf32>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @raise_weight_per_column(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[B:.+]] = llm.get_weight @[[BIAS]] : tensor<8xf32>
// CHECK: llm.map %[[B]], %[[X]]
func.func @raise_weight_per_column(%x: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %b = onnx.get_initializer @bias : tensor<8xf32>
  %0 = onnx.add %b, %x : (tensor<8xf32>, tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @raise_half_computes_in_single(
// CHECK: ^bb0(%[[A:.+]]: f16):
// CHECK: %[[W:.+]] = arith.extf %[[A]] : f16 to f32
// CHECK: %[[T:.+]] = math.tanh %[[W]] : f32
// CHECK: %[[R:.+]] = arith.truncf %[[T]] : f32 to f16
// CHECK: llm.yield %[[R]] : f16
func.func @raise_half_computes_in_single(%x: tensor<?x?x8xf16, #x>) -> tensor<?x?x8xf16, #x> {
  %0 = onnx.tanh %x : (tensor<?x?x8xf16, #x>) -> tensor<?x?x8xf16, #x>
  return %0 : tensor<?x?x8xf16, #x>
}

// CHECK-LABEL: func.func @raise_sigmoid_by_exp(
// CHECK: arith.negf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: arith.divf
func.func @raise_sigmoid_by_exp(%x: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %0 = onnx.sigmoid %x : (tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @raise_both_forms_of_gelu(
// CHECK: math.erf
// CHECK: math.tanh
// CHECK-NOT: onnx.gelu
func.func @raise_both_forms_of_gelu(%x: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %0 = onnx.gelu %x {tanh_approximation = false} : (tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x>
  %1 = onnx.gelu %0 {tanh_approximation = true} : (tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x>
  return %1 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @raise_cube(
// CHECK: ^bb0(%[[A:.+]]: f32):
// CHECK: %[[SQ:.+]] = arith.mulf %[[A]], %[[A]]
// CHECK: arith.mulf %[[A]], %[[SQ]]
func.func @raise_cube(%x: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %c = onnx.constant dense<3.0> : tensor<f32> : tensor<f32>
  %0 = onnx.pow %x, %c : (tensor<?x?x8xf32, #x>, tensor<f32>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_raise_other_powers(
// CHECK: onnx.pow
func.func @no_raise_other_powers(%x: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %c = onnx.constant dense<2.5> : tensor<f32> : tensor<f32>
  %0 = onnx.pow %x, %c : (tensor<?x?x8xf32, #x>, tensor<f32>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_raise_op_without_scalar_form(
// CHECK-NOT: llm.map
// CHECK: onnx.tan
func.func @no_raise_op_without_scalar_form(%x: tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x> {
  %0 = onnx.tan %x : (tensor<?x?x8xf32, #x>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_raise_broadcast_over_columns(
// CHECK: onnx.mul
func.func @no_raise_broadcast_over_columns(%x: tensor<?x?x8xf32, #x>, %y: tensor<?x?x1xf32, #m>) -> tensor<?x?x8xf32, #x> {
  %0 = onnx.mul %x, %y : (tensor<?x?x8xf32, #x>, tensor<?x?x1xf32, #m>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// Both print as ?x?x8; the extents are exchanged.
// CHECK-LABEL: func.func @no_raise_other_extents(
// CHECK: onnx.add
func.func @no_raise_other_extents(%x: tensor<?x?x8xf32, #x>, %y: tensor<?x?x8xf32, #h>) -> tensor<?x?x8xf32, #x> {
  %0 = onnx.add %x, %y : (tensor<?x?x8xf32, #x>, tensor<?x?x8xf32, #h>) -> tensor<?x?x8xf32, #x>
  return %0 : tensor<?x?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_raise_static_shapes(
// CHECK: onnx.exp
func.func @no_raise_static_shapes(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = onnx.exp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// CHECK-LABEL: func.func @no_raise_integers(
// CHECK: onnx.add
func.func @no_raise_integers(%x: tensor<?x?x8xi64, #x>) -> tensor<?x?x8xi64, #x> {
  %0 = onnx.add %x, %x : (tensor<?x?x8xi64, #x>, tensor<?x?x8xi64, #x>) -> tensor<?x?x8xi64, #x>
  return %0 : tensor<?x?x8xi64, #x>
}

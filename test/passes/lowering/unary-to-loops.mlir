// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// One math op a function; an activation is composed of several.
// CHECK-LABEL: module @lower_functions
// CHECK: func.func @erf_0(
// CHECK: math.erf {{.*}} : f32
// CHECK: func.func @sigmoid_0(
// CHECK: math.exp {{.*}} : f32
// CHECK: arith.divf {{.*}} : f32
module @lower_functions {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = onnx.erf %x : (tensor<4xf32>) -> tensor<4xf32>
    %1 = onnx.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
    return %1 : tensor<4xf32>
  }
}

// -----

// CHECK-LABEL: module @lower_double_in_itself
// CHECK: math.sqrt {{.*}} : f64
// CHECK-NOT: arith.truncf
module @lower_double_in_itself {
  func.func @main(%x: tensor<4xf64>) -> tensor<4xf64> {
    %0 = onnx.sqrt %x : (tensor<4xf64>) -> tensor<4xf64>
    return %0 : tensor<4xf64>
  }
}

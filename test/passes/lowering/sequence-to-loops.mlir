// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// A tile is a line: its largest element, the exponentials, their sum.
// CHECK-LABEL: module @lower_softmax
// CHECK: rt.launch @softmax_0
// CHECK: func.func @softmax_0(%arg0: memref<3x8xf32>, %arg1: memref<3x8xf32>,
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: math.exp
// CHECK: arith.divf
module @lower_softmax {
  func.func @main(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
    %0 = onnx.softmax %x {axis = 1 : i64} : (tensor<3x8xf32>) -> tensor<3x8xf32>
    return %0 : tensor<3x8xf32>
  }
}

// -----

// Both results are stored by one kernel.
// CHECK-LABEL: module @lower_top_k
// CHECK: rt.launch @top_k_0 {{.*}} : memref<3x8xf32>, memref<3x2xf32>, memref<3x2xi64>
module @lower_top_k {
  func.func @main(%x: tensor<3x8xf32>) -> (tensor<3x2xf32>, tensor<3x2xi64>) {
    %0, %1 = onnx.top_k %x {axis = 1 : i64, largest = true, sorted = true} : (tensor<3x8xf32>) -> (tensor<3x2xf32>, tensor<3x2xi64>)
    return %0, %1 : tensor<3x2xf32>, tensor<3x2xi64>
  }
}

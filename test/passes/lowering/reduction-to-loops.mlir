// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// A tile is an element of the result; the sum is in f64, rounded once.
// CHECK-LABEL: module @lower_mean
// CHECK: rt.launch @reduce_mean_0
// CHECK: func.func @reduce_mean_0(%arg0: memref<2x3x8xf32>, %arg1: memref<1x3x1xf32>,
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args
// CHECK: scf.for {{.*}} iter_args
// CHECK: arith.addf {{.*}} : f64
// CHECK: arith.divf {{.*}} : f64
// CHECK: arith.truncf
// CHECK: memref.store {{.*}}, %arg1
module @lower_mean {
  func.func @main(%x: tensor<2x3x8xf32>) -> tensor<1x3x1xf32> {
    %0 = onnx.reduce_mean %x {axes = array<i64: 0, 2>, keepdims = true} : (tensor<2x3x8xf32>) -> tensor<1x3x1xf32>
    return %0 : tensor<1x3x1xf32>
  }
}

// -----

// The first of equal extremes, or the last.
// CHECK-LABEL: module @lower_arg_max
// CHECK: func.func @arg_max_0(
// CHECK: memref.store {{.*}} : memref<2xi64>
module @lower_arg_max {
  func.func @main(%x: tensor<2x8xf32>) -> tensor<2xi64> {
    %0 = onnx.arg_max %x {axis = 1 : i64, keepdims = false, select_last_index = false} : (tensor<2x8xf32>) -> tensor<2xi64>
    return %0 : tensor<2xi64>
  }
}

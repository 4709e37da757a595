// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// Batches of the smaller operand are read again; the sum is one chain in f64.
// CHECK-LABEL: module @lower_matmul
// CHECK: func.func @matmul_0(%arg0: memref<2x3x8xf32>, %arg1: memref<8x5xf32>, %arg2: memref<2x3x5xf32>,
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.load %arg0
// CHECK: memref.load %arg1
// CHECK: math.fma {{.*}} : f64
// CHECK: scf.yield
// CHECK: memref.store {{.*}}, %arg2
module @lower_matmul {
  func.func @main(%x: tensor<2x3x8xf32>, %w: tensor<8x5xf32>) -> tensor<2x3x5xf32> {
    %0 = onnx.matmul %x, %w : (tensor<2x3x8xf32>, tensor<8x5xf32>) -> tensor<2x3x5xf32>
    return %0 : tensor<2x3x5xf32>
  }
}

// -----

// CHECK-LABEL: module @lower_rms_normalization
// CHECK: func.func @rms_normalization_0(
// CHECK: math.sqrt
module @lower_rms_normalization {
  func.func @main(%x: tensor<3x8xf32>, %w: tensor<8xf32>) -> tensor<3x8xf32> {
    %0 = onnx.rms_normalization %x, %w {axis = 1 : i64, epsilon = 1.0e-5 : f32} : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
    return %0 : tensor<3x8xf32>
  }
}

// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// The operand of one line is read again for every line of the result.
// CHECK-LABEL: module @lower_broadcast
// CHECK: func.func @add_0(%arg0: memref<3x4xf32>, %arg1: memref<4xf32>, %arg2: memref<3x4xf32>,
// CHECK: memref.load %arg0[%[[ROW:.+]], %[[COLUMN:.+]]]
// CHECK: memref.load %arg1[%[[COLUMN]]]
// CHECK: arith.addf {{.*}} : f32
// CHECK: memref.store %{{.+}}, %arg2[%[[ROW]], %[[COLUMN]]]
module @lower_broadcast {
  func.func @main(%x: tensor<3x4xf32>, %y: tensor<4xf32>) -> tensor<3x4xf32> {
    %0 = onnx.add %x, %y : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
    return %0 : tensor<3x4xf32>
  }
}

// -----

// Halves compute in f32 and are rounded once; comparisons give a byte.
// CHECK-LABEL: module @lower_half_comparison
// CHECK: func.func @less_0(
// CHECK-COUNT-2: arith.extf {{.*}} : f16 to f32
// CHECK: arith.cmpf olt, {{.*}} : f32
// CHECK: memref.store {{.*}} : memref<4xi1>
module @lower_half_comparison {
  func.func @main(%x: tensor<4xf16>, %y: tensor<4xf16>) -> tensor<4xi1> {
    %0 = onnx.less %x, %y : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xi1>
    return %0 : tensor<4xi1>
  }
}

// -----

// Integers are divided only where the divisor is not 0; u64 without a sign.
// CHECK-LABEL: module @lower_division
// CHECK: func.func @div_0(
// CHECK: arith.cmpi eq
// CHECK: arith.divsi
// CHECK: func.func @div_1(
// CHECK: arith.divui
module @lower_division {
  func.func @main(%x: tensor<4xi64>, %u: tensor<4xui64>) -> (tensor<4xi64>, tensor<4xui64>) {
    %0 = onnx.div %x, %x : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
    %1 = onnx.div %u, %u : (tensor<4xui64>, tensor<4xui64>) -> tensor<4xui64>
    return %0, %1 : tensor<4xi64>, tensor<4xui64>
  }
}

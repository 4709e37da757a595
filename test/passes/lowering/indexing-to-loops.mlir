// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// An index counts from the end where negative and never leaves the table.
// CHECK-LABEL: module @lower_gather
// CHECK: func.func @gather_0(%arg0: memref<4x8xf32>, %arg1: memref<3xi64>, %arg2: memref<3x8xf32>,
// CHECK: %[[ID:.+]] = memref.load %arg1
// CHECK: arith.cmpi slt, %[[ID]]
// CHECK: arith.select
// CHECK: memref.load %arg0
// CHECK: memref.store {{.*}}, %arg2
module @lower_gather {
  func.func @main(%w: tensor<4x8xf32>, %i: tensor<3xi64>) -> tensor<3x8xf32> {
    %0 = onnx.gather %w, %i {axis = 0 : i64} : (tensor<4x8xf32>, tensor<3xi64>) -> tensor<3x8xf32>
    return %0 : tensor<3x8xf32>
  }
}

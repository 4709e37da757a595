// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// Positions index the tables, from the end where negative, never outside.
// CHECK-LABEL: module @lower_positions
// CHECK: rt.launch @rotary_embedding_0 {{.*}} : memref<2x3x8xf32>, memref<16x2xf32>, memref<16x2xf32>, memref<2x3xi64>, memref<2x3x8xf32>
// CHECK: func.func @rotary_embedding_0(
// CHECK: %[[POSITION:.+]] = memref.load %arg3[%{{.+}}, %{{.+}}] : memref<2x3xi64>
// CHECK: memref.load %arg1
// CHECK: memref.load %arg2
// CHECK: arith.mulf
// CHECK: memref.store
module @lower_positions {
  func.func @main(%x: tensor<2x3x8xf32>, %cos: tensor<16x2xf32>, %sin: tensor<16x2xf32>, %p: tensor<2x3xi64>) -> tensor<2x3x8xf32> {
    %0 = onnx.rotary_embedding %x, %cos, %sin, %p {num_heads = 2 : i64, rotary_dim = 4 : i64, interleaved = true} : (tensor<2x3x8xf32>, tensor<16x2xf32>, tensor<16x2xf32>, tensor<2x3xi64>) -> tensor<2x3x8xf32>
    return %0 : tensor<2x3x8xf32>
  }
}

// -----

// Without positions the tables have a line for each row.
// CHECK-LABEL: module @lower_tables_of_rows
// CHECK: func.func @rotary_embedding_0(%arg0: memref<2x2x3x4xf32>, %arg1: memref<2x3x2xf32>,
// CHECK: memref.load %arg1[%{{.+}}, %{{.+}}, %{{.+}}] : memref<2x3x2xf32>
module @lower_tables_of_rows {
  func.func @main(%x: tensor<2x2x3x4xf32>, %cos: tensor<2x3x2xf32>, %sin: tensor<2x3x2xf32>) -> tensor<2x2x3x4xf32> {
    %none = onnx.none : none
    %0 = onnx.rotary_embedding %x, %cos, %sin, %none {num_heads = 0 : i64, rotary_dim = 0 : i64, interleaved = false} : (tensor<2x2x3x4xf32>, tensor<2x3x2xf32>, tensor<2x3x2xf32>, none) -> tensor<2x2x3x4xf32>
    return %0 : tensor<2x2x3x4xf32>
  }
}

// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// Two weights a byte, with the scale of their block and a zero of 8.
// CHECK-LABEL: module @lower_four_bits
// CHECK: func.func @matmul_nbits_0(
// CHECK-DAG: %[[MASK:.+]] = arith.constant 15 : i64
// CHECK-DAG: %[[ZERO:.+]] = arith.constant 8.000000e+00 : f64
// CHECK: arith.andi %{{.+}}, %[[MASK]]
// CHECK: arith.subf %{{.+}}, %[[ZERO]]
module @lower_four_bits {
  func.func @main(%x: tensor<2x64xf32>, %q: tensor<8x2x16xui8>, %s: tensor<16xf32>) -> tensor<2x8xf32> {
    %none = onnx.none : none
    %0 = onnx.matmul_nbits %x, %q, %s, %none, %none, %none {k = 64 : i64, n = 8 : i64, bits = 4 : i64, block_size = 32 : i64} : (tensor<2x64xf32>, tensor<8x2x16xui8>, tensor<16xf32>, none, none, none) -> tensor<2x8xf32>
    return %0 : tensor<2x8xf32>
  }
}

// -----

// Rows of a table of 8 bits with zero points of their own; an index from the end
// counts backwards.
// CHECK-LABEL: module @lower_rows_of_a_table
// CHECK: func.func @gather_block_quantized_0(
// CHECK: arith.select
// CHECK: arith.andi %{{.+}}, %c255
// CHECK: arith.subf
// CHECK: arith.mulf
module @lower_rows_of_a_table {
  func.func @main(%t: tensor<10x64xui8>, %i: tensor<3xi64>, %s: tensor<10x2xf32>, %z: tensor<10x2xui8>) -> tensor<3x64xf32> {
    %0 = onnx.gather_block_quantized %t, %i, %s, %z {bits = 8 : i64, block_size = 32 : i64} : (tensor<10x64xui8>, tensor<3xi64>, tensor<10x2xf32>, tensor<10x2xui8>) -> tensor<3x64xf32>
    return %0 : tensor<3x64xf32>
  }
}

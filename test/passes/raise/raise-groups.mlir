// RUN: llmc-opt %s --llmc-raise-linear | FileCheck %s

// Weights of few bits keep them: the scheme says how many, and in what groups.

#bsk = affine_map<()[s0, s1] -> (s0, s1, 64)>
#bsn = affine_map<()[s0, s1] -> (s0, s1, 32)>

onnx.initializer @q4 {type = tensor<32x2x16xui8>, file = 0 : i64, offset = 0 : i64, bytes = 1024 : i64}
onnx.initializer @q8 {type = tensor<32x2x32xui8>, file = 0 : i64, offset = 0 : i64, bytes = 2048 : i64}
onnx.initializer @q16 {type = tensor<32x4x8xui8>, file = 0 : i64, offset = 0 : i64, bytes = 1024 : i64}
onnx.initializer @s {type = tensor<32x2xf32>, file = 0 : i64, offset = 0 : i64, bytes = 256 : i64}
onnx.initializer @s16 {type = tensor<32x4xf32>, file = 0 : i64, offset = 0 : i64, bytes = 512 : i64}
onnx.initializer @z {type = tensor<32xui8>, file = 0 : i64, offset = 0 : i64, bytes = 32 : i64}
onnx.initializer @bias {type = tensor<32xf32>, file = 0 : i64, offset = 0 : i64, bytes = 128 : i64}

// CHECK-DAG: llm.weight @[[FOUR:.+]] {scales = [@s], scheme = "w4g32", sources = [@q4], transposed = array<i1: true>, type = tensor<64x32xf32>}
// CHECK-DAG: llm.weight @[[ZEROS:.+]] {scales = [@s], scheme = "w4g32z", sources = [@q4], transposed = array<i1: true>, type = tensor<64x32xf32>, zeros = [@z]}
// CHECK-DAG: llm.weight @[[EIGHT:.+]] {scales = [@s], scheme = "w8g32", sources = [@q8]

// CHECK-LABEL: func.func @four_bits(
// CHECK: %[[W:.+]] = llm.get_weight @[[FOUR]]
// CHECK: llm.linear %{{.+}}, %[[W]]
func.func @four_bits(%x: tensor<?x?x64xf32, #bsk>) -> tensor<?x?x32xf32, #bsn> {
  %none = onnx.none : none
  %q = onnx.get_initializer @q4 : tensor<32x2x16xui8>
  %s = onnx.get_initializer @s : tensor<32x2xf32>
  %0 = onnx.matmul_nbits %x, %q, %s, %none, %none, %none {bits = 4 : i64, block_size = 32 : i64, k = 64 : i64, n = 32 : i64} : (tensor<?x?x64xf32, #bsk>, tensor<32x2x16xui8>, tensor<32x2xf32>, none, none, none) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

// CHECK-LABEL: func.func @zero_points_and_a_bias(
// CHECK: llm.get_weight @[[ZEROS]]
// CHECK: %[[Y:.+]] = llm.linear
// CHECK: onnx.add %[[Y]]
func.func @zero_points_and_a_bias(%x: tensor<?x?x64xf32, #bsk>) -> tensor<?x?x32xf32, #bsn> {
  %none = onnx.none : none
  %q = onnx.get_initializer @q4 : tensor<32x2x16xui8>
  %s = onnx.get_initializer @s : tensor<32x2xf32>
  %z = onnx.get_initializer @z : tensor<32xui8>
  %b = onnx.get_initializer @bias : tensor<32xf32>
  %0 = onnx.matmul_nbits %x, %q, %s, %z, %none, %b {bits = 4 : i64, block_size = 32 : i64, k = 64 : i64, n = 32 : i64} : (tensor<?x?x64xf32, #bsk>, tensor<32x2x16xui8>, tensor<32x2xf32>, tensor<32xui8>, none, tensor<32xf32>) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

// CHECK-LABEL: func.func @eight_bits(
// CHECK: llm.get_weight @[[EIGHT]]
func.func @eight_bits(%x: tensor<?x?x64xf32, #bsk>) -> tensor<?x?x32xf32, #bsn> {
  %none = onnx.none : none
  %q = onnx.get_initializer @q8 : tensor<32x2x32xui8>
  %s = onnx.get_initializer @s : tensor<32x2xf32>
  %0 = onnx.matmul_nbits %x, %q, %s, %none, %none, %none {bits = 8 : i64, block_size = 32 : i64, k = 64 : i64, n = 32 : i64} : (tensor<?x?x64xf32, #bsk>, tensor<32x2x32xui8>, tensor<32x2xf32>, none, none, none) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

// Blocks of 16 are shorter than a block of the canonical sum.
// CHECK-LABEL: func.func @no_blocks_of_sixteen(
// CHECK: onnx.matmul_nbits
func.func @no_blocks_of_sixteen(%x: tensor<?x?x64xf32, #bsk>) -> tensor<?x?x32xf32, #bsn> {
  %none = onnx.none : none
  %q = onnx.get_initializer @q16 : tensor<32x4x8xui8>
  %s = onnx.get_initializer @s16 : tensor<32x4xf32>
  %0 = onnx.matmul_nbits %x, %q, %s, %none, %none, %none {bits = 4 : i64, block_size = 16 : i64, k = 64 : i64, n = 32 : i64} : (tensor<?x?x64xf32, #bsk>, tensor<32x4x8xui8>, tensor<32x4xf32>, none, none, none) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

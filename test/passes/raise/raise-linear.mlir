// RUN: llmc-opt %s --llmc-raise-linear | FileCheck %s

#bsk = affine_map<()[s0, s1] -> (s0, s1, 64)>
#bsn = affine_map<()[s0, s1] -> (s0, s1, 32)>
#s = affine_map<()[s0] -> (s0, 64)>

onnx.initializer @a {type = tensor<64x32xf32>, file = 0 : i64, offset = 0 : i64, bytes = 8192 : i64}
onnx.initializer @b {type = tensor<32x64xf32>, file = 0 : i64, offset = 8192 : i64, bytes = 8192 : i64}
onnx.initializer @h {type = tensor<64x32xf16>, file = 0 : i64, offset = 16384 : i64, bytes = 4096 : i64}
onnx.initializer @batched {type = tensor<2x64x32xf32>, file = 0 : i64, offset = 0 : i64, bytes = 16384 : i64}
// CHECK-DAG: llm.weight @[[A:.+]] {sources = [@a], transposed = array<i1: false>, type = tensor<64x32xf32>}
// CHECK-DAG: llm.weight @[[B:.+]] {sources = [@b], transposed = array<i1: true>, type = tensor<64x32xf32>}
// CHECK-DAG: llm.weight @[[H:.+]] {sources = [@h], transposed = array<i1: false>, type = tensor<64x32xf16>}
// CHECK-DAG: llm.weight @[[C:.+]] {type = tensor<64x32xf32>, values = dense<1.000000e+00>

// CHECK-LABEL: func.func @raise_initializer(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[W:.+]] = llm.get_weight @[[A]] : tensor<64x32xf32>
// CHECK: llm.linear %[[X]], %[[W]] : {{.+}} {
// CHECK-NEXT: ^bb0(%[[SUM:.+]]: f32):
// CHECK-NEXT: llm.yield %[[SUM]] : f32
// CHECK-NOT: onnx.matmul
func.func @raise_initializer(%x: tensor<?x?x64xf32, #bsk>) -> tensor<?x?x32xf32, #bsn> {
  %w = onnx.get_initializer @a : tensor<64x32xf32>
  %0 = onnx.matmul %x, %w : (tensor<?x?x64xf32, #bsk>, tensor<64x32xf32>) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

// CHECK-LABEL: func.func @raise_transposed_initializer(
// CHECK: llm.get_weight @[[B]] : tensor<64x32xf32>
// CHECK: llm.linear
// CHECK-NOT: onnx.
// CHECK: return
func.func @raise_transposed_initializer(%x: tensor<?x?x64xf32, #bsk>) -> tensor<?x?x32xf32, #bsn> {
  %w = onnx.get_initializer @b : tensor<32x64xf32>
  %t = onnx.transpose %w {permutation = array<i64: 1, 0>} : (tensor<32x64xf32>) -> tensor<64x32xf32>
  %0 = onnx.matmul %x, %t : (tensor<?x?x64xf32, #bsk>, tensor<64x32xf32>) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

// CHECK-LABEL: func.func @raise_constant(
// CHECK: llm.get_weight @[[C]]
// CHECK: llm.linear
func.func @raise_constant(%x: tensor<?x?x64xf32, #bsk>) -> tensor<?x?x32xf32, #bsn> {
  %w = onnx.constant dense<1.0> : tensor<64x32xf32> : tensor<64x32xf32>
  %0 = onnx.matmul %x, %w : (tensor<?x?x64xf32, #bsk>, tensor<64x32xf32>) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

// CHECK-LABEL: func.func @raise_half_truncates_the_sum(
// CHECK: llm.get_weight @[[H]]
// CHECK: ^bb0(%[[SUM:.+]]: f32):
// CHECK-NEXT: %[[R:.+]] = arith.truncf %[[SUM]] : f32 to f16
// CHECK-NEXT: llm.yield %[[R]] : f16
func.func @raise_half_truncates_the_sum(%x: tensor<?x?x64xf16, #bsk>) -> tensor<?x?x32xf16, #bsn> {
  %w = onnx.get_initializer @h : tensor<64x32xf16>
  %0 = onnx.matmul %x, %w : (tensor<?x?x64xf16, #bsk>, tensor<64x32xf16>) -> tensor<?x?x32xf16, #bsn>
  return %0 : tensor<?x?x32xf16, #bsn>
}

// CHECK-LABEL: func.func @raise_two_uses_of_one_weight(
// CHECK: llm.get_weight @[[A]]
// CHECK: llm.get_weight @[[A]]
func.func @raise_two_uses_of_one_weight(%x: tensor<?x64xf32, #s>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %w = onnx.get_initializer @a : tensor<64x32xf32>
  %0 = onnx.matmul %x, %w : (tensor<?x64xf32, #s>, tensor<64x32xf32>) -> tensor<?x32xf32>
  %1 = onnx.matmul %x, %w : (tensor<?x64xf32, #s>, tensor<64x32xf32>) -> tensor<?x32xf32>
  return %0, %1 : tensor<?x32xf32>, tensor<?x32xf32>
}

// CHECK-LABEL: func.func @no_raise_product_of_activations(
// CHECK: onnx.matmul
func.func @no_raise_product_of_activations(%x: tensor<?x?x64xf32, #bsk>, %y: tensor<64x32xf32>) -> tensor<?x?x32xf32, #bsn> {
  %0 = onnx.matmul %x, %y : (tensor<?x?x64xf32, #bsk>, tensor<64x32xf32>) -> tensor<?x?x32xf32, #bsn>
  return %0 : tensor<?x?x32xf32, #bsn>
}

// CHECK-LABEL: func.func @no_raise_vector(
// CHECK: onnx.matmul
func.func @no_raise_vector(%x: tensor<64xf32>) -> tensor<32xf32> {
  %w = onnx.get_initializer @a : tensor<64x32xf32>
  %0 = onnx.matmul %x, %w : (tensor<64xf32>, tensor<64x32xf32>) -> tensor<32xf32>
  return %0 : tensor<32xf32>
}

// CHECK-LABEL: func.func @no_raise_batched_weight(
// CHECK: onnx.matmul
func.func @no_raise_batched_weight(%x: tensor<?x64xf32, #s>) -> tensor<2x?x32xf32> {
  %w = onnx.get_initializer @batched : tensor<2x64x32xf32>
  %0 = onnx.matmul %x, %w : (tensor<?x64xf32, #s>, tensor<2x64x32xf32>) -> tensor<2x?x32xf32>
  return %0 : tensor<2x?x32xf32>
}

// CHECK-LABEL: func.func @no_raise_weight_times_weight(
// CHECK: onnx.matmul
func.func @no_raise_weight_times_weight() -> tensor<32x32xf32> {
  %v = onnx.get_initializer @b : tensor<32x64xf32>
  %w = onnx.get_initializer @a : tensor<64x32xf32>
  %0 = onnx.matmul %v, %w : (tensor<32x64xf32>, tensor<64x32xf32>) -> tensor<32x32xf32>
  return %0 : tensor<32x32xf32>
}

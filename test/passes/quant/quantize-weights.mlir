// RUN: llmc-opt %s --llmc-quantize-weights=scheme=w8 | FileCheck %s
// RUN: llmc-opt %s --llmc-quantize-weights | FileCheck %s --check-prefix=NONE

// NONE-NOT: scheme

#x = affine_map<()[s0] -> (s0, 64)>
#ids = affine_map<()[s0] -> (s0)>

// CHECK: llm.weight @matrix {scheme = "w8", sources = [@a]
llm.weight @matrix {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf32>}
// CHECK: llm.weight @table_of_the_ir {type =
llm.weight @table_of_the_ir {type = tensor<64x64xf32>, values = dense<1.0> : tensor<64x64xf32>}
// CHECK: llm.weight @embedding {sources = [@e]
llm.weight @embedding {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
// CHECK: llm.weight @scale {sources = [@s]
llm.weight @scale {sources = [@s], transposed = array<i1: false>, type = tensor<64xf32>}

// CHECK-LABEL: func.func @step(
func.func @step(%ids: tensor<?xi32, #ids>) -> tensor<?x64xf32, #x> {
  %e = llm.get_weight @embedding : tensor<512x64xf32>
  %x = llm.embedding %ids, %e : (tensor<?xi32, #ids>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %s = llm.get_weight @scale : tensor<64xf32>
  %n = llm.rms_norm %x, %s {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  %w = llm.get_weight @matrix : tensor<64x64xf32>
  %y = llm.linear %n, %w : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %t = llm.get_weight @table_of_the_ir : tensor<64x64xf32>
  %z = llm.linear %y, %t : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %z : tensor<?x64xf32, #x>
}

// Sums of bytes over a longer K would not fit 32 bits.
// RUN: llmc-opt %s --llmc-quantize-weights=scheme=w8a8 | FileCheck %s --check-prefix=BYTES
// BYTES: llm.weight @matrix {scheme = "w8a8"
// BYTES: llm.weight @long {scheme = "w8", sources
llm.weight @long {sources = [@l], transposed = array<i1: false>, type = tensor<131073x16xf32>}
#long = affine_map<()[s0] -> (s0, 131073)>
#y = affine_map<()[s0] -> (s0, 16)>
func.func @of_a_long_sum(%x: tensor<?x131073xf32, #long>) -> tensor<?x16xf32, #y> {
  %w = llm.get_weight @long : tensor<131073x16xf32>
  %y = llm.linear %x, %w : (tensor<?x131073xf32, #long>, tensor<131073x16xf32>) -> tensor<?x16xf32, #y> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y : tensor<?x16xf32, #y>
}

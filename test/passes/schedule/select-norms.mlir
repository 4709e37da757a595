// RUN: llmc-opt %s --split-input-file --llmc-select-norms | FileCheck %s --check-prefix=SELECT
// RUN: llmc-opt %s --split-input-file --llmc-select-norms --llmc-lower-to-rt | FileCheck %s

// The norm of what is added, the sum and its norm: one launch. Of the two that are
// added the other may be the norm as well.
// SELECT-LABEL: module @select_norms
// SELECT: %[[N:.+]] = llm.rms_norm {{.+}}kernel.normalized
// SELECT: llm.add_rms_norm %[[N]], %{{.+}}, %
// SELECT: %[[M:.+]] = llm.rms_norm {{.+}}kernel.normalized
// SELECT: llm.add_rms_norm %[[M]], %{{.+}}, %
// CHECK-LABEL: module @select_norms
// CHECK-NOT: rt.launch @rms_norm_0
// CHECK: rt.launch @add_rms_norm_0
// CHECK: rt.launch @add_rms_norm_0
// CHECK: kernel.add_rms_norm {{.+}}memref<64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<64xf32>, index, index
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @select_norms {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @w {sources = [@a], transposed = array<i1: false>, type = tensor<64xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x64xf32, #xr> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %w = llm.get_weight @w : tensor<64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %n = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  %s, %y = llm.add_rms_norm %n, %x, %w {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<64xf32>) -> (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>)
  %m = llm.rms_norm %y, %w {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  %s2, %y2 = llm.add_rms_norm %s, %m, %w {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<64xf32>) -> (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>)
  %wanted = llm.take_rows %y2, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %wanted : tensor<?x64xf32, #xr>
}
}

// -----

// Another epsilon, and a norm that something else reads.
// SELECT-LABEL: module @no_select_norms
// SELECT-NOT: kernel.normalized
// CHECK-LABEL: module @no_select_norms
// CHECK: rt.launch @rms_norm_0
// CHECK: rt.launch @add_rms_norm_0
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @no_select_norms {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @w {sources = [@a], transposed = array<i1: false>, type = tensor<64xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x64xf32, #xr> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %w = llm.get_weight @w : tensor<64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %n = llm.rms_norm %x, %w {epsilon = 1.0e-6 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  %s, %y = llm.add_rms_norm %n, %x, %w {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<64xf32>) -> (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>)
  %m = llm.rms_norm %y, %w {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  %s2, %y2 = llm.add_rms_norm %m, %m, %w {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<64xf32>) -> (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>)
  %wanted = llm.take_rows %y2, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %wanted : tensor<?x64xf32, #xr>
}
}

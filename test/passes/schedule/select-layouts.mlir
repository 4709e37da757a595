// RUN: llmc-opt %s --llmc-select-layouts | FileCheck %s

#x = affine_map<()[s0] -> (s0, 64)>
#ids = affine_map<()[s0] -> (s0)>

// CHECK: llm.weight @read_by_linears {layout = "panels"
llm.weight @read_by_linears {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf32>}
// CHECK: llm.weight @no_panels_read_by_embedding {sources
llm.weight @no_panels_read_by_embedding {sources = [@b], transposed = array<i1: false>, type = tensor<64x64xf32>}
// CHECK: llm.weight @read_by_both {sources
// CHECK: llm.weight @[[COPY:p.+]] {layout = "panels", sources = [@c]
llm.weight @read_by_both {sources = [@c], transposed = array<i1: false>, type = tensor<64x64xf32>}
// CHECK: llm.weight @no_panels_read_as_scale {sources
llm.weight @no_panels_read_as_scale {sources = [@d], transposed = array<i1: false>, type = tensor<64xf32>}
// CHECK: llm.weight @no_panels_never_read {sources
llm.weight @no_panels_never_read {sources = [@e], transposed = array<i1: false>, type = tensor<64xf32>}

func.func @decode(%ids: tensor<?xi32, #ids>) -> tensor<?x64xf32, #x> {
  %dead = llm.get_weight @no_panels_never_read : tensor<64xf32>
  %b = llm.get_weight @no_panels_read_by_embedding : tensor<64x64xf32>
  %e = llm.embedding %ids, %b : (tensor<?xi32, #ids>, tensor<64x64xf32>) -> tensor<?x64xf32, #x>
  %c = llm.get_weight @read_by_both : tensor<64x64xf32>
  %f = llm.embedding %ids, %c : (tensor<?xi32, #ids>, tensor<64x64xf32>) -> tensor<?x64xf32, #x>
  %d = llm.get_weight @no_panels_read_as_scale : tensor<64xf32>
  %n = llm.rms_norm %e, %d {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  %a = llm.get_weight @read_by_linears : tensor<64x64xf32>
  %y = llm.linear %n, %a extras(%f) : (tensor<?x64xf32, #x>, tensor<64x64xf32>, tensor<?x64xf32, #x>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32, %extra: f32):
    %r = arith.addf %sum, %extra : f32
    llm.yield %r : f32
  }
  // CHECK: %[[C:.+]] = llm.get_weight @[[COPY]]
  // CHECK: llm.linear %{{.+}}, %[[C]]
  %c2 = llm.get_weight @read_by_both : tensor<64x64xf32>
  %z = llm.linear %y, %c2 : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %z : tensor<?x64xf32, #x>
}

// RUN: llmc-opt %s --split-input-file --llmc-lower-to-rt -verify-diagnostics

#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
func.func @no_lower_bidirectional_attention(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  // expected-error @below {{bidirectional attention has no kernel}}
  %o = llm.attention %x, %c0 {heads = 4 : i64, scale = 0.25 : f32, bidirectional = true} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  return %o : tensor<?x64xf32, #x>
}
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}

// -----

#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
// expected-error @below {{layers with caches of different shape are not supported}}
func.func @no_lower_caches_of_different_shape(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>, %c1: !llm.kv_cache<4 x 16, page = 64, f32>) -> tensor<?xi32, #t> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  return %tokens : tensor<?xi32, #t>
}

// -----

#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
func.func @no_lower_op_without_kernel(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?xi32, #t> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  // expected-error @below {{has no kernel}}
  %y = onnx.neg %tokens : (tensor<?xi32, #t>) -> tensor<?xi32, #t>
  return %y : tensor<?xi32, #t>
}

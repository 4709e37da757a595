// RUN: llmc-opt %s --split-input-file --llmc-select-append | FileCheck %s --check-prefix=SELECT
// RUN: llmc-opt %s --split-input-file --llmc-select-append --llmc-lower-to-rt | FileCheck %s

// Queries and keys rotated by the same tables: one launch.
// SELECT-LABEL: module @select_append
// SELECT: llm.rope {{.+}}kernel.rotated
// SELECT: llm.rope {{.+}}kernel.rotated
// SELECT: llm.kv_append {{.+}}{kernel.rotates}
// CHECK-LABEL: module @select_append
// CHECK: rt.program @decode
// CHECK-NOT: rt.launch @rope_0
// CHECK: rt.launch @rope_append_0 tiles(%{{.+}})
// CHECK-NEXT: rt.buffer
// CHECK: rt.launch @attention_0
// CHECK: kernel.rope_append {{.+}} {head_dim = 16 : i64, heads = 4 : i64, interleaved = false, page = 64 : i64, rotary_dim = 16 : i64}
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#kv = affine_map<()[s0] -> (s0, 32)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @select_append {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @cos {sources = [@c], transposed = array<i1: false>, type = tensor<512x8xf32>}
llm.weight @sin {sources = [@s], transposed = array<i1: false>, type = tensor<512x8xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>) -> (tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>) attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %cos = llm.get_weight @cos : tensor<512x8xf32>
  %sin = llm.get_weight @sin : tensor<512x8xf32>
  %cos2 = llm.get_weight @cos : tensor<512x8xf32>
  %k0 = llm.columns %x {offset = 32 : i64} : tensor<?x64xf32, #x> -> tensor<?x32xf32, #kv>
  %q = llm.rope %x, %pos, %cos, %sin {heads = 4 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x64xf32, #x>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x64xf32, #x>
  %k = llm.rope %k0, %pos, %cos2, %sin {heads = 2 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x32xf32, #kv>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x32xf32, #kv>
  %d0 = llm.kv_append %c0, %k, %k0 : (!llm.kv_cache<2 x 16, page = 64, f32>, tensor<?x32xf32, #kv>, tensor<?x32xf32, #kv>) -> !llm.kv_cache<2 x 16, page = 64, f32>
  %o = llm.attention %q, %d0 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %wanted = llm.take_rows %o, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %wanted, %d0 : tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>
}
}

// -----

// Keys that something else reads as well are rotated by themselves.
// SELECT-LABEL: module @no_append_of_shared_keys
// SELECT-NOT: kernel.rotate
// CHECK-LABEL: module @no_append_of_shared_keys
// CHECK: rt.launch @rope_0
// CHECK: rt.launch @rope_1
// CHECK: rt.launch @kv_append_0
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#kv = affine_map<()[s0] -> (s0, 32)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @no_append_of_shared_keys {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @cos {sources = [@c], transposed = array<i1: false>, type = tensor<512x8xf32>}
llm.weight @sin {sources = [@s], transposed = array<i1: false>, type = tensor<512x8xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>) -> (tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>) attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %cos = llm.get_weight @cos : tensor<512x8xf32>
  %sin = llm.get_weight @sin : tensor<512x8xf32>
  %k0 = llm.columns %x {offset = 32 : i64} : tensor<?x64xf32, #x> -> tensor<?x32xf32, #kv>
  %q = llm.rope %x, %pos, %cos, %sin {heads = 4 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x64xf32, #x>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x64xf32, #x>
  %k = llm.rope %k0, %pos, %cos, %sin {heads = 2 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x32xf32, #kv>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x32xf32, #kv>
  %d0 = llm.kv_append %c0, %k, %k : (!llm.kv_cache<2 x 16, page = 64, f32>, tensor<?x32xf32, #kv>, tensor<?x32xf32, #kv>) -> !llm.kv_cache<2 x 16, page = 64, f32>
  %o = llm.attention %q, %d0 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %wanted = llm.take_rows %o, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %wanted, %d0 : tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>
}
}

// -----

// Norms of heads, alike, go with them.
// SELECT-LABEL: module @select_append_with_norms
// SELECT-COUNT-2: llm.rms_norm {{.+}}kernel.normalized
// SELECT-COUNT-2: llm.rope {{.+}}kernel.rotated
// CHECK-LABEL: module @select_append_with_norms
// CHECK: rt.program @decode
// CHECK-NOT: rt.launch @rms_norm_0
// CHECK: rt.launch @rope_append_0 tiles(%{{.+}})
// CHECK: kernel.rope_append {{.+}} {epsilon = {{.+}} : f32, head_dim = 16 : i64, {{.+}}offset = 1.000000e+00 : f32, {{.+}}memref<16xf32>, memref<16xf32>, index, index
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#kv = affine_map<()[s0] -> (s0, 32)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @select_append_with_norms {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @nq {sources = [@a], transposed = array<i1: false>, type = tensor<16xf32>}
llm.weight @nk {sources = [@b], transposed = array<i1: false>, type = tensor<16xf32>}
llm.weight @cos {sources = [@c], transposed = array<i1: false>, type = tensor<512x8xf32>}
llm.weight @sin {sources = [@s], transposed = array<i1: false>, type = tensor<512x8xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>) -> (tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>) attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %cos = llm.get_weight @cos : tensor<512x8xf32>
  %sin = llm.get_weight @sin : tensor<512x8xf32>
  %cos2 = llm.get_weight @cos : tensor<512x8xf32>
  %k0 = llm.columns %x {offset = 32 : i64} : tensor<?x64xf32, #x> -> tensor<?x32xf32, #kv>
  %nq = llm.get_weight @nq : tensor<16xf32>
  %nk = llm.get_weight @nk : tensor<16xf32>
  %q1 = llm.rms_norm %x, %nq {epsilon = 1.0e-5 : f32, offset = 1.0 : f32, heads = 4 : i64} : (tensor<?x64xf32, #x>, tensor<16xf32>) -> tensor<?x64xf32, #x>
  %k1 = llm.rms_norm %k0, %nk {epsilon = 1.0e-5 : f32, offset = 1.0 : f32, heads = 2 : i64} : (tensor<?x32xf32, #kv>, tensor<16xf32>) -> tensor<?x32xf32, #kv>
  %q = llm.rope %q1, %pos, %cos, %sin {heads = 4 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x64xf32, #x>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x64xf32, #x>
  %k = llm.rope %k1, %pos, %cos2, %sin {heads = 2 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x32xf32, #kv>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x32xf32, #kv>
  %d0 = llm.kv_append %c0, %k, %k0 : (!llm.kv_cache<2 x 16, page = 64, f32>, tensor<?x32xf32, #kv>, tensor<?x32xf32, #kv>) -> !llm.kv_cache<2 x 16, page = 64, f32>
  %o = llm.attention %q, %d0 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %wanted = llm.take_rows %o, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %wanted, %d0 : tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>
}
}

// -----

// Norms that differ stay launches of their own.
// SELECT-LABEL: module @no_append_with_other_norms
// SELECT-NOT: kernel.normalized
// SELECT: llm.kv_append {{.+}}{kernel.rotates}
// CHECK-LABEL: module @no_append_with_other_norms
// CHECK: rt.launch @rms_norm_0
// CHECK: rt.launch @rms_norm_1
// CHECK: rt.launch @rope_append_0
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#kv = affine_map<()[s0] -> (s0, 32)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @no_append_with_other_norms {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @nq {sources = [@a], transposed = array<i1: false>, type = tensor<16xf32>}
llm.weight @nk {sources = [@b], transposed = array<i1: false>, type = tensor<16xf32>}
llm.weight @cos {sources = [@c], transposed = array<i1: false>, type = tensor<512x8xf32>}
llm.weight @sin {sources = [@s], transposed = array<i1: false>, type = tensor<512x8xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>) -> (tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>) attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %cos = llm.get_weight @cos : tensor<512x8xf32>
  %sin = llm.get_weight @sin : tensor<512x8xf32>
  %cos2 = llm.get_weight @cos : tensor<512x8xf32>
  %k0 = llm.columns %x {offset = 32 : i64} : tensor<?x64xf32, #x> -> tensor<?x32xf32, #kv>
  %nq = llm.get_weight @nq : tensor<16xf32>
  %nk = llm.get_weight @nk : tensor<16xf32>
  %q1 = llm.rms_norm %x, %nq {epsilon = 1.0e-5 : f32, offset = 1.0 : f32, heads = 4 : i64} : (tensor<?x64xf32, #x>, tensor<16xf32>) -> tensor<?x64xf32, #x>
  %k1 = llm.rms_norm %k0, %nk {epsilon = 1.0e-6 : f32, offset = 1.0 : f32, heads = 2 : i64} : (tensor<?x32xf32, #kv>, tensor<16xf32>) -> tensor<?x32xf32, #kv>
  %q = llm.rope %q1, %pos, %cos, %sin {heads = 4 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x64xf32, #x>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x64xf32, #x>
  %k = llm.rope %k1, %pos, %cos2, %sin {heads = 2 : i64, head_dim = 16 : i64, rotary_dim = 16 : i64, pairing = 0 : i32} : (tensor<?x32xf32, #kv>, tensor<?xi32, #t>, tensor<512x8xf32>, tensor<512x8xf32>) -> tensor<?x32xf32, #kv>
  %d0 = llm.kv_append %c0, %k, %k0 : (!llm.kv_cache<2 x 16, page = 64, f32>, tensor<?x32xf32, #kv>, tensor<?x32xf32, #kv>) -> !llm.kv_cache<2 x 16, page = 64, f32>
  %o = llm.attention %q, %d0 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %wanted = llm.take_rows %o, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %wanted, %d0 : tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>
}
}

// RUN: llmc-opt %s | llmc-opt | FileCheck %s

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#cache = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>

// CHECK: llm.weight @plain {sources = [@a], transposed = array<i1: true>, type = tensor<8x8xf32>}
llm.weight @plain {sources = [@a], transposed = array<i1: true>, type = tensor<8x8xf32>}
// CHECK: llm.weight @parts {factor = 2.000000e+00 : f32, interleave = true, layout = "panels", scheme = "w8", sources = [@a, @b], transposed = array<i1: false, true>, type = tensor<8x16xf32>}
llm.weight @parts {factor = 2.0 : f32, interleave = true, layout = "panels", scheme = "w8", sources = [@a, @b], transposed = array<i1: false, true>, type = tensor<8x16xf32>}
// CHECK: llm.weight @table {type = tensor<2xf32>, values = dense<1.000000e+00> : tensor<2xf32>}
llm.weight @table {type = tensor<2xf32>, values = dense<1.0> : tensor<2xf32>}

// CHECK-LABEL: func.func @embedding(
// CHECK: llm.get_weight @plain : tensor<8x8xf32>
// CHECK: llm.embedding %{{.+}}, %{{.+}} : (tensor<?x?xi64, #{{.+}}>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #{{.+}}>
func.func @embedding(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @plain : tensor<8x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #rows>
  return %x : tensor<?x?x8xf32, #rows>
}

// CHECK-LABEL: func.func @linear_with_parts_and_extras(
// CHECK: llm.linear %{{.+}}, %{{.+}} extras(%{{.+}}, %{{.+}}) {parts = 2 : i64} : {{.+}} -> (tensor<?x?x8xf32, #{{.+}}>, tensor<?x?x8xf16, #{{.+}}>) {
// CHECK-NEXT: ^bb0(%{{.+}}: f32, %{{.+}}: f32, %{{.+}}: f32, %{{.+}}: f16):
// CHECK: llm.yield %{{.+}}, %{{.+}} : f32, f16
func.func @linear_with_parts_and_extras(%x: tensor<?x?x8xf32, #rows>, %w: tensor<8x16xf32>, %r: tensor<?x?x8xf32, #rows>, %c: tensor<8xf16>) {
  %y:2 = llm.linear %x, %w extras(%r, %c) {parts = 2 : i64} : (tensor<?x?x8xf32, #rows>, tensor<8x16xf32>, tensor<?x?x8xf32, #rows>, tensor<8xf16>) -> (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf16, #rows>) {
  ^bb0(%g: f32, %u: f32, %e: f32, %h: f16):
    %m = arith.mulf %g, %u : f32
    %s = arith.addf %m, %e : f32
    llm.yield %s, %h : f32, f16
  }
  return
}

// CHECK-LABEL: func.func @map_with_all_broadcasts(
// CHECK: llm.map %{{.+}}, %{{.+}}, %{{.+}} : (tensor<?x?x8xf32, #{{.+}}>, tensor<8xf32>, tensor<1xf32>) -> tensor<?x?x8xf32, #{{.+}}> {
func.func @map_with_all_broadcasts(%x: tensor<?x?x8xf32, #rows>, %c: tensor<8xf32>, %one: tensor<1xf32>) {
  %y = llm.map %x, %c, %one : (tensor<?x?x8xf32, #rows>, tensor<8xf32>, tensor<1xf32>) -> tensor<?x?x8xf32, #rows> {
  ^bb0(%a: f32, %b: f32, %d: f32):
    %s = arith.addf %a, %b : f32
    %t = arith.mulf %s, %d : f32
    llm.yield %t : f32
  }
  return
}

// CHECK-LABEL: func.func @norms(
// CHECK: llm.rms_norm %{{.+}}, %{{.+}} {epsilon = 9.99999974E-6 : f32}
// CHECK: llm.rms_norm %{{.+}}, %{{.+}} {epsilon = 9.99999974E-6 : f32, heads = 2 : i64, offset = 1.000000e+00 : f32}
// CHECK: llm.add_rms_norm
// CHECK: llm.layer_norm
func.func @norms(%x: tensor<?x?x8xf32, #rows>, %w: tensor<8xf32>, %h: tensor<4xf32>) {
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<?x?x8xf32, #rows>, tensor<8xf32>) -> tensor<?x?x8xf32, #rows>
  %1 = llm.rms_norm %x, %h {epsilon = 1.0e-5 : f32, offset = 1.0 : f32, heads = 2 : i64} : (tensor<?x?x8xf32, #rows>, tensor<4xf32>) -> tensor<?x?x8xf32, #rows>
  %2, %3 = llm.add_rms_norm %0, %1, %w {epsilon = 1.0e-5 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<8xf32>) -> (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>)
  %4 = llm.layer_norm %3, %w, %w {epsilon = 1.0e-5 : f32} : (tensor<?x?x8xf32, #rows>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32, #rows>
  return
}

// CHECK-LABEL: func.func @parts_of_rows(
// CHECK: llm.columns %{{.+}} {offset = 4 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
// CHECK: llm.take_rows %{{.+}}, %{{.+}} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
func.func @parts_of_rows(%x: tensor<?x8xf32>, %r: tensor<?xi32>) {
  %0 = llm.columns %x {offset = 4 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  %1 = llm.take_rows %x, %r : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @empty_cache(
// CHECK: llm.empty_cache : <2 x 4, page = 16, f32>
func.func @empty_cache() -> !llm.kv_cache<2 x 4, page = 16, f32> {
  %e = llm.empty_cache : !llm.kv_cache<2 x 4, page = 16, f32>
  return %e : !llm.kv_cache<2 x 4, page = 16, f32>
}

// CHECK-LABEL: func.func @sequence(
// CHECK: %[[P:.+]] = llm.positions : tensor<?x?xi32, #{{.+}}>
// CHECK: llm.rope %{{.+}}, %[[P]], %{{.+}} {head_dim = 4 : i64, heads = 2 : i64, pairing = 1 : i32, rotary_dim = 2 : i64}
// CHECK: %[[C:.+]] = llm.cache_from
// CHECK: %[[D:.+]] = llm.kv_append %[[C]]
// CHECK: llm.attention %{{.+}}, %[[D]] {bidirectional = true, heads = 4 : i64, scale = 5.000000e-01 : f32, softcap = 3.000000e+01 : f32, window = 128 : i64}
// CHECK: llm.cache_to %[[D]]
func.func @sequence(%x: tensor<?x?x8xf32, #rows>, %q: tensor<?x?x16xf32>, %past: tensor<?x2x?x4xf32, #cache>, %t: tensor<16x1xf32>) {
  %p = llm.positions : tensor<?x?xi32, #bs>
  %k = llm.rope %x, %p, %t, %t {heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 2 : i64, pairing = 1 : i32} : (tensor<?x?x8xf32, #rows>, tensor<?x?xi32, #bs>, tensor<16x1xf32>, tensor<16x1xf32>) -> tensor<?x?x8xf32, #rows>
  %c = llm.cache_from %past, %past : (tensor<?x2x?x4xf32, #cache>, tensor<?x2x?x4xf32, #cache>) -> !llm.kv_cache<2 x 4, page = 16, f32>
  %d = llm.kv_append %c, %k, %x : (!llm.kv_cache<2 x 4, page = 16, f32>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>) -> !llm.kv_cache<2 x 4, page = 16, f32>
  %o = llm.attention %q, %d {heads = 4 : i64, scale = 0.5 : f32, window = 128 : i64, softcap = 30.0 : f32, bidirectional = true} : (tensor<?x?x16xf32>, !llm.kv_cache<2 x 4, page = 16, f32>) -> tensor<?x?x16xf32>
  %pk, %pv = llm.cache_to %d : (!llm.kv_cache<2 x 4, page = 16, f32>) -> (tensor<?x2x?x4xf32, #cache>, tensor<?x2x?x4xf32, #cache>)
  return
}

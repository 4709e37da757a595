// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK-LABEL: func.func @embedding(
// CHECK: kernel.embedding %{{.+}} : memref<?xi32>, memref<512x8xf32>, memref<?x8xf32>, index, index
func.func @embedding(%t: memref<?xi32>, %w: memref<512x8xf32>, %y: memref<?x8xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.embedding %t, %w, %y, %b, %e : memref<?xi32>, memref<512x8xf32>, memref<?x8xf32>, index, index
  return
}

// CHECK-LABEL: func.func @take_rows(
// CHECK: kernel.take_rows
func.func @take_rows(%x: memref<?x8xf32>, %r: memref<?xi32>, %y: memref<?x8xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.take_rows %x, %r, %y, %b, %e : memref<?x8xf32>, memref<?xi32>, memref<?x8xf32>, index, index
  return
}

// CHECK-LABEL: func.func @linear(
// CHECK: kernel.linear %{{.+}}, %{{.+}} extras(%{{.+}} : memref<?x16xf32>) outputs(%{{.+}} : memref<?x16xf32>) tiles(%{{.+}}, %{{.+}}) {parts = 2 : i64, scheme = "w8", tile_panels = 1 : i64, tile_rows = 4 : i64} : memref<?x8xf32>, memref<2x192xi8> {
// CHECK: ^bb0(%{{.+}}: f32, %{{.+}}: f32, %{{.+}}: f32):
// CHECK: llm.yield %{{.+}} : f32
func.func @linear(%x: memref<?x8xf32>, %w: memref<2x192xi8>, %r: memref<?x16xf32>, %y: memref<?x16xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w extras(%r : memref<?x16xf32>) outputs(%y : memref<?x16xf32>) tiles(%b, %e) {parts = 2 : i64, tile_rows = 4 : i64, tile_panels = 1 : i64, scheme = "w8"} : memref<?x8xf32>, memref<2x192xi8> {
  ^bb0(%g: f32, %u: f32, %extra: f32):
    %m = arith.mulf %g, %u : f32
    %s = arith.addf %m, %extra : f32
    llm.yield %s : f32
  }
  return
}

// CHECK-LABEL: func.func @map(
// CHECK: kernel.map inputs(%{{.+}} : memref<?x8xf32>) outputs(%{{.+}}, %{{.+}} : memref<?x8xf32>, memref<?x8xf32>) tiles(%{{.+}}, %{{.+}}) do {
func.func @map(%x: memref<?x8xf32>, %y: memref<?x8xf32>, %z: memref<?x8xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.map inputs(%x : memref<?x8xf32>) outputs(%y, %z : memref<?x8xf32>, memref<?x8xf32>) tiles(%b, %e) do {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    llm.yield %a, %n : f32, f32
  }
  return
}

// CHECK-LABEL: func.func @norms(
// CHECK: kernel.rms_norm {{.+}} {epsilon = 9.99999974E-6 : f32, offset = 1.000000e+00 : f32}
// CHECK: kernel.add_rms_norm
// CHECK: kernel.layer_norm
func.func @norms(%x: memref<?x8xf32>, %w: memref<8xf32>, %s: memref<?x8xf32>, %y: memref<?x8xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.rms_norm %x, %w, %y, %b, %e {epsilon = 1.0e-5 : f32, offset = 1.0 : f32} : memref<?x8xf32>, memref<8xf32>, memref<?x8xf32>, index, index
  kernel.add_rms_norm %x, %x, %w, %s, %y, %b, %e {epsilon = 1.0e-5 : f32, offset = 0.0 : f32} : memref<?x8xf32>, memref<?x8xf32>, memref<8xf32>, memref<?x8xf32>, memref<?x8xf32>, index, index
  kernel.layer_norm %x, %w, %w, %y, %b, %e {epsilon = 1.0e-5 : f32} : memref<?x8xf32>, memref<8xf32>, memref<8xf32>, memref<?x8xf32>, index, index
  return
}

// CHECK-LABEL: func.func @tokens(
// CHECK: kernel.row_maxima %{{.+}} : memref<?x50xf32>, memref<?x2xi64>, index, index
// CHECK: kernel.choose_token %{{.+}} : memref<?x50xf32>, memref<?x2xi64>, memref<?x8xi32>, memref<?xi32>, index, index
func.func @tokens(%l: memref<?x50xf32>, %m: memref<?x2xi64>, %c: memref<?x8xi32>, %t: memref<?xi32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.row_maxima %l, %m, %b, %e : memref<?x50xf32>, memref<?x2xi64>, index, index
  kernel.choose_token %l, %m, %c, %t, %b, %e : memref<?x50xf32>, memref<?x2xi64>, memref<?x8xi32>, memref<?xi32>, index, index
  return
}

// CHECK-LABEL: func.func @rope(
// CHECK: kernel.rope {{.+}} {head_dim = 4 : i64, heads = 2 : i64, interleaved = false, rotary_dim = 4 : i64}
func.func @rope(%x: memref<?x8xf32>, %p: memref<?xi32>, %c: memref<16x2xf32>, %y: memref<?x8xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.rope %x, %p, %c, %c, %y, %b, %e {heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 4 : i64, interleaved = false} : memref<?x8xf32>, memref<?xi32>, memref<16x2xf32>, memref<16x2xf32>, memref<?x8xf32>, index, index
  return
}

// CHECK-LABEL: func.func @sequence(
// CHECK: kernel.kv_append {{.+}} {head_dim = 16 : i64, page = 64 : i64}
// CHECK: kernel.attention {{.+}} {head_dim = 16 : i64, heads = 4 : i64, page = 64 : i64, scale = 2.500000e-01 : f32, softcap = 0.000000e+00 : f32, split = 256 : i64, window = 0 : i64}
// CHECK: kernel.attention_split {{.+}} {head_dim = 16 : i64, heads = 4 : i64, page = 64 : i64, scale = 2.500000e-01 : f32, softcap = 0.000000e+00 : f32, split = 256 : i64, window = 0 : i64}
// CHECK: kernel.attention_merge {{.+}} {head_dim = 16 : i64, heads = 4 : i64, split = 256 : i64, window = 0 : i64}
func.func @sequence(%k: memref<?x32xf32>, %q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %m: memref<2x?x4xf32>, %pa: memref<2x?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.kv_append %k, %k, %i, %i, %t, %kc, %vc, %b, %e {head_dim = 16 : i64, page = 64 : i64} : memref<?x32xf32>, memref<?x32xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, index, index
  kernel.attention %q, %i, %i, %t, %bl, %kc, %vc, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64, scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<?x64xf32>, index, index
  kernel.attention_split %q, %i, %i, %t, %bl, %kc, %vc, %m, %m, %pa, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64, scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<2x?x4xf32>, memref<2x?x4xf32>, memref<2x?x64xf32>, index, index
  kernel.attention_merge %m, %m, %pa, %i, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, split = 256 : i64, window = 0 : i64} : memref<2x?x4xf32>, memref<2x?x4xf32>, memref<2x?x64xf32>, memref<?xi32>, memref<?x64xf32>, index, index
  return
}

// CHECK-LABEL: func.func @merging_split(
// CHECK: kernel.attention_split {{.+}} memref<2x?x64xf32>, memref<?x2xi32>, memref<?x64xf32>, index, index
func.func @merging_split(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %m: memref<2x?x4xf32>, %pa: memref<2x?x64xf32>, %co: memref<?x2xi32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention_split %q, %i, %i, %t, %bl, %kc, %vc, %m, %m, %pa, %co, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64, scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32, shares = 132 : i64} : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<2x?x4xf32>, memref<2x?x4xf32>, memref<2x?x64xf32>, memref<?x2xi32>, memref<?x64xf32>, index, index
  return
}

// CHECK-LABEL: func.func @rope_append(
// CHECK: kernel.rope_append {{.+}} {head_dim = 16 : i64, heads = 4 : i64, interleaved = false, page = 64 : i64, rotary_dim = 16 : i64}
// CHECK: kernel.rope_append {{.+}} {epsilon = {{.+}} : f32, head_dim = 16 : i64, heads = 4 : i64, interleaved = false, offset = 1.000000e+00 : f32, page = 64 : i64, rotary_dim = 16 : i64} {{.+}}, memref<16xf32>, memref<32xf32>, index, index
// CHECK: kernel.add_rms_norm %{{.+}} : memref<?x64xf32>, memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<64xf32>, index, index
func.func @rope_append(%q: memref<?x64xf32>, %k: memref<?x32xf32>, %c: memref<512x8xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %s: memref<16xf32>, %r: memref<32xf32>, %w: memref<64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.rope_append %q, %k, %k, %c, %c, %i, %i, %t, %kc, %vc, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, rotary_dim = 16 : i64, interleaved = false} : memref<?x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<512x8xf32>, memref<512x8xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<?x64xf32>, index, index
  kernel.rope_append %q, %k, %k, %c, %c, %i, %i, %t, %kc, %vc, %q, %s, %r, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, rotary_dim = 16 : i64, interleaved = false, epsilon = 1.0e-5 : f32, offset = 1.0 : f32} : memref<?x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<512x8xf32>, memref<512x8xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<?x64xf32>, memref<16xf32>, memref<32xf32>, index, index
  kernel.add_rms_norm %q, %q, %w, %q, %q, %w, %b, %e {epsilon = 1.0e-5 : f32, offset = 0.0 : f32} : memref<?x64xf32>, memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<64xf32>, index, index
  return
}

// RUN: llmc-emit sm_80 %s | FileCheck %s

// A warp does a head: the largest magnitude by shuffles, a division by it, then
// bytes, four of a key's together.
// CHECK: .visible .entry append(
// CHECK: max.ftz.f32
// CHECK: shfl.sync.bfly.b32
// CHECK: div.rn.ftz.f32
// CHECK: st.global.{{(v4\.b8|b32)}}
// CHECK: st.global.b8
// CHECK-NOT: bar.sync
// CHECK-NOT: .local
func.func @append(%q: memref<?x256xf32>, %k: memref<?x128xf32>, %v: memref<?x128xf32>,
    %c: memref<512x32xf32>, %n: memref<512x32xf32>, %s: memref<?xi32>, %p: memref<?xi32>,
    %t: memref<?x?xi32>, %kc: memref<?x2x4x18x16x4xi8>, %vc: memref<?x2x4x16x16x4xi8>,
    %y: memref<?x256xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.rope_append %q, %k, %v, %c, %n, %s, %p, %t, %kc, %vc, %y, %b, %e
      {heads = 4 : i64, head_dim = 64 : i64, page = 64 : i64, rotary_dim = 64 : i64,
       interleaved = false}
      : memref<?x256xf32>, memref<?x128xf32>, memref<?x128xf32>, memref<512x32xf32>,
        memref<512x32xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x2x4x18x16x4xi8>, memref<?x2x4x16x16x4xi8>, memref<?x256xf32>, index, index
  return
}

// RUN: llmc-emit sm_80 %s | FileCheck %s

// A warp does a head: its squares are added by shuffles, then it is normalised and
// rotated. No shared memory, no barrier.
// CHECK: // llmc: threads 256, shared 0
// CHECK: .visible .entry append(
// CHECK: fma.rn.ftz.f32
// CHECK: shfl.sync.bfly.b32
// CHECK: sqrt.rn.ftz.f32
// CHECK: rcp.rn.ftz.f32
// CHECK: st.global
// CHECK: shfl.sync.bfly.b32
// CHECK: sqrt.rn.ftz.f32
// CHECK: rcp.rn.ftz.f32
// CHECK-NOT: bar.sync
// CHECK-NOT: .local
func.func @append(%q: memref<?x512xf32>, %k: memref<?x256xf32>, %v: memref<?x256xf32>,
    %c: memref<512x64xf32>, %n: memref<512x64xf32>, %s: memref<?xi32>, %p: memref<?xi32>,
    %t: memref<?x?xi32>, %kc: memref<?x2x4x64x16x2xbf16>, %vc: memref<?x2x8x32x16x2xbf16>,
    %y: memref<?x512xf32>, %sq: memref<128xf32>, %sk: memref<128xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  kernel.rope_append %q, %k, %v, %c, %n, %s, %p, %t, %kc, %vc, %y, %sq, %sk, %b, %e
      {heads = 4 : i64, head_dim = 128 : i64, page = 64 : i64, rotary_dim = 128 : i64,
       interleaved = false, epsilon = 1.0e-6 : f32}
      : memref<?x512xf32>, memref<?x256xf32>, memref<?x256xf32>, memref<512x64xf32>,
        memref<512x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x2x4x64x16x2xbf16>, memref<?x2x8x32x16x2xbf16>, memref<?x512xf32>,
        memref<128xf32>, memref<128xf32>, index, index
  return
}

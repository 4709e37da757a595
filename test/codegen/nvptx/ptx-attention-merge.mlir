// RUN: llmc-emit sm_80 %s | FileCheck %s

// Behind a piece: with a single one no counting, else one thread's count between
// fences of the whole device, told to the block; then several pieces' numbers are on
// their way at once, from memory that was written in this launch.
// CHECK: .visible .entry split(
// CHECK: mma.sync
// CHECK: st.global.v4.b32
// CHECK: bar.sync
// CHECK: fence.acq_rel.gpu;
// CHECK: atom.global.inc.u32
// CHECK-NEXT: fence.acq_rel.gpu;
// CHECK: bar.sync
// CHECK-COUNT-4: div.rn.ftz.f32
// CHECK: st.global.v4.b32
// CHECK-COUNT-4: ld.global.v4.b32
// CHECK-NOT: .local
func.func @split(%q: memref<?x1024xf32>, %s: memref<?xi32>, %p: memref<?xi32>,
    %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x2x4x64x16x2xbf16>,
    %v: memref<?x2x8x32x16x2xbf16>, %m: memref<16x?x8xf32>, %u: memref<16x?x8xf32>,
    %o: memref<16x?x1024xf32>, %c: memref<?x2xi32>, %y: memref<?x1024xf32>,
    %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention_split %q, %s, %p, %t, %bl, %k, %v, %m, %u, %o, %c, %y, %b, %e
      {heads = 8 : i64, head_dim = 128 : i64, page = 64 : i64, split = 256 : i64,
       scale = 0.088 : f32, window = 0 : i64, softcap = 0.0 : f32, shares = 132 : i64}
      : memref<?x1024xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x64x16x2xbf16>, memref<?x2x8x32x16x2xbf16>, memref<16x?x8xf32>,
        memref<16x?x8xf32>, memref<16x?x1024xf32>, memref<?x2xi32>, memref<?x1024xf32>,
        index, index
  return
}

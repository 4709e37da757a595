// RUN: llmc-emit sm_80 %s | FileCheck %s

// Heads of 256: two warps have half of the elements each, and exchange scores by
// way of shared memory behind a barrier of theirs. Each multiplies what a warp does
// of heads of 128.
// CHECK: // llmc: threads 256, shared 32768, rows 0
// CHECK: .visible .entry attention(
// CHECK: bar.sync {{%r[0-9]+}}, 64;
// CHECK-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-COUNT-4: st.shared.v4.b32
// CHECK: bar.sync {{%r[0-9]+}}, 64;
// CHECK-COUNT-4: ld.shared.v4.b32
// CHECK-NOT: {{mma[.]sync|[.]shared|bar[.]sync}}
// CHECK: ex2.approx.ftz.f32
// CHECK-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-NOT: {{mma[.]sync|[.]shared|bar[.]sync|[.]local}}
// CHECK: div.rn.ftz.f32
func.func @attention(%q: memref<?x2048xf32>, %s: memref<?xi32>, %p: memref<?xi32>,
    %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x2x4x128x16x2xbf16>,
    %v: memref<?x2x16x32x16x2xbf16>, %y: memref<?x2048xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e
      {heads = 8 : i64, head_dim = 256 : i64, page = 64 : i64, split = 256 : i64,
       scale = 0.0625 : f32, window = 0 : i64, softcap = 0.0 : f32}
      : memref<?x2048xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x128x16x2xbf16>, memref<?x2x16x32x16x2xbf16>, memref<?x2048xf32>, index, index
  return
}

// RUN: llmc-emit sm_80 %s | FileCheck %s

// Scores, softmax and values in registers: the machine's exp2, no shared memory.
// CHECK: // llmc: threads 256, shared 0, rows 0
// CHECK: .visible .entry attention(
// 32 positions at once: 16 lines' largest by two exchanges each, 16 exponentials
// and two factors a thread.
// CHECK-NOT: {{bar[.]sync|[.]shared}}
// CHECK: ld.global.nc.v4.b32
// CHECK-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-COUNT-2: shfl.sync.bfly.b32
// CHECK-COUNT-9: ex2.approx.ftz.f32
// CHECK-COUNT-2: shfl.sync.bfly.b32
// CHECK-COUNT-9: ex2.approx.ftz.f32
// CHECK-NOT: {{shfl|ex2}}
// CHECK-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: div.rn.ftz.f32
// CHECK-NOT: {{bar[.]sync|[.]shared}}
// CHECK-NOT: .local
func.func @attention(%q: memref<?x1024xf32>, %s: memref<?xi32>, %p: memref<?xi32>,
    %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x2x4x64x16x2xbf16>,
    %v: memref<?x2x8x32x16x2xbf16>, %y: memref<?x1024xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e
      {heads = 8 : i64, head_dim = 128 : i64, page = 64 : i64, split = 256 : i64,
       scale = 0.088 : f32, window = 0 : i64, softcap = 0.0 : f32}
      : memref<?x1024xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x64x16x2xbf16>, memref<?x2x8x32x16x2xbf16>, memref<?x1024xf32>, index, index
  return
}

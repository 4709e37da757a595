// RUN: llmc-emit sm_80 %s | FileCheck %s

// Bytes become bf16 by a mask, an or and a fma, between the products; scales are
// loaded by threads for their own positions. Nothing in local memory.
// CHECK: // llmc: threads 256, shared 0, rows 0
// CHECK: .visible .entry attention(
// CHECK: ld.global.nc.v4
// CHECK: fma.rn.bf16x2
// CHECK: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: shfl.sync.bfly.b32
// CHECK: ex2.approx.ftz.f32
// CHECK: fma.rn.bf16x2
// CHECK: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: div.rn.ftz.f32
// CHECK-NOT: .local
func.func @attention(%q: memref<?x1024xf32>, %s: memref<?xi32>, %p: memref<?xi32>,
    %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x2x4x34x16x4xi8>,
    %v: memref<?x2x8x16x16x4xi8>, %y: memref<?x1024xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e
      {heads = 8 : i64, head_dim = 128 : i64, page = 64 : i64, split = 256 : i64,
       scale = 0.088 : f32, window = 0 : i64, softcap = 0.0 : f32}
      : memref<?x1024xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x34x16x4xi8>, memref<?x2x8x16x16x4xi8>, memref<?x1024xf32>, index, index
  return
}

// RUN: llmc-emit sm_80 %s | FileCheck %s

// A block does a row of logits. Distances are two operations of f32, neither fused
// nor approximated; all else is of integers: products of 32 and 64 bits, digits by
// shared atomics, scans by shuffles.
// CHECK: // llmc: threads 256, shared 32848, rows 0
// CHECK: .visible .entry choose_token(
// CHECK: ld.global.nc.v4.b32
// CHECK: sub.rn.ftz.f32
// CHECK-NEXT: mul.rn.ftz.f32
// CHECK: atom.shared.add.u64
// CHECK: mul.hi.u64
// CHECK: cvt.rzi.ftz.u32.f32
// CHECK: mul.hi.u32
// CHECK: shfl.sync.idx.b32
// CHECK-NOT: fma
// CHECK-NOT: approx
// CHECK-NOT: .local
func.func @choose_token(%l: memref<?x128256xf32>, %m: memref<?x32xi64>, %c: memref<?x8xi32>,
                        %t: memref<?xi32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.choose_token %l, %m, %c, %t, %b, %e
      : memref<?x128256xf32>, memref<?x32xi64>, memref<?x8xi32>, memref<?xi32>, index, index
  return
}

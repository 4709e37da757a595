// RUN: llmc-emit sm_80 %s | FileCheck %s

// Heads are done by warps: no shared memory, no barrier.
// CHECK: // llmc: threads 256, shared 0, rows 0
// CHECK: .visible .entry heads(
// CHECK-NOT: bar.sync
// CHECK: ret;
func.func @heads(%x: memref<?x8x64xf32>, %s: memref<64xf32>, %y: memref<?x8x64xf32>,
                 %b: index, %e: index) attributes {kernel.entry} {
  kernel.rms_norm %x, %s, %y, %b, %e {epsilon = 1.0e-5 : f32, offset = 0.0 : f32}
      : memref<?x8x64xf32>, memref<64xf32>, memref<?x8x64xf32>, index, index
  return
}

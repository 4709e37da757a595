// RUN: llmc-emit sm_80 %s | FileCheck %s

// A block does a row: 16 bytes a thread, a butterfly over lanes, then the warps'
// sums by way of shared memory. Rounding is the machine's.
// CHECK: // llmc: threads 256, shared 32, rows 0
// CHECK: .target sm_80
// CHECK: .visible .entry rms_norm(
// CHECK: .param .u64 .ptr .global
// CHECK: .reqntid 256
// CHECK: %ctaid.x
// CHECK: ld.global.v4.b32
// CHECK: fma.rn.ftz.f32
// CHECK-COUNT-5: shfl.sync.bfly.b32
// CHECK: bar.sync
// CHECK: ld.shared.v4.b32
// CHECK: sqrt.rn.ftz.f32
// CHECK: cvt.rn.bf16x2.f32
// CHECK: st.global.v2.b32
// CHECK-NOT: .local
func.func @rms_norm(%x: memref<?x512xf32>, %s: memref<512xf32>, %y: memref<?x512xbf16>,
                    %b: index, %e: index) attributes {kernel.entry} {
  kernel.rms_norm %x, %s, %y, %b, %e {epsilon = 1.0e-5 : f32, offset = 0.0 : f32}
      : memref<?x512xf32>, memref<512xf32>, memref<?x512xbf16>, index, index
  return
}

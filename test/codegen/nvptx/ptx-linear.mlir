// RUN: llmc-emit sm_80 %s | FileCheck %s

// Weights go from memory to matrix instructions by 16-byte loads; a chunk is
// loaded in the loop while the one before is multiplied: its registers are moved
// at the loop's end. The grid's y divides the rows in eights.
// CHECK: // llmc: threads 256, shared 8192, rows 8
// CHECK: .visible .entry linear(
// CHECK: .reqntid 256
// CHECK: .minnctapersm 2
// CHECK-COUNT-8: ld.global.nc.v4.b32
// CHECK: $L__BB0_[[LOOP:[0-9]+]]:
// CHECK-NEXT: .pragma "nounroll";
// CHECK-NOT: mma.sync
// CHECK-COUNT-8: ld.global.nc.v4.b32
// CHECK-NOT: ld.global.nc
// CHECK-COUNT-2: ld.global.v4.b32
// CHECK-NOT: {{cvt|prmt|shfl|bar[.]sync}}
// CHECK-COUNT-8: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-NOT: {{mma|cvt|prmt|shfl|bar[.]sync}}
// CHECK: @%p{{[0-9]+}} bra $L__BB0_[[LOOP]];
// CHECK-NOT: ld.global
// CHECK-COUNT-8: mma.sync
// CHECK-COUNT-2: st.shared.v4.b32
// CHECK: bar.sync
// CHECK: mov.u32 %r{{[0-9]+}}, %tid.x;
// CHECK-COUNT-8: ld.shared.v4.b32
// CHECK: st.global.v4.b32
// CHECK-NOT: .local
func.func @linear(%x: memref<?x4096xbf16>, %w: memref<256x2048x16x2xbf16>, %y: memref<?x4096xf32>,
                  %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w outputs(%y : memref<?x4096xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 1 : i64, tile_panels = 2 : i64}
      : memref<?x4096xbf16>, memref<256x2048x16x2xbf16> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

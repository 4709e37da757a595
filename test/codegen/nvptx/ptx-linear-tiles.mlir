// RUN: llmc-emit sm_80 %s | FileCheck %s

// Many rows: a ring of four stages filled by asynchronous copies of 16 bytes.
// CHECK: // llmc: threads 256, shared 65536, rows 128
// CHECK: .visible .entry tiles(
// Three stages are asked for before the loop; in it, weights and rows of a stage
// are read without conversions, and a barrier stands between its use and its next
// filling.
// CHECK-COUNT-4: cp.async.cg.shared.global
// CHECK: cp.async.commit_group
// CHECK-COUNT-4: cp.async.cg.shared.global
// CHECK: cp.async.commit_group
// CHECK-COUNT-4: cp.async.cg.shared.global
// CHECK: cp.async.commit_group
// CHECK: $L__BB0_
// CHECK: cp.async.commit_group
// CHECK-NOT: ld.global
// CHECK-COUNT-12: ld.shared.v4.b32
// CHECK-NOT: {{cvt|prmt|ld[.]}}
// CHECK-COUNT-32: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: cp.async.wait_group 2
// CHECK-NEXT: bar.sync
// CHECK-COUNT-4: cp.async.cg.shared.global
// CHECK: cp.async.wait_group 0
// CHECK: bar.sync
// CHECK: st.global.v4.b32
// CHECK-NOT: .local
func.func @tiles(%x: memref<?x4096xbf16>, %w: memref<256x2048x16x2xbf16>, %y: memref<?x4096xf32>,
                 %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w outputs(%y : memref<?x4096xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 128 : i64, tile_panels = 8 : i64}
      : memref<?x4096xbf16>, memref<256x2048x16x2xbf16> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

// RUN: llmc-emit sm_80 %s | FileCheck %s

// Many rows: a ring of four stages filled by asynchronous copies of 16 bytes.
// CHECK: // llmc: threads 256, shared 65536, rows 128
// CHECK: .visible .entry tiles(
// CHECK-DAG: cp.async.cg.shared.global
// CHECK-DAG: cp.async.commit_group
// CHECK-DAG: cp.async.wait_group 2
// CHECK-DAG: bar.sync
// CHECK-DAG: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
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

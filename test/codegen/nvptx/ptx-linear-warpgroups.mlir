// RUN: llmc-emit sm_90a %s | FileCheck %s
// RUN: not llmc-emit sm_80 %s 2>&1 | FileCheck %s --check-prefix=LESSER

// Many rows where warpgroups multiply: tiles of tensors, barriers that count bytes,
// registers from the producer to the consumer, 64 outputs times 128 rows at once.
// LESSER: sm_80 has no wgmma
// CHECK: // llmc: threads 256, shared 98352, rows 128,
// CHECK-SAME: tensor 0 + 0 of 2, swizzle 128: 4096 by 2 box 64, #1 by 8192 box 128,
// CHECK-SAME: tensor 1 + 0 of 1, swizzle 128: 128 by 1 box 128, 1024 by 128 box 16, 256 by 131072 box 8
// CHECK: .visible .entry warpgroups(
// CHECK: .param .align 64 .b8 warpgroups_param_7[128],
// CHECK: .param .align 64 .b8 warpgroups_param_8[128]
// CHECK: .minnctapersm 2
// CHECK-DAG: mbarrier.init.shared.b64
// CHECK-DAG: setmaxnreg.dec.sync.aligned.u32 {{.*}}40;
// CHECK-DAG: setmaxnreg.inc.sync.aligned.u32 {{.*}}216;
// CHECK-DAG: mbarrier.arrive.expect_tx.shared.b64
// CHECK-DAG: cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
// CHECK-DAG: cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
// CHECK-DAG: mbarrier.try_wait.parity.shared.b64
// CHECK-DAG: ld.shared.v4.b32
// CHECK-DAG: wgmma.fence.sync.aligned;
// CHECK-DAG: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK-DAG: wgmma.commit_group.sync.aligned;
// CHECK-DAG: wgmma.wait_group.sync.aligned
// CHECK-DAG: fence.proxy.async.shared::cta;
// CHECK-NOT: .local
func.func @warpgroups(%x: memref<?x4096xbf16>, %w: memref<256x2048x16x2xbf16>, %y: memref<?x4096xf32>,
                      %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w outputs(%y : memref<?x4096xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 128 : i64, tile_panels = 8 : i64, engine = "wgmma"}
      : memref<?x4096xbf16>, memref<256x2048x16x2xbf16> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

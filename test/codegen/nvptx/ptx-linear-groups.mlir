// RUN: llmc-emit sm_80 %s | FileCheck %s

// Four bits: masks and one exact fma make pairs of bf16 between the products.
// CHECK: .visible .entry groups(
// A load of four words is 32 terms: two products, 16 masks; rows are put in the
// order of the nibbles, once for both.
// CHECK: .pragma "nounroll";
// CHECK-COUNT-5: ld.global.nc.v4.b32
// CHECK: and.b32
// CHECK: or.b32 %r{{[0-9]+}}, %r{{[0-9]+}}, 1124090624;
// CHECK-COUNT-16: fma.rn.bf16x2
// CHECK-COUNT-4: prmt.b32
// CHECK-NOT: {{fma|prmt}}
// CHECK-COUNT-4: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-NOT: .local
func.func @groups(%x: memref<?x4096xbf16>, %w: memref<256x34816xi8>, %y: memref<?x4096xf32>,
                  %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w outputs(%y : memref<?x4096xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 8 : i64, tile_panels = 2 : i64, scheme = "w4g128"}
      : memref<?x4096xbf16>, memref<256x34816xi8> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

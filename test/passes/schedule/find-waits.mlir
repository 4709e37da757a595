// RUN: llmc-opt %s --llmc-plan-memory --llmc-find-waits | FileCheck %s
// RUN: not llmc-opt %s --llmc-find-waits 2>&1 | FileCheck %s --check-prefix=EARLY

// EARLY: has no place in the arena yet

func.func private @norm(%x: memref<?x64xf32>, %s: memref<64xf32>, %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.rms_norm %x, %s, %y, %b, %e {epsilon = 1.0e-5 : f32, offset = 0.0 : f32} : memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>, index, index
  return
}
func.func private @linear(%x: memref<?x64xf32>, %w: memref<4x64x16xf32>, %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w outputs(%y : memref<?x64xf32>) tiles(%b, %e) {parts = 1 : i64, tile_rows = 4 : i64, tile_panels = 2 : i64} : memref<?x64xf32>, memref<4x64x16xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}
func.func private @add(%x: memref<?x64xf32>, %w: memref<4x64x16xf32>, %z: memref<?x64xf32>, %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w extras(%z : memref<?x64xf32>) outputs(%y : memref<?x64xf32>) tiles(%b, %e) {parts = 1 : i64, tile_rows = 4 : i64, tile_panels = 1 : i64} : memref<?x64xf32>, memref<4x64x16xf32> {
  ^bb0(%sum: f32, %more: f32):
    %0 = arith.addf %sum, %more : f32
    llm.yield %0 : f32
  }
  return
}

// The second norm has the first one's rows, row by row. A linear needs all of them. The
// last one needs all of the linear in front, and by it what that waited for; of the
// first linear's columns it needs its own: half a tile each. What takes the memory of
// the first rows waits for who read them.
// CHECK-LABEL: rt.program @step
// CHECK: rt.launch @norm {{.*}}({{[^)]*}}) :
// CHECK: rt.launch @norm {{.*}} {waits = [#rt.wait<0, 1 : 1>]}
// CHECK: rt.launch @linear {{.*}} {waits = [#rt.wait<1>]}
// CHECK: rt.launch @linear {{.*}} {waits = [#rt.wait<1>]}
// CHECK: rt.launch @add {{.*}} {waits = [#rt.wait<3>, #rt.wait<2, 16 : 32>]}
rt.program @step attributes {kind = "step", min_rows = 1 : i64, max_rows = 8 : i64} {
  %t = rt.symbol "T"
  %four = rt.shape affine_map<() -> (4)>()
  %two = rt.shape affine_map<() -> (2)>()
  %x = rt.buffer input(%t) {name = "x"} : memref<?x64xf32>
  %s = rt.buffer weight() {name = "s"} : memref<64xf32>
  %w = rt.buffer weight() {name = "w"} : memref<4x64x16xf32>
  %a = rt.buffer arena(%t) : memref<?x64xf32>
  %b = rt.buffer arena(%t) : memref<?x64xf32>
  %c = rt.buffer arena(%t) : memref<?x64xf32>
  %d = rt.buffer arena(%t) : memref<?x64xf32>
  %y = rt.buffer output(%t) {name = "y"} : memref<?x64xf32>
  rt.launch @norm tiles(%t) (%x, %s, %a) : memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>
  rt.launch @norm tiles(%t) (%a, %s, %b) : memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>
  rt.launch @linear tiles(%two) (%b, %w, %c) : memref<?x64xf32>, memref<4x64x16xf32>, memref<?x64xf32>
  rt.launch @linear tiles(%two) (%b, %w, %d) : memref<?x64xf32>, memref<4x64x16xf32>, memref<?x64xf32>
  rt.launch @add tiles(%four) (%d, %w, %c, %y) : memref<?x64xf32>, memref<4x64x16xf32>, memref<?x64xf32>, memref<?x64xf32>
}

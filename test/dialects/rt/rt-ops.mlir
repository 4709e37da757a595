// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK-LABEL: func.func @kernel
func.func @kernel(%x: memref<?x8xf32>, %w: memref<8xf32>, %y: memref<?x8xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}

// CHECK-LABEL: rt.program @every_space attributes {arena_bytes = 64 : i64, kind = "step", max_rows = 4 : i64, min_rows = 1 : i64} {
// CHECK: %[[T:.+]] = rt.symbol "T"
// CHECK: %[[TWICE:.+]] = rt.shape #[[MAP:.+]](%[[T]])
// CHECK: rt.shape #{{.+}}()
// CHECK: %[[X:.+]] = rt.buffer input(%[[T]]) {name = "x"} : memref<?x8xf32>
// CHECK: %[[W:.+]] = rt.buffer weight() {name = "w"} : memref<8xf32>
// CHECK: rt.buffer key_cache(%[[T]]) {layer = 3 : i64} : memref<?x2x4x16x16xf32>
// CHECK: rt.buffer value_cache(%[[T]]) : memref<?x2x1x64x16xf32>
// CHECK: %[[A:.+]] = rt.buffer arena(%[[TWICE]]) {offset = 64 : i64} : memref<?x16xf32>
// CHECK: %[[V:.+]] = rt.view %[[A]](%[[T]]) {offset = 8 : i64} : memref<?x16xf32> to memref<?x8xf32>
// CHECK: %[[Y:.+]] = rt.buffer output(%[[T]]) {name = "y"} : memref<?x8xf32>
// CHECK: rt.launch @kernel tiles(%[[T]]) (%[[X]], %[[W]], %[[Y]]) : memref<?x8xf32>, memref<8xf32>, memref<?x8xf32>
// CHECK: rt.launch @kernel tiles(%[[T]]) (%[[X]], %[[W]], %[[Y]]) {waits = [#rt.wait<0, 16 : 32>, #rt.wait<0>]} :
rt.program @every_space attributes {kind = "step", min_rows = 1 : i64, max_rows = 4 : i64, arena_bytes = 64 : i64} {
  %t = rt.symbol "T"
  %twice = rt.shape affine_map<(d0) -> (d0 * 2)>(%t)
  %four = rt.shape affine_map<() -> (4)>()
  %x = rt.buffer input(%t) {name = "x"} : memref<?x8xf32>
  %w = rt.buffer weight() {name = "w"} : memref<8xf32>
  %k = rt.buffer key_cache(%t) {layer = 3 : i64} : memref<?x2x4x16x16xf32>
  %v = rt.buffer value_cache(%t) : memref<?x2x1x64x16xf32>
  %a = rt.buffer arena(%twice) {offset = 64 : i64} : memref<?x16xf32>
  %view = rt.view %a(%t) {offset = 8 : i64} : memref<?x16xf32> to memref<?x8xf32>
  %y = rt.buffer output(%t) {name = "y"} : memref<?x8xf32>
  rt.launch @kernel tiles(%t) (%x, %w, %y) : memref<?x8xf32>, memref<8xf32>, memref<?x8xf32>
  rt.launch @kernel tiles(%t) (%x, %w, %y) {waits = [#rt.wait<0, 16 : 32>, #rt.wait<0>]} : memref<?x8xf32>, memref<8xf32>, memref<?x8xf32>
}

// Without rows: a whole graph.
// CHECK-LABEL: rt.program @graph attributes {kind = "graph"} {
rt.program @graph attributes {kind = "graph"} {
  %n = rt.symbol "batch"
}

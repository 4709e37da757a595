// RUN: llmc-opt %s --llmc-plan-memory | FileCheck %s

func.func @kernel(%a: memref<?x16xf32>, %b: memref<?x16xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}
func.func @wide(%a: memref<?x16xf32>, %b: memref<?x32xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}
func.func @narrow(%a: memref<?x16xf32, strided<[32, 1]>>, %b: memref<?x16xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}

// a -> b -> c -> d: two memories suffice, whatever the length of the chain.
// CHECK-LABEL: rt.program @reuse_in_a_chain attributes {arena_bytes = 512 : i64, kind = "step", live_bytes = 512 : i64
// CHECK: rt.buffer arena(%{{.+}}) {offset = 0 : i64}
// CHECK: rt.buffer arena(%{{.+}}) {offset = 256 : i64}
// CHECK: rt.buffer arena(%{{.+}}) {offset = 0 : i64}
// CHECK: rt.buffer arena(%{{.+}}) {offset = 256 : i64}
rt.program @reuse_in_a_chain attributes {kind = "step", min_rows = 1 : i64, max_rows = 4 : i64} {
  %t = rt.symbol "T"
  %a = rt.buffer arena(%t) : memref<?x16xf32>
  %b = rt.buffer arena(%t) : memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%a, %b) : memref<?x16xf32>, memref<?x16xf32>
  %c = rt.buffer arena(%t) : memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%b, %c) : memref<?x16xf32>, memref<?x16xf32>
  %d = rt.buffer arena(%t) : memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%c, %d) : memref<?x16xf32>, memref<?x16xf32>
}

// CHECK-LABEL: rt.program @no_reuse_of_a_residual attributes {arena_bytes = 768 : i64
rt.program @no_reuse_of_a_residual attributes {kind = "step", min_rows = 1 : i64, max_rows = 4 : i64} {
  %t = rt.symbol "T"
  %a = rt.buffer arena(%t) : memref<?x16xf32>
  %b = rt.buffer arena(%t) : memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%a, %b) : memref<?x16xf32>, memref<?x16xf32>
  %c = rt.buffer arena(%t) : memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%b, %c) : memref<?x16xf32>, memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%c, %a) : memref<?x16xf32>, memref<?x16xf32>
}

// A view keeps alive what it looks at.
// CHECK-LABEL: rt.program @no_reuse_under_a_view attributes {arena_bytes = 1024 : i64
// CHECK: %[[WIDE:.+]] = rt.buffer arena(%{{.+}}) {offset = 0 : i64} : memref<?x32xf32>
// CHECK: rt.view %[[WIDE]]() {offset = 16 : i64}
// CHECK: rt.buffer arena(%{{.+}}) {offset = 768 : i64}
rt.program @no_reuse_under_a_view attributes {kind = "step", min_rows = 1 : i64, max_rows = 4 : i64} {
  %t = rt.symbol "T"
  %a = rt.buffer arena(%t) : memref<?x16xf32>
  %w = rt.buffer arena(%t) : memref<?x32xf32>
  rt.launch @wide tiles(%t) (%a, %w) : memref<?x16xf32>, memref<?x32xf32>
  %v = rt.view %w() {offset = 16 : i64} : memref<?x32xf32> to memref<?x16xf32, strided<[32, 1]>>
  %b = rt.buffer arena(%t) : memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%a, %b) : memref<?x16xf32>, memref<?x16xf32>
  rt.launch @narrow tiles(%t) (%v, %b) : memref<?x16xf32, strided<[32, 1]>>, memref<?x16xf32>
}

// Only the arena is planned; a buffer that no launch names takes nothing.
// CHECK-LABEL: rt.program @no_offset_outside_the_arena attributes {arena_bytes = 64 : i64
// CHECK: rt.buffer input(%{{.+}}) {name = "x"}
// CHECK: rt.buffer arena(%{{.+}}) {offset = 0 : i64}
// CHECK: rt.buffer arena(%{{.+}}) : memref
rt.program @no_offset_outside_the_arena attributes {kind = "step", min_rows = 1 : i64, max_rows = 1 : i64} {
  %t = rt.symbol "T"
  %a = rt.buffer input(%t) {name = "x"} : memref<?x16xf32>
  %b = rt.buffer arena(%t) : memref<?x16xf32>
  %never = rt.buffer arena(%t) : memref<?x16xf32>
  rt.launch @kernel tiles(%t) (%a, %b) : memref<?x16xf32>, memref<?x16xf32>
}

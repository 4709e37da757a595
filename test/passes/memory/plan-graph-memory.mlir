// RUN: llmc-opt %s --llmc-plan-memory | FileCheck %s

#n = affine_map<()[s0, s1] -> (s0)>
#m = affine_map<()[s0, s1] -> (s1)>

func.func private @copy(memref<?xf32>, memref<?xf32>, index, index) attributes {kernel.entry}
func.func private @fixed(memref<64xf32>, memref<64xf32>, index, index) attributes {kernel.entry}

// CHECK-DAG: #[[BEHIND_FIXED:.+]] = affine_map<()[s0, s1] -> (512)>
// CHECK-DAG: #[[ONE:.+]] = affine_map<()[s0, s1] -> (((s0 * 4) ceildiv 64) * 64 + 512)>
// CHECK-DAG: #[[START:.+]] = affine_map<()[s0, s1] -> (0)>
// CHECK-DAG: #[[SECOND:.+]] = affine_map<()[s0, s1] -> (((s0 * 4) ceildiv 64) * 64)>
// CHECK-DAG: #[[TWO:.+]] = affine_map<()[s0, s1] -> (((s0 * 4) ceildiv 64) * 128)>
// CHECK-DAG: #[[BOTH:.+]] = affine_map<()[s0, s1] -> (((s0 * 4) ceildiv 64) * 64 + ((s1 * 4) ceildiv 64) * 64)>

// Sizes that are known come first, at offsets that are known, and reuse.
// CHECK-LABEL: rt.program @plan_known_sizes_first
// CHECK-SAME: arena_bytes = 512 : i64
// CHECK-SAME: live_bytes = 512 : i64
// CHECK-SAME: rt.symbolic_arena = #[[ONE]]
// CHECK: rt.buffer arena() {offset = 0 : i64}
// CHECK: rt.buffer arena() {offset = 256 : i64}
// CHECK: rt.buffer arena() {offset = 0 : i64}
// CHECK: rt.buffer arena({{.+}}) {rt.symbolic_offset = #[[BEHIND_FIXED]]}
rt.program @plan_known_sizes_first attributes {kind = "graph"} {
  %n = rt.symbol "n"
  %m = rt.symbol "m"
  %size = rt.shape #n(%n, %m)
  %in = rt.buffer input(%size) {name = "x"} : memref<?xf32>
  %a = rt.buffer arena() : memref<64xf32>
  %b = rt.buffer arena() : memref<64xf32>
  %c = rt.buffer arena() : memref<64xf32>
  %d = rt.buffer arena(%size) : memref<?xf32>
  rt.launch @copy tiles(%n) (%in, %d) : memref<?xf32>, memref<?xf32>
  rt.launch @fixed tiles(%n) (%a, %b) : memref<64xf32>, memref<64xf32>
  rt.launch @fixed tiles(%n) (%b, %c) : memref<64xf32>, memref<64xf32>
  rt.launch @copy tiles(%n) (%d, %in) : memref<?xf32>, memref<?xf32>
}

// a -> b -> c: the third takes the first's slot.
// CHECK-LABEL: rt.program @reuse_a_slot_of_equal_size
// CHECK-SAME: rt.symbolic_arena = #[[TWO]]
// CHECK: rt.buffer arena({{.+}}) {rt.symbolic_offset = #[[START]]}
// CHECK: rt.buffer arena({{.+}}) {rt.symbolic_offset = #[[SECOND]]}
// CHECK: rt.buffer arena({{.+}}) {rt.symbolic_offset = #[[START]]}
rt.program @reuse_a_slot_of_equal_size attributes {kind = "graph"} {
  %n = rt.symbol "n"
  %m = rt.symbol "m"
  %size = rt.shape #n(%n, %m)
  %a = rt.buffer arena(%size) : memref<?xf32>
  %b = rt.buffer arena(%size) : memref<?xf32>
  %c = rt.buffer arena(%size) : memref<?xf32>
  rt.launch @copy tiles(%n) (%a, %b) : memref<?xf32>, memref<?xf32>
  rt.launch @copy tiles(%n) (%b, %c) : memref<?xf32>, memref<?xf32>
}

// Not alive together, but which is larger is not known.
// CHECK-LABEL: rt.program @no_reuse_of_another_size
// CHECK-SAME: rt.symbolic_arena = #[[BOTH]]
// CHECK: rt.buffer arena({{.+}}) {rt.symbolic_offset = #[[START]]}
// CHECK: rt.buffer arena({{.+}}) {rt.symbolic_offset = #[[SECOND]]}
rt.program @no_reuse_of_another_size attributes {kind = "graph"} {
  %n = rt.symbol "n"
  %m = rt.symbol "m"
  %size = rt.shape #n(%n, %m)
  %other = rt.shape #m(%n, %m)
  %a = rt.buffer arena(%size) : memref<?xf32>
  %b = rt.buffer arena(%other) : memref<?xf32>
  rt.launch @copy tiles(%n) (%a, %a) : memref<?xf32>, memref<?xf32>
  rt.launch @copy tiles(%n) (%b, %b) : memref<?xf32>, memref<?xf32>
}

// CHECK-LABEL: rt.program @no_slot_for_constants_alone
// CHECK-NOT: rt.symbolic_arena
// CHECK: rt.buffer arena() {offset = 0 : i64}
rt.program @no_slot_for_constants_alone attributes {kind = "graph"} {
  %n = rt.symbol "n"
  %a = rt.buffer arena() : memref<64xf32>
  rt.launch @fixed tiles(%n) (%a, %a) : memref<64xf32>, memref<64xf32>
}

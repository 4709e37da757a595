// RUN: llmc-opt %s --split-input-file --llmc-plan-memory -verify-diagnostics

func.func private @copy(memref<?xf32>, memref<?xf32>, index, index) attributes {kernel.entry}

rt.program @no_plan_of_an_extent_without_expression attributes {kind = "graph"} {
  %n = rt.symbol "n"
  // expected-error @below {{has an extent that is no expression}}
  %a = rt.buffer arena(%n) : memref<?xf32>
  rt.launch @copy tiles(%n) (%a, %a) : memref<?xf32>, memref<?xf32>
}

// -----

func.func private @wide(memref<4611686018427387904xf32>, index, index) attributes {kernel.entry}

rt.program @no_plan_of_a_buffer_beyond_2_to_63 attributes {kind = "graph"} {
  %n = rt.symbol "n"
  // expected-error @below {{is larger than 2^63 bytes}}
  %a = rt.buffer arena() : memref<4611686018427387904xf32>
  rt.launch @wide tiles(%n) (%a) : memref<4611686018427387904xf32>
}

// -----

func.func private @sum(memref<2305843009213693000xi8>, memref<8646911284551352320xi8>, index, index) attributes {kernel.entry}

// expected-error @below {{needs more than 2^63 bytes}}
rt.program @no_plan_of_a_sum_beyond_2_to_63 attributes {kind = "graph"} {
  %n = rt.symbol "n"
  %a = rt.buffer arena() : memref<2305843009213693000xi8>
  %b = rt.buffer arena() : memref<8646911284551352320xi8>
  rt.launch @sum tiles(%n) (%a, %b) : memref<2305843009213693000xi8>, memref<8646911284551352320xi8>
}

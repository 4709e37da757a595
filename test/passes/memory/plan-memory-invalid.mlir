// RUN: llmc-opt %s --split-input-file --llmc-plan-memory -verify-diagnostics

func.func @kernel(%a: memref<?x4611686018427387904xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}
rt.program @no_plan_of_a_buffer_beyond_2_to_63 attributes {kind = "step", min_rows = 1 : i64, max_rows = 4 : i64} {
  %t = rt.symbol "T"
  // expected-error @below {{is larger than 2^63 bytes at 4 rows}}
  %a = rt.buffer arena(%t) : memref<?x4611686018427387904xf32>
  rt.launch @kernel tiles(%t) (%a) : memref<?x4611686018427387904xf32>
}

// -----

// Each fits; both at once do not.
func.func @kernel(%a: memref<?x1152921504606846976xf32>, %b: memref<?x1152921504606846976xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}
// expected-error @below {{needs more than 2^63 bytes}}
rt.program @no_plan_of_a_sum_beyond_2_to_63 attributes {kind = "step", min_rows = 1 : i64, max_rows = 1 : i64} {
  %t = rt.symbol "T"
  %a = rt.buffer arena(%t) : memref<?x1152921504606846976xf32>
  %b = rt.buffer arena(%t) : memref<?x1152921504606846976xf32>
  rt.launch @kernel tiles(%t) (%a, %b) : memref<?x1152921504606846976xf32>, memref<?x1152921504606846976xf32>
}

// RUN: llmc-opt %s -split-input-file -verify-diagnostics

rt.program @shape_of_two_results attributes {kind = "step"} {
  %t = rt.symbol "T"
  // expected-error @below {{(1) map must take 1 operands and give one result}}
  %s = rt.shape affine_map<(d0) -> (d0, d0)>(%t)
}

// -----

rt.program @shape_without_its_operand attributes {kind = "step"} {
  // expected-error @below {{(1) map must take 0 operands and give one result}}
  %s = rt.shape affine_map<(d0) -> (d0)>()
}

// -----

rt.program @buffer_without_extent attributes {kind = "step"} {
  // expected-error @below {{(1) has 0 extents for 1 dynamic dimensions}}
  %a = rt.buffer arena() : memref<?x8xf32>
}

// -----

rt.program @buffer_with_extra_extent attributes {kind = "step"} {
  %t = rt.symbol "T"
  // expected-error @below {{(1) has 1 extents for 0 dynamic dimensions}}
  %a = rt.buffer arena(%t) : memref<8xf32>
}

// -----

rt.program @weight_without_name attributes {kind = "step"} {
  // expected-error @below {{(2) needs a name}}
  %a = rt.buffer weight() : memref<8xf32>
}

// -----

rt.program @input_without_name attributes {kind = "step"} {
  // expected-error @below {{(2) needs a name}}
  %a = rt.buffer input() : memref<8xf32>
}

// -----

rt.program @launch_of_nothing attributes {kind = "step"} {
  %t = rt.symbol "T"
  %x = rt.buffer arena() : memref<8xf32>
  // expected-error @below {{(1) 'missing' is no kernel}}
  rt.launch @missing tiles(%t) (%x) : memref<8xf32>
}

// -----

func.func @plain(%begin: index, %end: index) {
  return
}
rt.program @launch_of_a_plain_function attributes {kind = "step"} {
  %t = rt.symbol "T"
  %x = rt.buffer arena() : memref<8xf32>
  // expected-error @below {{(1) 'plain' is no kernel}}
  rt.launch @plain tiles(%t) (%x) : memref<8xf32>
}

// -----

func.func @kernel(%x: memref<8xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}
rt.program @launch_with_other_types attributes {kind = "step"} {
  %t = rt.symbol "T"
  %x = rt.buffer arena() : memref<16xf32>
  // expected-error @below {{(2) arguments do not have the types of 'kernel'}}
  rt.launch @kernel tiles(%t) (%x) : memref<16xf32>
}

// -----

// expected-error @below {{(1) a wait for launch 0, 1 : 0 is impossible}}
func.func private @wait_for_no_tiles() attributes {wait = #rt.wait<0, 1 : 0>}

// -----

func.func @kernel(%x: memref<8xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  return
}
rt.program @launch_with_too_many_arguments attributes {kind = "step"} {
  %t = rt.symbol "T"
  %x = rt.buffer arena() : memref<8xf32>
  // expected-error @below {{(2) arguments do not have the types of 'kernel'}}
  rt.launch @kernel tiles(%t) (%x, %x) : memref<8xf32>, memref<8xf32>
}

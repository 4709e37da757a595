// RUN: llmc-opt %s -split-input-file -verify-diagnostics

// Row-wise ops without a matrix.

func.func @map_without_result(%x: tensor<?x8xf32>) {
  // expected-error @below {{(1) has no result}}
  llm.map %x : (tensor<?x8xf32>) -> () {
  ^bb0(%a: f32):
    llm.yield
  }
  return
}

// -----

func.func @map_without_argument(%x: tensor<?x8xf32>) {
  // expected-error @below {{(1) body has 1 arguments for 2 inputs}}
  %y = llm.map %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32> {
  ^bb0(%a: f32):
    llm.yield %a : f32
  }
  return
}

// -----

func.func @map_with_argument_of_another_type(%x: tensor<?x8xf16>) {
  // expected-error @below {{(1) body takes 'f32' for 'tensor<?x8xf16>'}}
  %y = llm.map %x : (tensor<?x8xf16>) -> tensor<?x8xf32> {
  ^bb0(%a: f32):
    llm.yield %a : f32
  }
  return
}

// -----

func.func @map_that_yields_too_little(%x: tensor<?x8xf32>) {
  // expected-error @below {{(1) body yields 1 values for 2 results}}
  %y:2 = llm.map %x : (tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  ^bb0(%a: f32):
    llm.yield %a : f32
  }
  return
}

// -----

func.func @map_that_yields_another_type(%x: tensor<?x8xf32>) {
  // expected-error @below {{(1) body yields 'f32' for 'tensor<?x8xf16>'}}
  %y = llm.map %x : (tensor<?x8xf32>) -> tensor<?x8xf16> {
  ^bb0(%a: f32):
    llm.yield %a : f32
  }
  return
}

// -----

func.func @map_with_input_of_another_width(%x: tensor<?x8xf32>, %c: tensor<4xf32>) {
  // expected-error @below {{(2) input 'tensor<4xf32>' does not broadcast to 'tensor<?x8xf32>'}}
  %y = llm.map %x, %c : (tensor<?x8xf32>, tensor<4xf32>) -> tensor<?x8xf32> {
  ^bb0(%a: f32, %b: f32):
    llm.yield %a : f32
  }
  return
}

// -----

func.func @rms_norm_with_other_scale(%x: tensor<?x8xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{(1) scale 'tensor<4xf32>' does not match the last dimension of 'tensor<?x8xf32>'}}
  %y = llm.rms_norm %x, %w {epsilon = 0.0 : f32} : (tensor<?x8xf32>, tensor<4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @rms_norm_with_heads_that_do_not_divide(%x: tensor<?x8xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{(1) scale 'tensor<4xf32>' does not match 3 ranges of the last dimension}}
  %y = llm.rms_norm %x, %w {epsilon = 0.0 : f32, heads = 3 : i64} : (tensor<?x8xf32>, tensor<4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @add_rms_norm_with_other_scale(%x: tensor<?x8xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{(1) scale 'tensor<4xf32>' does not match}}
  %s, %y = llm.add_rms_norm %x, %x, %w {epsilon = 0.0 : f32} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<4xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @layer_norm_with_other_scale(%x: tensor<?x8xf32>, %w: tensor<4xf32>, %b: tensor<8xf32>) {
  // expected-error @below {{(1) scale 'tensor<4xf32>' does not match}}
  %y = llm.layer_norm %x, %w, %b {epsilon = 0.0 : f32} : (tensor<?x8xf32>, tensor<4xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @layer_norm_with_other_bias(%x: tensor<?x8xf32>, %w: tensor<4xf32>, %b: tensor<8xf32>) {
  // expected-error @below {{(1) bias 'tensor<4xf32>' does not match}}
  %y = llm.layer_norm %x, %b, %w {epsilon = 0.0 : f32} : (tensor<?x8xf32>, tensor<8xf32>, tensor<4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @columns_beyond_the_end(%x: tensor<?x8xf32>) {
  // expected-error @below {{(1) columns [5, 9) are not within 'tensor<?x8xf32>'}}
  %y = llm.columns %x {offset = 5 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @columns_before_the_start(%x: tensor<?x8xf32>) {
  // expected-error @below {{(1) columns [-1, 3) are not within 'tensor<?x8xf32>'}}
  %y = llm.columns %x {offset = -1 : i64} : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @columns_wider_than_the_input(%x: tensor<?x8xf32>) {
  // expected-error @below {{(1) columns [0, 16) are not within 'tensor<?x8xf32>'}}
  %y = llm.columns %x {offset = 0 : i64} : tensor<?x8xf32> -> tensor<?x16xf32>
  return
}

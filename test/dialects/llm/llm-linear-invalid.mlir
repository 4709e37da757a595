// RUN: llmc-opt %s -split-input-file -verify-diagnostics

func.func @linear_with_other_rows_of_weight(%x: tensor<?x8xf32>, %w: tensor<4x16xf32>) {
  // expected-error @below {{(1) weight 'tensor<4x16xf32>' does not multiply 'tensor<?x8xf32>'}}
  llm.linear %x, %w : (tensor<?x8xf32>, tensor<4x16xf32>) -> tensor<?x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_with_vector(%x: tensor<?x8xf32>, %w: tensor<8xf32>) {
  // expected-error @below {{(1) weight 'tensor<8xf32>' does not multiply}}
  llm.linear %x, %w : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_without_result(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(2) has no result}}
  llm.linear %x, %w : (tensor<?x8xf32>, tensor<8x16xf32>) -> () {
  ^bb0(%s: f32):
    llm.yield
  }
  return
}

// -----

func.func @linear_with_other_columns(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(2) weight 'tensor<8x16xf32>' does not have 2 * 16 columns}}
  llm.linear %x, %w {parts = 2 : i64} : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x16xf32> {
  ^bb0(%s: f32, %t: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_without_argument_of_a_part(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(3) epilogue has 1 arguments for 2 parts and 0 extras}}
  llm.linear %x, %w {parts = 2 : i64} : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x8xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_with_sum_in_half(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(3) epilogue argument 0 is 'f16', not 'f32'}}
  llm.linear %x, %w : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x16xf16> {
  ^bb0(%s: f16):
    llm.yield %s : f16
  }
  return
}

// -----

func.func @linear_with_extra_of_another_type(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>, %e: tensor<16xf16>) {
  // expected-error @below {{(3) epilogue argument 1 is 'f32', not 'f16'}}
  llm.linear %x, %w extras(%e) : (tensor<?x8xf32>, tensor<8x16xf32>, tensor<16xf16>) -> tensor<?x16xf32> {
  ^bb0(%s: f32, %t: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_that_yields_too_much(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(3) epilogue yields 2 values for 1 results}}
  llm.linear %x, %w : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s, %s : f32, f32
  }
  return
}

// -----

func.func @linear_that_yields_another_type(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(3) epilogue yields 'f32' for 'tensor<?x16xf16>'}}
  llm.linear %x, %w : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x16xf16> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_with_extra_of_another_shape(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>, %e: tensor<8xf32>) {
  // expected-error @below {{(4) extra 'tensor<8xf32>' fits neither 16 columns nor the result}}
  llm.linear %x, %w extras(%e) : (tensor<?x8xf32>, tensor<8x16xf32>, tensor<8xf32>) -> tensor<?x16xf32> {
  ^bb0(%s: f32, %t: f32):
    llm.yield %s : f32
  }
  return
}

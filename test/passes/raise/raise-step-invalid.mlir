// RUN: llmc-opt %s --split-input-file --llmc-raise-step -verify-diagnostics

// expected-error @below {{there is no graph to raise}}
module @no_raise_without_a_graph {
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 32)>
module @no_raise_plain_op {
llm.weight @table {type = tensor<32x32xf32>, values = dense<1.0> : tensor<32x32xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x32xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x32xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x32xf32>) -> tensor<?x?x32xf32, #rows>
  // expected-error @below {{is in the way of a decoder's step: it is neither row-wise nor part of a recognised attention}}
  %r = onnx.cum_sum %x {axis = 1 : i64, exclusive = false, reverse = false} : (tensor<?x?x32xf32, #rows>) -> tensor<?x?x32xf32, #rows>
  return %r : tensor<?x?x32xf32, #rows>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
module @no_raise_without_logits {
// expected-error @below {{output of type 'tensor<?x?xi64, affine_map<()[s0, s1] -> (s0, s1)>>' is neither the logits nor a recognised cache}}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?xi64, #bs> {
  return %ids : tensor<?x?xi64, #bs>
}
}

// -----

module @no_raise_without_outputs {
// expected-error @below {{no output holds logits}}
func.func @main() {
  return
}
}

// -----

#rows = affine_map<()[s0, s1] -> (s0, s1, 32)>
module @no_raise_second_output {
func.func @main(%x: tensor<?x?x32xf32, #rows>) -> (tensor<?x?x32xf32, #rows>, tensor<?x?x32xf32, #rows>) {
  // expected-error @below {{is neither the logits nor a recognised cache}}
  %y = onnx.exp %x : (tensor<?x?x32xf32, #rows>) -> tensor<?x?x32xf32, #rows>
  return %x, %y : tensor<?x?x32xf32, #rows>, tensor<?x?x32xf32, #rows>
}
}

// -----

#rows = affine_map<()[s0, s1] -> (s0, s1, 32)>
module @no_raise_rows_that_are_an_argument {
// expected-error @below {{an argument of type 'tensor<?x?x32xf32, affine_map<()[s0, s1] -> (s0, s1, 32)>>' is read by a row-wise op}}
func.func @main(%x: tensor<?x?x32xf32, #rows>) -> tensor<?x?x32xf32, #rows> {
  %y = llm.map %x : (tensor<?x?x32xf32, #rows>) -> tensor<?x?x32xf32, #rows> {
  ^bb0(%a: f32):
    llm.yield %a : f32
  }
  return %y : tensor<?x?x32xf32, #rows>
}
}

// -----

// The first row, as a classifier takes it: the step cannot say so.
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 32)>
#one = affine_map<()[s0] -> (s0, 1, 32)>
module @no_raise_first_row {
llm.weight @table {type = tensor<32x32xf32>, values = dense<1.0> : tensor<32x32xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x1x32xf32, #one> {
  %w = llm.get_weight @table : tensor<32x32xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x32xf32>) -> tensor<?x?x32xf32, #rows>
  // expected-error @below {{is in the way of a decoder's step}}
  %r = onnx.slice %x {starts = affine_map<() -> (0, 0, 0)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x32xf32, #rows>) -> tensor<?x1x32xf32, #one>
  return %r : tensor<?x1x32xf32, #one>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 32)>
module @no_raise_reversed_rows {
llm.weight @table {type = tensor<32x32xf32>, values = dense<1.0> : tensor<32x32xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x32xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x32xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x32xf32>) -> tensor<?x?x32xf32, #rows>
  // expected-error @below {{is in the way of a decoder's step}}
  %r = onnx.slice %x {starts = affine_map<()[s0, s1] -> (0, s1 - 1, 0)>, steps = array<i64: 1, -1, 1>} : (tensor<?x?x32xf32, #rows>) -> tensor<?x?x32xf32, #rows>
  return %r : tensor<?x?x32xf32, #rows>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 32)>
module @no_raise_types_of_tokens {
llm.weight @table {type = tensor<32x32xf32>, values = dense<1.0> : tensor<32x32xf32>}
llm.weight @types {type = tensor<2x32xf32>, values = dense<1.0> : tensor<2x32xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %kinds: tensor<?x?xi64, #bs>) -> tensor<?x?x32xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x32xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x32xf32>) -> tensor<?x?x32xf32, #rows>
  %t = llm.get_weight @types : tensor<2x32xf32>
  // expected-error @below {{looks a table up by what is neither the token ids nor the positions}}
  %y = llm.embedding %kinds, %t : (tensor<?x?xi64, #bs>, tensor<2x32xf32>) -> tensor<?x?x32xf32, #rows>
  %s = llm.map %x, %y : (tensor<?x?x32xf32, #rows>, tensor<?x?x32xf32, #rows>) -> tensor<?x?x32xf32, #rows> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  return %s : tensor<?x?x32xf32, #rows>
}
}

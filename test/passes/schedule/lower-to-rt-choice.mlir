// RUN: llmc-opt %s --split-input-file --llmc-lower-to-rt=choose-tokens | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-lower-to-rt | FileCheck %s --check-prefix=HOST

// A step ends with the choice of tokens, whose launches have no tiles where the
// caller wants logits.
// CHECK-LABEL: module @lower_choice
// CHECK: %[[LOGITS:.+]] = rt.buffer output(%{{.+}}) {name = "logits"} : memref<?x10000xf32>
// CHECK: %[[MAXIMA:.+]] = rt.buffer arena(%[[C:.+]]) : memref<?x3xi64>
// CHECK: %[[CHOICES:.+]] = rt.buffer input(%[[C]]) {name = "choices"} : memref<?x8xi32>
// CHECK: %[[TOKENS:.+]] = rt.buffer output(%[[C]]) {name = "next_tokens"} : memref<?xi32>
// CHECK: %[[TILES:.+]] = rt.shape #{{.+}}(%[[C]])
// CHECK: rt.launch @row_maxima_0 tiles(%[[TILES]]) (%[[LOGITS]], %[[MAXIMA]])
// CHECK: rt.launch @choose_token_0 tiles(%[[C]]) (%[[LOGITS]], %[[MAXIMA]], %[[CHOICES]], %[[TOKENS]])
// CHECK: kernel.row_maxima
// CHECK: kernel.choose_token
// HOST-LABEL: module @lower_choice
// HOST-NOT: next_tokens
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 10000)>
#xr = affine_map<()[s0, s1] -> (s1, 10000)>
module @lower_choice {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x10000xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x10000xf32, #xr> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x10000xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x10000xf32>) -> tensor<?x10000xf32, #x>
  %l = llm.take_rows %x, %rows : (tensor<?x10000xf32, #x>, tensor<?xi32, #r>) -> tensor<?x10000xf32, #xr>
  return %l : tensor<?x10000xf32, #xr>
}
}

// -----

// Of more logits than sums of weights allow, the host chooses.
// CHECK-LABEL: module @no_lower_choice_of_too_many
// CHECK-NOT: next_tokens
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 4194305)>
#xr = affine_map<()[s0, s1] -> (s1, 4194305)>
module @no_lower_choice_of_too_many {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<4x4194305xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x4194305xf32, #xr> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<4x4194305xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<4x4194305xf32>) -> tensor<?x4194305xf32, #x>
  %l = llm.take_rows %x, %rows : (tensor<?x4194305xf32, #x>, tensor<?xi32, #r>) -> tensor<?x4194305xf32, #xr>
  return %l : tensor<?x4194305xf32, #xr>
}
}

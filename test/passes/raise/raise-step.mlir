// RUN: llmc-opt %s --split-input-file --llmc-raise-step | FileCheck %s

// A layer without a norm: ids -> embedding -> attention -> logits.
// CHECK-LABEL: module @raise_to_rows
// CHECK-SAME: llm.symbols = ["T", "R"]
// CHECK-NOT: @main
// CHECK: func.func @step(%[[TOKENS:.+]]: tensor<?xi32, #[[T:.+]]>, %[[POS:.+]]: tensor<?xi32, #[[T]]>, %[[ROWS:.+]]: tensor<?xi32, #[[R:.+]]>, %[[CACHE:.+]]: !llm.kv_cache<2 x 4, page = 16, f32>)
// CHECK: %[[X:.+]] = llm.embedding %[[TOKENS]]
// CHECK: %[[Q:.+]] = llm.rope %[[X]], %[[POS]]
// CHECK: %[[AFTER:.+]] = llm.kv_append %[[CACHE]], %[[X]], %[[X]]
// CHECK: %[[O:.+]] = llm.attention %[[Q]], %[[AFTER]]
// CHECK: %[[WANTED:.+]] = llm.take_rows %[[O]], %[[ROWS]]
// CHECK: %[[LOGITS:.+]] = llm.linear %[[WANTED]]
// CHECK: return %[[LOGITS]], %[[AFTER]]
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#logits = affine_map<()[s0, s1] -> (s0, s1, 32)>
#cache = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
module @raise_to_rows attributes {onnx.symbols = ["batch", "sequence"]} {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
llm.weight @head {type = tensor<8x32xf32>, values = dense<1.0> : tensor<8x32xf32>}
llm.weight @turn {type = tensor<16x2xf32>, values = dense<1.0> : tensor<16x2xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> (tensor<?x?x32xf32, #logits>, tensor<?x2x?x4xf32, #cache>, tensor<?x2x?x4xf32, #cache>) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %p = llm.positions : tensor<?x?xi32, #bs>
  %t = llm.get_weight @turn : tensor<16x2xf32>
  %q = llm.rope %x, %p, %t, %t {heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 4 : i64, pairing = 0 : i32} : (tensor<?x?x8xf32, #rows>, tensor<?x?xi32, #bs>, tensor<16x2xf32>, tensor<16x2xf32>) -> tensor<?x?x8xf32, #rows>
  %c0 = llm.empty_cache : !llm.kv_cache<2 x 4, page = 16, f32>
  %c1 = llm.kv_append %c0, %x, %x : (!llm.kv_cache<2 x 4, page = 16, f32>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>) -> !llm.kv_cache<2 x 4, page = 16, f32>
  %o = llm.attention %q, %c1 {heads = 2 : i64, scale = 0.5 : f32} : (tensor<?x?x8xf32, #rows>, !llm.kv_cache<2 x 4, page = 16, f32>) -> tensor<?x?x8xf32, #rows>
  %k, %v = llm.cache_to %c1 : (!llm.kv_cache<2 x 4, page = 16, f32>) -> (tensor<?x2x?x4xf32, #cache>, tensor<?x2x?x4xf32, #cache>)
  %h = llm.get_weight @head : tensor<8x32xf32>
  %l = llm.linear %o, %h : (tensor<?x?x8xf32, #rows>, tensor<8x32xf32>) -> tensor<?x?x32xf32, #logits> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %l, %k, %v : tensor<?x?x32xf32, #logits>, tensor<?x2x?x4xf32, #cache>, tensor<?x2x?x4xf32, #cache>
}
}

// -----

// The last row's logits, squeezed: the caller of the step wants that row.
// CHECK-LABEL: module @raise_last_row
// CHECK: %[[X:.+]] = llm.embedding
// CHECK: %[[L:.+]] = llm.map
// CHECK: return %[[L]] : tensor<?x32xf32
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 32)>
#last = affine_map<()[s0] -> (s0, 1, 32)>
#flat = affine_map<()[s0] -> (s0, 32)>
module @raise_last_row {
llm.weight @table {type = tensor<32x32xf32>, values = dense<1.0> : tensor<32x32xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x32xf32, #flat> {
  %w = llm.get_weight @table : tensor<32x32xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x32xf32>) -> tensor<?x?x32xf32, #rows>
  %y = llm.map %x : (tensor<?x?x32xf32, #rows>) -> tensor<?x?x32xf32, #rows> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    llm.yield %n : f32
  }
  %s = onnx.slice %y {starts = affine_map<()[s0, s1] -> (0, s1 - 1, 0)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x32xf32, #rows>) -> tensor<?x1x32xf32, #last>
  %r = onnx.reshape %s : (tensor<?x1x32xf32, #last>) -> tensor<?x32xf32, #flat>
  return %r : tensor<?x32xf32, #flat>
}
}

// -----

// A table of positions bounds them; what is a range of columns is copied.
// CHECK-LABEL: module @raise_positions_and_columns
// CHECK-SAME: llm.max_positions = 16 : i64
// CHECK: func.func @step(%[[TOKENS:[a-z0-9]+]]: tensor<?xi32, #{{[a-z0-9]+}}>, %[[POS:[a-z0-9]+]]: tensor<?xi32
// CHECK: llm.embedding %[[TOKENS]], %{{.+}} tensor<32x8xf32>
// CHECK: llm.embedding %[[POS]], %{{.+}} tensor<16x8xf32>
// CHECK: %[[C:.+]] = llm.columns
// CHECK: %[[COPY:.+]] = llm.map %[[C]]
// CHECK: return %[[COPY]]
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#part = affine_map<()[s0, s1] -> (s0, s1, 4)>
module @raise_positions_and_columns {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
llm.weight @places {type = tensor<16x8xf32>, values = dense<2.0> : tensor<16x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x4xf32, #part> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %p = llm.positions : tensor<?x?xi32, #bs>
  %t = llm.get_weight @places : tensor<16x8xf32>
  %y = llm.embedding %p, %t : (tensor<?x?xi32, #bs>, tensor<16x8xf32>) -> tensor<?x?x8xf32, #rows>
  %s = llm.map %x, %y : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  %c = llm.columns %s {offset = 4 : i64} : tensor<?x?x8xf32, #rows> -> tensor<?x?x4xf32, #part>
  return %c : tensor<?x?x4xf32, #part>
}
}

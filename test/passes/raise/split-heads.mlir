// RUN: llmc-opt %s --split-input-file --llmc-split-heads | FileCheck %s

// Two heads of 4: q0 k0 v0 q1 k1 v1, with a bias, moved before it is sliced.
// CHECK-LABEL: module @split_head_by_head
// CHECK-DAG: llm.weight @[[WQ:.+]] {columns = array<i64: 0, 4, 12, 2>, sources = [@fused], transposed = array<i1: false>, type = tensor<8x8xf32>}
// CHECK-DAG: llm.weight @[[WK:.+]] {columns = array<i64: 4, 4, 12, 2>, sources = [@fused]
// CHECK-DAG: llm.weight @[[WV:.+]] {columns = array<i64: 8, 4, 12, 2>, sources = [@fused]
// CHECK-DAG: llm.weight @[[BQ:.+]] {columns = array<i64: 0, 4, 12, 2>, sources = [@bias], transposed = array<i1: false>, type = tensor<8xf32>}
// CHECK-DAG: llm.weight @[[BV:.+]] {columns = array<i64: 8, 4, 12, 2>, sources = [@bias]
// CHECK: %[[X:.+]] = llm.embedding
// CHECK-DAG: %[[MQ:.+]] = llm.get_weight @[[WQ]] : tensor<8x8xf32>
// CHECK-DAG: %[[QL:.+]] = llm.linear %[[X]], %[[MQ]] : {{.+}} -> tensor<?x?x8xf32
// CHECK-DAG: %[[VQ:.+]] = llm.get_weight @[[BQ]] : tensor<8xf32>
// CHECK-DAG: %[[QB:.+]] = onnx.add %[[QL]], %[[VQ]]
// CHECK-DAG: %[[QH:.+]] = onnx.reshape %[[QB]] : {{.+}} -> tensor<?x?x2x4xf32
// CHECK-DAG: %[[Q:.+]] = onnx.transpose %[[QH]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NOT: onnx.slice
// CHECK: return %[[Q]],
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#wide = affine_map<()[s0, s1] -> (s0, s1, 24)>
#split = affine_map<()[s0, s1] -> (s0, s1, 2, 12)>
#moved = affine_map<()[s0, s1] -> (s0, 2, s1, 12)>
#heads = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
module @split_head_by_head {
onnx.initializer @fused {type = tensor<8x24xf32>, file = 0 : i64, offset = 0 : i64, bytes = 768 : i64}
onnx.initializer @bias {type = tensor<24xf32>, file = 0 : i64, offset = 768 : i64, bytes = 96 : i64}
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
llm.weight @w {sources = [@fused], transposed = array<i1: false>, type = tensor<8x24xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> (tensor<?x2x?x4xf32, #heads>, tensor<?x2x?x4xf32, #heads>, tensor<?x2x?x4xf32, #heads>) {
  %t = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %t : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %w = llm.get_weight @w : tensor<8x24xf32>
  %l = llm.linear %x, %w : (tensor<?x?x8xf32, #rows>, tensor<8x24xf32>) -> tensor<?x?x24xf32, #wide> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %b = onnx.get_initializer @bias : tensor<24xf32>
  %a = onnx.add %l, %b : (tensor<?x?x24xf32, #wide>, tensor<24xf32>) -> tensor<?x?x24xf32, #wide>
  %r = onnx.reshape %a : (tensor<?x?x24xf32, #wide>) -> tensor<?x?x2x12xf32, #split>
  %m = onnx.transpose %r {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x12xf32, #split>) -> tensor<?x2x?x12xf32, #moved>
  %q = onnx.slice %m {starts = affine_map<() -> (0, 0, 0, 0)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x2x?x12xf32, #moved>) -> tensor<?x2x?x4xf32, #heads>
  %k = onnx.slice %m {starts = affine_map<() -> (0, 0, 0, 4)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x2x?x12xf32, #moved>) -> tensor<?x2x?x4xf32, #heads>
  %v = onnx.slice %m {starts = affine_map<() -> (0, 0, 0, 8)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x2x?x12xf32, #moved>) -> tensor<?x2x?x4xf32, #heads>
  return %q, %k, %v : tensor<?x2x?x4xf32, #heads>, tensor<?x2x?x4xf32, #heads>, tensor<?x2x?x4xf32, #heads>
}
}

// -----

// [heads, 3, dim] selected by gathers; the linear's rows are [B * S, D], its
// weight a small constant.
// CHECK-LABEL: module @split_by_gathers
// CHECK: llm.weight @{{.+}} {type = tensor<1x4xf32>, values = dense<{{\[\[}}0.000000e+00, 1.000000e+00, 6.000000e+00, 7.000000e+00]]> : tensor<1x4xf32>}
// CHECK: %[[Q:.+]] = onnx.reshape %{{.+}} : (tensor<?x4xf32{{.+}} -> tensor<?x?x4xf32
// CHECK: onnx.reshape %[[Q]] : {{.+}} -> tensor<?x?x2x2xf32
// CHECK-NOT: onnx.gather
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 1)>
#flat = affine_map<()[s0, s1] -> (s0 * s1, 1)>
#wide = affine_map<()[s0, s1] -> (s0 * s1, 12)>
#split = affine_map<()[s0, s1] -> (s0, s1, 2, 3, 2)>
#heads = affine_map<()[s0, s1] -> (s0, s1, 2, 2)>
module @split_by_gathers {
llm.weight @table {type = tensor<32x1xf32>, values = dense<1.0> : tensor<32x1xf32>}
llm.weight @w {type = tensor<1x12xf32>, values = dense<[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]]> : tensor<1x12xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> (tensor<?x?x2x2xf32, #heads>, tensor<?x?x2x2xf32, #heads>, tensor<?x?x2x2xf32, #heads>) {
  %t = llm.get_weight @table : tensor<32x1xf32>
  %x = llm.embedding %ids, %t : (tensor<?x?xi64, #bs>, tensor<32x1xf32>) -> tensor<?x?x1xf32, #rows>
  %f = onnx.reshape %x : (tensor<?x?x1xf32, #rows>) -> tensor<?x1xf32, #flat>
  %w = llm.get_weight @w : tensor<1x12xf32>
  %l = llm.linear %f, %w : (tensor<?x1xf32, #flat>, tensor<1x12xf32>) -> tensor<?x12xf32, #wide> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %r = onnx.reshape %l : (tensor<?x12xf32, #wide>) -> tensor<?x?x2x3x2xf32, #split>
  %i0 = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %i1 = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %i2 = onnx.constant dense<-1> : tensor<i64> : tensor<i64>
  %q = onnx.gather %r, %i0 {axis = 3 : i64} : (tensor<?x?x2x3x2xf32, #split>, tensor<i64>) -> tensor<?x?x2x2xf32, #heads>
  %k = onnx.gather %r, %i1 {axis = 3 : i64} : (tensor<?x?x2x3x2xf32, #split>, tensor<i64>) -> tensor<?x?x2x2xf32, #heads>
  %v = onnx.gather %r, %i2 {axis = 3 : i64} : (tensor<?x?x2x3x2xf32, #split>, tensor<i64>) -> tensor<?x?x2x2xf32, #heads>
  return %q, %k, %v : tensor<?x?x2x2xf32, #heads>, tensor<?x?x2x2xf32, #heads>, tensor<?x?x2x2xf32, #heads>
}
}

// -----

// Two query heads, one of keys, one of values: ranges, so any rows do.
// CHECK-LABEL: module @split_ranges
// CHECK: %[[X:.+]] = llm.embedding
// CHECK: llm.columns %[[X]] {offset = 0 : i64} : {{.+}} -> tensor<?x?x8xf32
// CHECK: llm.columns %[[X]] {offset = 8 : i64} : {{.+}} -> tensor<?x?x4xf32
// CHECK: llm.columns %[[X]] {offset = 12 : i64} : {{.+}} -> tensor<?x?x4xf32
// CHECK-NOT: onnx.split
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 16)>
#split = affine_map<()[s0, s1] -> (s0, s1, 4, 4)>
#two = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#one = affine_map<()[s0, s1] -> (s0, s1, 1, 4)>
module @split_ranges {
llm.weight @table {type = tensor<32x16xf32>, values = dense<1.0> : tensor<32x16xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> (tensor<?x?x2x4xf32, #two>, tensor<?x?x1x4xf32, #one>, tensor<?x?x1x4xf32, #one>) {
  %t = llm.get_weight @table : tensor<32x16xf32>
  %x = llm.embedding %ids, %t : (tensor<?x?xi64, #bs>, tensor<32x16xf32>) -> tensor<?x?x16xf32, #rows>
  %r = onnx.reshape %x : (tensor<?x?x16xf32, #rows>) -> tensor<?x?x4x4xf32, #split>
  %0:3 = onnx.split %r {axis = 2 : i64} : (tensor<?x?x4x4xf32, #split>) -> (tensor<?x?x2x4xf32, #two>, tensor<?x?x1x4xf32, #one>, tensor<?x?x1x4xf32, #one>)
  return %0#0, %0#1, %0#2 : tensor<?x?x2x4xf32, #two>, tensor<?x?x1x4xf32, #one>, tensor<?x?x1x4xf32, #one>
}
}

// -----

// A head in halves, as a rotation reads it, is no query, key and value; nor
// are parts that overlap.
// CHECK-LABEL: module @no_split_halves_or_overlaps
// CHECK-COUNT-5: onnx.slice
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#split = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#half = affine_map<()[s0, s1] -> (s0, s1, 2, 2)>
module @no_split_halves_or_overlaps {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> (tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>) {
  %t = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %t : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %r = onnx.reshape %x : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x2x4xf32, #split>
  %a = onnx.slice %r {starts = affine_map<() -> (0, 0, 0, 0)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x?x2x2xf32, #half>
  %b = onnx.slice %r {starts = affine_map<() -> (0, 0, 0, 2)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x?x2x2xf32, #half>
  %y = onnx.exp %x : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  %s = onnx.reshape %y : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x2x4xf32, #split>
  %c = onnx.slice %s {starts = affine_map<() -> (0, 0, 0, 0)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x?x2x2xf32, #half>
  %d = onnx.slice %s {starts = affine_map<() -> (0, 0, 0, 1)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x?x2x2xf32, #half>
  %e = onnx.slice %s {starts = affine_map<() -> (0, 0, 0, 2)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x?x2x2xf32, #half>
  return %a, %b, %c, %d, %e : tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>, tensor<?x?x2x2xf32, #half>
}
}

// -----

// The selected dimension moved to the front, as torch's exporter indexes it.
// CHECK-LABEL: module @split_in_front
// CHECK: %[[X:.+]] = llm.embedding
// CHECK: llm.columns %[[X]] {offset = 0 : i64} : {{.+}} -> tensor<?x?x8xf32
// CHECK: %[[K:.+]] = llm.columns %[[X]] {offset = 8 : i64}
// CHECK: llm.columns %[[X]] {offset = 12 : i64}
// CHECK: %[[V:.+]] = onnx.reshape %[[K]] : {{.+}} -> tensor<?x?x1x4xf32
// CHECK: onnx.transpose %[[V]] {permutation = array<i64: 2, 0, 1, 3>}
// CHECK-NOT: onnx.gather_nd
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 16)>
#split = affine_map<()[s0, s1] -> (s0, s1, 4, 4)>
#two = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#front = affine_map<()[s0, s1] -> (4, s0, s1, 4)>
#one = affine_map<()[s0, s1] -> (1, s0, s1, 4)>
module @split_in_front {
llm.weight @table {type = tensor<32x16xf32>, values = dense<1.0> : tensor<32x16xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> (tensor<?x?x2x4xf32, #two>, tensor<1x?x?x4xf32, #one>, tensor<1x?x?x4xf32, #one>) {
  %t = llm.get_weight @table : tensor<32x16xf32>
  %x = llm.embedding %ids, %t : (tensor<?x?xi64, #bs>, tensor<32x16xf32>) -> tensor<?x?x16xf32, #rows>
  %r = onnx.reshape %x : (tensor<?x?x16xf32, #rows>) -> tensor<?x?x4x4xf32, #split>
  %q = onnx.slice %r {starts = affine_map<() -> (0, 0, 0, 0)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x4x4xf32, #split>) -> tensor<?x?x2x4xf32, #two>
  %f = onnx.transpose %r {permutation = array<i64: 2, 0, 1, 3>} : (tensor<?x?x4x4xf32, #split>) -> tensor<4x?x?x4xf32, #front>
  %i = onnx.constant dense<2> : tensor<1x1xi64> : tensor<1x1xi64>
  %k = onnx.gather_nd %f, %i {batch_dims = 0 : i64} : (tensor<4x?x?x4xf32, #front>, tensor<1x1xi64>) -> tensor<1x?x?x4xf32, #one>
  %j = onnx.constant dense<-1> : tensor<1x1xi64> : tensor<1x1xi64>
  %v = onnx.gather_nd %f, %j {batch_dims = 0 : i64} : (tensor<4x?x?x4xf32, #front>, tensor<1x1xi64>) -> tensor<1x?x?x4xf32, #one>
  return %q, %k, %v : tensor<?x?x2x4xf32, #two>, tensor<1x?x?x4xf32, #one>, tensor<1x?x?x4xf32, #one>
}
}

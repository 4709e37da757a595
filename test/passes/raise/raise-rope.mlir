// RUN: llmc-opt %s --split-input-file --llmc-raise-rope=max-context=16 | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-raise-rope | FileCheck %s --check-prefix=DEFAULT

// Two heads of four; angle = position * [1, 0.1], written as exporters do.
// CHECK-LABEL: module @raise_rotate_half
// CHECK-DAG: llm.weight @[[COS:.+]] {type = tensor<16x2xf32>, values = dense<{{\[\[}}1.000000e+00, 1.000000e+00], [0.540302277, 0.995004177]
// CHECK-DAG: llm.weight @[[SIN:.+]] {type = tensor<16x2xf32>, values = dense<{{\[\[}}0.000000e+00, 0.000000e+00], [0.841470957, 0.0998334214]
// CHECK: %[[ROWS:.+]] = llm.embedding
// CHECK-DAG: %[[C:.+]] = llm.get_weight @[[COS]]
// CHECK-DAG: %[[S:.+]] = llm.get_weight @[[SIN]]
// CHECK: %[[P:.+]] = llm.positions : tensor<?x?xi32
// CHECK: llm.rope %[[ROWS]], %[[P]], %[[C]], %[[S]] {head_dim = 4 : i64, heads = 2 : i64, pairing = 0 : i32, rotary_dim = 4 : i64}
// CHECK: onnx.reshape
// CHECK: onnx.transpose
// CHECK-NOT: onnx.cos
// DEFAULT-LABEL: module @raise_rotate_half
// DEFAULT: llm.rope {{.+}}tensor<512x2xf32>
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#bhsd = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#bshd = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#p = affine_map<()[s0, s1] -> (s0, s1, 1)>
#t = affine_map<()[s0, s1] -> (s0, s1, 4)>
#tab = affine_map<()[s0, s1] -> (s0, 1, s1, 4)>
#half = affine_map<()[s0, s1] -> (s0, 2, s1, 2)>
module @raise_rotate_half {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pos: tensor<?x?xi64, #bs>) -> tensor<?x2x?x4xf32, #bhsd> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %rows = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %split = onnx.reshape %rows : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x2x4xf32, #bshd>
  %x = onnx.transpose %split {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #bshd>) -> tensor<?x2x?x4xf32, #bhsd>
  %freq = onnx.constant dense<[[[1.0, 0.1, 1.0, 0.1]]]> : tensor<1x1x4xf32> : tensor<1x1x4xf32>
  %p1 = onnx.reshape %pos : (tensor<?x?xi64, #bs>) -> tensor<?x?x1xi64, #p>
  %p2 = onnx.cast %p1 : (tensor<?x?x1xi64, #p>) -> tensor<?x?x1xf32, #p>
  %angle = onnx.mul %p2, %freq : (tensor<?x?x1xf32, #p>, tensor<1x1x4xf32>) -> tensor<?x?x4xf32, #t>
  %c0 = onnx.cos %angle : (tensor<?x?x4xf32, #t>) -> tensor<?x?x4xf32, #t>
  %s0 = onnx.sin %angle : (tensor<?x?x4xf32, #t>) -> tensor<?x?x4xf32, #t>
  %c = onnx.reshape %c0 : (tensor<?x?x4xf32, #t>) -> tensor<?x1x?x4xf32, #tab>
  %s = onnx.reshape %s0 : (tensor<?x?x4xf32, #t>) -> tensor<?x1x?x4xf32, #tab>
  %lo = onnx.slice %x {starts = affine_map<() -> (0, 0, 0, 0)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x2x?x4xf32, #bhsd>) -> tensor<?x2x?x2xf32, #half>
  %hi = onnx.slice %x {starts = affine_map<() -> (0, 0, 0, 2)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x2x?x4xf32, #bhsd>) -> tensor<?x2x?x2xf32, #half>
  %neg = onnx.neg %hi : (tensor<?x2x?x2xf32, #half>) -> tensor<?x2x?x2xf32, #half>
  %rot = onnx.concat %neg, %lo {axis = 3 : i64} : (tensor<?x2x?x2xf32, #half>, tensor<?x2x?x2xf32, #half>) -> tensor<?x2x?x4xf32, #bhsd>
  %a = onnx.mul %x, %c : (tensor<?x2x?x4xf32, #bhsd>, tensor<?x1x?x4xf32, #tab>) -> tensor<?x2x?x4xf32, #bhsd>
  %b = onnx.mul %rot, %s : (tensor<?x2x?x4xf32, #bhsd>, tensor<?x1x?x4xf32, #tab>) -> tensor<?x2x?x4xf32, #bhsd>
  %r = onnx.add %a, %b : (tensor<?x2x?x4xf32, #bhsd>, tensor<?x2x?x4xf32, #bhsd>) -> tensor<?x2x?x4xf32, #bhsd>
  return %r : tensor<?x2x?x4xf32, #bhsd>
}
}

// -----

// The operator's tables are constants: as many positions as they have rows. What
// else reads the positions knows them without the operator.
// CHECK-LABEL: module @raise_rotary_embedding
// CHECK: %[[P:.+]] = llm.positions : tensor<?x?xi64
// CHECK: llm.rope {{.+}} {head_dim = 4 : i64, heads = 2 : i64, pairing = 1 : i32, rotary_dim = 4 : i64} : {{.+}}tensor<12x2xf32>
// CHECK-NOT: onnx.rotary_embedding
// CHECK: return %{{.+}}, %[[P]]
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @raise_rotary_embedding {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pos: tensor<?x?xi64, #bs>) -> (tensor<?x?x8xf32, #rows>, tensor<?x?xi64, #bs>) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %rows = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %angles = onnx.constant dense<[[0.0, 0.0], [1.0, 0.1], [2.0, 0.2], [3.0, 0.3], [4.0, 0.4], [5.0, 0.5], [6.0, 0.6], [7.0, 0.7], [8.0, 0.8], [9.0, 0.9], [10.0, 1.0], [11.0, 1.1]]> : tensor<12x2xf32> : tensor<12x2xf32>
  %c = onnx.cos %angles : (tensor<12x2xf32>) -> tensor<12x2xf32>
  %s = onnx.sin %angles : (tensor<12x2xf32>) -> tensor<12x2xf32>
  %r = onnx.rotary_embedding %rows, %c, %s, %pos {num_heads = 2 : i64, rotary_dim = 0 : i64, interleaved = true} : (tensor<?x?x8xf32, #rows>, tensor<12x2xf32>, tensor<12x2xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows>
  return %r, %pos : tensor<?x?x8xf32, #rows>, tensor<?x?xi64, #bs>
}
}

// -----

// Both rotations are by one table, which is there once, whatever their pairs.
// CHECK-LABEL: module @raise_two_rotations_by_one_table
// CHECK-COUNT-2: llm.weight {{.+}}type = tensor<12x2xf32>
// CHECK-NOT: llm.weight {{.+}}type = tensor<12x2xf32>
// CHECK: llm.rope {{.+}} {head_dim = 4 : i64, heads = 2 : i64, pairing = 0 : i32, rotary_dim = 4 : i64}
// CHECK: llm.rope {{.+}} {head_dim = 4 : i64, heads = 2 : i64, pairing = 1 : i32, rotary_dim = 4 : i64}
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @raise_two_rotations_by_one_table {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pos: tensor<?x?xi64, #bs>) -> (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %rows = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %angles = onnx.constant dense<[[0.0, 0.0], [1.0, 0.1], [2.0, 0.2], [3.0, 0.3], [4.0, 0.4], [5.0, 0.5], [6.0, 0.6], [7.0, 0.7], [8.0, 0.8], [9.0, 0.9], [10.0, 1.0], [11.0, 1.1]]> : tensor<12x2xf32> : tensor<12x2xf32>
  %c = onnx.cos %angles : (tensor<12x2xf32>) -> tensor<12x2xf32>
  %s = onnx.sin %angles : (tensor<12x2xf32>) -> tensor<12x2xf32>
  %q = onnx.rotary_embedding %rows, %c, %s, %pos {num_heads = 2 : i64, rotary_dim = 0 : i64, interleaved = false} : (tensor<?x?x8xf32, #rows>, tensor<12x2xf32>, tensor<12x2xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows>
  %k = onnx.rotary_embedding %rows, %c, %s, %pos {num_heads = 2 : i64, rotary_dim = 0 : i64, interleaved = true} : (tensor<?x?x8xf32, #rows>, tensor<12x2xf32>, tensor<12x2xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows>
  return %q, %k : tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>
}
}

// -----

// A sum of two activations: nothing rotates.
// CHECK-LABEL: module @no_raise_residual_sum
// CHECK-NOT: llm.rope
// CHECK: onnx.add
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_residual_sum {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %rows = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %e = onnx.exp %rows : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  %r = onnx.add %rows, %e : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  return %r : tensor<?x?x8xf32, #rows>
}
}

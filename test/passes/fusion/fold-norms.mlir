// RUN: llmc-opt %s --split-input-file --llmc-fold-norms | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-fold-norms=few-rows=32 | FileCheck %s --check-prefixes=CHECK,MANY

// The norm is gone: the first linear makes scaled rows, the second scales its sums.
// CHECK-LABEL: func.func @fold_norm(
// CHECK: %[[S:.+]] = llm.get_weight @s
// CHECK: %[[H:.+]]:2 = llm.linear %arg0, %{{.+}} extras(%arg0, %[[S]]) {kernel.squares}
// CHECK: ^bb0(%[[SUM:.+]]: f32, %[[R:.+]]: f32, %[[F:.+]]: f32):
// CHECK: %[[NEW:.+]] = arith.addf %[[SUM]], %[[R]]
// CHECK: %[[SCALED:.+]] = arith.mulf %[[NEW]], %[[F]]
// CHECK: %[[ROUNDED:.+]] = arith.truncf %[[SCALED]] : f32 to bf16
// CHECK: llm.yield %[[NEW]], %[[ROUNDED]]
// CHECK-NOT: llm.rms_norm
// CHECK: llm.linear %[[H]]#1, %{{.+}} {kernel.norm_epsilon = 9.99999974E-6 : f32}
// CHECK: return %{{.+}}, %[[H]]#0
func.func @fold_norm(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %v = llm.get_weight @v : tensor<64x64xbf16>
  %h = llm.linear %x, %v extras(%x) : (tensor<?x64xf32>, tensor<64x64xbf16>, tensor<?x64xf32>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32, %r: f32):
    %new = arith.addf %sum, %r : f32
    llm.yield %new : f32
  }
  %s = llm.get_weight @s : tensor<64xf32>
  %n = llm.rms_norm %h, %s {epsilon = 1.000000e-05 : f32} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xbf16>
  %y = llm.linear %n, %v : (tensor<?x64xbf16>, tensor<64x64xbf16>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y, %h : tensor<?x64xf32>, tensor<?x64xf32>
}
llm.weight @v {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xbf16>}
llm.weight @s {sources = [@b], transposed = array<i1: false>, type = tensor<64xf32>}

// -----

// A norm that something else reads stays.
// CHECK-LABEL: func.func @no_fold_norm_of_other_readers(
// CHECK-NOT: kernel.squares
// CHECK: llm.rms_norm
// CHECK-NOT: kernel.norm_epsilon
func.func @no_fold_norm_of_other_readers(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %v = llm.get_weight @v : tensor<64x64xf32>
  %h = llm.linear %x, %v : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %s = llm.get_weight @s : tensor<64xf32>
  %n = llm.rms_norm %h, %s {epsilon = 1.000000e-05 : f32} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %y = llm.linear %n, %v : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y, %n : tensor<?x64xf32>, tensor<?x64xf32>
}
llm.weight @v {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf32>}
llm.weight @s {sources = [@b], transposed = array<i1: false>, type = tensor<64xf32>}

// -----

// Rows that were not normalised might be beyond f16: they stay f32.
// CHECK-LABEL: func.func @fold_norm_of_f16(
// CHECK: %[[H:.+]]:2 = llm.linear {{.+}} -> (tensor<?x64xf32>, tensor<?x64xf32>)
// CHECK-NOT: arith.truncf
// CHECK: llm.linear %[[H]]#1, {{.+}} : (tensor<?x64xf32>, tensor<64x64xf16>)
func.func @fold_norm_of_f16(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %v = llm.get_weight @v : tensor<64x64xf16>
  %h = llm.linear %x, %v extras(%x) : (tensor<?x64xf32>, tensor<64x64xf16>, tensor<?x64xf32>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32, %r: f32):
    %new = arith.addf %sum, %r : f32
    llm.yield %new : f32
  }
  %s = llm.get_weight @s : tensor<64xf32>
  %n = llm.rms_norm %h, %s {epsilon = 1.000000e-05 : f32} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf16>
  %y = llm.linear %n, %v : (tensor<?x64xf16>, tensor<64x64xf16>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y, %h : tensor<?x64xf32>, tensor<?x64xf32>
}
llm.weight @v {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf16>}
llm.weight @s {sources = [@b], transposed = array<i1: false>, type = tensor<64xf32>}

// -----

// Where there are many, the norm stays: f16 takes one product.
// CHECK-LABEL: func.func @fold_norm_of_many_f16(
// MANY-NOT: kernel.squares
// MANY: llm.rms_norm
// MANY: llm.linear {{.+}} : (tensor<?x64xf16>, tensor<64x64xf16>)
func.func @fold_norm_of_many_f16(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) attributes {llm.max_rows = 33 : i64} {
  %v = llm.get_weight @v : tensor<64x64xf16>
  %h = llm.linear %x, %v : (tensor<?x64xf32>, tensor<64x64xf16>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %s = llm.get_weight @s : tensor<64xf32>
  %n = llm.rms_norm %h, %s {epsilon = 1.000000e-05 : f32} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf16>
  %y = llm.linear %n, %v : (tensor<?x64xf16>, tensor<64x64xf16>) -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y, %h : tensor<?x64xf32>, tensor<?x64xf32>
}
llm.weight @v {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf16>}
llm.weight @s {sources = [@b], transposed = array<i1: false>, type = tensor<64xf32>}

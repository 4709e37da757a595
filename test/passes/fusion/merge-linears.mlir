// RUN: llmc-opt %s --llmc-merge-linears | FileCheck %s

#x = affine_map<()[s0] -> (s0, 64)>
#y = affine_map<()[s0] -> (s0, 32)>
#z = affine_map<()[s0] -> (s0, 16)>

// CHECK-DAG: llm.weight @[[QKV:m[^ ]*]] {sources = [@q, @k], transposed = array<i1: false, true>, type = tensor<64x48xf32>}
// CHECK-DAG: llm.weight @[[SELECTED:m[^ ]*]] {columns = array<i64: 0, 16, 48, 2, 0, 16, 0, 1>, sources = [@fused, @k], transposed = array<i1: false, true>, type = tensor<64x48xf32>}
// CHECK-DAG: llm.weight @[[BIASES:m[^ ]*]] {sources = [@a, @b], transposed = array<i1: false, false>, type = tensor<48xf32>}
llm.weight @wq {sources = [@q], transposed = array<i1: false>, type = tensor<64x32xf32>}
llm.weight @wk {sources = [@k], transposed = array<i1: true>, type = tensor<64x16xf32>}
llm.weight @selected {sources = [@fused], transposed = array<i1: false>, columns = array<i64: 0, 16, 48, 2>, type = tensor<64x32xf32>}
llm.weight @ws {sources = [@s], transposed = array<i1: false>, type = tensor<64x32xf32>}
llm.weight @wt {sources = [@t], transposed = array<i1: false>, type = tensor<64x16xf32>}
llm.weight @bq {sources = [@a], transposed = array<i1: false>, type = tensor<32xf32>}
llm.weight @bk {sources = [@b], transposed = array<i1: false>, type = tensor<16xf32>}
llm.weight @quantized {sources = [@o], transposed = array<i1: false>, type = tensor<64x16xf32>, scheme = "w8"}

// CHECK-LABEL: func.func @merge_same_input(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: %[[W:.+]] = llm.get_weight @[[QKV]] : tensor<64x48xf32>
// CHECK: %[[A:.+]] = llm.linear %[[X]], %[[W]] : {{.+}} -> tensor<?x48xf32, #[[WIDE:.+]]> {
// CHECK: %[[Q:.+]] = llm.columns %[[A]] {offset = 0 : i64} : {{.+}} -> tensor<?x32xf32
// CHECK: %[[K:.+]] = llm.columns %[[A]] {offset = 32 : i64} : {{.+}} -> tensor<?x16xf32
// CHECK-NOT: llm.linear
// CHECK: return %[[Q]], %[[K]]
func.func @merge_same_input(%x: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x16xf32, #z>) {
  %wq = llm.get_weight @wq : tensor<64x32xf32>
  %q = llm.linear %x, %wq : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wk = llm.get_weight @wk : tensor<64x16xf32>
  %k = llm.linear %x, %wk : (tensor<?x64xf32, #x>, tensor<64x16xf32>) -> tensor<?x16xf32, #z> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %q, %k : tensor<?x32xf32, #y>, tensor<?x16xf32, #z>
}

// CHECK-LABEL: func.func @merge_columns_and_whole(
// CHECK: llm.get_weight @[[SELECTED]] : tensor<64x48xf32>
func.func @merge_columns_and_whole(%x: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x16xf32, #z>) {
  %ws = llm.get_weight @selected : tensor<64x32xf32>
  %s = llm.linear %x, %ws : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %wk = llm.get_weight @wk : tensor<64x16xf32>
  %k = llm.linear %x, %wk : (tensor<?x64xf32, #x>, tensor<64x16xf32>) -> tensor<?x16xf32, #z> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %s, %k : tensor<?x32xf32, #y>, tensor<?x16xf32, #z>
}

// CHECK-LABEL: func.func @merge_biases(
// CHECK: %[[B:.+]] = llm.get_weight @[[BIASES]] : tensor<48xf32>
// CHECK: %[[A:.+]] = llm.linear %{{.+}}, %{{.+}} extras(%[[B]]) : {{.+}} -> tensor<?x48xf32, #{{.+}}> {
// CHECK-NEXT: ^bb0(%[[S:.+]]: f32, %[[E:.+]]: f32):
// CHECK-NEXT: arith.addf %[[S]], %[[E]]
// CHECK: llm.columns %[[A]] {offset = 32 : i64} : {{.+}} -> tensor<?x16xf32
func.func @merge_biases(%x: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x16xf32, #z>) {
  %wq = llm.get_weight @ws : tensor<64x32xf32>
  %bq = llm.get_weight @bq : tensor<32xf32>
  %q = llm.linear %x, %wq extras(%bq) : (tensor<?x64xf32, #x>, tensor<64x32xf32>, tensor<32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32, %b: f32):
    %r = arith.addf %s, %b : f32
    llm.yield %r : f32
  }
  %wk = llm.get_weight @wt : tensor<64x16xf32>
  %bk = llm.get_weight @bk : tensor<16xf32>
  %k = llm.linear %x, %wk extras(%bk) : (tensor<?x64xf32, #x>, tensor<64x16xf32>, tensor<16xf32>) -> tensor<?x16xf32, #z> {
  ^bb0(%s: f32, %b: f32):
    %r = arith.addf %s, %b : f32
    llm.yield %r : f32
  }
  return %q, %k : tensor<?x32xf32, #y>, tensor<?x16xf32, #z>
}

// CHECK-LABEL: func.func @no_merge_different_inputs(
// CHECK-NOT: llm.columns
// CHECK: return
func.func @no_merge_different_inputs(%x: tensor<?x64xf32, #x>, %y: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x16xf32, #z>) {
  %wq = llm.get_weight @wq : tensor<64x32xf32>
  %q = llm.linear %x, %wq : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wk = llm.get_weight @wk : tensor<64x16xf32>
  %k = llm.linear %y, %wk : (tensor<?x64xf32, #x>, tensor<64x16xf32>) -> tensor<?x16xf32, #z> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %q, %k : tensor<?x32xf32, #y>, tensor<?x16xf32, #z>
}

// CHECK-LABEL: func.func @no_merge_epilogue(
// CHECK-NOT: llm.columns
// CHECK: return
func.func @no_merge_epilogue(%x: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x16xf32, #z>) {
  %wq = llm.get_weight @wq : tensor<64x32xf32>
  %q = llm.linear %x, %wq : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    %e = math.exp %s : f32
    llm.yield %e : f32
  }
  %wk = llm.get_weight @wk : tensor<64x16xf32>
  %k = llm.linear %x, %wk : (tensor<?x64xf32, #x>, tensor<64x16xf32>) -> tensor<?x16xf32, #z> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %q, %k : tensor<?x32xf32, #y>, tensor<?x16xf32, #z>
}

// CHECK-LABEL: func.func @no_merge_other_result_type(
// CHECK-NOT: llm.columns
// CHECK: return
func.func @no_merge_other_result_type(%x: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x16xf16, #z>) {
  %wq = llm.get_weight @wq : tensor<64x32xf32>
  %q = llm.linear %x, %wq : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wk = llm.get_weight @wk : tensor<64x16xf32>
  %k = llm.linear %x, %wk : (tensor<?x64xf32, #x>, tensor<64x16xf32>) -> tensor<?x16xf16, #z> {
  ^bb0(%s: f32):
    %e = arith.truncf %s : f32 to f16
    llm.yield %e : f16
  }
  return %q, %k : tensor<?x32xf32, #y>, tensor<?x16xf16, #z>
}

// CHECK-LABEL: func.func @no_merge_other_scheme(
// CHECK-NOT: llm.columns
// CHECK: return
func.func @no_merge_other_scheme(%x: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x16xf32, #z>) {
  %wq = llm.get_weight @wq : tensor<64x32xf32>
  %q = llm.linear %x, %wq : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wk = llm.get_weight @quantized : tensor<64x16xf32>
  %k = llm.linear %x, %wk : (tensor<?x64xf32, #x>, tensor<64x16xf32>) -> tensor<?x16xf32, #z> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %q, %k : tensor<?x32xf32, #y>, tensor<?x16xf32, #z>
}

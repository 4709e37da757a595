// RUN: llmc-opt %s --split-input-file --llmc-select-cache-type | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-select-cache-type=type=f32 | FileCheck %s --check-prefix=F32

#x = affine_map<()[s0] -> (s0, 64)>

// F32-NOT: page = 64, {{b?}}f16
// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 16, page = 64, bf16>) -> (tensor<?x64xf32, #{{.+}}>, !llm.kv_cache<4 x 16, page = 64, bf16>)
// CHECK: llm.kv_append {{.+}} -> !llm.kv_cache<4 x 16, page = 64, bf16>
// CHECK: llm.attention {{.+}} !llm.kv_cache<4 x 16, page = 64, bf16>) -> tensor<?x64xf32
llm.weight @matrix {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xbf16>}
func.func @step(%x: tensor<?x64xf32, #x>, %c: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) {
  %w = llm.get_weight @matrix : tensor<64x64xbf16>
  %k = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %c1 = llm.kv_append %c, %k, %k : (!llm.kv_cache<4 x 16, page = 64, f32>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> !llm.kv_cache<4 x 16, page = 64, f32>
  %y = llm.attention %k, %c1 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  return %y, %c1 : tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>
}

// -----

// One matrix of another type, and the cache stays.
#x = affine_map<()[s0] -> (s0, 64)>
// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 16, page = 64, f32>)
llm.weight @matrix {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xbf16>}
llm.weight @other {sources = [@b], transposed = array<i1: false>, type = tensor<64x64xf32>}
func.func @step(%x: tensor<?x64xf32, #x>, %c: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) {
  %w = llm.get_weight @matrix : tensor<64x64xbf16>
  %k = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %o = llm.get_weight @other : tensor<64x64xf32>
  %v = llm.linear %x, %o : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %c1 = llm.kv_append %c, %k, %v : (!llm.kv_cache<4 x 16, page = 64, f32>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> !llm.kv_cache<4 x 16, page = 64, f32>
  return %k, %c1 : tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>
}

// -----

// Heads of odd width do not lie in pairs.
#x = affine_map<()[s0] -> (s0, 60)>
// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 15, page = 64, f32>)
llm.weight @matrix {sources = [@a], transposed = array<i1: false>, type = tensor<60x60xbf16>}
func.func @step(%x: tensor<?x60xf32, #x>, %c: !llm.kv_cache<4 x 15, page = 64, f32>) -> (tensor<?x60xf32, #x>, !llm.kv_cache<4 x 15, page = 64, f32>) {
  %w = llm.get_weight @matrix : tensor<60x60xbf16>
  %k = llm.linear %x, %w : (tensor<?x60xf32, #x>, tensor<60x60xbf16>) -> tensor<?x60xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %c1 = llm.kv_append %c, %k, %k : (!llm.kv_cache<4 x 15, page = 64, f32>, tensor<?x60xf32, #x>, tensor<?x60xf32, #x>) -> !llm.kv_cache<4 x 15, page = 64, f32>
  return %k, %c1 : tensor<?x60xf32, #x>, !llm.kv_cache<4 x 15, page = 64, f32>
}

// -----

#x = affine_map<()[s0] -> (s0, 64)>
// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 16, page = 64, f16>)
llm.weight @matrix {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf16>}
func.func @step(%x: tensor<?x64xf32, #x>, %c: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) {
  %w = llm.get_weight @matrix : tensor<64x64xf16>
  %k = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %c1 = llm.kv_append %c, %k, %k : (!llm.kv_cache<4 x 16, page = 64, f32>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> !llm.kv_cache<4 x 16, page = 64, f32>
  return %k, %c1 : tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>
}

// -----

// Matrices of both types: neither.
#x = affine_map<()[s0] -> (s0, 64)>
// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 16, page = 64, f32>)
llm.weight @matrix {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf16>}
llm.weight @other {sources = [@b], transposed = array<i1: false>, type = tensor<64x64xbf16>}
func.func @step(%x: tensor<?x64xf32, #x>, %c: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) {
  %w = llm.get_weight @matrix : tensor<64x64xf16>
  %k = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %o = llm.get_weight @other : tensor<64x64xbf16>
  %v = llm.linear %x, %o : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %c1 = llm.kv_append %c, %k, %v : (!llm.kv_cache<4 x 16, page = 64, f32>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> !llm.kv_cache<4 x 16, page = 64, f32>
  return %k, %c1 : tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>
}

// RUN: llmc-opt %s --split-input-file --llmc-select-cache-type=dtype=bf16 | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-select-cache-type=dtype=f32 | FileCheck %s --check-prefix=F32
// RUN: llmc-opt %s --split-input-file --llmc-select-cache-type | FileCheck %s --check-prefix=F32
// RUN: llmc-opt %s --split-input-file --llmc-select-cache-type="type=f32 dtype=bf16" | FileCheck %s --check-prefix=F32

// Integers of the graph count as what was asked for.
#x = affine_map<()[s0] -> (s0, 64)>
// F32-NOT: page = 64, bf16
// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 16, page = 64, bf16>)
llm.weight @groups {sources = [@a], scales = [@b], transposed = array<i1: false>, type = tensor<64x64xf32>, scheme = "w4g32"}
llm.weight @matrix {sources = [@c], transposed = array<i1: false>, type = tensor<64x64xbf16>}
func.func @step(%x: tensor<?x64xf32, #x>, %c: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) {
  %w = llm.get_weight @groups : tensor<64x64xf32>
  %k = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %m = llm.get_weight @matrix : tensor<64x64xbf16>
  %v = llm.linear %x, %m : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %c1 = llm.kv_append %c, %k, %v : (!llm.kv_cache<4 x 16, page = 64, f32>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> !llm.kv_cache<4 x 16, page = 64, f32>
  return %k, %c1 : tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>
}

// -----

// Beside a matrix of f32 they do not.
#x = affine_map<()[s0] -> (s0, 64)>
// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 16, page = 64, f32>)
llm.weight @groups {sources = [@a], scales = [@b], transposed = array<i1: false>, type = tensor<64x64xf32>, scheme = "w4g32"}
llm.weight @matrix {sources = [@c], transposed = array<i1: false>, type = tensor<64x64xf32>}
func.func @step(%x: tensor<?x64xf32, #x>, %c: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) {
  %w = llm.get_weight @groups : tensor<64x64xf32>
  %k = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %m = llm.get_weight @matrix : tensor<64x64xf32>
  %v = llm.linear %x, %m : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %c1 = llm.kv_append %c, %k, %v : (!llm.kv_cache<4 x 16, page = 64, f32>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> !llm.kv_cache<4 x 16, page = 64, f32>
  return %k, %c1 : tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>
}

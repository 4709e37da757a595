// RUN: llmc-opt %s --llmc-convert-types | FileCheck %s --check-prefixes=CHECK,KEEP
// RUN: llmc-opt %s --llmc-convert-types=dtype=f32 | FileCheck %s --check-prefixes=CHECK,F32
// RUN: llmc-opt %s --llmc-convert-types=dtype=bf16 | FileCheck %s --check-prefixes=CHECK,BF16

#x = affine_map<()[s0] -> (s0, 64)>
#ids = affine_map<()[s0] -> (s0)>

// The matrix is kept in its type or the wanted one, a scale is f32 always.
// CHECK: llm.weight @scale {{.+}}type = tensor<64xf32>}
llm.weight @scale {sources = [@s], transposed = array<i1: false>, type = tensor<64xf16>}
// KEEP: llm.weight @matrix {{.+}}type = tensor<64x64xf16>}
// F32: llm.weight @matrix {{.+}}type = tensor<64x64xf32>}
// BF16: llm.weight @matrix {{.+}}type = tensor<64x64xbf16>}
llm.weight @matrix {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf16>}
// KEEP: llm.weight @table {{.+}}type = tensor<512x64xf16>}
// F32: llm.weight @table {{.+}}type = tensor<512x64xf32>}
// BF16: llm.weight @table {{.+}}type = tensor<512x64xbf16>}
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf16>}

// Activations and caches become f32; conversions in regions vanish.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: tensor<?xi32, #{{.+}}>, %[[C:.+]]: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #{{.+}}>, !llm.kv_cache<4 x 16, page = 64, f32>)
// CHECK: llm.embedding {{.+}} -> tensor<?x64xf32
// CHECK: llm.rms_norm {{.+}}tensor<64xf32>) -> tensor<?x64xf32
// KEEP: llm.linear {{.+}} : (tensor<?x64xf32, #{{.+}}>, tensor<64x64xf16>) -> tensor<?x64xf32
// CHECK: ^bb0(%[[S:.+]]: f32):
// CHECK-NEXT: llm.yield %[[S]] : f32
// CHECK: ^bb0(%[[A:.+]]: f32):
// CHECK-NEXT: %[[E:.+]] = math.exp %[[A]] : f32
// CHECK-NEXT: llm.yield %[[E]] : f32
// CHECK: llm.kv_append %[[C]]
func.func @step(%ids: tensor<?xi32, #ids>, %c: !llm.kv_cache<4 x 16, page = 64, f16>) -> (tensor<?x64xf16, #x>, !llm.kv_cache<4 x 16, page = 64, f16>) {
  %e = llm.get_weight @table : tensor<512x64xf16>
  %x = llm.embedding %ids, %e : (tensor<?xi32, #ids>, tensor<512x64xf16>) -> tensor<?x64xf16, #x>
  %s = llm.get_weight @scale : tensor<64xf16>
  %n = llm.rms_norm %x, %s {epsilon = 1.0e-5 : f32} : (tensor<?x64xf16, #x>, tensor<64xf16>) -> tensor<?x64xf16, #x>
  %w = llm.get_weight @matrix : tensor<64x64xf16>
  %y = llm.linear %n, %w : (tensor<?x64xf16, #x>, tensor<64x64xf16>) -> tensor<?x64xf16, #x> {
  ^bb0(%sum: f32):
    %r = arith.truncf %sum : f32 to f16
    llm.yield %r : f16
  }
  %m = llm.map %y : (tensor<?x64xf16, #x>) -> tensor<?x64xf16, #x> {
  ^bb0(%a: f16):
    %b = arith.extf %a : f16 to f32
    %f = math.exp %b : f32
    %r = arith.truncf %f : f32 to f16
    llm.yield %r : f16
  }
  %c1 = llm.kv_append %c, %m, %m : (!llm.kv_cache<4 x 16, page = 64, f16>, tensor<?x64xf16, #x>, tensor<?x64xf16, #x>) -> !llm.kv_cache<4 x 16, page = 64, f16>
  return %m, %c1 : tensor<?x64xf16, #x>, !llm.kv_cache<4 x 16, page = 64, f16>
}

// Only the step is a decoder's; a plain graph keeps its types.
// CHECK-LABEL: func.func @no_convert_another_function(
// CHECK-SAME: tensor<?x64xf16
func.func @no_convert_another_function(%x: tensor<?x64xf16, #x>) -> tensor<?x64xf16, #x> {
  return %x : tensor<?x64xf16, #x>
}

// RUN: llmc-opt %s --llmc-select-cache-type=type=i8 | FileCheck %s

#x = affine_map<()[s0] -> (s0, 64)>

// CHECK-LABEL: func.func @step(
// CHECK-SAME: !llm.kv_cache<4 x 16, page = 64, i8>) -> (tensor<?x64xf32, #{{.+}}>, !llm.kv_cache<4 x 16, page = 64, i8>)
// CHECK: llm.kv_append {{.+}} -> !llm.kv_cache<4 x 16, page = 64, i8>
// CHECK: llm.attention {{.+}} !llm.kv_cache<4 x 16, page = 64, i8>) -> tensor<?x64xf32
func.func @step(%x: tensor<?x64xf32, #x>, %c: !llm.kv_cache<4 x 16, page = 64, f32>) -> (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) {
  %c1 = llm.kv_append %c, %x, %x : (!llm.kv_cache<4 x 16, page = 64, f32>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> !llm.kv_cache<4 x 16, page = 64, f32>
  %y = llm.attention %x, %c1 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  return %y, %c1 : tensor<?x64xf32, #x>, !llm.kv_cache<4 x 16, page = 64, f32>
}

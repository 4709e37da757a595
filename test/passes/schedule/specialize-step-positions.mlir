// RUN: llmc-opt %s --llmc-specialize-step="chunk=1024 decode-rows=8 batch-rows=32" | FileCheck %s

#ids = affine_map<()[s0] -> (s0)>

// CHECK: func.func @batch({{.+}} attributes {llm.max_rows = 32 : i64, llm.min_rows = 9 : i64}
// CHECK: func.func @prefill({{.+}} attributes {llm.max_rows = 100 : i64, llm.min_rows = 33 : i64}
module attributes {llm.max_positions = 100 : i64} {
  func.func @step(%ids: tensor<?xi32, #ids>) -> tensor<?xi32, #ids> {
    return %ids : tensor<?xi32, #ids>
  }
}

// RUN: llmc-opt %s --llmc-specialize-step | FileCheck %s
// RUN: llmc-opt %s --llmc-specialize-step="chunk=32 decode-rows=8" | FileCheck %s --check-prefix=SMALL
// RUN: llmc-opt %s --llmc-specialize-step="chunk=2" | FileCheck %s --check-prefix=ONE
// RUN: llmc-opt %s --llmc-specialize-step="decode-rows=8 batch-rows=32" | FileCheck %s --check-prefix=THREE

#ids = affine_map<()[s0] -> (s0)>

// CHECK-NOT: @step
// CHECK: func.func @decode(%{{.+}}: tensor<?xi32{{.+}} attributes {llm.max_rows = 4 : i64, llm.min_rows = 1 : i64}
// CHECK: return
// CHECK: func.func @prefill({{.+}} attributes {llm.max_rows = 128 : i64, llm.min_rows = 5 : i64}
// CHECK: return
// SMALL: func.func @decode({{.+}} attributes {llm.max_rows = 8 : i64, llm.min_rows = 1 : i64}
// SMALL: func.func @prefill({{.+}} attributes {llm.max_rows = 32 : i64, llm.min_rows = 9 : i64}
// With a chunk below the decode step's rows there is nothing to prefill apart.
// ONE: func.func @decode({{.+}} attributes {llm.max_rows = 2 : i64, llm.min_rows = 1 : i64}
// ONE-NOT: @prefill
// THREE: func.func @decode({{.+}} attributes {llm.max_rows = 8 : i64, llm.min_rows = 1 : i64}
// THREE: func.func @batch({{.+}} attributes {llm.max_rows = 32 : i64, llm.min_rows = 9 : i64}
// THREE: func.func @prefill({{.+}} attributes {llm.max_rows = 128 : i64, llm.min_rows = 33 : i64}
func.func @step(%ids: tensor<?xi32, #ids>) -> tensor<?xi32, #ids> {
  return %ids : tensor<?xi32, #ids>
}

// CHECK-LABEL: func.func @no_specialize_another_function(
// CHECK-NOT: llm.max_rows
func.func @no_specialize_another_function(%ids: tensor<?xi32, #ids>) -> tensor<?xi32, #ids> {
  return %ids : tensor<?xi32, #ids>
}

// RUN: llmc-opt %s --split-input-file --llmc-select-cache-type=type=bf16 -verify-diagnostics
// RUN: not llmc-opt %s --split-input-file --llmc-select-cache-type=type=i8 2>&1 | FileCheck %s --check-prefix=BYTES
// RUN: not llmc-opt %s --split-input-file --llmc-select-cache-type=type=f8 2>&1 | FileCheck %s

// CHECK: a cache has no elements of type 'f8'
// BYTES: a cache of 'i8' takes no heads whose width is no multiple of 4
// expected-error @below {{a cache of 'bf16' takes no heads whose width is no multiple of 2}}
func.func @step(%x: tensor<?x60xf32>, %c: !llm.kv_cache<4 x 15, page = 64, f32>) -> !llm.kv_cache<4 x 15, page = 64, f32> {
  return %c : !llm.kv_cache<4 x 15, page = 64, f32>
}

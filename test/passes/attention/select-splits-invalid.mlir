// RUN: llmc-opt %s --llmc-select-splits=split=100 -verify-diagnostics
// RUN: llmc-opt %s --llmc-select-splits=split=-64 -verify-diagnostics
// RUN: not llmc-opt %s --llmc-select-splits=split=16448 2>&1 | FileCheck %s

// CHECK: a split of 16448 positions is more than 16384

func.func @no_split_within_a_page(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  // expected-error @below {{positions is no multiple of the page of 64}}
  %y = llm.attention %q, %c {heads = 32 : i64, scale = 0.25 : f32} : (tensor<?x4096xf32>, !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

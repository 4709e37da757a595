// RUN: llmc-opt %s --llmc-select-tiles --llmc-select-splits=max-context=4096 | FileCheck %s
// RUN: llmc-opt %s --llmc-select-tiles --llmc-select-splits=max-context=131072 | FileCheck %s --check-prefix=LONG
// RUN: llmc-opt %s --llmc-select-tiles --llmc-select-splits="max-context=4096 split=128 threads=9" | FileCheck %s --check-prefix=GIVEN
// RUN: llmc-opt %s --llmc-select-tiles --llmc-select-splits="max-context=4096 threads=0" | FileCheck %s --check-prefix=NEVER

// RUN: llmc-opt %s --llmc-select-tiles --llmc-select-splits="max-context=131072 threads=264 shared-bytes=134217728" | FileCheck %s --check-prefix=ROOM
// RUN: llmc-opt %s --llmc-select-tiles --llmc-select-splits="max-context=4096 shares=132" | FileCheck %s --check-prefix=MERGED

// NEVER-NOT: kernel.split_slots

// A row's pieces of 16640 bytes (32 heads of 128) stay below 4 MiB: at most 252.
// CHECK-LABEL: func.func @decode(
// CHECK: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 256 : i64, kernel.split_slots = 16 : i64,
// LONG-LABEL: func.func @decode(
// LONG: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 1024 : i64, kernel.split_slots = 128 : i64,
// GIVEN-LABEL: func.func @decode(
// GIVEN: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 128 : i64, kernel.split_slots = 32 : i64,
// MERGED-LABEL: func.func @decode(
// MERGED: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 256 : i64, kernel.split_shares = 132 : i64, kernel.split_slots = 16 : i64,
// MERGED-LABEL: func.func @no_share_prefill(
// MERGED-NOT: kernel.split_shares
// MERGED: return
func.func @decode(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %y = llm.attention %q, %c {heads = 32 : i64, scale = 0.25 : f32} : (tensor<?x4096xf32>, !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

// The same pieces, of too many rows to keep them.
// CHECK-LABEL: func.func @no_share_prefill(
// CHECK: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 256 : i64, scale
// LONG-LABEL: func.func @no_share_prefill(
// LONG: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 1024 : i64, scale
func.func @no_share_prefill(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32> attributes {llm.min_rows = 5 : i64, llm.max_rows = 128 : i64} {
  %y = llm.attention %q, %c {heads = 32 : i64, scale = 0.25 : f32} : (tensor<?x4096xf32>, !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

// Where there is room for them, batches share pieces as well.
// LONG-LABEL: func.func @share_batch(
// LONG: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 1024 : i64, scale
// ROOM-LABEL: func.func @share_batch(
// ROOM: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 1024 : i64, kernel.split_slots = 128 : i64,
func.func @share_batch(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32> attributes {llm.min_rows = 9 : i64, llm.max_rows = 32 : i64} {
  %y = llm.attention %q, %c {heads = 32 : i64, scale = 0.25 : f32} : (tensor<?x4096xf32>, !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

// One launch more would take longer than it saves.
// CHECK-LABEL: func.func @no_share_little_work(
// CHECK: llm.attention {{.+}} {heads = 8 : i64, kernel.split = 256 : i64, scale
// GIVEN-LABEL: func.func @no_share_little_work(
// GIVEN: llm.attention {{.+}} {heads = 8 : i64, kernel.split = 128 : i64, kernel.split_slots = 32 : i64,
func.func @no_share_little_work(%q: tensor<?x64xf32>, %c: !llm.kv_cache<4 x 8, page = 64, f32>) -> tensor<?x64xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %y = llm.attention %q, %c {heads = 8 : i64, scale = 0.25 : f32} : (tensor<?x64xf32>, !llm.kv_cache<4 x 8, page = 64, f32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// Every thread has a cache head.
// CHECK-LABEL: func.func @no_share_many_heads(
// CHECK: llm.attention {{.+}} {heads = 64 : i64, kernel.split = 256 : i64, scale
// GIVEN-LABEL: func.func @no_share_many_heads(
// GIVEN: llm.attention {{.+}} {heads = 64 : i64, kernel.split = 128 : i64, scale
func.func @no_share_many_heads(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<64 x 64, page = 64, f32>) -> tensor<?x4096xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %y = llm.attention %q, %c {heads = 64 : i64, scale = 0.25 : f32} : (tensor<?x4096xf32>, !llm.kv_cache<64 x 64, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

// Four rows see at most 1103 neighbouring positions: six pieces of 256.
// CHECK-LABEL: func.func @share_window(
// CHECK: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 256 : i64, kernel.split_slots = 6 : i64, {{.*}}window = 1100
// LONG-LABEL: func.func @share_window(
// LONG: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 256 : i64, kernel.split_slots = 6 : i64,
func.func @share_window(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %y = llm.attention %q, %c {heads = 32 : i64, scale = 0.25 : f32, window = 1100 : i64} : (tensor<?x4096xf32>, !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

// CHECK-LABEL: func.func @no_share_window_of_a_position(
// CHECK: llm.attention {{.+}} {heads = 32 : i64, kernel.split = 256 : i64, scale
func.func @no_share_window_of_a_position(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 1 : i64} {
  %y = llm.attention %q, %c {heads = 32 : i64, scale = 0.25 : f32, window = 1 : i64} : (tensor<?x4096xf32>, !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

// Outside a step nothing is decided.
// CHECK-LABEL: func.func @no_split_outside_a_step(
// CHECK-NOT: kernel.split
func.func @no_split_outside_a_step(%q: tensor<?x4096xf32>, %c: !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32> {
  %y = llm.attention %q, %c {heads = 32 : i64, scale = 0.25 : f32} : (tensor<?x4096xf32>, !llm.kv_cache<8 x 128, page = 64, f32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

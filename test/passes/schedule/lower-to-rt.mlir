// RUN: llmc-opt %s --split-input-file --llmc-lower-to-rt | FileCheck %s

// Two layers of one shape share their kernels; a cache is one memory.
// CHECK-LABEL: module @lower_two_layers
// CHECK: llm.weight @table
// CHECK: llm.weight @matrix
// CHECK-NOT: @unused
// CHECK: rt.program @decode attributes {kind = "step", max_rows = 4 : i64, min_rows = 1 : i64} {
// CHECK-DAG: %[[T:.+]] = rt.symbol "T"
// CHECK-DAG: %[[R:.+]] = rt.symbol "R"
// CHECK-DAG: %[[N:.+]] = rt.symbol "N"
// CHECK-DAG: %[[B:.+]] = rt.symbol "B"
// CHECK: %[[TOKENS:.+]] = rt.buffer input(%[[T]]) {name = "tokens"} : memref<?xi32>
// CHECK: %[[TABLE:.+]] = rt.buffer weight() {name = "table"} : memref<512x64xf32>
// CHECK: %[[X:.+]] = rt.buffer arena(%[[T]]) : memref<?x64xf32>
// CHECK: rt.launch @embedding_0 tiles(%[[T]]) (%[[TOKENS]], %[[TABLE]], %[[X]])
// CHECK: %[[W:.+]] = rt.buffer weight() {name = "matrix"} : memref<4x64x16xf32>
// CHECK: %[[Y:.+]] = rt.buffer arena(%[[T]]) : memref<?x64xf32>
// CHECK: %[[TILES:.+]] = rt.shape #{{.+}}()
// CHECK: rt.launch @linear_0 tiles(%[[TILES]]) (%[[X]], %[[W]], %[[Y]])
// CHECK: %[[KEYS:.+]] = rt.buffer key_cache(%[[N]]) : memref<?x2x4x16x16xf32
// CHECK: %[[VALUES:.+]] = rt.buffer value_cache(%[[N]]) : memref<?x2x1x64x16xf32
// CHECK: rt.launch @kv_append_0 {{.+}}%[[KEYS]], %[[VALUES]])
// CHECK: rt.launch @attention_0 {{.+}}%[[KEYS]], %[[VALUES]],
// CHECK: rt.launch @linear_0
// CHECK: rt.buffer key_cache(%[[N]]) {layer = 1 : i64}
// CHECK: rt.launch @kv_append_0
// CHECK: rt.launch @attention_0
// CHECK: %[[TAKEN:.+]] = rt.buffer arena(%[[R]])
// CHECK: rt.launch @take_rows_0 tiles(%[[R]])
// CHECK: %[[LOGITS:.+]] = rt.buffer output(%[[R]]) {name = "logits"} : memref<?x64xf32>
// CHECK: rt.launch @linear_0 {{.+}}%[[TAKEN]], %{{.+}}, %[[LOGITS]])
// CHECK-NOT: func.func @decode
// CHECK: func.func @embedding_0({{.+}} attributes {kernel.entry, kernel.family = "embedding"}
// CHECK: func.func @linear_0(
// CHECK-NEXT: kernel.linear {{.+}} {parts = 1 : i64, tile_panels = 2 : i64, tile_rows = 4 : i64}
// CHECK-NOT: @linear_1
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#kv = affine_map<()[s0] -> (s0, 32)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @lower_two_layers {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @matrix {layout = "panels", sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf32>}
llm.weight @unused {sources = [@b], transposed = array<i1: false>, type = tensor<64x64xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>, %c1: !llm.kv_cache<2 x 16, page = 64, f32>) -> (tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>, !llm.kv_cache<2 x 16, page = 64, f32>) attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %w = llm.get_weight @matrix : tensor<64x64xf32>
  %q = llm.linear %x, %w {kernel.tile_rows = 4 : i64, kernel.tile_panels = 2 : i64} : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %kv = llm.columns %q {offset = 32 : i64} : tensor<?x64xf32, #x> -> tensor<?x32xf32, #kv>
  %d0 = llm.kv_append %c0, %kv, %kv : (!llm.kv_cache<2 x 16, page = 64, f32>, tensor<?x32xf32, #kv>, tensor<?x32xf32, #kv>) -> !llm.kv_cache<2 x 16, page = 64, f32>
  %o = llm.attention %q, %d0 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %p = llm.linear %o, %w {kernel.tile_rows = 4 : i64, kernel.tile_panels = 2 : i64} : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %kv1 = llm.columns %p {offset = 0 : i64} : tensor<?x64xf32, #x> -> tensor<?x32xf32, #kv>
  %d1 = llm.kv_append %c1, %kv1, %kv1 : (!llm.kv_cache<2 x 16, page = 64, f32>, tensor<?x32xf32, #kv>, tensor<?x32xf32, #kv>) -> !llm.kv_cache<2 x 16, page = 64, f32>
  %o1 = llm.attention %p, %d1 {heads = 4 : i64, scale = 0.25 : f32} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %wanted = llm.take_rows %o1, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  %l = llm.linear %wanted, %w {kernel.tile_rows = 4 : i64, kernel.tile_panels = 2 : i64} : (tensor<?x64xf32, #xr>, tensor<64x64xf32>) -> tensor<?x64xf32, #xr> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %l, %d0, %d1 : tensor<?x64xf32, #xr>, !llm.kv_cache<2 x 16, page = 64, f32>, !llm.kv_cache<2 x 16, page = 64, f32>
}
}

// -----

// Panels of the schemes: 16 columns, rows of K in groups of four bytes.
// CHECK-LABEL: module @lower_stored_types
// CHECK-DAG: {name = "half"} : memref<3x32x16x2xf16>
// CHECK-DAG: {name = "bytes"} : memref<3x1088xi8>
// CHECK-DAG: {name = "parts"} : memref<4x64x16xf32>
// CHECK-DAG: kernel.linear {{.+}} {parts = 1 : i64, scheme = "w8",
// CHECK-DAG: kernel.linear {{.+}} {parts = 2 : i64,
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#y = affine_map<()[s0] -> (s0, 40)>
#z = affine_map<()[s0] -> (s0, 20)>
module @lower_stored_types {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
llm.weight @half {layout = "panels", sources = [@a], transposed = array<i1: false>, type = tensor<64x40xf16>}
llm.weight @bytes {layout = "panels", scheme = "w8", sources = [@a], transposed = array<i1: false>, type = tensor<64x40xf32>}
llm.weight @parts {layout = "panels", interleave = true, sources = [@a, @b], transposed = array<i1: false, false>, type = tensor<64x40xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x20xf32, #z> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %wh = llm.get_weight @half : tensor<64x40xf16>
  %h = llm.linear %x, %wh : (tensor<?x64xf32, #x>, tensor<64x40xf16>) -> tensor<?x40xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wb = llm.get_weight @bytes : tensor<64x40xf32>
  %b = llm.linear %x, %wb : (tensor<?x64xf32, #x>, tensor<64x40xf32>) -> tensor<?x40xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wp = llm.get_weight @parts : tensor<64x40xf32>
  %p = llm.linear %x, %wp {parts = 2 : i64} : (tensor<?x64xf32, #x>, tensor<64x40xf32>) -> tensor<?x20xf32, #z> {
  ^bb0(%s: f32, %u: f32):
    %m = arith.mulf %s, %u : f32
    llm.yield %m : f32
  }
  return %p : tensor<?x20xf32, #z>
}
}

// -----

// Pieces of one sequence are work of their own; what they found is merged by a
// second launch. Both layers' pieces have the same kernels.
// CHECK-LABEL: module @lower_split_attention
// CHECK: %[[MAXIMA:.+]] = rt.buffer arena(%[[T:.+]]) : memref<8x?x4xf32>
// CHECK: %[[SUMS:.+]] = rt.buffer arena(%[[T]]) : memref<8x?x4xf32>
// CHECK: %[[PARTIALS:.+]] = rt.buffer arena(%[[T]]) : memref<8x?x64xf32>
// CHECK: %[[TILES:.+]] = rt.shape #{{.+}}(%[[B:.+]])
// CHECK: rt.launch @attention_split_0 tiles(%[[TILES]]) ({{.+}}, %[[MAXIMA]], %[[SUMS]], %[[PARTIALS]])
// CHECK: %[[OUT:.+]] = rt.buffer arena(%[[T]]) : memref<?x64xf32>
// CHECK: rt.launch @attention_merge_0 tiles({{.+}}) (%[[MAXIMA]], %[[SUMS]], %[[PARTIALS]], %{{.+}}, %[[OUT]])
// CHECK: kernel.attention_split {{.+}}split = 128 : i64
// CHECK: kernel.attention_merge {{.+}}split = 128 : i64
// CHECK-NOT: kernel.attention %
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @lower_split_attention {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #xr> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %o = llm.attention %x, %c0 {heads = 4 : i64, scale = 0.25 : f32, kernel.split = 128 : i64, kernel.split_slots = 8 : i64} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %p = llm.attention %o, %c0 {heads = 4 : i64, scale = 0.25 : f32, kernel.split = 128 : i64, kernel.split_slots = 8 : i64} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %l = llm.take_rows %p, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %l : tensor<?x64xf32, #xr>
}
}

// -----

// The last piece to end merges them: no launch more. Both layers count in the zeros
// that a step is given.
// CHECK-LABEL: module @lower_merged_attention
// CHECK: %[[COUNTERS:.+]] = rt.buffer input(%{{.+}}) {name = "counters"} : memref<?x2xi32>
// CHECK: %[[OUT:.+]] = rt.buffer arena({{.+}}) : memref<?x64xf32>
// CHECK: %[[SHARES:.+]] = rt.shape
// CHECK: rt.launch @attention_split_0 tiles(%[[SHARES]]) {{.+}}, %[[COUNTERS]], %[[OUT]])
// CHECK: rt.launch @attention_split_1 {{.+}}, %[[COUNTERS]], %{{.+}})
// CHECK-NOT: attention_merge
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 64)>
#xr = affine_map<()[s0, s1] -> (s1, 64)>
module @lower_merged_attention {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x64xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>, %c0: !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #xr> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x64xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x64xf32>) -> tensor<?x64xf32, #x>
  %o = llm.attention %x, %c0 {heads = 4 : i64, scale = 0.25 : f32, kernel.split = 128 : i64, kernel.split_slots = 8 : i64, kernel.split_shares = 12 : i64} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %p = llm.attention %o, %c0 {heads = 4 : i64, scale = 0.25 : f32, kernel.split = 128 : i64, kernel.split_slots = 8 : i64, kernel.split_shares = 100 : i64} : (tensor<?x64xf32, #x>, !llm.kv_cache<2 x 16, page = 64, f32>) -> tensor<?x64xf32, #x>
  %l = llm.take_rows %p, %rows : (tensor<?x64xf32, #x>, tensor<?xi32, #r>) -> tensor<?x64xf32, #xr>
  return %l : tensor<?x64xf32, #xr>
}
}

// -----

// What is loaded in tiles has rows a line longer where their lines would meet,
// and sums between blocks of K have a buffer.
// CHECK-LABEL: module @lower_tiles
// CHECK: rt.program @prefill attributes {{{.*}}padded_rows = 16 : i64}
// CHECK: %[[A:.+]] = rt.buffer arena({{.+}}) : memref<?x1056xbf16>
// CHECK: %[[X:.+]] = rt.view %[[A]]() : memref<?x1056xbf16> to memref<?x1024xbf16, strided<[1056, 1]>>
// CHECK: %[[Y:.+]] = rt.buffer output({{.+}}) {name = "logits"} : memref<?x72xf32>
// CHECK: %[[SUMS:.+]] = rt.buffer arena({{.+}}) : memref<?x96xf32>
// CHECK: rt.launch @linear_0 {{.+}}(%[[X]], %{{.+}}, %[[Y]], %[[SUMS]])
// CHECK: func.func @linear_0({{.+}}, %[[S:[^ ]+]]: memref<?x96xf32>, %{{[^ ]+}}: index, %{{[^ ]+}}: index)
// CHECK: kernel.linear {{.+}} scratch(%[[S]] : memref<?x96xf32>) {{.+}}block_length = 512 : i64, padded_rows = 16 : i64
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 1024)>
#y = affine_map<()[s0] -> (s0, 72)>
module @lower_tiles {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x1024xf32>}
llm.weight @matrix {layout = "panels", sources = [@a], transposed = array<i1: false>, type = tensor<1024x72xbf16>}
func.func @prefill(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x72xf32, #y> attributes {llm.min_rows = 5 : i64, llm.max_rows = 128 : i64} {
  %e = llm.get_weight @table : tensor<512x1024xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x1024xf32>) -> tensor<?x1024xbf16, #x>
  %w = llm.get_weight @matrix : tensor<1024x72xbf16>
  %y = llm.linear %x, %w {kernel.tile_rows = 4 : i64, kernel.tile_panels = 2 : i64, kernel.padded_rows = 16 : i64, kernel.block_length = 512 : i64} : (tensor<?x1024xbf16, #x>, tensor<1024x72xbf16>) -> tensor<?x72xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %y : tensor<?x72xf32, #y>
}
}

// -----

// Linears that quantize their inputs share the bytes of what they read.
// CHECK-LABEL: module @lower_bytes
// CHECK: %[[X:.+]] = rt.buffer arena({{.+}}) : memref<?x30xf32>
// CHECK: %[[Q:.+]] = rt.buffer arena({{.+}}) : memref<?x32xi8>
// CHECK: %[[S:.+]] = rt.buffer arena({{.+}}) : memref<?x2xi32>
// CHECK: rt.launch @quantize_rows_0 {{.+}}(%[[X]], %[[Q]], %[[S]])
// CHECK: rt.launch @linear_0 {{.+}}(%[[Q]], %{{.+}}, %[[Y:.+]], %[[S]])
// CHECK-NOT: quantize_rows
// CHECK: rt.launch @linear_1 {{.+}}(%[[Q]], %{{.+}}, %[[Y]], %{{.+}}, %[[S]])
// CHECK: func.func @linear_0
// CHECK: kernel.linear {{.+}} terms(%{{.+}} : memref<?x2xi32>) {{.+}}scheme = "w8a8"
#t = affine_map<()[s0] -> (s0)>
#r = affine_map<()[s0, s1] -> (s1)>
#x = affine_map<()[s0] -> (s0, 30)>
#y = affine_map<()[s0] -> (s0, 16)>
module @lower_bytes {
llm.weight @table {sources = [@e], transposed = array<i1: false>, type = tensor<512x30xf32>}
llm.weight @matrix {layout = "panels", scheme = "w8a8", sources = [@a], transposed = array<i1: false>, type = tensor<30x16xf32>}
func.func @decode(%tokens: tensor<?xi32, #t>, %pos: tensor<?xi32, #t>, %rows: tensor<?xi32, #r>) -> tensor<?x16xf32, #y> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %e = llm.get_weight @table : tensor<512x30xf32>
  %x = llm.embedding %tokens, %e : (tensor<?xi32, #t>, tensor<512x30xf32>) -> tensor<?x30xf32, #x>
  %w = llm.get_weight @matrix : tensor<30x16xf32>
  %y = llm.linear %x, %w {kernel.tile_rows = 4 : i64, kernel.tile_panels = 2 : i64} : (tensor<?x30xf32, #x>, tensor<30x16xf32>) -> tensor<?x16xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %z = llm.linear %x, %w extras(%y) {kernel.tile_rows = 4 : i64, kernel.tile_panels = 2 : i64} : (tensor<?x30xf32, #x>, tensor<30x16xf32>, tensor<?x16xf32, #y>) -> tensor<?x16xf32, #y> {
  ^bb0(%s: f32, %p: f32):
    %sum = arith.addf %s, %p : f32
    llm.yield %sum : f32
  }
  return %z : tensor<?x16xf32, #y>
}
}

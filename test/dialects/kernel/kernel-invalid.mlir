// RUN: llmc-opt %s -split-input-file -verify-diagnostics

func.func @linear_without_argument_of_a_part(%x: memref<?x8xf32>, %w: memref<2x8x16xf32>, %y: memref<?x16xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) epilogue has 1 arguments for 2 parts and 0 extras}}
  kernel.linear %x, %w outputs(%y : memref<?x16xf32>) tiles(%b, %e) {parts = 2 : i64, tile_rows = 4 : i64, tile_panels = 1 : i64} : memref<?x8xf32>, memref<2x8x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_without_argument_of_an_extra(%x: memref<?x8xf32>, %w: memref<1x8x16xf32>, %y: memref<?x16xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) epilogue has 1 arguments for 1 parts and 1 extras}}
  kernel.linear %x, %w extras(%y : memref<?x16xf32>) outputs(%y : memref<?x16xf32>) tiles(%b, %e) {parts = 1 : i64, tile_rows = 4 : i64, tile_panels = 1 : i64} : memref<?x8xf32>, memref<1x8x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @linear_with_empty_tile(%x: memref<?x8xf32>, %w: memref<1x8x16xf32>, %y: memref<?x16xf32>, %b: index, %e: index) {
  // expected-error @below {{(2) sizes of tiles must be positive}}
  kernel.linear %x, %w outputs(%y : memref<?x16xf32>) tiles(%b, %e) {parts = 1 : i64, tile_rows = 0 : i64, tile_panels = 1 : i64} : memref<?x8xf32>, memref<1x8x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @map_without_argument_of_an_input(%x: memref<?x8xf32>, %y: memref<?x8xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) body has 1 arguments for 2 inputs}}
  kernel.map inputs(%x, %x : memref<?x8xf32>, memref<?x8xf32>) outputs(%y : memref<?x8xf32>) tiles(%b, %e) do {
  ^bb0(%a: f32):
    llm.yield %a : f32
  }
  return
}

// -----

func.func @map_that_yields_too_little(%x: memref<?x8xf32>, %y: memref<?x8xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) body yields 1 values for 2 outputs}}
  kernel.map inputs(%x : memref<?x8xf32>) outputs(%y, %y : memref<?x8xf32>, memref<?x8xf32>) tiles(%b, %e) do {
  ^bb0(%a: f32):
    llm.yield %a : f32
  }
  return
}

// -----

func.func @linear_with_negative_tile(%x: memref<?x8xf32>, %w: memref<1x8x16xf32>, %y: memref<?x16xf32>, %b: index, %e: index) {
  // expected-error @below {{(2) sizes of tiles must be positive}}
  kernel.linear %x, %w outputs(%y : memref<?x16xf32>) tiles(%b, %e) {parts = 1 : i64, tile_rows = 4 : i64, tile_panels = -1 : i64} : memref<?x8xf32>, memref<1x8x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @attention_cut_within_a_page(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) has a split of 96 positions, which is no multiple of the page of 64}}
  kernel.attention %q, %i, %i, %t, %bl, %kc, %vc, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 96 : i64, scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<?x64xf32>, index, index
  return
}

// -----

func.func @attention_split_of_no_positions(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %m: memref<2x?x4xf32>, %pa: memref<2x?x64xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) has a split of 0 positions}}
  kernel.attention_split %q, %i, %i, %t, %bl, %kc, %vc, %m, %m, %pa, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 0 : i64, scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<2x?x4xf32>, memref<2x?x4xf32>, memref<2x?x64xf32>, index, index
  return
}

// -----

func.func @attention_split_that_merges_nowhere(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %m: memref<2x?x4xf32>, %pa: memref<2x?x64xf32>, %co: memref<?x2xi32>, %b: index, %e: index) {
  // expected-error @below {{(3) needs counters [B, KV] i32, an output and shares to merge, or nothing of it}}
  kernel.attention_split %q, %i, %i, %t, %bl, %kc, %vc, %m, %m, %pa, %co, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64, scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<2x?x4xf32>, memref<2x?x4xf32>, memref<2x?x64xf32>, memref<?x2xi32>, index, index
  return
}

// -----

func.func @attention_merge_of_no_positions(%m: memref<2x?x4xf32>, %pa: memref<2x?x64xf32>, %i: memref<?xi32>, %q: memref<?x64xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) has a split of -64 positions}}
  kernel.attention_merge %m, %m, %pa, %i, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, split = -64 : i64, window = 0 : i64} : memref<2x?x4xf32>, memref<2x?x4xf32>, memref<2x?x64xf32>, memref<?xi32>, memref<?x64xf32>, index, index
  return
}

// -----

func.func @linear_in_blocks_without_scratch(%x: memref<?x64xbf16>, %w: memref<1x32x16x2xbf16>, %y: memref<?x16xf32>, %b: index, %e: index) {
  // expected-error @below {{(3) blocks of 32 terms need to be multiples of 32 and a scratch}}
  kernel.linear %x, %w outputs(%y : memref<?x16xf32>) tiles(%b, %e) {parts = 1 : i64, tile_rows = 4 : i64, tile_panels = 1 : i64, block_length = 32 : i64} : memref<?x64xbf16>, memref<1x32x16x2xbf16> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

// -----

func.func @attention_over_half_blocks(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %kc: memref<?x2x3x16x16xf32>, %vc: memref<?x2x1x48x16xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) has a page of 48 positions, which is no multiple of 32}}
  kernel.attention %q, %i, %i, %t, %bl, %kc, %vc, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 48 : i64, split = 96 : i64, scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x2x3x16x16xf32>, memref<?x2x1x48x16xf32>, memref<?x64xf32>, index, index
  return
}

// -----

func.func @attention_merge_of_long_pieces(%m: memref<2x?x4xf32>, %pa: memref<2x?x64xf32>, %i: memref<?xi32>, %q: memref<?x64xf32>, %b: index, %e: index) {
  // expected-error @below {{(2) has a split of 16416 positions, which is more than 16384}}
  kernel.attention_merge %m, %m, %pa, %i, %q, %b, %e {heads = 4 : i64, head_dim = 16 : i64, split = 16416 : i64, window = 0 : i64} : memref<2x?x4xf32>, memref<2x?x4xf32>, memref<2x?x64xf32>, memref<?xi32>, memref<?x64xf32>, index, index
  return
}

// -----

func.func @maxima_of_halves(%l: memref<?x50xf16>, %m: memref<?x2xi64>, %b: index, %e: index) {
  // expected-error @below {{(1) needs logits [R, V] f32 and maxima [C, S] i64, not 'memref<?x50xf16>' and 'memref<?x2xi64>'}}
  kernel.row_maxima %l, %m, %b, %e : memref<?x50xf16>, memref<?x2xi64>, index, index
  return
}

// -----

func.func @maxima_of_too_many(%l: memref<?x4194305xf32>, %m: memref<?x2xi64>, %b: index, %e: index) {
  // expected-error @below {{(2) has rows of 4194305 logits, which is more than 4194304}}
  kernel.row_maxima %l, %m, %b, %e : memref<?x4194305xf32>, memref<?x2xi64>, index, index
  return
}

// -----

func.func @choices_of_seven_words(%l: memref<?x50xf32>, %m: memref<?x2xi64>, %c: memref<?x7xi32>, %t: memref<?xi32>, %b: index, %e: index) {
  // expected-error @below {{(1) needs choices [C, 8] i32 and tokens [C] i32, not 'memref<?x7xi32>' and 'memref<?xi32>'}}
  kernel.choose_token %l, %m, %c, %t, %b, %e : memref<?x50xf32>, memref<?x2xi64>, memref<?x7xi32>, memref<?xi32>, index, index
  return
}

// -----

func.func @append_with_one_scale(%q: memref<?x64xf32>, %k: memref<?x32xf32>, %c: memref<512x8xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %s0: memref<16xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) scales must be none, or one of queries and one of keys, of a head or of a row}}
  kernel.rope_append %q, %k, %k, %c, %c, %i, %i, %t, %kc, %vc, %q, %s0, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, rotary_dim = 16 : i64, interleaved = false, epsilon = 1.0e-5 : f32} : memref<?x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<512x8xf32>, memref<512x8xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<?x64xf32>, memref<16xf32>, index, index
  return
}

// -----

func.func @append_with_scales_of_another_length(%q: memref<?x64xf32>, %k: memref<?x32xf32>, %c: memref<512x8xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %s0: memref<16xf32>, %s1: memref<8xf32>, %b: index, %e: index) {
  // expected-error @below {{(1) scales must be none, or one of queries and one of keys, of a head or of a row}}
  kernel.rope_append %q, %k, %k, %c, %c, %i, %i, %t, %kc, %vc, %q, %s0, %s1, %b, %e {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, rotary_dim = 16 : i64, interleaved = false, epsilon = 1.0e-5 : f32} : memref<?x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<512x8xf32>, memref<512x8xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<?x64xf32>, memref<16xf32>, memref<8xf32>, index, index
  return
}

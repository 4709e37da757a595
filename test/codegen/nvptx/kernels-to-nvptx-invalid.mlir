// RUN: llmc-opt %s --llmc-kernels-to-nvptx -split-input-file -verify-diagnostics

func.func @wrong_weight_shape(%x: memref<?x64xf32>, %w: memref<4x63x16xf32>,
    %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  // expected-error @below {{has a weight 'memref<4x63x16xf32>' where K and N need the shape 4, 64, 16}}
  kernel.linear %x, %w outputs(%y : memref<?x64xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 2 : i64, tile_panels = 2 : i64}
      : memref<?x64xf32>, memref<4x63x16xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

// -----

func.func @rows_of_f64(%x: memref<?x64xf64>, %w: memref<4x64x16xf32>,
    %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  // expected-error @below {{needs rows of f32, bf16, f16, or bytes in fours, not 'memref<?x64xf64>'}}
  kernel.linear %x, %w outputs(%y : memref<?x64xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 2 : i64, tile_panels = 2 : i64}
      : memref<?x64xf64>, memref<4x64x16xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

// -----

func.func @rotates_odd(%x: memref<?x16xf32>, %p: memref<?xi32>, %c: memref<8x1xf32>,
    %b: index, %e: index) attributes {kernel.entry} {
  // expected-error @below {{has a rotary_dim that is odd or beyond head_dim}}
  kernel.rope %x, %p, %c, %c, %x, %b, %e
      {heads = 2 : i64, head_dim = 8 : i64, rotary_dim = 3 : i64, interleaved = false}
      : memref<?x16xf32>, memref<?xi32>, memref<8x1xf32>, memref<8x1xf32>, memref<?x16xf32>, index, index
  return
}

// -----

func.func @pieces_that_nobody_merges(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>,
    %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %m: memref<2x?x4xf32>,
    %pa: memref<2x?x64xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{needs counters and an output: on a GPU the last piece to end merges}}
  kernel.attention_split %q, %i, %i, %t, %bl, %kc, %vc, %m, %m, %pa, %b, %e
      {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64,
       scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32}
      : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<2x?x4xf32>, memref<2x?x4xf32>,
        memref<2x?x64xf32>, index, index
  return
}

// -----

func.func @counters_of_other_heads(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>,
    %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %m: memref<2x?x4xf32>,
    %pa: memref<2x?x64xf32>, %co: memref<?x4xi32>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{needs counters [B, 2] i32, not 'memref<?x4xi32>'}}
  kernel.attention_split %q, %i, %i, %t, %bl, %kc, %vc, %m, %m, %pa, %co, %q, %b, %e
      {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64,
       scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32, shares = 132 : i64}
      : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<2x?x4xf32>, memref<2x?x4xf32>,
        memref<2x?x64xf32>, memref<?x4xi32>, memref<?x64xf32>, index, index
  return
}

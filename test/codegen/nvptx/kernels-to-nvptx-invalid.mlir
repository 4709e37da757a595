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

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
  // expected-error @below {{(2) tile sizes must be positive}}
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
  // expected-error @below {{(2) tile sizes must be positive}}
  kernel.linear %x, %w outputs(%y : memref<?x16xf32>) tiles(%b, %e) {parts = 1 : i64, tile_rows = 4 : i64, tile_panels = -1 : i64} : memref<?x8xf32>, memref<1x8x16xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return
}

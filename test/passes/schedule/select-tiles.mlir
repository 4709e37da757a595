// RUN: llmc-opt %s --llmc-select-tiles | FileCheck %s
// RUN: llmc-opt %s --llmc-select-tiles="tile-rows=3 tile-panels=2 block-rows=32" | FileCheck %s --check-prefix=GIVEN

#x = affine_map<()[s0] -> (s0, 64)>
#y = affine_map<()[s0] -> (s0, 32)>

// CHECK: llm.block_rows = 16 : i64
// GIVEN: llm.block_rows = 32 : i64

// One row: no more tiles than panels would be worth, four at most.
// CHECK-LABEL: func.func @decode(
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 4 : i64, kernel.tile_rows = 1 : i64}
// GIVEN-LABEL: func.func @decode(
// GIVEN: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 3 : i64}
func.func @decode(%x: tensor<?x64xf32, #x>, %w: tensor<64x64xf32>) -> tensor<?x64xf32, #x> attributes {llm.min_rows = 1 : i64, llm.max_rows = 1 : i64} {
  %y = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y : tensor<?x64xf32, #x>
}

// CHECK-LABEL: func.func @prefill(
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 4 : i64}
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 1 : i64, kernel.tile_rows = 4 : i64, parts = 2 : i64}
// GIVEN-LABEL: func.func @prefill(
// GIVEN-COUNT-2: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 3 : i64
func.func @prefill(%x: tensor<?x64xf32, #x>, %w: tensor<64x64xf32>) -> tensor<?x32xf32, #y> attributes {llm.min_rows = 2 : i64, llm.max_rows = 128 : i64} {
  %y = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %z = llm.linear %y, %w {parts = 2 : i64} : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%a: f32, %b: f32):
    %m = arith.mulf %a, %b : f32
    llm.yield %m : f32
  }
  return %z : tensor<?x32xf32, #y>
}

// CHECK-LABEL: func.func @no_tiles_outside_a_step(
// CHECK-NOT: kernel.tile_rows
func.func @no_tiles_outside_a_step(%x: tensor<?x64xf32, #x>, %w: tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  %y = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y : tensor<?x64xf32, #x>
}

// Pairs of bf16 by matrix registers: whole tiles of rows, K in blocks whose
// inputs stay in L2. Quantized weights, and a few rows, are done by vectors.
#k = affine_map<()[s0] -> (s0, 8192)>
llm.weight @pairs {sources = [@a], transposed = array<i1: false>, type = tensor<8192x64xbf16>, layout = "panels"}
llm.weight @bytes {sources = [@b], transposed = array<i1: false>, type = tensor<8192x64xbf16>, layout = "panels", scheme = "w8"}
// CHECK-LABEL: func.func @pairs_of_many_rows(
// CHECK: llm.linear {{.+}} {kernel.block_length = 4096 : i64, kernel.padded_rows = 16 : i64, kernel.tile_panels = 2 : i64, kernel.tile_rows = 4 : i64}
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 4 : i64}
func.func @pairs_of_many_rows(%x: tensor<?x8192xbf16, #k>) -> (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) attributes {llm.min_rows = 5 : i64, llm.max_rows = 128 : i64} {
  %w = llm.get_weight @pairs : tensor<8192x64xbf16>
  %v = llm.get_weight @bytes : tensor<8192x64xbf16>
  %y = llm.linear %x, %w : (tensor<?x8192xbf16, #k>, tensor<8192x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  %z = llm.linear %x, %v : (tensor<?x8192xbf16, #k>, tensor<8192x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y, %z : tensor<?x64xf32, #x>, tensor<?x64xf32, #x>
}
// CHECK-LABEL: func.func @pairs_of_a_few_rows(
// CHECK-NOT: kernel.padded_rows
func.func @pairs_of_a_few_rows(%x: tensor<?x8192xbf16, #k>) -> tensor<?x64xf32, #x> attributes {llm.min_rows = 1 : i64, llm.max_rows = 4 : i64} {
  %w = llm.get_weight @pairs : tensor<8192x64xbf16>
  %y = llm.linear %x, %w : (tensor<?x8192xbf16, #k>, tensor<8192x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %y : tensor<?x64xf32, #x>
}

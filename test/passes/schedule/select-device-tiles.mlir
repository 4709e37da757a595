// RUN: llmc-opt %s --llmc-select-device-tiles | FileCheck %s
// RUN: llmc-opt %s --llmc-select-device-tiles="processors=8 block-rows=32" | FileCheck %s --check-prefix=FEW

// CHECK: module attributes {llm.block_rows = 16 : i64}
// FEW: module attributes {llm.block_rows = 32 : i64}
// CHECK-LABEL: func.func @decode
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 8 : i64}
// FEW-LABEL: func.func @decode
// FEW: llm.linear {{.+}} {kernel.tile_panels = 4 : i64, kernel.tile_rows = 8 : i64}
func.func @decode(%x: tensor<?x64xf32>) -> tensor<?x1024xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 8 : i64} {
  %w = llm.get_weight @w : tensor<64x1024xf32>
  %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x1024xf32>) -> tensor<?x1024xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %y : tensor<?x1024xf32>
}
// CHECK-LABEL: func.func @prefill
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 8 : i64, kernel.tile_rows = 128 : i64}
func.func @prefill(%x: tensor<?x64xf32>) -> tensor<?x1024xf32> attributes {llm.min_rows = 9 : i64, llm.max_rows = 128 : i64} {
  %w = llm.get_weight @w : tensor<64x1024xf32>
  %y = llm.linear %x, %w : (tensor<?x64xf32>, tensor<64x1024xf32>) -> tensor<?x1024xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %y : tensor<?x1024xf32>
}
llm.weight @w {layout = "panels", sources = [@a], transposed = array<i1: false>, type = tensor<64x1024xf32>}

// RUN: llmc-opt %s --llmc-select-device-tiles | FileCheck %s
// RUN: llmc-opt %s --llmc-select-device-tiles="gpu=l4 block-rows=32" | FileCheck %s --check-prefix=SMALL
// RUN: llmc-opt %s --llmc-select-device-tiles="gpu=sm_80" | FileCheck %s --check-prefix=LEVEL
// RUN: not llmc-opt %s --llmc-select-device-tiles="gpu=abacus" 2>&1 | FileCheck %s --check-prefix=NONE

// NONE: there are no figures of a GPU abacus
// CHECK: module attributes {llm.block_rows = 16 : i64}
// SMALL: module attributes {llm.block_rows = 32 : i64}

// 64 blocks of two panels have as much on its way as 128 of one, which reads inputs twice.
// A slow memory is kept busy by fewer.
// CHECK-LABEL: func.func @decode
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 8 : i64}
// SMALL-LABEL: func.func @decode
// SMALL: llm.linear {{.+}} {kernel.tile_panels = 4 : i64, kernel.tile_rows = 8 : i64}
// LEVEL-LABEL: func.func @decode
// LEVEL: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 8 : i64}
func.func @decode(%x: tensor<?x2048xbf16>) -> tensor<?x2048xf32> attributes {llm.min_rows = 1 : i64, llm.max_rows = 8 : i64} {
  %w = llm.get_weight @square : tensor<2048x2048xbf16>
  %y = llm.linear %x, %w : (tensor<?x2048xbf16>, tensor<2048x2048xbf16>) -> tensor<?x2048xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %y : tensor<?x2048xf32>
}

// Many panels read the input less often where there are more than enough; what was
// chosen by hand stays.
// CHECK-LABEL: func.func @batch
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 4 : i64, kernel.tile_rows = 32 : i64}
// CHECK: llm.linear {{.+}} {kernel.tile_panels = 3 : i64, kernel.tile_rows = 16 : i64}
func.func @batch(%x: tensor<?x2048xbf16>) -> (tensor<?x131072xf32>, tensor<?x131072xf32>) attributes {llm.min_rows = 9 : i64, llm.max_rows = 32 : i64} {
  %w = llm.get_weight @head : tensor<2048x131072xbf16>
  %y = llm.linear %x, %w : (tensor<?x2048xbf16>, tensor<2048x131072xbf16>) -> tensor<?x131072xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %z = llm.linear %x, %w {kernel.tile_panels = 3 : i64, kernel.tile_rows = 16 : i64} : (tensor<?x2048xbf16>, tensor<2048x131072xbf16>) -> tensor<?x131072xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %y, %z : tensor<?x131072xf32>, tensor<?x131072xf32>
}

// 128 rows are one block down: two panels across keep 64 busy, eight but 16. Those of
// warpgroups have eight and, where that leaves many idle, half the rows.
// CHECK-LABEL: func.func @prefill
// CHECK: llm.linear {{.+}} {kernel.engine = "wgmma", kernel.tile_panels = 8 : i64, kernel.tile_rows = 64 : i64}
// CHECK: llm.linear {{.+}} {kernel.engine = "wgmma", kernel.tile_panels = 8 : i64, kernel.tile_rows = 128 : i64}
// LEVEL-LABEL: func.func @prefill
// LEVEL: llm.linear {{.+}} {kernel.tile_panels = 2 : i64, kernel.tile_rows = 128 : i64}
// LEVEL: llm.linear {{.+}} {kernel.tile_panels = 8 : i64, kernel.tile_rows = 128 : i64}
func.func @prefill(%x: tensor<?x2048xbf16>) -> (tensor<?x2048xf32>, tensor<?x131072xf32>) attributes {llm.min_rows = 33 : i64, llm.max_rows = 128 : i64} {
  %v = llm.get_weight @square : tensor<2048x2048xbf16>
  %y = llm.linear %x, %v : (tensor<?x2048xbf16>, tensor<2048x2048xbf16>) -> tensor<?x2048xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %w = llm.get_weight @head : tensor<2048x131072xbf16>
  %z = llm.linear %x, %w : (tensor<?x2048xbf16>, tensor<2048x131072xbf16>) -> tensor<?x131072xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %y, %z : tensor<?x2048xf32>, tensor<?x131072xf32>
}

// Groups have half the rows, two parts half the panels; zero points and rows of f32
// are for other kernels.
// CHECK-LABEL: func.func @types
// CHECK: llm.linear {{.+}} {kernel.engine = "wgmma", kernel.tile_panels = 8 : i64, kernel.tile_rows = 64 : i64}
// CHECK: llm.linear {{.+}} {kernel.engine = "wgmma", kernel.tile_panels = 4 : i64, kernel.tile_rows = 128 : i64, parts = 2 : i64}
// CHECK-NOT: kernel.engine
func.func @types(%x: tensor<?x2048xbf16>, %f: tensor<?x2048xf32>) -> (tensor<?x131072xf32>, tensor<?x65536xf32>, tensor<?x131072xf32>, tensor<?x131072xf32>) attributes {llm.min_rows = 33 : i64, llm.max_rows = 128 : i64} {
  %g = llm.get_weight @groups : tensor<2048x131072xf32>
  %0 = llm.linear %x, %g : (tensor<?x2048xbf16>, tensor<2048x131072xf32>) -> tensor<?x131072xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %w = llm.get_weight @head : tensor<2048x131072xbf16>
  %1 = llm.linear %x, %w {parts = 2 : i64} : (tensor<?x2048xbf16>, tensor<2048x131072xbf16>) -> tensor<?x65536xf32> {
  ^bb0(%s: f32, %t: f32):
    llm.yield %s : f32
  }
  %z = llm.get_weight @zeros : tensor<2048x131072xf32>
  %2 = llm.linear %x, %z : (tensor<?x2048xbf16>, tensor<2048x131072xf32>) -> tensor<?x131072xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %3 = llm.linear %f, %w : (tensor<?x2048xf32>, tensor<2048x131072xbf16>) -> tensor<?x131072xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %0, %1, %2, %3 : tensor<?x131072xf32>, tensor<?x65536xf32>, tensor<?x131072xf32>, tensor<?x131072xf32>
}

// Rows of f16 meet integers as rows of bf16 do.
// CHECK-LABEL: func.func @halves
// CHECK: llm.linear {{.+}} {kernel.engine = "wgmma", kernel.tile_panels = 8 : i64, kernel.tile_rows = 64 : i64}
func.func @halves(%x: tensor<?x2048xf16>) -> tensor<?x131072xf32> attributes {llm.min_rows = 33 : i64, llm.max_rows = 128 : i64} {
  %g = llm.get_weight @groups : tensor<2048x131072xf32>
  %0 = llm.linear %x, %g : (tensor<?x2048xf16>, tensor<2048x131072xf32>) -> tensor<?x131072xf32> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  return %0 : tensor<?x131072xf32>
}

llm.weight @groups {layout = "panels", scheme = "w4g128", sources = [@a], scales = [@b], transposed = array<i1: false>, type = tensor<2048x131072xf32>}
llm.weight @zeros {layout = "panels", scheme = "w4g128z", sources = [@a], scales = [@b], zeros = [@c], transposed = array<i1: false>, type = tensor<2048x131072xf32>}
llm.weight @square {layout = "panels", sources = [@a], transposed = array<i1: false>, type = tensor<2048x2048xbf16>}
llm.weight @head {layout = "panels", sources = [@b], transposed = array<i1: false>, type = tensor<2048x131072xbf16>}

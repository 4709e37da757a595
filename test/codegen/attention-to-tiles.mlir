// RUN: llmc-opt %s --split-input-file --llmc-kernels-to-x86=level=x86-64-amx | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-kernels-to-x86=level=x86-64-v4 | FileCheck %s --check-prefix=VECTORS

// RUN: llmc-opt %s --split-input-file --llmc-kernels-to-x86=level=x86-64-amx-fp16 | FileCheck %s --check-prefix=HALVES

// VECTORS-NOT: amx.

// More than 16 lines: 2 x 2 tiles of scores for each 32 positions, then of
// values; where fewer are left, 1 x 2, and 1 x 4 of values.
// CHECK-LABEL: func.func @attention(
// CHECK: scf.for {{.+}} -> (!amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>)
// CHECK-COUNT-3: amx.tile_load {{.+}} into !amx.tile<16x32xbf16>
// CHECK-COUNT-2: amx.tile_mulf
// CHECK: amx.tile_load
// CHECK-COUNT-2: amx.tile_mulf
// CHECK: scf.yield
// CHECK-COUNT-4: amx.tile_store
// CHECK: } else {
// CHECK-COUNT-2: amx.tile_mulf
// CHECK: scf.yield
// CHECK-COUNT-2: amx.tile_store
// CHECK: math.fma
// CHECK-COUNT-4: amx.tile_mulf
// CHECK: scf.yield
// CHECK-COUNT-4: amx.tile_store
// CHECK: } else {
// CHECK-COUNT-4: amx.tile_mulf
// CHECK: scf.yield
// CHECK-COUNT-4: amx.tile_store
func.func @attention(%q: memref<?x256xf32>, %s: memref<?xi32>, %p: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x1x4x32x16x2xbf16>, %v: memref<?x1x4x32x16x2xbf16>, %y: memref<?x256xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e {heads = 4 : i64, head_dim = 64 : i64, page = 64 : i64, split = 256 : i64, scale = 0.125 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x256xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x1x4x32x16x2xbf16>, memref<?x1x4x32x16x2xbf16>, memref<?x256xf32>, index, index
  return
}

// -----

// Bytes become bf16 on the stack, and tiles are loaded from there.
// CHECK-LABEL: func.func @bytes(
// CHECK: memref.alloca() {{.+}} : memref<4x32x32xbf16>
// CHECK: arith.sitofp
// CHECK: vector.store {{.+}} memref<4x32x32xbf16>
// CHECK: amx.tile_load {{.+}} memref<4x32x32xbf16> into !amx.tile<16x32xbf16>
// CHECK: amx.tile_mulf
func.func @bytes(%q: memref<?x256xf32>, %s: memref<?xi32>, %p: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x1x4x18x16x4xi8>, %v: memref<?x1x4x16x16x4xi8>, %y: memref<?x256xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e {heads = 4 : i64, head_dim = 64 : i64, page = 64 : i64, split = 256 : i64, scale = 0.125 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x256xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x1x4x18x16x4xi8>, memref<?x1x4x16x16x4xi8>, memref<?x256xf32>, index, index
  return
}

// -----

// Heads that are no multiple of 32 wide are done by vectors.
// CHECK-LABEL: func.func @no_tiles_of_half_blocks(
// CHECK-NOT: amx.
func.func @no_tiles_of_half_blocks(%q: memref<?x192xf32>, %s: memref<?xi32>, %p: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x1x4x24x16x2xbf16>, %v: memref<?x1x3x32x16x2xbf16>, %y: memref<?x192xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e {heads = 4 : i64, head_dim = 48 : i64, page = 64 : i64, split = 256 : i64, scale = 0.125 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x192xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x1x4x24x16x2xbf16>, memref<?x1x3x32x16x2xbf16>, memref<?x192xf32>, index, index
  return
}

// -----

// As are caches of f32.
// CHECK-LABEL: func.func @no_tiles_of_f32(
// CHECK-NOT: amx.
func.func @no_tiles_of_f32(%q: memref<?x256xf32>, %s: memref<?xi32>, %p: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x1x4x64x16xf32>, %v: memref<?x1x4x64x16xf32>, %y: memref<?x256xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e {heads = 4 : i64, head_dim = 64 : i64, page = 64 : i64, split = 256 : i64, scale = 0.125 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x256xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x1x4x64x16xf32>, memref<?x1x4x64x16xf32>, memref<?x256xf32>, index, index
  return
}

// -----

// Caches of f16 take products of f16, which not all levels with tiles have.
// CHECK-LABEL: func.func @tiles_of_f16(
// CHECK-NOT: amx.
// HALVES-LABEL: func.func @tiles_of_f16(
// HALVES: amx.tile_mulf {{.+}} : !amx.tile<16x32xf16>, !amx.tile<16x32xf16>, !amx.tile<16x16xf32>
func.func @tiles_of_f16(%q: memref<?x256xf32>, %s: memref<?xi32>, %p: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x1x4x32x16x2xf16>, %v: memref<?x1x4x32x16x2xf16>, %y: memref<?x256xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e {heads = 4 : i64, head_dim = 64 : i64, page = 64 : i64, split = 256 : i64, scale = 0.125 : f32, window = 0 : i64, softcap = 0.0 : f32} : memref<?x256xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>, memref<?x1x4x32x16x2xf16>, memref<?x1x4x32x16x2xf16>, memref<?x256xf32>, index, index
  return
}

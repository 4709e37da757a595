// RUN: llmc-opt %s --llmc-kernels-to-nvptx | FileCheck %s

// Rotations and the append: queries to the output, then rotated keys and values to
// the row's page, by the block that does the row.
// CHECK-LABEL: func.func @rope_append(
// CHECK: scf.for
// CHECK: memref.load %arg6
// CHECK: scf.for
// CHECK: memref.load %arg7[%{{.+}}, %{{.+}}] : memref<?x?xi32>
// CHECK: memref.store %{{.+}}, %arg8
// CHECK: memref.store %{{.+}}, %arg8
// CHECK: memref.store %{{.+}}, %arg9
// CHECK-NOT: kernel.
// CHECK: return
func.func @rope_append(%q: memref<?x64xf32>, %k: memref<?x32xf32>, %v: memref<?x32xf32>, %cos: memref<512x4xf32>, %sin: memref<512x4xf32>, %s: memref<?xi32>, %p: memref<?xi32>, %t: memref<?x?xi32>, %kc: memref<?x4x4x8x16xf32, strided<[30720, 512, 128, 16, 1]>>, %vc: memref<?x4x1x64x16xf32, strided<[30720, 1024, 1024, 16, 1]>>, %o: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.entry} {
  kernel.rope_append %q, %k, %v, %cos, %sin, %s, %p, %t, %kc, %vc, %o, %begin, %end {head_dim = 8 : i64, heads = 8 : i64, interleaved = false, page = 64 : i64, rotary_dim = 8 : i64} : memref<?x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<512x4xf32>, memref<512x4xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x4x4x8x16xf32, strided<[30720, 512, 128, 16, 1]>>, memref<?x4x1x64x16xf32, strided<[30720, 1024, 1024, 16, 1]>>, memref<?x64xf32>, index, index
  return
}

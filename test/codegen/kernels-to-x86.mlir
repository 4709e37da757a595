// RUN: llmc-opt %s --llmc-kernels-to-x86=level=x86-64-v4 | FileCheck %s
// RUN: llmc-opt %s --llmc-kernels-to-x86=level=x86-64-v3 | FileCheck %s --check-prefix=V3

// Two rows and two panels are four sums: four even and four odd chains. The
// level with fewer registers takes one panel at a time.
// CHECK-LABEL: func.func @linear
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
// CHECK-COUNT-16: math.fma
// CHECK: scf.yield
// CHECK-COUNT-8: arith.addf
// CHECK: vector.store
// V3-LABEL: func.func @linear
// V3: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>) {
// V3: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
// V3-COUNT-8: math.fma
func.func @linear(%x: memref<?x64xf32>, %w: memref<4x64x16xf32>, %y: memref<?x64xf32>,
                  %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w outputs(%y : memref<?x64xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 2 : i64, tile_panels = 2 : i64}
      : memref<?x64xf32>, memref<4x64x16xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

// K = 3 ends within a step, N = 5 within a panel: three terms, masked stores.
// CHECK-LABEL: func.func @linear_tails
// CHECK-NOT: scf.yield
// CHECK-COUNT-3: math.fma
// CHECK: arith.addf
// CHECK: %[[MASKED:.*]] = vector.maskedload
// CHECK: arith.addf {{.*}}, %[[MASKED]] : vector<16xf32>
// CHECK: vector.maskedstore
// CHECK-NOT: vector.store
func.func @linear_tails(%x: memref<1x3xf32>, %w: memref<1x3x16xf32>, %c: memref<5xf32>,
                        %y: memref<1x5xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.linear %x, %w extras(%c : memref<5xf32>) outputs(%y : memref<1x5xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 1 : i64, tile_panels = 1 : i64}
      : memref<1x3xf32>, memref<1x3x16xf32> {
  ^bb0(%sum: f32, %bias: f32):
    %r = arith.addf %sum, %bias : f32
    llm.yield %r : f32
  }
  return
}

// Fast-math flags do not reach the kernel; math ops become arithmetic.
// CHECK-LABEL: func.func @map
// CHECK-NOT: fastmath
// CHECK-NOT: math.exp
// CHECK: arith.divf {{.*}} : vector<16xf32>
// CHECK: return
func.func @map(%x: memref<?x16xf32>, %y: memref<?x16xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  kernel.map inputs(%x : memref<?x16xf32>) outputs(%y : memref<?x16xf32>) tiles(%b, %e) do {
  ^bb0(%a: f32):
    %one = arith.constant 1.0 : f32
    %n = arith.negf %a : f32
    %p = math.exp %n fastmath<fast> : f32
    %q = arith.addf %one, %p fastmath<fast> : f32
    %r = arith.divf %a, %q : f32
    llm.yield %r : f32
  }
  return
}

// The pieces of a row are merged in registers: its largest score, its sum and
// two vectors of sixteen for a head of 24, of which the second is half full.
// CHECK-LABEL: func.func @attention_merge
// CHECK: scf.for
// CHECK: scf.for {{.*}} -> (f32, f32, vector<16xf32>, vector<16xf32>) {
// CHECK: math.fma {{.*}} : f32
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK: vector.maskedload
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK: scf.yield
// CHECK: vector.maskedstore
func.func @attention_merge(%m: memref<3x?x2xf32>, %pa: memref<3x?x48xf32>, %p: memref<?xi32>,
                           %y: memref<?x48xf32>, %b: index, %e: index) attributes {kernel.entry} {
  kernel.attention_merge %m, %m, %pa, %p, %y, %b, %e
      {heads = 2 : i64, head_dim = 24 : i64, split = 64 : i64, window = 0 : i64}
      : memref<3x?x2xf32>, memref<3x?x2xf32>, memref<3x?x48xf32>, memref<?xi32>,
        memref<?x48xf32>, index, index
  return
}

// RUN: llmc-opt %s --llmc-kernels-to-nvptx | FileCheck %s

// Plain loops: each thread of the launch does every so many tiles, one after the
// other.
// CHECK-LABEL: func.func @plain
// CHECK-DAG: llvm.nvvm.read.ptx.sreg.ctaid.x
// CHECK-DAG: llvm.nvvm.read.ptx.sreg.tid.x
// CHECK: scf.for %[[TILE:.*]] = %{{.*}} to %{{.*}} step
// CHECK: %[[NEXT:.*]] = arith.addi %[[TILE]]
// CHECK: scf.for %{{.*}} = %[[TILE]] to %[[NEXT]]
// CHECK: memref.store
func.func @plain(%x: memref<?xf32>, %y: memref<?xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  %c1 = arith.constant 1 : index
  scf.for %i = %b to %e step %c1 {
    %v = memref.load %x[%i] : memref<?xf32>
    memref.store %v, %y[%i] : memref<?xf32>
  }
  return
}

// Neighbours that a thread takes divide the row's length: 172 is 43 times 4.
// CHECK-LABEL: func.func @take
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<?x172xf32>, vector<4xf32>
func.func @take(%x: memref<?x172xf32>, %r: memref<?xi32>, %y: memref<?x172xf32>, %b: index,
                %e: index) attributes {kernel.entry} {
  kernel.take_rows %x, %r, %y, %b, %e : memref<?x172xf32>, memref<?xi32>, memref<?x172xf32>, index, index
  return
}

// CHECK-LABEL: func.func @take_odd
// CHECK: vector.load {{.*}} : memref<?x33xf32>, vector<1xf32>
func.func @take_odd(%x: memref<?x33xf32>, %r: memref<?xi32>, %y: memref<?x33xf32>, %b: index,
                    %e: index) attributes {kernel.entry} {
  kernel.take_rows %x, %r, %y, %b, %e : memref<?x33xf32>, memref<?xi32>, memref<?x33xf32>, index, index
  return
}

// RUN: llmc-opt %s --llmc-gpu-abi | FileCheck %s

// Pointers of all memrefs come first, then the scalars in the order of the
// arguments, then the range of tiles.
// CHECK-LABEL: func.func @kernel(
// CHECK-SAME: %[[X:.*]]: !llvm.ptr<1>, %[[Y:.*]]: !llvm.ptr<1>, %[[ROWS:.*]]: i64, %[[N:.*]]: i64, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: llvm.addrspacecast %[[X]]
// CHECK: builtin.unrealized_conversion_cast {{.*}} to memref<?x8xf32>
// CHECK: llvm.addrspacecast %[[Y]]
// CHECK: arith.index_cast %[[N]]
// CHECK: arith.index_cast %[[BEGIN]]
// CHECK: arith.index_cast %[[END]]
func.func @kernel(%x: memref<?x8xf32>, %y: memref<4xf32>, %n: index, %b: index, %e: index)
    attributes {kernel.entry} {
  return
}

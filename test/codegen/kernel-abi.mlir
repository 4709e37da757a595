// RUN: llmc-opt %s --llmc-kernel-abi -split-input-file -verify-diagnostics | FileCheck %s

// The second buffer and the second scalar are those of %y and of %n; the range
// comes as arguments of its own.
// CHECK-LABEL: func.func @kernel(
// CHECK-SAME: %[[BUFFERS:.*]]: !llvm.ptr, %[[SCALARS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: llvm.getelementptr %[[BUFFERS]][0]
// CHECK: llvm.getelementptr %[[SCALARS]][0]
// CHECK: builtin.unrealized_conversion_cast {{.*}} to memref<?x8xf32>
// CHECK: llvm.getelementptr %[[BUFFERS]][1]
// CHECK: builtin.unrealized_conversion_cast {{.*}} to memref<4xf32>
// CHECK: llvm.getelementptr %[[SCALARS]][1]
// CHECK: arith.index_cast %[[BEGIN]]
// CHECK: arith.index_cast %[[END]]
func.func @kernel(%x: memref<?x8xf32>, %y: memref<4xf32>, %n: index, %b: index, %e: index)
    attributes {kernel.entry} {
  return
}

// CHECK-LABEL: func.func @not_a_kernel(%{{.*}}: memref<4xf32>)
func.func @not_a_kernel(%x: memref<4xf32>) {
  return
}

// -----

// expected-error @below {{has strides that are not static}}
func.func @dynamic_stride(%x: memref<?x8xf32, strided<[?, 1]>>, %b: index, %e: index)
    attributes {kernel.entry} {
  return
}

// -----

// expected-error @below {{has an offset, which the caller adds to the pointer}}
func.func @offset(%x: memref<8xf32, strided<[1], offset: 4>>, %b: index, %e: index)
    attributes {kernel.entry} {
  return
}

// -----

// expected-error @below {{a kernel takes a range of tiles last and returns nothing}}
func.func @no_tiles(%x: memref<8xf32>) attributes {kernel.entry} {
  return
}

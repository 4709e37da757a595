// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// A reshape is a view, whatever the extents.
// CHECK-LABEL: module @lower_reshape
// CHECK: %[[Y:.+]] = rt.buffer arena
// CHECK: rt.launch @exp_0 {{.*}}(%{{.+}}, %[[Y]])
// CHECK: %[[V:.+]] = rt.view %[[Y]](%{{.+}}) : memref<?x6xf32> to memref<?x2x3xf32>
// CHECK: rt.launch @exp_1 {{.*}}(%[[V]],
module @lower_reshape attributes {onnx.symbols = ["n"]} {
  func.func @main(%x: tensor<?x6xf32, affine_map<()[s0] -> (s0, 6)>>) -> tensor<?x2x3xf32, affine_map<()[s0] -> (s0, 2, 3)>> {
    %0 = onnx.exp %x : (tensor<?x6xf32, affine_map<()[s0] -> (s0, 6)>>) -> tensor<?x6xf32, affine_map<()[s0] -> (s0, 6)>>
    %1 = onnx.reshape %0 : (tensor<?x6xf32, affine_map<()[s0] -> (s0, 6)>>) -> tensor<?x2x3xf32, affine_map<()[s0] -> (s0, 2, 3)>>
    %2 = onnx.exp %1 : (tensor<?x2x3xf32, affine_map<()[s0] -> (s0, 2, 3)>>) -> tensor<?x2x3xf32, affine_map<()[s0] -> (s0, 2, 3)>>
    return %2 : tensor<?x2x3xf32, affine_map<()[s0] -> (s0, 2, 3)>>
  }
}

// -----

// A move copies elements as they are: the result's index, permuted.
// CHECK-LABEL: module @lower_transpose
// CHECK: func.func @transpose_0(%arg0: memref<2x3xf16>, %arg1: memref<3x2xf16>,
// CHECK: %[[X:.+]] = memref.load %arg0[%[[I:.+]], %[[J:.+]]] : memref<2x3xf16>
// CHECK-NEXT: memref.store %[[X]], %arg1[%[[J]], %[[I]]] : memref<3x2xf16>
module @lower_transpose {
  func.func @main(%x: tensor<2x3xf16>) -> tensor<3x2xf16> {
    %0 = onnx.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf16>) -> tensor<3x2xf16>
    return %0 : tensor<3x2xf16>
  }
}

// -----

// The integers of a shape are known when the program runs.
// CHECK-LABEL: module @lower_concat_and_split
// CHECK: rt.launch @concat_{{[0-9]}}
// CHECK: rt.launch @split_{{[0-9]}}
module @lower_concat_and_split {
  func.func @main(%x: tensor<2x3xf32>, %y: tensor<2x1xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
    %0 = onnx.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
    %1:2 = onnx.split %0 {axis = 1 : i64} : (tensor<2x4xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>)
    return %1#0, %1#1 : tensor<2x2xf32>, tensor<2x2xf32>
  }
}

// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

module attributes {onnx.symbols = ["batch", "unused"]} {
  // CHECK: rt.program @main {{.*}}kind = "graph"
  // CHECK: %[[N:.*]] = rt.symbol "batch"
  // CHECK-NOT: rt.symbol
  // CHECK: %[[X:.*]] = rt.buffer input(%{{.*}}) {name = "x"} : memref<?x4xf32>
  // CHECK: %[[Y:.*]] = rt.buffer output(%{{.*}}) {name = "y"} : memref<?x4xf32>
  // CHECK: rt.launch @exp_0 tiles(%{{.*}}) (%[[X]], %[[T:.*]]) :
  // CHECK: rt.launch @exp_0 tiles(%{{.*}}) (%[[T]], %[[Y]]) :
  // CHECK: func.func @exp_0(%{{.*}}: memref<?x4xf32>, %[[O:.*]]: memref<?x4xf32>, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
  // CHECK-SAME: kernel.entry
  // CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
  // CHECK: math.exp
  // CHECK: memref.store %{{.*}}, %[[O]]
  // CHECK-NOT: func.func @main
  func.func @main(%x: tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>)
      -> tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>
      attributes {onnx.input_names = ["x"], onnx.output_names = ["y"]} {
    %0 = onnx.exp %x : (tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>) -> tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>
    %1 = onnx.exp %0 : (tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>) -> tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>
    return %1 : tensor<?x4xf32, affine_map<()[s0] -> (s0, 4)>>
  }
}

// -----

// A reshape is a view; a result that is an input is copied.
module {
  // CHECK: %[[X:.*]] = rt.buffer input() {name = "input_0"} : memref<2x3xui8>
  // CHECK: %[[Y:.*]] = rt.buffer output() {name = "output_0"} : memref<6xui8>
  // CHECK: %[[V:.*]] = rt.view %[[X]]() : memref<2x3xui8> to memref<6xui8>
  // CHECK: rt.launch @copy_0 tiles(%{{.*}}) (%[[V]], %[[Y]])
  func.func @main(%x: tensor<2x3xui8>) -> tensor<6xui8> {
    %0 = onnx.reshape %x : (tensor<2x3xui8>) -> tensor<6xui8>
    return %0 : tensor<6xui8>
  }
}

// -----

// A constant is a weight of its own element type.
module {
  // CHECK: llm.weight @w{{.*}}dense<[1, 2]> : tensor<2xi64>
  // CHECK: rt.buffer weight() {name = "w{{.*}}"} : memref<2xi64>
  // CHECK: arith.addi
  func.func @main(%x: tensor<2xi64>) -> tensor<2xi64> {
    %c = onnx.constant dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
    %0 = onnx.add %x, %c : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
    return %0 : tensor<2xi64>
  }
}

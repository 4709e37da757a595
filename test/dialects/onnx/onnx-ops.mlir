// RUN: llmc-opt %s | llmc-opt | FileCheck %s

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#split = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>
#heads = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>
#grown = affine_map<()[s0, s1, s2] -> (s0, 2, s1 + s2, 4)>

// CHECK: onnx.initializer @weight {bytes = 128 : i64, file = 0 : i64, offset = 64 : i64, type = tensor<4x8xf32>}
onnx.initializer @weight {type = tensor<4x8xf32>, file = 0 : i64, offset = 64 : i64, bytes = 128 : i64}
// Three elements of 4 bits take two bytes, three booleans three.
// CHECK: onnx.initializer @packed {bytes = 2 : i64
onnx.initializer @packed {type = tensor<3xi4>, file = 0 : i64, offset = 0 : i64, bytes = 2 : i64}
// CHECK: onnx.initializer @flags {bytes = 3 : i64
onnx.initializer @flags {type = tensor<3xi1>, file = 0 : i64, offset = 0 : i64, bytes = 3 : i64}

// CHECK-LABEL: func.func @constants(
// CHECK: onnx.get_initializer @weight : tensor<4x8xf32>
// CHECK: onnx.constant dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
// CHECK: onnx.none : none
// CHECK: onnx.dimensions {values = #{{.+}}} : () -> tensor<2xi64>
func.func @constants() {
  %w = onnx.get_initializer @weight : tensor<4x8xf32>
  %c = onnx.constant dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
  %n = onnx.none : none
  %d = onnx.dimensions {values = affine_map<()[s0, s1] -> (s0, s0 + s1)>} : () -> tensor<2xi64>
  return
}

// CHECK-LABEL: func.func @elementwise(
// CHECK: onnx.add %{{.+}}, %{{.+}} : (tensor<?x?x8xf32, #{{.+}}>, tensor<8xf32>) -> tensor<?x?x8xf32, #{{.+}}>
// CHECK: onnx.pow %{{.+}} : (tensor<?x?x8xf32, #{{.+}}>, tensor<i64>)
// CHECK: onnx.greater
// CHECK: onnx.where
// CHECK: onnx.is_nan
// CHECK: onnx.gelu %{{.+}} {tanh_approximation = true}
// CHECK: onnx.leaky_relu %{{.+}} {alpha = 1.000000e-01 : f32, beta = 0.000000e+00 : f32}
// CHECK: onnx.clip %{{.+}}, %{{.+}}, %{{.+}} : (tensor<?x?x8xf32, #{{.+}}>, none, tensor<f32>)
// CHECK: onnx.mod %{{.+}} {fmod = true}
// CHECK: onnx.cast %{{.+}} -> tensor<?x?x8xf16
func.func @elementwise(%x: tensor<?x?x8xf32, #rows>, %c: tensor<8xf32>, %two: tensor<i64>, %top: tensor<f32>) {
  %0 = onnx.add %x, %c : (tensor<?x?x8xf32, #rows>, tensor<8xf32>) -> tensor<?x?x8xf32, #rows>
  %1 = onnx.pow %0, %two : (tensor<?x?x8xf32, #rows>, tensor<i64>) -> tensor<?x?x8xf32, #rows>
  %2 = onnx.greater %1, %top : (tensor<?x?x8xf32, #rows>, tensor<f32>) -> tensor<?x?x8xi1, #rows>
  %3 = onnx.where %2, %0, %1 : (tensor<?x?x8xi1, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  %4 = onnx.is_nan %3 : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xi1, #rows>
  %5 = onnx.gelu %3 {tanh_approximation = true} : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  %6 = onnx.leaky_relu %5 {alpha = 0.1 : f32, beta = 0.0 : f32} : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  %none = onnx.none : none
  %7 = onnx.clip %6, %none, %top : (tensor<?x?x8xf32, #rows>, none, tensor<f32>) -> tensor<?x?x8xf32, #rows>
  %8 = onnx.mod %7, %c {fmod = true} : (tensor<?x?x8xf32, #rows>, tensor<8xf32>) -> tensor<?x?x8xf32, #rows>
  %9 = onnx.cast %8 : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf16, #rows>
  return
}

// CHECK-LABEL: func.func @movement(
// CHECK: onnx.reshape %{{.+}} -> tensor<?x?x2x4xf32
// CHECK: onnx.transpose %{{.+}} {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: onnx.concat %{{.+}}, %{{.+}} {axis = 2 : i64} : {{.+}} -> tensor<?x2x?x4xf32, #[[GROWN:.+]]>
// CHECK: onnx.slice %{{.+}} {starts = #{{.+}}, steps = array<i64: 1, 1, 1, 1>}
// CHECK: onnx.split %{{.+}} {axis = 2 : i64} : {{.+}} -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>)
// CHECK: onnx.gather %{{.+}}, %{{.+}} {axis = 0 : i64}
// CHECK: onnx.pad %{{.+}}, %{{.+}} {mode = "constant", pads = #{{.+}}} : (tensor<4x8xf32>, none) -> tensor<5x8xf32>
func.func @movement(%x: tensor<?x?x8xf32, #rows>, %past: tensor<?x2x?x4xf32, affine_map<()[s0, s1, s2] -> (s0, 2, s2, 4)>>, %ids: tensor<?x?xi64, #bs>) {
  %0 = onnx.reshape %x : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x2x4xf32, #split>
  %1 = onnx.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x2x?x4xf32, #heads>
  %2 = onnx.concat %past, %1 {axis = 2 : i64} : (tensor<?x2x?x4xf32, affine_map<()[s0, s1, s2] -> (s0, 2, s2, 4)>>, tensor<?x2x?x4xf32, #heads>) -> tensor<?x2x?x4xf32, #grown>
  %3 = onnx.slice %2 {starts = affine_map<()[s0, s1, s2] -> (0, 0, s2, 0)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x2x?x4xf32, #grown>) -> tensor<?x2x?x4xf32, #heads>
  %4:2 = onnx.split %x {axis = 2 : i64} : (tensor<?x?x8xf32, #rows>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>)
  %w = onnx.get_initializer @weight : tensor<4x8xf32>
  %5 = onnx.gather %w, %ids {axis = 0 : i64} : (tensor<4x8xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows>
  %none = onnx.none : none
  %6 = onnx.pad %w, %none {pads = affine_map<() -> (1, 0, 0, 0)>, mode = "constant"} : (tensor<4x8xf32>, none) -> tensor<5x8xf32>
  return
}

// CHECK-LABEL: func.func @reduction(
// CHECK: onnx.reduce_mean %{{.+}} {axes = array<i64: 0, 2>, keepdims = true}
// CHECK: onnx.arg_max %{{.+}} {axis = 2 : i64, keepdims = false, select_last_index = false}
// CHECK: onnx.top_k %{{.+}} {axis = 2 : i64, largest = true, sorted = true}
// CHECK: onnx.softmax %{{.+}} {axis = 2 : i64}
func.func @reduction(%x: tensor<2x3x8xf32>) {
  %0 = onnx.reduce_mean %x {axes = array<i64: 0, 2>, keepdims = true} : (tensor<2x3x8xf32>) -> tensor<1x3x1xf32>
  %1 = onnx.arg_max %x {axis = 2 : i64, keepdims = false, select_last_index = false} : (tensor<2x3x8xf32>) -> tensor<2x3xi64>
  %2, %3 = onnx.top_k %x {axis = 2 : i64, largest = true, sorted = true} : (tensor<2x3x8xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xi64>)
  %4 = onnx.softmax %x {axis = 2 : i64} : (tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: func.func @network(
// CHECK: onnx.matmul
// CHECK: onnx.matmul_nbits %{{.+}} {bits = 4 : i64, block_size = 32 : i64, k = 64 : i64, n = 8 : i64}
// CHECK: onnx.rms_normalization %{{.+}} {axis = 2 : i64, epsilon = 9.99999974E-6 : f32}
// CHECK: onnx.attention %{{.+}} {is_causal = true, kv_num_heads = 2 : i64, q_num_heads = 2 : i64, scale = 0.000000e+00 : f32, softcap = 0.000000e+00 : f32} : {{.+}} -> (tensor<?x?x8xf32, #{{.+}}>, none, none)
func.func @network(%x: tensor<?x?x8xf32, #rows>, %wide: tensor<?x64xf32>, %q: tensor<8x2x16xui8>, %s: tensor<16xf32>) {
  %m = onnx.constant dense<1.0> : tensor<8x8xf32> : tensor<8x8xf32>
  %0 = onnx.matmul %x, %m : (tensor<?x?x8xf32, #rows>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #rows>
  %none = onnx.none : none
  %1 = onnx.matmul_nbits %wide, %q, %s, %none, %none, %none {k = 64 : i64, n = 8 : i64, bits = 4 : i64, block_size = 32 : i64} : (tensor<?x64xf32>, tensor<8x2x16xui8>, tensor<16xf32>, none, none, none) -> tensor<?x8xf32>
  %c = onnx.constant dense<1.0> : tensor<8xf32> : tensor<8xf32>
  %2 = onnx.rms_normalization %x, %c {axis = 2 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x?x8xf32, #rows>, tensor<8xf32>) -> tensor<?x?x8xf32, #rows>
  %3:3 = onnx.attention %x, %x, %x, %none, %none, %none, %none {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, none, none, none, none) -> (tensor<?x?x8xf32, #rows>, none, none)
  return
}

// RUN: llmc-opt %s --llmc-fuse-residual-norm | FileCheck %s

#x = affine_map<()[s0] -> (s0, 8)>

llm.weight @scale {sources = [@s], transposed = array<i1: false>, type = tensor<8xf32>}

// CHECK-LABEL: func.func @fuse_sum_and_norm(
// CHECK-SAME: %[[X:[a-z0-9]+]]: {{.+}}, %[[Y:[a-z0-9]+]]:
// CHECK: %[[W:.+]] = llm.get_weight @scale
// CHECK: %[[S:.+]], %[[N:.+]] = llm.add_rms_norm %[[X]], %[[Y]], %[[W]] {epsilon = 9.99999974E-6 : f32, offset = 1.000000e+00 : f32}
// CHECK-NEXT: return %[[S]], %[[N]]
func.func @fuse_sum_and_norm(%x: tensor<?x8xf32, #x>, %y: tensor<?x8xf32, #x>) -> (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) {
  %s = llm.map %x, %y : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  %w = llm.get_weight @scale : tensor<8xf32>
  %n = llm.rms_norm %s, %w {epsilon = 1.0e-5 : f32, offset = 1.0 : f32} : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x>
  return %s, %n : tensor<?x8xf32, #x>, tensor<?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_fuse_another_map(
// CHECK: llm.map
// CHECK: llm.rms_norm
func.func @no_fuse_another_map(%x: tensor<?x8xf32, #x>, %y: tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  %s = llm.map %x, %y : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %b : f32
    llm.yield %n : f32
  }
  %w = llm.get_weight @scale : tensor<8xf32>
  %n = llm.rms_norm %s, %w {epsilon = 1.0e-5 : f32} : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x>
  return %n : tensor<?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_fuse_bias_per_column(
// CHECK: llm.map
// CHECK: llm.rms_norm
func.func @no_fuse_bias_per_column(%x: tensor<?x8xf32, #x>, %b: tensor<8xf32>) -> tensor<?x8xf32, #x> {
  %s = llm.map %x, %b : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x> {
  ^bb0(%p: f32, %q: f32):
    %n = arith.addf %p, %q : f32
    llm.yield %n : f32
  }
  %w = llm.get_weight @scale : tensor<8xf32>
  %n = llm.rms_norm %s, %w {epsilon = 1.0e-5 : f32} : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x>
  return %n : tensor<?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_fuse_norm_per_head(
// CHECK: llm.map
// CHECK: llm.rms_norm
func.func @no_fuse_norm_per_head(%x: tensor<?x8xf32, #x>, %y: tensor<?x8xf32, #x>, %w: tensor<4xf32>) -> tensor<?x8xf32, #x> {
  %s = llm.map %x, %y : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  %n = llm.rms_norm %s, %w {epsilon = 1.0e-5 : f32, heads = 2 : i64} : (tensor<?x8xf32, #x>, tensor<4xf32>) -> tensor<?x8xf32, #x>
  return %n : tensor<?x8xf32, #x>
}

// The kernel would need its scale before the sum that it is computed from.
// CHECK-LABEL: func.func @no_fuse_scale_computed_from_the_sum(
// CHECK: llm.map
// CHECK: llm.rms_norm
func.func @no_fuse_scale_computed_from_the_sum(%x: tensor<?x8xf32, #x>, %y: tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  %s = llm.map %x, %y : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  %w = onnx.reduce_max %s {axes = array<i64: 0>, keepdims = false} : (tensor<?x8xf32, #x>) -> tensor<8xf32>
  %n = llm.rms_norm %s, %w {epsilon = 1.0e-5 : f32} : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x>
  return %n : tensor<?x8xf32, #x>
}

// A scale that an earlier norm reads too stays where it is.
// CHECK-LABEL: func.func @fuse_with_shared_scale(
// CHECK: llm.get_weight
// CHECK: llm.rms_norm
// CHECK: llm.add_rms_norm
func.func @fuse_with_shared_scale(%x: tensor<?x8xf32, #x>, %y: tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  %w = llm.get_weight @scale : tensor<8xf32>
  %m = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x>
  %s = llm.map %m, %y : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  %n = llm.rms_norm %s, %w {epsilon = 1.0e-5 : f32} : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x>
  return %n : tensor<?x8xf32, #x>
}

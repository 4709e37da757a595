// RUN: llmc-opt %s --llmc-round-inputs=dtype=bf16 | FileCheck %s -DTYPE=bf16
// RUN: llmc-opt %s --llmc-round-inputs=dtype=f16 | FileCheck %s -DTYPE=f16
// RUN: llmc-opt %s --llmc-round-inputs=dtype=f32 | FileCheck %s --check-prefix=KEPT
// RUN: llmc-opt %s --llmc-round-inputs | FileCheck %s --check-prefix=KEPT

#x = affine_map<()[s0] -> (s0, 64)>

llm.weight @scale {sources = [@s], transposed = array<i1: false>, type = tensor<64xf32>}
llm.weight @w8 {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xf32>, scheme = "w8"}
llm.weight @w8a8 {sources = [@b], transposed = array<i1: false>, type = tensor<64x64xf32>, scheme = "w8a8"}
llm.weight @groups {sources = [@c], transposed = array<i1: false>, type = tensor<64x64xf32>, scheme = "w4g32"}
llm.weight @f32 {sources = [@d], transposed = array<i1: false>, type = tensor<64x64xf32>}

// KEPT-LABEL: func.func @step(
// KEPT-NOT: f16
// CHECK-LABEL: func.func @step(
func.func @step(%h: tensor<?x64xf32, #x>) -> (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) {
  %s = llm.get_weight @scale : tensor<64xf32>
  %a = llm.get_weight @w8 : tensor<64x64xf32>
  %b = llm.get_weight @w8a8 : tensor<64x64xf32>
  %c = llm.get_weight @groups : tensor<64x64xf32>
  %d = llm.get_weight @f32 : tensor<64x64xf32>

  // Two linears read what a norm rounds once.
  // CHECK: %[[N:.+]] = llm.rms_norm {{.+}} -> tensor<?x64x[[TYPE]]
  %n = llm.rms_norm %h, %s {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  // An epilogue rounds at its end.
  // CHECK: %[[Y:.+]] = llm.linear %[[N]], {{.+}} -> tensor<?x64x[[TYPE]]
  // CHECK: %[[T:.+]] = arith.truncf {{.+}} : f32 to [[TYPE]]
  // CHECK-NEXT: llm.yield %[[T]] : [[TYPE]]
  %y = llm.linear %n, %a : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  // CHECK: %[[Z:.+]] = llm.linear %[[N]], {{.+}} -> tensor<?x64xf32
  %z = llm.linear %n, %c : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  // What others read too is rounded by a map.
  // CHECK: %[[R:.+]] = llm.map %[[Z]] : {{.+}} -> tensor<?x64x[[TYPE]]
  // CHECK: llm.linear %[[Y]], {{.+}} -> tensor<?x64xf32
  %u = llm.linear %y, %c : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }

  // Products of bytes and of f32 keep their inputs, also beside others.
  // CHECK: llm.linear %[[Z]],
  %o = llm.linear %z, %b : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  // CHECK: llm.linear %[[Z]],
  %p = llm.linear %z, %d : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  // CHECK: llm.linear %[[R]],
  %q = llm.linear %z, %c : (tensor<?x64xf32, #x>, tensor<64x64xf32>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return %o, %p, %q, %u : tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>
}

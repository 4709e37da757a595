// RUN: llmc-opt %s --llmc-round-inputs | FileCheck %s

#x = affine_map<()[s0] -> (s0, 64)>
#ids = affine_map<()[s0] -> (s0)>

llm.weight @scale {sources = [@s], transposed = array<i1: false>, type = tensor<64xf32>}
llm.weight @bf16 {sources = [@a], transposed = array<i1: false>, type = tensor<64x64xbf16>}
llm.weight @f16 {sources = [@b], transposed = array<i1: false>, type = tensor<64x64xf16>}
llm.weight @w8 {sources = [@c], transposed = array<i1: false>, type = tensor<64x64xbf16>, scheme = "w8"}

// CHECK-LABEL: func.func @step(
func.func @step(%h: tensor<?x64xf32, #x>) -> tensor<?x64xf32, #x> {
  %s = llm.get_weight @scale : tensor<64xf32>
  %a = llm.get_weight @bf16 : tensor<64x64xbf16>
  %b = llm.get_weight @f16 : tensor<64x64xf16>
  %c = llm.get_weight @w8 : tensor<64x64xbf16>

  // A norm rounds what only such linears read.
  // CHECK: %[[N:.+]] = llm.rms_norm {{.+}} -> tensor<?x64xbf16
  %n = llm.rms_norm %h, %s {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<64xf32>) -> tensor<?x64xf32, #x>
  // An epilogue rounds at its end.
  // CHECK: %[[L:.+]] = llm.linear %[[N]], {{.+}} : (tensor<?x64xbf16, #{{.+}}>, tensor<64x64xbf16>) -> tensor<?x64xbf16
  // CHECK-NEXT: ^bb0(%[[SUM:.+]]: f32):
  // CHECK-NEXT: %[[E:.+]] = math.exp %[[SUM]]
  // CHECK-NEXT: %[[T:.+]] = arith.truncf %[[E]] : f32 to bf16
  // CHECK-NEXT: llm.yield %[[T]] : bf16
  %l = llm.linear %n, %a : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%sum: f32):
    %e = math.exp %sum : f32
    llm.yield %e : f32
  }

  // Of an added norm the normalised value is rounded, not the sum.
  // CHECK: llm.add_rms_norm {{.+}} -> (tensor<?x64xf32, #{{.+}}>, tensor<?x64xbf16
  %sum, %m = llm.add_rms_norm %h, %h, %s {epsilon = 1.0e-5 : f32} : (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<64xf32>) -> (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>)
  // CHECK: %[[Y:.+]] = llm.linear %[[L]], {{.+}} -> tensor<?x64xf32
  %y = llm.linear %l, %a : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%t: f32):
    llm.yield %t : f32
  }
  %z = llm.linear %m, %a : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%t: f32):
    llm.yield %t : f32
  }

  // What others read too is rounded by a map for each type, f16 to its largest
  // number at most.
  // CHECK: %[[P:.+]] = llm.map %[[Y]] : {{.+}} -> tensor<?x64xf16
  // CHECK-NEXT: ^bb0(%[[B:.+]]: f32):
  // CHECK-NEXT: %[[MOST:.+]] = arith.constant 6.550400e+04 : f32
  // CHECK-NEXT: %[[OVER:.+]] = arith.cmpf olt, %[[MOST]], %[[B]]
  // CHECK-NEXT: %[[LOW:.+]] = arith.select %[[OVER]], %[[MOST]], %[[B]]
  // CHECK-NEXT: %[[LEAST:.+]] = arith.constant -6.550400e+04 : f32
  // CHECK-NEXT: %[[UNDER:.+]] = arith.cmpf ogt, %[[LEAST]], %[[LOW]]
  // CHECK-NEXT: %[[BOTH:.+]] = arith.select %[[UNDER]], %[[LEAST]], %[[LOW]]
  // CHECK-NEXT: arith.truncf %[[BOTH]] : f32 to f16
  // CHECK: %[[R:.+]] = llm.map %[[Y]] : {{.+}} -> tensor<?x64xbf16
  // CHECK-NEXT: ^bb0(%[[A:.+]]: f32):
  // CHECK-NEXT: arith.truncf %[[A]]
  // CHECK: %[[U:.+]] = llm.linear %[[R]],
  %u = llm.linear %y, %a : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%t: f32):
    llm.yield %t : f32
  }
  // CHECK: %[[V:.+]] = llm.linear %[[P]], {{.+}}tensor<64x64xf16>
  %v = llm.linear %y, %b : (tensor<?x64xf32, #x>, tensor<64x64xf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%t: f32):
    llm.yield %t : f32
  }
  // Quantized weights keep their inputs.
  // CHECK: llm.linear %[[V]], {{.+}} : (tensor<?x64xf32
  %q = llm.linear %v, %c : (tensor<?x64xf32, #x>, tensor<64x64xbf16>) -> tensor<?x64xf32, #x> {
  ^bb0(%t: f32):
    llm.yield %t : f32
  }
  %o = llm.map %q, %u, %sum, %z : (tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>, tensor<?x64xf32, #x>) -> tensor<?x64xf32, #x> {
  ^bb0(%p0: f32, %p1: f32, %p2: f32, %p3: f32):
    %s0 = arith.addf %p0, %p1 : f32
    %s1 = arith.addf %p2, %p3 : f32
    %s2 = arith.addf %s0, %s1 : f32
    llm.yield %s2 : f32
  }
  return %o : tensor<?x64xf32, #x>
}

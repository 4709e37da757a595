// RUN: llmc-opt %s --llmc-fuse-maps | FileCheck %s

#x = affine_map<()[s0] -> (s0, 8)>

// CHECK-LABEL: func.func @fuse_chain(
// CHECK-SAME: %[[X:[a-z0-9]+]]: {{.+}}, %[[Y:[a-z0-9]+]]:
// CHECK: %[[R:.+]] = llm.map %[[X]], %[[Y]] : {{.+}} {
// CHECK-NEXT: ^bb0(%[[A:.+]]: f32, %[[B:.+]]: f32):
// CHECK-NEXT: %[[N:.+]] = arith.negf %[[A]] : f32
// CHECK-NEXT: %[[E:.+]] = math.exp %[[N]] : f32
// CHECK-NEXT: %[[M:.+]] = arith.mulf %[[E]], %[[B]] : f32
// CHECK-NEXT: llm.yield %[[M]] : f32
// CHECK: return %[[R]]
func.func @fuse_chain(%x: tensor<?x8xf32, #x>, %y: tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  %0 = llm.map %x : (tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    llm.yield %n : f32
  }
  %1 = llm.map %0 : (tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32):
    %n = math.exp %a : f32
    llm.yield %n : f32
  }
  %2 = llm.map %1, %y : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %b : f32
    llm.yield %n : f32
  }
  return %2 : tensor<?x8xf32, #x>
}

// x * sigmoid(x): what both read stays one input.
// CHECK-LABEL: func.func @fuse_shared_input_once(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: llm.map %[[X]] : {{.+}} {
// CHECK-NEXT: ^bb0(%[[A:.+]]: f32):
// CHECK-NEXT: %[[E:.+]] = math.exp %[[A]] : f32
// CHECK-NEXT: arith.mulf %[[A]], %[[E]] : f32
func.func @fuse_shared_input_once(%x: tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  %0 = llm.map %x : (tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32):
    %n = math.exp %a : f32
    llm.yield %n : f32
  }
  %1 = llm.map %x, %0 : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %b : f32
    llm.yield %n : f32
  }
  return %1 : tensor<?x8xf32, #x>
}

// CHECK-LABEL: func.func @fuse_two_producers(
// CHECK-SAME: %[[X:[a-z0-9]+]]: {{.+}}, %[[Y:[a-z0-9]+]]:
// CHECK-COUNT-1: llm.map
// CHECK-DAG: math.exp
// CHECK-DAG: arith.negf
// CHECK: arith.addf
// CHECK-NOT: llm.map
// CHECK: return
func.func @fuse_two_producers(%x: tensor<?x8xf32, #x>, %y: tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  %0 = llm.map %x : (tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32):
    %n = math.exp %a : f32
    llm.yield %n : f32
  }
  %1 = llm.map %y : (tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    llm.yield %n : f32
  }
  %2 = llm.map %0, %1 : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  return %2 : tensor<?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_fuse_two_readers(
// CHECK: math.exp
// CHECK: llm.map
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.negf
func.func @no_fuse_two_readers(%x: tensor<?x8xf32, #x>) -> (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) {
  %0 = llm.map %x : (tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32):
    %n = math.exp %a : f32
    llm.yield %n : f32
  }
  %1 = llm.map %0 : (tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    llm.yield %n : f32
  }
  return %0, %1 : tensor<?x8xf32, #x>, tensor<?x8xf32, #x>
}

// CHECK-LABEL: func.func @no_fuse_several_results(
// CHECK: math.exp
// CHECK: llm.map
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.addf
func.func @no_fuse_several_results(%x: tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  %0:2 = llm.map %x : (tensor<?x8xf32, #x>) -> (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) {
  ^bb0(%a: f32):
    %n = math.exp %a : f32
    llm.yield %n, %a : f32, f32
  }
  %1 = llm.map %0#0, %0#1 : (tensor<?x8xf32, #x>, tensor<?x8xf32, #x>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  return %1 : tensor<?x8xf32, #x>
}

// A column of 8 that all rows read would be computed once per row.
// CHECK-LABEL: func.func @no_fuse_another_shape(
// CHECK: math.exp
// CHECK: llm.map
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.addf
func.func @no_fuse_another_shape(%x: tensor<?x8xf32, #x>, %c: tensor<8xf32>) -> tensor<?x8xf32, #x> {
  %0 = llm.map %c : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: f32):
    %n = math.exp %a : f32
    llm.yield %n : f32
  }
  %1 = llm.map %x, %0 : (tensor<?x8xf32, #x>, tensor<8xf32>) -> tensor<?x8xf32, #x> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  return %1 : tensor<?x8xf32, #x>
}

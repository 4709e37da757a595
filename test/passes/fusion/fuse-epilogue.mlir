// RUN: llmc-opt %s --llmc-fuse-epilogue | FileCheck %s

#x = affine_map<()[s0] -> (s0, 64)>
#y = affine_map<()[s0] -> (s0, 32)>

// CHECK: llm.weight @[[GU:m.+]] {interleave = true, sources = [@g, @u], transposed = array<i1: false, true>, type = tensor<64x64xf32>}
llm.weight @gate {sources = [@g], transposed = array<i1: false>, type = tensor<64x32xf32>}
llm.weight @up {sources = [@u], transposed = array<i1: true>, type = tensor<64x32xf32>}
llm.weight @table {type = tensor<64x32xf32>, values = dense<1.0> : tensor<64x32xf32>}

// CHECK-LABEL: func.func @fuse_residual(
// CHECK-SAME: %[[X:[a-z0-9]+]]: {{.+}}, %[[R:[a-z0-9]+]]:
// CHECK: %[[Y:.+]] = llm.linear %[[X]], %{{.+}} extras(%[[R]]) : {{.+}} {
// CHECK-NEXT: ^bb0(%[[S:.+]]: f32, %[[E:.+]]: f32):
// CHECK-NEXT: %[[SUM:.+]] = arith.addf %[[E]], %[[S]] : f32
// CHECK-NEXT: llm.yield %[[SUM]] : f32
// CHECK-NOT: llm.map
// CHECK: return %[[Y]]
func.func @fuse_residual(%x: tensor<?x64xf32, #x>, %r: tensor<?x32xf32, #y>) -> tensor<?x32xf32, #y> {
  %w = llm.get_weight @gate : tensor<64x32xf32>
  %l = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %m = llm.map %r, %l : (tensor<?x32xf32, #y>, tensor<?x32xf32, #y>) -> tensor<?x32xf32, #y> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.addf %a, %b : f32
    llm.yield %n : f32
  }
  return %m : tensor<?x32xf32, #y>
}

// CHECK-LABEL: func.func @fuse_gate_and_up_as_parts(
// CHECK: %[[W:.+]] = llm.get_weight @[[GU]] : tensor<64x64xf32>
// CHECK: llm.linear %{{.+}}, %[[W]] {parts = 2 : i64} : {{.+}} -> tensor<?x32xf32, #{{.+}}> {
// CHECK-NEXT: ^bb0(%[[G:.+]]: f32, %[[U:.+]]: f32):
// CHECK-NEXT: arith.mulf %[[G]], %[[U]] : f32
// CHECK-NOT: llm.linear
// CHECK: return
func.func @fuse_gate_and_up_as_parts(%x: tensor<?x64xf32, #x>) -> tensor<?x32xf32, #y> {
  %wg = llm.get_weight @gate : tensor<64x32xf32>
  %g = llm.linear %x, %wg : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wu = llm.get_weight @up : tensor<64x32xf32>
  %u = llm.linear %x, %wu : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %m = llm.map %g, %u : (tensor<?x32xf32, #y>, tensor<?x32xf32, #y>) -> tensor<?x32xf32, #y> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %b : f32
    llm.yield %n : f32
  }
  return %m : tensor<?x32xf32, #y>
}

// A table in the IR has no sources to put side by side: one linear is fused.
// CHECK-LABEL: func.func @no_parts_of_a_table(
// CHECK: %[[B:.+]] = llm.linear
// CHECK: llm.linear {{.+}} extras(%[[B]])
func.func @no_parts_of_a_table(%x: tensor<?x64xf32, #x>) -> tensor<?x32xf32, #y> {
  %wg = llm.get_weight @gate : tensor<64x32xf32>
  %g = llm.linear %x, %wg : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %wu = llm.get_weight @table : tensor<64x32xf32>
  %u = llm.linear %x, %wu : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %m = llm.map %g, %u : (tensor<?x32xf32, #y>, tensor<?x32xf32, #y>) -> tensor<?x32xf32, #y> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %b : f32
    llm.yield %n : f32
  }
  return %m : tensor<?x32xf32, #y>
}

// CHECK-LABEL: func.func @no_fuse_two_readers(
// CHECK: llm.linear
// CHECK: llm.map
func.func @no_fuse_two_readers(%x: tensor<?x64xf32, #x>) -> (tensor<?x32xf32, #y>, tensor<?x32xf32, #y>) {
  %w = llm.get_weight @gate : tensor<64x32xf32>
  %l = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %m = llm.map %l : (tensor<?x32xf32, #y>) -> tensor<?x32xf32, #y> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    llm.yield %n : f32
  }
  return %l, %m : tensor<?x32xf32, #y>, tensor<?x32xf32, #y>
}

// CHECK-LABEL: func.func @no_fuse_second_epilogue(
// CHECK: math.exp
// CHECK: llm.map
func.func @no_fuse_second_epilogue(%x: tensor<?x64xf32, #x>) -> tensor<?x32xf32, #y> {
  %w = llm.get_weight @gate : tensor<64x32xf32>
  %l = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    %e = math.exp %s : f32
    llm.yield %e : f32
  }
  %m = llm.map %l : (tensor<?x32xf32, #y>) -> tensor<?x32xf32, #y> {
  ^bb0(%a: f32):
    %n = arith.negf %a : f32
    llm.yield %n : f32
  }
  return %m : tensor<?x32xf32, #y>
}

// CHECK-LABEL: func.func @no_fuse_input_of_one_element(
// CHECK: llm.linear
// CHECK: llm.map
func.func @no_fuse_input_of_one_element(%x: tensor<?x64xf32, #x>, %c: tensor<1xf32>) -> tensor<?x32xf32, #y> {
  %w = llm.get_weight @gate : tensor<64x32xf32>
  %l = llm.linear %x, %w : (tensor<?x64xf32, #x>, tensor<64x32xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%s: f32):
    llm.yield %s : f32
  }
  %m = llm.map %l, %c : (tensor<?x32xf32, #y>, tensor<1xf32>) -> tensor<?x32xf32, #y> {
  ^bb0(%a: f32, %b: f32):
    %n = arith.mulf %a, %b : f32
    llm.yield %n : f32
  }
  return %m : tensor<?x32xf32, #y>
}

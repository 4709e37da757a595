// RUN: llmc-opt %s --llmc-raise-embedding | FileCheck %s

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#bsd = affine_map<()[s0, s1] -> (s0, s1, 64)>
#sd = affine_map<()[s0] -> (s0, 64)>
#s = affine_map<()[s0] -> (s0)>

// CHECK: llm.weight @[[W:.+]] {sources = [@table], transposed = array<i1: false>, type = tensor<512x64xf32>}
onnx.initializer @table {type = tensor<512x64xf32>, file = 0 : i64, offset = 0 : i64, bytes = 131072 : i64}

onnx.initializer @places {type = tensor<128x64xf32>, file = 0 : i64, offset = 131072 : i64, bytes = 32768 : i64}
onnx.initializer @head {type = tensor<64x512xf32>, file = 0 : i64, offset = 163840 : i64, bytes = 131072 : i64}

// CHECK-LABEL: func.func @raise_gather_of_ids(
// CHECK-SAME: %[[IDS:[a-z0-9]+]]:
// CHECK: %[[T:.+]] = llm.get_weight @[[W]] : tensor<512x64xf32>
// CHECK: llm.embedding %[[IDS]], %[[T]]
// CHECK-NOT: onnx.
// CHECK: return
func.func @raise_gather_of_ids(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %0 = onnx.gather %w, %ids {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  return %0 : tensor<?x?x64xf32, #bsd>
}

// CHECK-LABEL: func.func @raise_through_casts_of_ids(
// CHECK-SAME: %[[IDS:[a-z0-9]+]]:
// CHECK: llm.embedding %[[IDS]], %{{.+}} : (tensor<?x?xi64, #{{.+}}>, tensor<512x64xf32>)
func.func @raise_through_casts_of_ids(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %i = onnx.cast %ids : (tensor<?x?xi64, #bs>) -> tensor<?x?xi32, #bs>
  %0 = onnx.gather %w, %i {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi32, #bs>) -> tensor<?x?x64xf32, #bsd>
  return %0 : tensor<?x?x64xf32, #bsd>
}

// CHECK-LABEL: func.func @no_raise_computed_ids(
// CHECK: onnx.gather
func.func @no_raise_computed_ids(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %i = onnx.add %ids, %ids : (tensor<?x?xi64, #bs>, tensor<?x?xi64, #bs>) -> tensor<?x?xi64, #bs>
  %0 = onnx.gather %w, %i {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  return %0 : tensor<?x?x64xf32, #bsd>
}

// CHECK-LABEL: func.func @no_raise_along_columns(
// CHECK: onnx.gather
func.func @no_raise_along_columns(%ids: tensor<64xi64>) -> tensor<512x64xf32> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %0 = onnx.gather %w, %ids {axis = 1 : i64} : (tensor<512x64xf32>, tensor<64xi64>) -> tensor<512x64xf32>
  return %0 : tensor<512x64xf32>
}

// CHECK-LABEL: func.func @no_raise_table_that_is_no_weight(
// CHECK: onnx.gather
func.func @no_raise_table_that_is_no_weight(%t: tensor<?x64xf32, #sd>, %ids: tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd> {
  %0 = onnx.gather %t, %ids {axis = 0 : i64} : (tensor<?x64xf32, #sd>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  return %0 : tensor<?x?x64xf32, #bsd>
}

// CHECK-LABEL: func.func @no_raise_integers(
// CHECK: onnx.gather
func.func @no_raise_integers(%ids: tensor<?xi64, #s>) -> tensor<?x2xi64, affine_map<()[s0] -> (s0, 2)>> {
  %w = onnx.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64> : tensor<2x2xi64>
  %0 = onnx.gather %w, %ids {axis = 0 : i64} : (tensor<2x2xi64>, tensor<?xi64, #s>) -> tensor<?x2xi64, affine_map<()[s0] -> (s0, 2)>>
  return %0 : tensor<?x2xi64, affine_map<()[s0] -> (s0, 2)>>
}

// Positions counted from the mask, two rows of the table unused, as in OPT.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[IDS:[a-z0-9]+]]: tensor<?x?xi64, #{{.+}}>, %{{[a-z0-9]+}}: tensor<?x?xi64
// CHECK: llm.embedding %[[IDS]],
// CHECK: %[[REST:.+]] = llm.get_weight @[[R:r.*]] : tensor<126x64xf32>
// CHECK: %[[P:.+]] = llm.positions : tensor<?x?xi32
// CHECK: llm.embedding %[[P]], %[[REST]]
// CHECK-NOT: onnx.gather
// CHECK: return
func.func @main(%ids: tensor<?x?xi64, #bs>, %mask: tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %0 = onnx.gather %w, %ids {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %n = onnx.cum_sum %mask {axis = 1 : i64, exclusive = false, reverse = false} : (tensor<?x?xi64, #bs>) -> tensor<?x?xi64, #bs>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %i = onnx.add %n, %one : (tensor<?x?xi64, #bs>, tensor<i64>) -> tensor<?x?xi64, #bs>
  %t = onnx.get_initializer @places : tensor<128x64xf32>
  %1 = onnx.gather %t, %i {axis = 0 : i64} : (tensor<128x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %2 = onnx.add %0, %1 : (tensor<?x?x64xf32, #bsd>, tensor<?x?x64xf32, #bsd>) -> tensor<?x?x64xf32, #bsd>
  return %2 : tensor<?x?x64xf32, #bsd>
}

// One row of positions for all sequences.
// CHECK-LABEL: func.func @raise_positions_of_extents(
// CHECK: %[[P:.+]] = llm.positions : tensor<?x?xi32
// CHECK: %[[E:.+]] = llm.embedding %[[P]], %{{.+}} -> tensor<?x?x64xf32
// CHECK: onnx.add %{{.+}}, %[[E]]
func.func @raise_positions_of_extents(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %0 = onnx.gather %w, %ids {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %rows = onnx.dimensions {values = affine_map<()[s0, s1] -> (s1)>} : () -> tensor<i64>
  %i = onnx.range %zero, %rows, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, affine_map<()[s0, s1] -> (s1)>>
  %t = onnx.get_initializer @places : tensor<128x64xf32>
  %1 = onnx.gather %t, %i {axis = 0 : i64} : (tensor<128x64xf32>, tensor<?xi64, affine_map<()[s0, s1] -> (s1)>>) -> tensor<?x64xf32, affine_map<()[s0, s1] -> (s1, 64)>>
  %2 = onnx.add %0, %1 : (tensor<?x?x64xf32, #bsd>, tensor<?x64xf32, affine_map<()[s0, s1] -> (s1, 64)>>) -> tensor<?x?x64xf32, #bsd>
  return %2 : tensor<?x?x64xf32, #bsd>
}

// An input of positions looks its table up; no other is one beside it.
// CHECK-LABEL: func.func @raise_input_of_positions(
// CHECK: %[[P:.+]] = llm.positions
// CHECK: llm.embedding %[[P]], %{{.+}} tensor<128x64xf32>
func.func @raise_input_of_positions(%ids: tensor<?x?xi64, #bs>, %at: tensor<?x?xi64, #bs>) -> tensor<?x?x512xf32, affine_map<()[s0, s1] -> (s0, s1, 512)>> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %0 = onnx.gather %w, %ids {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %t = onnx.get_initializer @places : tensor<128x64xf32>
  %1 = onnx.gather %t, %at {axis = 0 : i64} : (tensor<128x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %2 = onnx.add %0, %1 : (tensor<?x?x64xf32, #bsd>, tensor<?x?x64xf32, #bsd>) -> tensor<?x?x64xf32, #bsd>
  %h = onnx.get_initializer @head : tensor<64x512xf32>
  %3 = onnx.matmul %2, %h : (tensor<?x?x64xf32, #bsd>, tensor<64x512xf32>) -> tensor<?x?x512xf32, affine_map<()[s0, s1] -> (s0, s1, 512)>>
  return %3 : tensor<?x?x512xf32, affine_map<()[s0, s1] -> (s0, s1, 512)>>
}

// Types of tokens and positions cannot be told apart.
// CHECK-LABEL: func.func @no_raise_two_more_inputs(
// CHECK: llm.embedding
// CHECK: onnx.gather
// CHECK: onnx.gather
func.func @no_raise_two_more_inputs(%ids: tensor<?x?xi64, #bs>, %at: tensor<?x?xi64, #bs>, %kinds: tensor<?x?xi64, #bs>) -> tensor<?x?x512xf32, affine_map<()[s0, s1] -> (s0, s1, 512)>> {
  %w = onnx.get_initializer @table : tensor<512x64xf32>
  %0 = onnx.gather %w, %ids {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %t = onnx.get_initializer @places : tensor<128x64xf32>
  %1 = onnx.gather %t, %at {axis = 0 : i64} : (tensor<128x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %2 = onnx.add %0, %1 : (tensor<?x?x64xf32, #bsd>, tensor<?x?x64xf32, #bsd>) -> tensor<?x?x64xf32, #bsd>
  %4 = onnx.gather %t, %kinds {axis = 0 : i64} : (tensor<128x64xf32>, tensor<?x?xi64, #bs>) -> tensor<?x?x64xf32, #bsd>
  %5 = onnx.add %2, %4 : (tensor<?x?x64xf32, #bsd>, tensor<?x?x64xf32, #bsd>) -> tensor<?x?x64xf32, #bsd>
  %h = onnx.get_initializer @head : tensor<64x512xf32>
  %3 = onnx.matmul %5, %h : (tensor<?x?x64xf32, #bsd>, tensor<64x512xf32>) -> tensor<?x?x512xf32, affine_map<()[s0, s1] -> (s0, s1, 512)>>
  return %3 : tensor<?x?x512xf32, affine_map<()[s0, s1] -> (s0, s1, 512)>>
}

// RUN: llmc-opt %s --llmc-raise-embedding | FileCheck %s

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#bsd = affine_map<()[s0, s1] -> (s0, s1, 64)>
#sd = affine_map<()[s0] -> (s0, 64)>
#s = affine_map<()[s0] -> (s0)>

// CHECK: llm.weight @[[W:.+]] {sources = [@table], transposed = array<i1: false>, type = tensor<512x64xf32>}
onnx.initializer @table {type = tensor<512x64xf32>, file = 0 : i64, offset = 0 : i64, bytes = 131072 : i64}

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

// RUN: llmc-opt %s --llmc-raise-columns | FileCheck %s

#d64 = affine_map<()[s0, s1] -> (s0, s1, 64)>
#d32 = affine_map<()[s0, s1] -> (s0, s1, 32)>
#d16 = affine_map<()[s0, s1] -> (s0, s1, 16)>
#tail32 = affine_map<()[s0, s1] -> (s0, s1 - 1, 32)>
#heads = affine_map<()[s0, s1] -> (s0, s1, 4, 16)>
#headsHalf = affine_map<()[s0, s1] -> (s0, s1, 4, 8)>

// CHECK-LABEL: func.func @raise_slice_of_columns(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: llm.columns %[[X]] {offset = 16 : i64} : tensor<?x?x64xf32, #{{.+}}> -> tensor<?x?x32xf32
// CHECK-NOT: onnx.slice
func.func @raise_slice_of_columns(%x: tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #d32> {
  %0 = onnx.slice %x {starts = affine_map<() -> (0, 0, 16)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #d32>
  return %0 : tensor<?x?x32xf32, #d32>
}

// CHECK-LABEL: func.func @raise_split_of_columns(
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK: llm.columns %[[X]] {offset = 0 : i64} : {{.+}} -> tensor<?x?x32xf32
// CHECK: llm.columns %[[X]] {offset = 32 : i64} : {{.+}} -> tensor<?x?x16xf32
// CHECK: llm.columns %[[X]] {offset = 48 : i64} : {{.+}} -> tensor<?x?x16xf32
// CHECK-NOT: onnx.split
func.func @raise_split_of_columns(%x: tensor<?x?x64xf32, #d64>) -> (tensor<?x?x32xf32, #d32>, tensor<?x?x16xf32, #d16>, tensor<?x?x16xf32, #d16>) {
  %0:3 = onnx.split %x {axis = 2 : i64} : (tensor<?x?x64xf32, #d64>) -> (tensor<?x?x32xf32, #d32>, tensor<?x?x16xf32, #d16>, tensor<?x?x16xf32, #d16>)
  return %0#0, %0#1, %0#2 : tensor<?x?x32xf32, #d32>, tensor<?x?x16xf32, #d16>, tensor<?x?x16xf32, #d16>
}

// CHECK-LABEL: func.func @no_raise_every_second_column(
// CHECK: onnx.slice
func.func @no_raise_every_second_column(%x: tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #d32> {
  %0 = onnx.slice %x {starts = affine_map<() -> (0, 0, 0)>, steps = array<i64: 1, 1, 2>} : (tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #d32>
  return %0 : tensor<?x?x32xf32, #d32>
}

// The rows change too: both shapes print as ?x?, their expressions differ.
// CHECK-LABEL: func.func @no_raise_slice_of_rows_too(
// CHECK: onnx.slice
func.func @no_raise_slice_of_rows_too(%x: tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #tail32> {
  %0 = onnx.slice %x {starts = affine_map<() -> (0, 1, 0)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #tail32>
  return %0 : tensor<?x?x32xf32, #tail32>
}

// The same rows in reverse order have the same extents.
// CHECK-LABEL: func.func @no_raise_reversed_rows(
// CHECK: onnx.slice
func.func @no_raise_reversed_rows(%x: tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #d32> {
  %0 = onnx.slice %x {starts = affine_map<()[s0, s1] -> (0, s1 - 1, 0)>, steps = array<i64: 1, -1, 1>} : (tensor<?x?x64xf32, #d64>) -> tensor<?x?x32xf32, #d32>
  return %0 : tensor<?x?x32xf32, #d32>
}

// CHECK-LABEL: func.func @no_raise_slice_of_all_columns(
// CHECK: onnx.slice
func.func @no_raise_slice_of_all_columns(%x: tensor<?x?x64xf32, #d64>) -> tensor<?x?x64xf32, #d64> {
  %0 = onnx.slice %x {starts = affine_map<() -> (0, 0, 0)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x64xf32, #d64>) -> tensor<?x?x64xf32, #d64>
  return %0 : tensor<?x?x64xf32, #d64>
}

// CHECK-LABEL: func.func @no_raise_slice_of_heads(
// CHECK: onnx.slice
func.func @no_raise_slice_of_heads(%x: tensor<?x?x4x16xf32, #heads>) -> tensor<?x?x4x8xf32, #headsHalf> {
  %0 = onnx.slice %x {starts = affine_map<() -> (0, 0, 0, 8)>, steps = array<i64: 1, 1, 1, 1>} : (tensor<?x?x4x16xf32, #heads>) -> tensor<?x?x4x8xf32, #headsHalf>
  return %0 : tensor<?x?x4x8xf32, #headsHalf>
}

// CHECK-LABEL: func.func @no_raise_split_of_rows(
// CHECK: onnx.split
func.func @no_raise_split_of_rows(%x: tensor<?x6x64xf32, affine_map<()[s0] -> (s0, 6, 64)>>) -> tensor<?x3x64xf32, affine_map<()[s0] -> (s0, 3, 64)>> {
  %0:2 = onnx.split %x {axis = 1 : i64} : (tensor<?x6x64xf32, affine_map<()[s0] -> (s0, 6, 64)>>) -> (tensor<?x3x64xf32, affine_map<()[s0] -> (s0, 3, 64)>>, tensor<?x3x64xf32, affine_map<()[s0] -> (s0, 3, 64)>>)
  return %0#1 : tensor<?x3x64xf32, affine_map<()[s0] -> (s0, 3, 64)>>
}

// CHECK-LABEL: func.func @no_raise_integers(
// CHECK: onnx.slice
func.func @no_raise_integers(%x: tensor<?x?x64xi64, #d64>) -> tensor<?x?x32xi64, #d32> {
  %0 = onnx.slice %x {starts = affine_map<() -> (0, 0, 16)>, steps = array<i64: 1, 1, 1>} : (tensor<?x?x64xi64, #d64>) -> tensor<?x?x32xi64, #d32>
  return %0 : tensor<?x?x32xi64, #d32>
}

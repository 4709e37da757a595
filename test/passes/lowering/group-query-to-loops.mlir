// RUN: llmc-opt %s --split-input-file --llmc-lower-graph | FileCheck %s

// Rows hold query, key and value; new rows are put into the buffers at the
// lengths of their sequences; keys and queries are rotated, values are not.
// CHECK-LABEL: module @lower_packed_rows
// CHECK: %[[X:.+]] = rt.buffer input() {name = "input_0"} : memref<2x3x16xf32>
// CHECK: %[[PAST:.+]] = rt.buffer input() {name = "input_1"}
// CHECK: %[[COS:.+]] = rt.buffer input() {name = "input_4"} : memref<9x2xf32>
// CHECK: rt.launch @present_0 {{.*}}(%[[X]], %{{.+}}, %{{.+}}, %[[COS]], %{{.+}}, %[[PAST]], %[[KEYS:.+]]) :
// CHECK: rt.launch @present_1 {{.*}}(%[[X]], %{{.+}}, %{{.+}}, %[[COS]], %{{.+}}, %[[PAST]], %[[VALUES:.+]]) :
// CHECK: rt.launch @queries_0 {{.*}}(%[[X]], {{.*}}, %[[QUERIES:.+]]) :
// CHECK: rt.launch @scores_0 {{.*}}%[[QUERIES]], %[[KEYS]], %[[SCORES:.+]]) :
// CHECK: rt.launch @softmax_visible_0 {{.*}}(%[[SCORES]])
// CHECK: rt.launch @group_query_attention_0 {{.*}}(%[[SCORES]], %[[VALUES]],
// CHECK: func.func @present_0(
// CHECK: arith.mulf
// CHECK: func.func @present_1(
// CHECK-NOT: arith.mulf
// CHECK: func.func @queries_0(
// CHECK: arith.mulf
module @lower_packed_rows {
  func.func @main(%x: tensor<2x3x16xf32>, %past: tensor<2x1x9x4xf32>, %lengths: tensor<2xi32>, %total: tensor<i32>, %cos: tensor<9x2xf32>, %sin: tensor<9x2xf32>) -> (tensor<2x3x8xf32>, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>) {
    %none = onnx.none : none
    %0:3 = onnx.group_query_attention %x, %none, %none, %past, %past, %lengths, %total, %cos, %sin, %none, %none {num_heads = 2 : i64, kv_num_heads = 1 : i64, scale = 0.0 : f32, do_rotary = true, rotary_interleaved = false, local_window = 4 : i64, softcap = 0.0 : f32} : (tensor<2x3x16xf32>, none, none, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>, tensor<2xi32>, tensor<i32>, tensor<9x2xf32>, tensor<9x2xf32>, none, none) -> (tensor<2x3x8xf32>, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>)
    return %0#0, %0#1, %0#2 : tensor<2x3x8xf32>, tensor<2x1x9x4xf32>, tensor<2x1x9x4xf32>
  }
}

// RUN: llmc-opt %s --split-input-file --llmc-raise-attention -verify-diagnostics | FileCheck %s

// Whatever is refused stays, and a remark says why.
// CHECK-NOT: llm.attention

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_without_a_causal_mask {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: it computes something else than causal attention}}
  %y:3 = onnx.attention %x, %x, %x, %n, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = false, softcap = 0.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, none, none, none, none) -> (tensor<?x?x8xf32, #rows>, none, none)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_lengths_without_a_buffer {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %len: tensor<?xi64, affine_map<()[s0, s1] -> (s0)>>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: it computes something else than causal attention}}
  %y:3 = onnx.attention %x, %x, %x, %n, %n, %n, %len {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, none, none, none, tensor<?xi64, affine_map<()[s0, s1] -> (s0)>>) -> (tensor<?x?x8xf32, #rows>, none, none)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_keys_of_another_shape {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %k: tensor<1x2x3x4xf32>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: its keys or values are not a rearrangement of rows}}
  %y:3 = onnx.attention %x, %k, %k, %n, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, none, none, none, none) -> (tensor<?x?x8xf32, #rows>, none, none)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_softmax_of_a_vector {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %n = onnx.none : none
  // expected-remark @below {{not raised to llm.attention: its softmax is not over the last of four dimensions}}
  %y = onnx.softmax %x {axis = 2 : i64} : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x8xf32, #rows>
  return %y : tensor<?x?x8xf32, #rows>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_computed_bias {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %n = onnx.none : none
  %c = onnx.constant dense<1.0> : tensor<24xf32> : tensor<24xf32>
  %b = onnx.exp %c : (tensor<24xf32>) -> tensor<24xf32>
  // expected-remark @below {{not raised to llm.attention: its bias is no weight}}
  %y:3 = onnx.multi_head_attention %x, %x, %x, %b, %n, %n, %n, %n {num_heads = 2 : i64, scale = 0.0 : f32, unidirectional = true, mask_filter_value = -10000.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<24xf32>, none, none, none, none) -> (tensor<?x?x8xf32, #rows>, none, none)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

// -----

#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
module @no_raise_lengths_of_a_part {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %n = onnx.none : none
  %lens = onnx.constant dense<1> : tensor<1xi32> : tensor<1xi32>
  %total = onnx.constant dense<2> : tensor<i32> : tensor<i32>
  // expected-remark @below {{not raised to llm.attention: its lengths are not those of the whole mask}}
  %y:3 = onnx.group_query_attention %x, %x, %x, %n, %n, %lens, %total, %n, %n, %n, %n {num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, do_rotary = false, rotary_interleaved = false, local_window = -1 : i64, softcap = 0.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, none, none, tensor<1xi32>, tensor<i32>, none, none, none, none) -> (tensor<?x?x8xf32, #rows>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

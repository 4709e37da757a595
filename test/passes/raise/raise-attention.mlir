// RUN: llmc-opt %s --split-input-file --llmc-raise-attention=page=16 | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-raise-attention | FileCheck %s --check-prefix=DEFAULT

// Two heads of four over one cached head pair, as exporters write it out.
// CHECK-LABEL: module @raise_cached_softmax
// CHECK: func.func @main(%{{.+}}: tensor<?x?xi64{{.+}}, %[[PK:[a-z0-9]+]]: {{.+}}, %[[PV:[a-z0-9]+]]: tensor
// CHECK: %[[X:.+]] = llm.embedding
// CHECK: %[[C0:.+]] = llm.cache_from %[[PK]], %[[PV]] : {{.+}} -> !llm.kv_cache<2 x 4, page = 16, f32>
// CHECK: %[[C1:.+]] = llm.kv_append %[[C0]], %[[X]], %[[X]]
// CHECK: %[[O:.+]] = llm.attention %[[X]], %[[C1]] {heads = 2 : i64, scale = 5.000000e-01 : f32}
// CHECK: %[[K:.+]], %[[V:.+]] = llm.cache_to %[[C1]]
// CHECK-NOT: onnx.softmax
// CHECK: return %{{.+}}, %[[K]], %[[V]]
// DEFAULT-LABEL: module @raise_cached_softmax
// DEFAULT: !llm.kv_cache<2 x 4, page = 64, f32>
#bs = affine_map<()[s0, s1, s2] -> (s0, s1)>
#rows = affine_map<()[s0, s1, s2] -> (s0, s1, 8)>
#split = affine_map<()[s0, s1, s2] -> (s0, s1, 2, 4)>
#heads = affine_map<()[s0, s1, s2] -> (s0, 2, s1, 4)>
#past = affine_map<()[s0, s1, s2] -> (s0, 2, s2, 4)>
#all = affine_map<()[s0, s1, s2] -> (s0, 2, s2 + s1, 4)>
#turned = affine_map<()[s0, s1, s2] -> (s0, 2, 4, s2 + s1)>
#scores = affine_map<()[s0, s1, s2] -> (s0, 2, s1, s2 + s1)>
module @raise_cached_softmax {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %pk: tensor<?x2x?x4xf32, #past>, %pv: tensor<?x2x?x4xf32, #past>) -> (tensor<?x2x?x4xf32, #heads>, tensor<?x2x?x4xf32, #all>, tensor<?x2x?x4xf32, #all>) {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %rows = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %split = onnx.reshape %rows : (tensor<?x?x8xf32, #rows>) -> tensor<?x?x2x4xf32, #split>
  %q = onnx.transpose %split {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32, #split>) -> tensor<?x2x?x4xf32, #heads>
  %k = onnx.concat %pk, %q {axis = 2 : i64} : (tensor<?x2x?x4xf32, #past>, tensor<?x2x?x4xf32, #heads>) -> tensor<?x2x?x4xf32, #all>
  %v = onnx.concat %pv, %q {axis = 2 : i64} : (tensor<?x2x?x4xf32, #past>, tensor<?x2x?x4xf32, #heads>) -> tensor<?x2x?x4xf32, #all>
  %kt = onnx.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : (tensor<?x2x?x4xf32, #all>) -> tensor<?x2x4x?xf32, #turned>
  %qk = onnx.matmul %q, %kt : (tensor<?x2x?x4xf32, #heads>, tensor<?x2x4x?xf32, #turned>) -> tensor<?x2x?x?xf32, #scores>
  %half = onnx.constant dense<0.5> : tensor<f32> : tensor<f32>
  %scaled = onnx.mul %qk, %half : (tensor<?x2x?x?xf32, #scores>, tensor<f32>) -> tensor<?x2x?x?xf32, #scores>
  // Column j is seen from row i where j <= i + past.
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  %total = onnx.dimensions {values = affine_map<()[s0, s1, s2] -> (s2 + s1)>} : () -> tensor<i64>
  %before = onnx.dimensions {values = affine_map<()[s0, s1, s2] -> (s2)>} : () -> tensor<i64>
  %col = onnx.range %zero, %total, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, affine_map<()[s0, s1, s2] -> (s2 + s1)>>
  %row = onnx.range %before, %total, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, affine_map<()[s0, s1, s2] -> (s1)>>
  %rowT = onnx.reshape %row : (tensor<?xi64, affine_map<()[s0, s1, s2] -> (s1)>>) -> tensor<?x1xi64, affine_map<()[s0, s1, s2] -> (s1, 1)>>
  %seen = onnx.less_or_equal %col, %rowT : (tensor<?xi64, affine_map<()[s0, s1, s2] -> (s2 + s1)>>, tensor<?x1xi64, affine_map<()[s0, s1, s2] -> (s1, 1)>>) -> tensor<?x?xi1, affine_map<()[s0, s1, s2] -> (s1, s2 + s1)>>
  %low = onnx.constant dense<-1.0e30> : tensor<f32> : tensor<f32>
  %masked = onnx.where %seen, %scaled, %low : (tensor<?x?xi1, affine_map<()[s0, s1, s2] -> (s1, s2 + s1)>>, tensor<?x2x?x?xf32, #scores>, tensor<f32>) -> tensor<?x2x?x?xf32, #scores>
  %p = onnx.softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32, #scores>) -> tensor<?x2x?x?xf32, #scores>
  %o = onnx.matmul %p, %v : (tensor<?x2x?x?xf32, #scores>, tensor<?x2x?x4xf32, #all>) -> tensor<?x2x?x4xf32, #heads>
  return %o, %k, %v : tensor<?x2x?x4xf32, #heads>, tensor<?x2x?x4xf32, #all>, tensor<?x2x?x4xf32, #all>
}
}

// -----

// The operator says what it is; its scale of 0 is 1 / sqrt(4).
// CHECK-LABEL: module @raise_attention_operator
// CHECK: %[[X:.+]] = llm.embedding
// CHECK: %[[C0:.+]] = llm.empty_cache : <1 x 4, page = 16, f32>
// CHECK: %[[C1:.+]] = llm.kv_append %[[C0]]
// CHECK: llm.attention %[[X]], %[[C1]] {heads = 2 : i64, scale = 5.000000e-01 : f32, softcap = 3.000000e+01 : f32}
// CHECK-NOT: onnx.attention
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 8)>
#kv = affine_map<()[s0, s1] -> (s0, s1, 4)>
module @raise_attention_operator {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %k = llm.columns %x {offset = 0 : i64} : tensor<?x?x8xf32, #rows> -> tensor<?x?x4xf32, #kv>
  %v = llm.columns %x {offset = 4 : i64} : tensor<?x?x8xf32, #rows> -> tensor<?x?x4xf32, #kv>
  %n = onnx.none : none
  %y:3 = onnx.attention %x, %k, %v, %n, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 1 : i64, scale = 0.0 : f32, is_causal = true, softcap = 30.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x4xf32, #kv>, tensor<?x?x4xf32, #kv>, none, none, none, none) -> (tensor<?x?x8xf32, #rows>, none, none)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

// -----

// The operator's bias goes to the rows; a padding mask of ones hides nothing.
// CHECK-LABEL: module @raise_multi_head_with_bias
// CHECK-DAG: llm.weight @[[BQ:.+]] {type = tensor<4xf32>, values = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]>
// CHECK-DAG: llm.weight @[[BV:.+]] {type = tensor<4xf32>, values = dense<[9.000000e+00, 1.000000e+01, 1.100000e+01, 1.200000e+01]>
// CHECK: %[[X:.+]] = llm.embedding
// CHECK: %[[WQ:.+]] = llm.get_weight @[[BQ]]
// CHECK: %[[Q:.+]] = onnx.add %[[X]], %[[WQ]]
// CHECK: %[[K:.+]] = onnx.add %[[X]],
// CHECK: %[[WV:.+]] = llm.get_weight @[[BV]]
// CHECK: %[[V:.+]] = onnx.add %[[X]], %[[WV]]
// CHECK: %[[C1:.+]] = llm.kv_append %{{.+}}, %[[K]], %[[V]]
// CHECK: llm.attention %[[Q]], %[[C1]] {heads = 2 : i64, scale = 0.707106769 : f32}
// CHECK-NOT: onnx.multi_head_attention
#bs = affine_map<()[s0, s1] -> (s0, s1)>
#rows = affine_map<()[s0, s1] -> (s0, s1, 4)>
module @raise_multi_head_with_bias {
llm.weight @table {type = tensor<32x4xf32>, values = dense<1.0> : tensor<32x4xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %mask: tensor<?x?xi32, #bs>) -> tensor<?x?x4xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x4xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x4xf32>) -> tensor<?x?x4xf32, #rows>
  %n = onnx.none : none
  %b = onnx.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]> : tensor<12xf32> : tensor<12xf32>
  %y:3 = onnx.multi_head_attention %x, %x, %x, %b, %mask, %n, %n, %n {num_heads = 2 : i64, scale = 0.0 : f32, unidirectional = true, mask_filter_value = -10000.0 : f32} : (tensor<?x?x4xf32, #rows>, tensor<?x?x4xf32, #rows>, tensor<?x?x4xf32, #rows>, tensor<12xf32>, tensor<?x?xi32, #bs>, none, none, none) -> (tensor<?x?x4xf32, #rows>, none, none)
  return %y#0 : tensor<?x?x4xf32, #rows>
}
}

// -----

// The mask's extent is a sum of symbols that nothing else has.
// CHECK-LABEL: module @raise_with_a_mask_of_other_symbols
// CHECK: llm.attention %{{.+}} {heads = 2 : i64, scale = 5.000000e-01 : f32}
#bs = affine_map<()[s0, s1, s2, s3] -> (s0, s1)>
#rows = affine_map<()[s0, s1, s2, s3] -> (s0, s1, 8)>
#mask = affine_map<()[s0, s1, s2, s3] -> (s0, s2 + s3)>
#seen = affine_map<()[s0, s1, s2, s3] -> (s0, 1, 1, s2 + s3)>
module @raise_with_a_mask_of_other_symbols {
llm.weight @table {type = tensor<32x8xf32>, values = dense<1.0> : tensor<32x8xf32>}
func.func @main(%ids: tensor<?x?xi64, #bs>, %mask: tensor<?x?xi64, #mask>) -> tensor<?x?x8xf32, #rows> {
  %w = llm.get_weight @table : tensor<32x8xf32>
  %x = llm.embedding %ids, %w : (tensor<?x?xi64, #bs>, tensor<32x8xf32>) -> tensor<?x?x8xf32, #rows>
  %n = onnx.none : none
  %flat = onnx.cast %mask : (tensor<?x?xi64, #mask>) -> tensor<?x?xi1, #mask>
  %seen = onnx.reshape %flat : (tensor<?x?xi1, #mask>) -> tensor<?x1x1x?xi1, #seen>
  %y:3 = onnx.attention %x, %x, %x, %seen, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, scale = 0.0 : f32, is_causal = true, softcap = 0.0 : f32} : (tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x?x8xf32, #rows>, tensor<?x1x1x?xi1, #seen>, none, none, none) -> (tensor<?x?x8xf32, #rows>, none, none)
  return %y#0 : tensor<?x?x8xf32, #rows>
}
}

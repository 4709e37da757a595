// RUN: llmc-opt %s -split-input-file -verify-diagnostics

// Positions, caches and attention.

func.func @rope_of_other_heads(%x: tensor<?x8xf32>, %p: tensor<?xi32>, %t: tensor<16x2xf32>) {
  // expected-error @below {{(1) 'tensor<?x8xf32>' does not hold 3 heads of 4}}
  %y = llm.rope %x, %p, %t, %t {heads = 3 : i64, head_dim = 4 : i64, rotary_dim = 4 : i64, pairing = 0 : i32} : (tensor<?x8xf32>, tensor<?xi32>, tensor<16x2xf32>, tensor<16x2xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @rope_of_odd_dimension(%x: tensor<?x8xf32>, %p: tensor<?xi32>, %t: tensor<16x2xf32>) {
  // expected-error @below {{(2) rotary_dim 3 is odd or more than 4}}
  %y = llm.rope %x, %p, %t, %t {heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 3 : i64, pairing = 0 : i32} : (tensor<?x8xf32>, tensor<?xi32>, tensor<16x2xf32>, tensor<16x2xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @rope_beyond_the_head(%x: tensor<?x8xf32>, %p: tensor<?xi32>, %t: tensor<16x3xf32>) {
  // expected-error @below {{(2) rotary_dim 6 is odd or more than 4}}
  %y = llm.rope %x, %p, %t, %t {heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 6 : i64, pairing = 0 : i32} : (tensor<?x8xf32>, tensor<?xi32>, tensor<16x3xf32>, tensor<16x3xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @rope_with_wide_table(%x: tensor<?x8xf32>, %p: tensor<?xi32>, %t: tensor<16x4xf32>) {
  // expected-error @below {{(3) table 'tensor<16x4xf32>' does not have 2 columns}}
  %y = llm.rope %x, %p, %t, %t {heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 4 : i64, pairing = 0 : i32} : (tensor<?x8xf32>, tensor<?xi32>, tensor<16x4xf32>, tensor<16x4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @rope_with_table_of_rank_1(%x: tensor<?x8xf32>, %p: tensor<?xi32>, %t: tensor<2xf32>) {
  // expected-error @below {{(3) table 'tensor<2xf32>' does not have 2 columns}}
  %y = llm.rope %x, %p, %t, %t {heads = 2 : i64, head_dim = 4 : i64, rotary_dim = 4 : i64, pairing = 0 : i32} : (tensor<?x8xf32>, tensor<?xi32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @kv_append_of_wide_keys(%c: !llm.kv_cache<2 x 4, page = 16, f32>, %k: tensor<?x16xf32>, %v: tensor<?x8xf32>) {
  // expected-error @below {{(1) 'tensor<?x16xf32>' does not hold 2 heads of 4}}
  %d = llm.kv_append %c, %k, %v : (!llm.kv_cache<2 x 4, page = 16, f32>, tensor<?x16xf32>, tensor<?x8xf32>) -> !llm.kv_cache<2 x 4, page = 16, f32>
  return
}

// -----

func.func @kv_append_of_narrow_values(%c: !llm.kv_cache<2 x 4, page = 16, f32>, %k: tensor<?x8xf32>, %v: tensor<?x4xf32>) {
  // expected-error @below {{(1) 'tensor<?x4xf32>' does not hold 2 heads of 4}}
  %d = llm.kv_append %c, %k, %v : (!llm.kv_cache<2 x 4, page = 16, f32>, tensor<?x8xf32>, tensor<?x4xf32>) -> !llm.kv_cache<2 x 4, page = 16, f32>
  return
}

// -----

func.func @attention_of_other_heads(%q: tensor<?x8xf32>, %c: !llm.kv_cache<2 x 4, page = 16, f32>) {
  // expected-error @below {{(1) 'tensor<?x8xf32>' does not hold 4 heads of 4}}
  %o = llm.attention %q, %c {heads = 4 : i64, scale = 1.0 : f32} : (tensor<?x8xf32>, !llm.kv_cache<2 x 4, page = 16, f32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @attention_with_heads_that_do_not_group(%q: tensor<?x12xf32>, %c: !llm.kv_cache<2 x 4, page = 16, f32>) {
  // expected-error @below {{(2) 3 heads are not a multiple of the cache's 2}}
  %o = llm.attention %q, %c {heads = 3 : i64, scale = 1.0 : f32} : (tensor<?x12xf32>, !llm.kv_cache<2 x 4, page = 16, f32>) -> tensor<?x12xf32>
  return
}

// -----

func.func @attention_with_a_cache_of_no_heads(%q: tensor<?x8xf32>, %c: !llm.kv_cache<0 x 4, page = 16, f32>) {
  // expected-error @below {{(2) 2 heads are not a multiple of the cache's 0}}
  %o = llm.attention %q, %c {heads = 2 : i64, scale = 1.0 : f32} : (tensor<?x8xf32>, !llm.kv_cache<0 x 4, page = 16, f32>) -> tensor<?x8xf32>
  return
}

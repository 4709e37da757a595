// RUN: llmc-opt %s -split-input-file -verify-diagnostics

// Weights, and what looks up in them.

// expected-error @below {{(1) type must be a ranked tensor of static shape}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, type = tensor<?x8xf32>}

// -----

// expected-error @below {{(1) type must be a ranked tensor of static shape}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, type = f32}

// -----

// expected-error @below {{(2) needs one entry of transposed per source, has 1 for 2}}
llm.weight @w {sources = [@a, @b], transposed = array<i1: false>, type = tensor<8x8xf32>}

// -----

// expected-error @below {{(3) unknown layout 'tiles'}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, type = tensor<8x8xf32>, layout = "tiles"}

// -----

// expected-error @below {{(3) panels need a matrix, not 'tensor<8xf32>'}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, type = tensor<8xf32>, layout = "panels"}

// -----

// expected-error @below {{(4) needs either sources or values}}
llm.weight @w {type = tensor<8xf32>}

// -----

// expected-error @below {{(4) needs either sources or values}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, type = tensor<8xf32>, values = dense<1.0> : tensor<8xf32>}

// -----

func.func @embedding_of_another_width(%ids: tensor<?xi32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{(1) cannot look up 'tensor<?xi32>' in 'tensor<16x8xf32>' to give 'tensor<?x4xf32>'}}
  %x = llm.embedding %ids, %w : (tensor<?xi32>, tensor<16x8xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @embedding_that_loses_a_dimension(%ids: tensor<?x?xi32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{(1) cannot look up}}
  %x = llm.embedding %ids, %w : (tensor<?x?xi32>, tensor<16x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @embedding_by_floats(%ids: tensor<?xf32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{(1) cannot look up}}
  %x = llm.embedding %ids, %w : (tensor<?xf32>, tensor<16x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

// expected-error @below {{(5) needs four numbers of columns per source, has 4 for 2}}
llm.weight @w {sources = [@a, @b], transposed = array<i1: false, false>, columns = array<i64: 0, 8, 0, 1>, type = tensor<8x8xf32>}

// -----

// expected-error @below {{(5) the columns of source 1 are no ranges}}
llm.weight @w {sources = [@a, @b], transposed = array<i1: false, false>, columns = array<i64: 0, 4, 0, 1, 4, 2, 1, 2>, type = tensor<8x8xf32>}

// -----

// expected-error @below {{(5) the columns of source 0 are no ranges}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, columns = array<i64: 9223372036854775807, 8, 8, 1>, type = tensor<8x8xf32>}

// -----

// expected-error @below {{(5) takes 6 columns for those of 'tensor<8x8xf32>'}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, columns = array<i64: 1, 2, 4, 3>, type = tensor<8x8xf32>}

// -----

// expected-error @below {{(6) cannot leave out -1 rows}}
llm.weight @w {sources = [@a], transposed = array<i1: false>, first_row = -1 : i64, type = tensor<8x8xf32>}

// -----

// expected-error @below {{(6) cannot leave out 1 rows}}
llm.weight @w {values = dense<1.0> : tensor<8xf32>, first_row = 1 : i64, type = tensor<8xf32>}

// -----

// expected-error @below {{(7) unknown scheme 'w3g32'}}
llm.weight @w {sources = [@a], transposed = array<i1: true>, type = tensor<64x8xf32>, scheme = "w3g32"}

// -----

// expected-error @below {{(7) has 1 scales for 2 sources in scheme 'w4g32'}}
llm.weight @w {sources = [@a, @b], transposed = array<i1: true, true>, type = tensor<64x8xf32>, scheme = "w4g32", scales = [@s]}

// -----

// expected-error @below {{(7) has 1 scales for 1 sources in scheme ''}}
llm.weight @w {sources = [@a], transposed = array<i1: true>, type = tensor<64x8xf32>, scales = [@s]}

// -----

// expected-error @below {{(7) has 0 zero points in scheme 'w4g32z'}}
llm.weight @w {sources = [@a], transposed = array<i1: true>, type = tensor<64x8xf32>, scheme = "w4g32z", scales = [@s]}

// -----

// expected-error @below {{(7) has 1 zero points in scheme 'w4g32'}}
llm.weight @w {sources = [@a], transposed = array<i1: true>, type = tensor<64x8xf32>, scheme = "w4g32", scales = [@s], zeros = [@z]}

// RUN: llmc-opt %s --llmc-kernels-to-x86=level=x86-64-v4 -split-input-file -verify-diagnostics

func.func @wrong_weight_shape(%x: memref<?x64xf32>, %w: memref<4x63x16xf32>,
    %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  // expected-error @below {{has a weight 'memref<4x63x16xf32>' where K and N need the shape 4, 64, 16}}
  kernel.linear %x, %w outputs(%y : memref<?x64xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 2 : i64, tile_panels = 2 : i64}
      : memref<?x64xf32>, memref<4x63x16xf32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

// -----

func.func @unknown_scheme(%x: memref<?x64xf32>, %w: memref<4x64x16xi32>,
    %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  // expected-error @below {{has no lowering for weights of type 'i32' in scheme 'w32'}}
  kernel.linear %x, %w outputs(%y : memref<?x64xf32>) tiles(%b, %e)
      {parts = 1 : i64, tile_rows = 2 : i64, tile_panels = 2 : i64, scheme = "w32"}
      : memref<?x64xf32>, memref<4x64x16xi32> {
  ^bb0(%sum: f32):
    llm.yield %sum : f32
  }
  return
}

// -----

func.func @no_vector_form(%x: memref<?x16xf32>, %y: memref<?x16xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  kernel.map inputs(%x : memref<?x16xf32>) outputs(%y : memref<?x16xf32>) tiles(%b, %e) do {
  ^bb0(%a: f32):
    // expected-error @below {{cannot be vectorised in a kernel's region}}
    %r = math.clampf %a to [%a, %a] : f32
    llm.yield %r : f32
  }
  return
}

// -----

func.func @heads_not_a_multiple(%q: memref<?x48xf32>, %s: memref<?xi32>, %p: memref<?xi32>,
    %t: memref<?x?xi32>, %bl: memref<?x2xi32>, %k: memref<?x2x4x16x16xf32>,
    %v: memref<?x2x1x64x16xf32>, %y: memref<?x48xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{has 3 heads for 2 cache heads}}
  kernel.attention %q, %s, %p, %t, %bl, %k, %v, %y, %b, %e
      {heads = 3 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64, scale = 1.0 : f32,
       window = 0 : i64, softcap = 0.0 : f32}
      : memref<?x48xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<?x48xf32>, index, index
  return
}

// -----

func.func @page_of_ten(%k: memref<?x16xf32>, %s: memref<?xi32>, %t: memref<?x?xi32>,
    %kc: memref<?x1x1x16x16xf32>, %vc: memref<?x1x1x10x16xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{needs pages of a multiple of 16 positions}}
  kernel.kv_append %k, %k, %s, %s, %t, %kc, %vc, %b, %e {head_dim = 16 : i64, page = 10 : i64}
      : memref<?x16xf32>, memref<?x16xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x1x1x16x16xf32>, memref<?x1x1x10x16xf32>, index, index
  return
}

// -----

func.func @pieces_of_another_shape(%m: memref<2x?x4xf32>, %pa: memref<3x?x64xf32>,
    %p: memref<?xi32>, %y: memref<?x64xf32>, %b: index, %e: index) attributes {kernel.entry} {
  // expected-error @below {{needs [slots, T, 64] f32 for its pieces, not 'memref<3x?x64xf32>'}}
  kernel.attention_merge %m, %m, %pa, %p, %y, %b, %e
      {heads = 4 : i64, head_dim = 16 : i64, split = 256 : i64, window = 0 : i64}
      : memref<2x?x4xf32>, memref<2x?x4xf32>, memref<3x?x64xf32>, memref<?xi32>,
        memref<?x64xf32>, index, index
  return
}

// -----

func.func @pairs_of_odd_width(%k: memref<?x15xf32>, %s: memref<?xi32>, %t: memref<?x?xi32>,
    %kc: memref<?x1x4x7x16x2xbf16>, %vc: memref<?x1x1x32x16x2xbf16>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{needs heads of a positive width, a multiple of 2}}
  kernel.kv_append %k, %k, %s, %s, %t, %kc, %vc, %b, %e {head_dim = 15 : i64, page = 64 : i64}
      : memref<?x15xf32>, memref<?x15xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x1x4x7x16x2xbf16>, memref<?x1x1x32x16x2xbf16>, index, index
  return
}

// -----

func.func @bf16_without_pairs(%k: memref<?x16xf32>, %s: memref<?xi32>, %t: memref<?x?xi32>,
    %kc: memref<?x1x4x16x16xbf16>, %vc: memref<?x1x1x64x16xbf16>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{needs caches of rank 6}}
  kernel.kv_append %k, %k, %s, %s, %t, %kc, %vc, %b, %e {head_dim = 16 : i64, page = 64 : i64}
      : memref<?x16xf32>, memref<?x16xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x1x4x16x16xbf16>, memref<?x1x1x64x16xbf16>, index, index
  return
}

// -----

func.func @cache_of_bytes(%k: memref<?x16xf32>, %s: memref<?xi32>, %t: memref<?x?xi32>,
    %kc: memref<?x1x4x16x16xi8>, %vc: memref<?x1x1x64x16xi8>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{needs caches of rank 6}}
  kernel.kv_append %k, %k, %s, %s, %t, %kc, %vc, %b, %e {head_dim = 16 : i64, page = 64 : i64}
      : memref<?x16xf32>, memref<?x16xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x1x4x16x16xi8>, memref<?x1x1x64x16xi8>, index, index
  return
}

// -----

func.func @bytes_without_lines_of_scales(%k: memref<?x16xf32>, %s: memref<?xi32>, %t: memref<?x?xi32>,
    %kc: memref<?x1x4x4x16x4xi8>, %vc: memref<?x1x1x16x16x4xi8>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{whose shapes do not fit head_dim and page}}
  kernel.kv_append %k, %k, %s, %s, %t, %kc, %vc, %b, %e {head_dim = 16 : i64, page = 64 : i64}
      : memref<?x16xf32>, memref<?x16xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x1x4x4x16x4xi8>, memref<?x1x1x16x16x4xi8>, index, index
  return
}

// -----

func.func @bytes_of_half_lanes(%k: memref<?x18xf32>, %s: memref<?xi32>, %t: memref<?x?xi32>,
    %kc: memref<?x1x4x6x16x4xi8>, %vc: memref<?x1x2x16x16x4xi8>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{needs heads of a positive width, a multiple of 4}}
  kernel.kv_append %k, %k, %s, %s, %t, %kc, %vc, %b, %e {head_dim = 18 : i64, page = 64 : i64}
      : memref<?x18xf32>, memref<?x18xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>,
        memref<?x1x4x6x16x4xi8>, memref<?x1x2x16x16x4xi8>, index, index
  return
}

// -----

func.func @sum_of_a_normalised_input(%x: memref<?x16xf32>, %s: memref<16xf32>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{normalises its input on GPUs only}}
  kernel.add_rms_norm %x, %x, %s, %x, %x, %s, %b, %e {epsilon = 1.0e-5 : f32, offset = 0.0 : f32}
      : memref<?x16xf32>, memref<?x16xf32>, memref<16xf32>, memref<?x16xf32>, memref<?x16xf32>,
        memref<16xf32>, index, index
  return
}

// -----

func.func @pieces_merged_by_counters(%q: memref<?x64xf32>, %i: memref<?xi32>, %t: memref<?x?xi32>, %bl: memref<?x2xi32>,
    %kc: memref<?x2x4x16x16xf32>, %vc: memref<?x2x1x64x16xf32>, %m: memref<2x?x4xf32>,
    %pa: memref<2x?x64xf32>, %co: memref<?x2xi32>, %b: index, %e: index)
    attributes {kernel.entry} {
  // expected-error @below {{merges pieces by kernel.attention_merge on a CPU, not by counters}}
  kernel.attention_split %q, %i, %i, %t, %bl, %kc, %vc, %m, %m, %pa, %co, %q, %b, %e
      {heads = 4 : i64, head_dim = 16 : i64, page = 64 : i64, split = 256 : i64,
       scale = 0.25 : f32, window = 0 : i64, softcap = 0.0 : f32, shares = 132 : i64}
      : memref<?x64xf32>, memref<?xi32>, memref<?xi32>, memref<?x?xi32>, memref<?x2xi32>,
        memref<?x2x4x16x16xf32>, memref<?x2x1x64x16xf32>, memref<2x?x4xf32>, memref<2x?x4xf32>,
        memref<2x?x64xf32>, memref<?x2xi32>, memref<?x64xf32>, index, index
  return
}

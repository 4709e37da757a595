// The passes of a compile, in order: what --print-pipeline lists is what
// --dump-stages writes, and both are this.
// RUN: llmc compile --print-pipeline | FileCheck %s
// RUN: rm -rf %t && mkdir %t
// RUN: llmc compile %S/../data/stories260K-plain -o %t/m.bin --dump-stages=%t/stages
// RUN: llmc compile --print-pipeline | sed -n '/^$/q; s/^llmc-//p' > %t/listed
// RUN: ls %t/stages | sed -n '/import/d; s/^[0-9]*-//; s/\.mlir$//; s/\.changed$//; p' > %t/dumped
// RUN: diff %t/listed %t/dumped
// RUN: ls %t/stages | FileCheck %s --check-prefix=FILES

// CHECK: {{^}}llmc-simplify-graph{{$}}
// CHECK-NEXT: {{^}}llmc-raise-embedding{{$}}
// CHECK-NEXT: {{^}}llmc-raise-columns{{$}}
// CHECK-NEXT: {{^}}llmc-raise-linear{{$}}
// CHECK-NEXT: {{^}}llmc-split-heads{{$}}
// CHECK-NEXT: {{^}}llmc-raise-norm{{$}}
// CHECK-NEXT: {{^}}llmc-raise-rope{{$}}
// CHECK-NEXT: {{^}}llmc-raise-attention{{$}}
// CHECK-NEXT: {{^}}llmc-simplify-graph{{$}}
// CHECK-NEXT: {{^}}llmc-raise-map{{$}}
// CHECK-NEXT: {{^}}llmc-raise-step{{$}}
// CHECK-NEXT: {{^}}llmc-convert-types{{$}}
// CHECK-NEXT: {{^}}llmc-select-cache-type{{$}}
// CHECK-NEXT: {{^}}llmc-fuse-maps{{$}}
// CHECK-NEXT: {{^}}llmc-fuse-epilogue{{$}}
// CHECK-NEXT: {{^}}llmc-fuse-residual-norm{{$}}
// CHECK-NEXT: {{^}}llmc-merge-linears{{$}}
// CHECK-NEXT: {{^}}llmc-quantize-weights{{$}}
// CHECK-NEXT: {{^}}llmc-round-inputs{{$}}
// CHECK-NEXT: {{^}}llmc-share-weights{{$}}
// CHECK-NEXT: {{^}}llmc-select-layouts{{$}}
// CHECK-NEXT: {{^}}llmc-specialize-step{{$}}
// CHECK-NEXT: {{^}}llmc-select-tiles{{$}}
// CHECK-NEXT: {{^}}llmc-select-splits{{$}}
// CHECK-NEXT: {{^}}llmc-lower-to-rt{{$}}
// CHECK-NEXT: {{^}}llmc-plan-memory{{$}}
// CHECK-NEXT: {{^}}llmc-find-waits{{$}}
// CHECK-EMPTY:
// CHECK-NEXT: llmc-lower-graph
// CHECK-NEXT: llmc-plan-memory

// A pass that changed something says so in the name of its file.
// FILES: 00-import.mlir
// FILES-NEXT: 01-simplify-graph.changed.mlir
// FILES: raise-step.changed.mlir

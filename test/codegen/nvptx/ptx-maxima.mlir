// RUN: llmc-emit sm_80 %s | FileCheck %s

// A block does a slice of a row: 16 bytes a thread, four loads at once, of which the
// last may be beyond the slice; the largest number holds logit and column.
// CHECK: // llmc: threads 256, shared 64, rows 0
// CHECK: .visible .entry row_maxima(
// CHECK-COUNT-4: ld.global.nc.v4.b32
// CHECK-COUNT-5: max.s64
// CHECK: bar.sync
// CHECK: st.global
// CHECK-NOT: .local
func.func @row_maxima(%l: memref<?x128256xf32>, %m: memref<?x32xi64>, %b: index, %e: index)
    attributes {kernel.entry} {
  kernel.row_maxima %l, %m, %b, %e : memref<?x128256xf32>, memref<?x32xi64>, index, index
  return
}

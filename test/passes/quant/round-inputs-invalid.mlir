// RUN: llmc-opt %s --llmc-round-inputs=dtype=i8 -verify-diagnostics

// expected-error @below {{unknown element type 'i8'}}
func.func @step(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}

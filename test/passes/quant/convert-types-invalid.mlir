// RUN: llmc-opt %s --llmc-convert-types=dtype=f8 -verify-diagnostics

// expected-error @below {{unknown element type 'f8'}}
func.func @step() {
  return
}

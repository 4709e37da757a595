// RUN: llmc-opt %s --split-input-file --llmc-specialize-step=chunk=0 -verify-diagnostics
// RUN: llmc-opt %s --split-input-file --llmc-specialize-step="chunk=0 decode-rows=-4" -verify-diagnostics

// expected-error @below {{chunk and decode-rows must be positive, not 0 and }}
func.func @step() {
  return
}

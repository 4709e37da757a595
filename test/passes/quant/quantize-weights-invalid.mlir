// RUN: llmc-opt %s --llmc-quantize-weights=scheme=w3 -verify-diagnostics

// expected-error @below {{unknown quantization scheme 'w3'}}
module @no_quantize_unknown_scheme {
}

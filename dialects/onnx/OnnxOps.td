#ifndef LLMC_DIALECTS_ONNX_ONNXOPS_TD
#define LLMC_DIALECTS_ONNX_ONNXOPS_TD

include "dialects/onnx/OnnxBase.td"
include "dialects/onnx/OnnxElementwise.td"
include "dialects/onnx/OnnxMovement.td"
include "dialects/onnx/OnnxReduction.td"
include "dialects/onnx/OnnxNetwork.td"

#endif // LLMC_DIALECTS_ONNX_ONNXOPS_TD

#ifndef LLMC_DIALECTS_ONNX_ONNXDIALECT_TD
#define LLMC_DIALECTS_ONNX_ONNXDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let summary = "ONNX graphs, one form per operator whatever the opset.";
  let description = [{
    The importer brings every node into the form that the newest opset would
    use, with these simplifications, so that passes see one spelling:

    - What the standard passes as small constant tensors (axes, pads, repeats,
      permutations) is an attribute; axes are non-negative.
    - A target shape is the result's type. Reshape, Squeeze, Unsqueeze and
      Flatten are all `onnx.reshape`; Expand and ConstantOfShape are
      `onnx.expand`.
    - An omitted optional operand is the value of `onnx.none`.

    Dimensions are symbolic. A dynamic dimension is an affine expression over
    the module's symbols `s0, s1, …`, whose names are the module's attribute
    `onnx.symbols`. A tensor type with dynamic dimensions carries them as its
    encoding: `tensor<?x?x64xf32, affine_map<()[s0, s1] -> (s0, s0 + s1, 64)>>`.
    Two dimensions are known to be equal where their expressions are.

    Weights are not in the IR: `onnx.initializer` names a byte range of a file
    (index into the module's attribute `onnx.files`).
  }];
  let cppNamespace = "::llmc::onnx";
  let usePropertiesForAttributes = 1;
}

#endif // LLMC_DIALECTS_ONNX_ONNXDIALECT_TD

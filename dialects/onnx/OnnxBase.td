#ifndef LLMC_DIALECTS_ONNX_ONNXBASE_TD
#define LLMC_DIALECTS_ONNX_ONNXBASE_TD

include "dialects/onnx/OnnxDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

class Onnx_Op<string mnemonic, list<Trait> traits = []>
    : Op<Onnx_Dialect, mnemonic, !listconcat([Pure], traits)> {
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

/// An operand that ONNX lets a node omit: a tensor, or `none`.
def Onnx_OptionalTensor : AnyTypeOf<[AnyTensor, NoneType]>;

def Onnx_InitializerOp : Op<Onnx_Dialect, "initializer", [Symbol]> {
  let summary = "A weight: a byte range of a file, never loaded into the IR.";
  let description = [{
    `file` indexes the module's `onnx.files`; the tensor's bytes lie there from
    `offset`, row-major, little-endian, 4-bit types packed two per byte with the
    first in the low nibble.

    1. `type` is a ranked tensor with static shape.
    2. `bytes` is the size of `type` in that packing.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       I64Attr:$file, I64Attr:$offset, I64Attr:$bytes);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Onnx_GetInitializerOp : Onnx_Op<"get_initializer"> {
  let summary = "The tensor of an `onnx.initializer`.";
  let arguments = (ins FlatSymbolRefAttr:$name);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def Onnx_ConstantOp : Onnx_Op<"constant", [ConstantLike]> {
  let summary = "A small tensor whose elements are in the IR.";
  let description = [{
    Scalars, axes, masks and what folding makes. Larger tensors are initializers.

    1. The result's type is the type of `value`.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "attr-dict $value `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, value.getShapedType(), value);
  }]>];
}

def Onnx_NoneOp : Onnx_Op<"none", [ConstantLike]> {
  let summary = "An omitted optional operand.";
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasFolder = 1;
}

#endif // LLMC_DIALECTS_ONNX_ONNXBASE_TD

#ifndef LLMC_DIALECTS_ONNX_ONNXMOVEMENT_TD
#define LLMC_DIALECTS_ONNX_ONNXMOVEMENT_TD

include "dialects/onnx/OnnxBase.td"

def Onnx_ReshapeOp : Onnx_Op<"reshape"> {
  let summary = "ONNX Reshape, Squeeze, Unsqueeze, Flatten: the target is the result's type.";
  let description = [{
    1. Input and result have one element type.
    2. Where both shapes are static they have equally many elements.
  }];
  let arguments = (ins AnyTensor:$input);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Onnx_ExpandOp : Onnx_Op<"expand"> {
  let summary = "ONNX Expand, ConstantOfShape: broadcast to the result's type.";
  let arguments = (ins AnyTensor:$input);
  let results = (outs AnyTensor:$result);
}

def Onnx_TransposeOp : Onnx_Op<"transpose"> {
  let summary = "ONNX Transpose: result dimension i is input dimension permutation[i].";
  let description = [{
    1. `permutation` is a permutation of the input's dimensions.
  }];
  let arguments = (ins AnyTensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Onnx_ConcatOp : Onnx_Op<"concat"> {
  let summary = "ONNX Concat.";
  let arguments = (ins Variadic<AnyTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}

def Onnx_SplitOp : Onnx_Op<"split"> {
  let summary = "ONNX Split: the sizes are the results' types.";
  let arguments = (ins AnyTensor:$input, I64Attr:$axis);
  let results = (outs Variadic<AnyTensor>:$results);
}

def Onnx_SliceOp : Onnx_Op<"slice"> {
  let summary = "ONNX Slice: per dimension start + i * step, i below the result's extent.";
  let description = [{
    `starts` gives one affine expression over the module's symbols per input
    dimension (0 where the dimension is not sliced), already clamped and made
    non-negative; `steps` one non-zero integer per dimension.

    1. `starts` and `steps` have one entry per input dimension.
  }];
  let arguments = (ins AnyTensor:$input, AffineMapAttr:$starts,
                       DenseI64ArrayAttr:$steps);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Onnx_DynamicSliceOp : Onnx_Op<"dynamic_slice"> {
  let summary = "ONNX Slice whose bounds are computed from data.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$starts, AnyTensor:$ends,
                       Onnx_OptionalTensor:$axes, Onnx_OptionalTensor:$steps);
  let results = (outs AnyTensor:$result);
}

def Onnx_ShapeOp : Onnx_Op<"shape"> {
  let summary = "ONNX Shape: input extents from dimension start up to end.";
  let arguments = (ins AnyTensor:$input, I64Attr:$start, I64Attr:$end);
  let results = (outs AnyTensor:$result);
}

def Onnx_DimensionsOp : Onnx_Op<"dimensions"> {
  let summary = "A 1-D or scalar i64 tensor of symbolic integers.";
  let description = [{
    What shape arithmetic folds to: element i is result i of `values`, an affine
    map over the module's symbols. Not an ONNX operator.

    1. The result is of rank 0 or 1, with one element per result of `values`.
  }];
  let arguments = (ins AffineMapAttr:$values);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Onnx_GatherOp : Onnx_Op<"gather"> {
  let summary = "ONNX Gather; negative indices count from the end.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$indices, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Onnx_GatherElementsOp : Onnx_Op<"gather_elements"> {
  let summary = "ONNX GatherElements.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$indices, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Onnx_GatherNdOp : Onnx_Op<"gather_nd"> {
  let summary = "ONNX GatherND.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$indices, I64Attr:$batch_dims);
  let results = (outs AnyTensor:$result);
}
def Onnx_ScatterNdOp : Onnx_Op<"scatter_nd"> {
  let summary = "ONNX ScatterND; reduction is none, add, mul, max or min.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$indices, AnyTensor:$updates,
                       StrAttr:$reduction);
  let results = (outs AnyTensor:$result);
}
def Onnx_ScatterElementsOp : Onnx_Op<"scatter_elements"> {
  let summary = "ONNX ScatterElements; reduction is none, add, mul, max or min.";
  let arguments = (ins AnyTensor:$input, AnyTensor:$indices, AnyTensor:$updates,
                       I64Attr:$axis, StrAttr:$reduction);
  let results = (outs AnyTensor:$result);
}
def Onnx_TensorScatterOp : Onnx_Op<"tensor_scatter"> {
  let summary = "ONNX TensorScatter (opset 24): update a cache at write indices.";
  let arguments = (ins AnyTensor:$past, AnyTensor:$update,
                       Onnx_OptionalTensor:$write_indices, I64Attr:$axis,
                       BoolAttr:$circular);
  let results = (outs AnyTensor:$result);
}
def Onnx_TileOp : Onnx_Op<"tile"> {
  let summary = "ONNX Tile: the repeats follow from the result's type.";
  let arguments = (ins AnyTensor:$input);
  let results = (outs AnyTensor:$result);
}
def Onnx_PadOp : Onnx_Op<"pad"> {
  let summary = "ONNX Pad; pads before each dimension, then after; negative crops.";
  let arguments = (ins AnyTensor:$input, Onnx_OptionalTensor:$value,
                       AffineMapAttr:$pads, StrAttr:$mode);
  let results = (outs AnyTensor:$result);
}
def Onnx_TriluOp : Onnx_Op<"trilu"> {
  let summary = "ONNX Trilu; diagonal is a scalar i64 or none.";
  let arguments = (ins AnyTensor:$input, Onnx_OptionalTensor:$diagonal, BoolAttr:$upper);
  let results = (outs AnyTensor:$result);
}
def Onnx_RangeOp : Onnx_Op<"range"> {
  let summary = "ONNX Range: start + i * delta.";
  let arguments = (ins AnyTensor:$start, AnyTensor:$limit, AnyTensor:$delta);
  let results = (outs AnyTensor:$result);
}
def Onnx_OneHotOp : Onnx_Op<"one_hot"> {
  let summary = "ONNX OneHot; values holds off and on.";
  let arguments = (ins AnyTensor:$indices, AnyTensor:$depth, AnyTensor:$values, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Onnx_EyeLikeOp : Onnx_Op<"eye_like"> {
  let summary = "ONNX EyeLike: ones on diagonal k of a matrix of the result's type.";
  let arguments = (ins AnyTensor:$input, I64Attr:$k);
  let results = (outs AnyTensor:$result);
}

#endif // LLMC_DIALECTS_ONNX_ONNXMOVEMENT_TD

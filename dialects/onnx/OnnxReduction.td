#ifndef LLMC_DIALECTS_ONNX_ONNXREDUCTION_TD
#define LLMC_DIALECTS_ONNX_ONNXREDUCTION_TD

include "dialects/onnx/OnnxBase.td"

/// Reduces the listed axes (ascending, non-negative; never empty: a reduction
/// over nothing is imported as what it is, the identity of its element map).
class Onnx_Reduce<string mnemonic> : Onnx_Op<mnemonic> {
  let arguments = (ins AnyTensor:$input, DenseI64ArrayAttr:$axes, BoolAttr:$keepdims);
  let results = (outs AnyTensor:$result);
  let description = [{
    1. `axes` are ascending dimensions of the input.
  }];
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() {
      return verifyAxes(*this, getAxes());
    }
  }];
}
def Onnx_ReduceSumOp : Onnx_Reduce<"reduce_sum"> { let summary = "ONNX ReduceSum."; }
def Onnx_ReduceMeanOp : Onnx_Reduce<"reduce_mean"> { let summary = "ONNX ReduceMean."; }
def Onnx_ReduceMaxOp : Onnx_Reduce<"reduce_max"> { let summary = "ONNX ReduceMax."; }
def Onnx_ReduceMinOp : Onnx_Reduce<"reduce_min"> { let summary = "ONNX ReduceMin."; }
def Onnx_ReduceProdOp : Onnx_Reduce<"reduce_prod"> { let summary = "ONNX ReduceProd."; }
def Onnx_ReduceL1Op : Onnx_Reduce<"reduce_l1"> { let summary = "ONNX ReduceL1."; }
def Onnx_ReduceL2Op : Onnx_Reduce<"reduce_l2"> { let summary = "ONNX ReduceL2."; }
def Onnx_ReduceLogSumOp : Onnx_Reduce<"reduce_log_sum"> { let summary = "ONNX ReduceLogSum."; }
def Onnx_ReduceLogSumExpOp : Onnx_Reduce<"reduce_log_sum_exp"> { let summary = "ONNX ReduceLogSumExp."; }
def Onnx_ReduceSumSquareOp : Onnx_Reduce<"reduce_sum_square"> { let summary = "ONNX ReduceSumSquare."; }

class Onnx_Arg<string mnemonic> : Onnx_Op<mnemonic> {
  let arguments = (ins AnyTensor:$input, I64Attr:$axis, BoolAttr:$keepdims,
                       BoolAttr:$select_last_index);
  let results = (outs AnyTensor:$result);
}
def Onnx_ArgMaxOp : Onnx_Arg<"arg_max"> { let summary = "ONNX ArgMax."; }
def Onnx_ArgMinOp : Onnx_Arg<"arg_min"> { let summary = "ONNX ArgMin."; }

def Onnx_CumSumOp : Onnx_Op<"cum_sum"> {
  let summary = "ONNX CumSum.";
  let arguments = (ins AnyTensor:$input, I64Attr:$axis, BoolAttr:$exclusive, BoolAttr:$reverse);
  let results = (outs AnyTensor:$result);
}
def Onnx_TopKOp : Onnx_Op<"top_k"> {
  let summary = "ONNX TopK: the count follows from the results' types.";
  let arguments = (ins AnyTensor:$input, I64Attr:$axis, BoolAttr:$largest, BoolAttr:$sorted);
  let results = (outs AnyTensor:$values, AnyTensor:$indices);
}

class Onnx_SoftmaxLike<string mnemonic> : Onnx_Op<mnemonic> {
  let arguments = (ins AnyTensor:$input, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Onnx_SoftmaxOp : Onnx_SoftmaxLike<"softmax"> { let summary = "ONNX Softmax over one axis."; }
def Onnx_LogSoftmaxOp : Onnx_SoftmaxLike<"log_softmax"> { let summary = "ONNX LogSoftmax over one axis."; }

#endif // LLMC_DIALECTS_ONNX_ONNXREDUCTION_TD

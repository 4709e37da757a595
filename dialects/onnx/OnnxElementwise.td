#ifndef LLMC_DIALECTS_ONNX_ONNXELEMENTWISE_TD
#define LLMC_DIALECTS_ONNX_ONNXELEMENTWISE_TD

include "dialects/onnx/OnnxBase.td"

/// One operand, one result of the same shape, element by element.
class Onnx_Unary<string mnemonic> : Onnx_Op<mnemonic> {
  let arguments = (ins AnyTensor:$input);
  let results = (outs AnyTensor:$result);
}

foreach name = ["Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos",
                "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh",
                "Atanh", "Tanh", "Sigmoid", "Relu", "Erf", "Floor", "Ceil",
                "Round", "Sign", "Not", "Softplus", "Softsign", "Mish"] in
  def Onnx_#name#Op : Onnx_Unary<!tolower(name)> {
    let summary = "ONNX " # name # ".";
  }

def Onnx_IsNanOp : Onnx_Unary<"is_nan"> { let summary = "ONNX IsNaN."; }
def Onnx_BitwiseNotOp : Onnx_Unary<"bitwise_not"> { let summary = "ONNX BitwiseNot."; }
def Onnx_HardSwishOp : Onnx_Unary<"hard_swish"> { let summary = "ONNX HardSwish."; }

def Onnx_IsInfOp : Onnx_Op<"is_inf"> {
  let summary = "ONNX IsInf.";
  let arguments = (ins AnyTensor:$input, BoolAttr:$detect_negative,
                       BoolAttr:$detect_positive);
  let results = (outs AnyTensor:$result);
}

def Onnx_GeluOp : Onnx_Op<"gelu"> {
  let summary = "ONNX Gelu, com.microsoft Gelu, FastGelu.";
  let arguments = (ins AnyTensor:$input, BoolAttr:$tanh_approximation);
  let results = (outs AnyTensor:$result);
}

/// Activations with one or two parameters, named as in the standard.
class Onnx_Activation<string mnemonic> : Onnx_Op<mnemonic> {
  let arguments = (ins AnyTensor:$input, F32Attr:$alpha, F32Attr:$beta);
  let results = (outs AnyTensor:$result);
  let description = [{`beta` is 0 where the standard has no second parameter.}];
}
def Onnx_EluOp : Onnx_Activation<"elu"> { let summary = "ONNX Elu."; }
def Onnx_CeluOp : Onnx_Activation<"celu"> { let summary = "ONNX Celu."; }
def Onnx_SeluOp : Onnx_Activation<"selu"> { let summary = "ONNX Selu; beta is gamma."; }
def Onnx_LeakyReluOp : Onnx_Activation<"leaky_relu"> { let summary = "ONNX LeakyRelu."; }
def Onnx_HardSigmoidOp : Onnx_Activation<"hard_sigmoid"> { let summary = "ONNX HardSigmoid."; }
def Onnx_ThresholdedReluOp : Onnx_Activation<"thresholded_relu"> { let summary = "ONNX ThresholdedRelu."; }
def Onnx_QuickGeluOp : Onnx_Activation<"quick_gelu"> { let summary = "com.microsoft QuickGelu: x * sigmoid(alpha x)."; }

def Onnx_CastOp : Onnx_Op<"cast"> {
  let summary = "ONNX Cast, CastLike: the result's element type is the target.";
  let arguments = (ins AnyTensor:$input);
  let results = (outs AnyTensor:$result);
}

/// Two operands, broadcast against each other from the right.
class Onnx_Binary<string mnemonic> : Onnx_Op<mnemonic> {
  let arguments = (ins AnyTensor:$lhs, AnyTensor:$rhs);
  let results = (outs AnyTensor:$result);
  let description = [{
    1. Both operands have one element type (of `onnx.pow`, they may differ).
    2. The shapes broadcast to the result's.
  }];
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() { return verifyBinary(*this); }
  }];
}
foreach name = ["Add", "Sub", "Mul", "Div", "Min", "Max", "And", "Or", "Xor",
                "Equal", "Greater", "Less"] in
  def Onnx_#name#Op : Onnx_Binary<!tolower(name)> {
    let summary = "ONNX " # name # ".";
  }
def Onnx_PowOp : Onnx_Binary<"pow"> {
  let summary = "ONNX Pow; the exponent may have another element type.";
}
def Onnx_GreaterOrEqualOp : Onnx_Binary<"greater_or_equal"> { let summary = "ONNX GreaterOrEqual."; }
def Onnx_LessOrEqualOp : Onnx_Binary<"less_or_equal"> { let summary = "ONNX LessOrEqual."; }
def Onnx_PReluOp : Onnx_Binary<"prelu"> { let summary = "ONNX PRelu; rhs is the slope."; }
def Onnx_BitwiseAndOp : Onnx_Binary<"bitwise_and"> { let summary = "ONNX BitwiseAnd."; }
def Onnx_BitwiseOrOp : Onnx_Binary<"bitwise_or"> { let summary = "ONNX BitwiseOr."; }
def Onnx_BitwiseXorOp : Onnx_Binary<"bitwise_xor"> { let summary = "ONNX BitwiseXor."; }
def Onnx_BitShiftOp : Onnx_Op<"bit_shift"> {
  let summary = "ONNX BitShift.";
  let arguments = (ins AnyTensor:$lhs, AnyTensor:$rhs, BoolAttr:$left);
  let results = (outs AnyTensor:$result);
}
def Onnx_ModOp : Onnx_Op<"mod"> {
  let summary = "ONNX Mod; with fmod the sign follows the dividend.";
  let arguments = (ins AnyTensor:$lhs, AnyTensor:$rhs, BoolAttr:$fmod);
  let results = (outs AnyTensor:$result);
}

def Onnx_WhereOp : Onnx_Op<"where"> {
  let summary = "ONNX Where; the three operands broadcast.";
  let arguments = (ins AnyTensor:$condition, AnyTensor:$lhs, AnyTensor:$rhs);
  let results = (outs AnyTensor:$result);
}

def Onnx_ClipOp : Onnx_Op<"clip"> {
  let summary = "ONNX Clip; bounds are scalars or none.";
  let arguments = (ins AnyTensor:$input, Onnx_OptionalTensor:$min,
                       Onnx_OptionalTensor:$max);
  let results = (outs AnyTensor:$result);
}

#endif // LLMC_DIALECTS_ONNX_ONNXELEMENTWISE_TD

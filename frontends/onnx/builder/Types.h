/// ONNX element types and constant tensors as MLIR types and attributes.
///
/// Signed integers become signless ones (`i64`), unsigned ones keep their sign
/// (`ui8`), booleans are `i1`.
#ifndef LLMC_FRONTENDS_ONNX_BUILDER_TYPES_H
#define LLMC_FRONTENDS_ONNX_BUILDER_TYPES_H

#include "frontends/onnx/reader/OnnxModel.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace llmc::onnx {

/// Null for strings, complex numbers and unknown types.
mlir::Type elementType(ElemType type, mlir::MLIRContext *context);

/// \p bytes as the elements of \p type, in ONNX's packing. \p type has a static
/// shape and the bytes are as many as it calls for.
mlir::DenseElementsAttr denseElements(mlir::RankedTensorType type,
                                      std::span<const std::byte> bytes);

/// A tensor of \p count equal or listed integers, as integers, booleans or
/// floats of \p type; null where an integer does not fit exactly.
mlir::DenseElementsAttr denseIntegers(mlir::RankedTensorType type,
                                      llvm::ArrayRef<int64_t> values);

/// A splat of \p value, rounded to the element type of \p type.
mlir::DenseElementsAttr denseSplat(mlir::RankedTensorType type, double value);

/// The elements of \p attribute as integers; nullopt where one is no integer
/// or does not fit, or for more than \p limit elements.
std::optional<llvm::SmallVector<int64_t>>
integersOf(mlir::DenseElementsAttr attribute, int64_t limit);

/// `f32[2, s0 + s1]` for messages, with the names of the symbols.
std::string describeType(mlir::Type type, llvm::ArrayRef<std::string> symbols);
std::string describeExtent(mlir::AffineExpr extent,
                           llvm::ArrayRef<std::string> symbols);

} // namespace llmc::onnx

#endif // LLMC_FRONTENDS_ONNX_BUILDER_TYPES_H

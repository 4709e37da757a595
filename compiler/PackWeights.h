/// From the files that hold a model's weights to the bytes in model.bin.
#ifndef LLMC_COMPILER_PACKWEIGHTS_H
#define LLMC_COMPILER_PACKWEIGHTS_H

#include "compiler/pack/Panels.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "runtime/format/Writer.h"

#include <span>
#include <vector>

namespace llmc {

/// Carries out the transforms of `llm.weight` ops, one tensor at a time, from
/// mapped files; a few pieces of a megabyte or two are in memory.
class WeightPacker {
public:
  /// \p files are the bytes of the module's `onnx.files`, mapped. Call pack()
  /// with more than one of \p threads only where no more processes are forked.
  WeightPacker(mlir::ModuleOp module,
               std::vector<std::span<const std::byte>> files,
               unsigned threads = 1)
      : symbols(module), files(std::move(files)), threads(threads) {}

  /// How the weight lies in the file: type, shape as stored, bytes.
  Result<Weight> describe(llm::WeightOp weight) const;
  /// Writes it: exactly describe().bytes bytes.
  Status pack(llm::WeightOp weight, WeightSink &sink) const;
  /// What pack() reads: bytes of the files. None for a weight that has its
  /// values itself, or that pack() will refuse.
  std::vector<std::span<const std::byte>> reads(llm::WeightOp weight) const;
  /// The most bytes that one thread makes of a weight at once.
  static uint64_t largestPiece(llm::WeightOp weight);

private:
  /// The bytes of an initializer, checked to lie within its file.
  Result<std::span<const std::byte>> bytesOf(onnx::InitializerOp op,
                                             llm::WeightOp weight) const;
  Result<onnx::InitializerOp> initializer(mlir::Attribute reference,
                                          llm::WeightOp weight) const;
  /// A source that arrives quantized in groups.
  Result<pack::Source> groupedSource(llm::WeightOp weight,
                                     unsigned index) const;
  Result<std::vector<pack::Source>> sources(llm::WeightOp weight) const;
  /// False where the weight's elements are not those of its source as they are.
  Result<bool> copyRows(llm::WeightOp weight, WeightSink &sink) const;
  Status packMatrix(llm::WeightOp weight, std::vector<pack::Source> sources,
                    WeightSink &sink) const;

  mutable mlir::SymbolTable symbols;
  std::vector<std::span<const std::byte>> files;
  unsigned threads;
};

/// The element type of a buffer or weight; Internal for a type without one.
Result<ElementType> elementTypeOf(mlir::Type type);

} // namespace llmc

#endif // LLMC_COMPILER_PACKWEIGHTS_H

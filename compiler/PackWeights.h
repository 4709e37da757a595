/// From the files that hold a model's weights to the bytes in model.bin.
#ifndef LLMC_COMPILER_PACKWEIGHTS_H
#define LLMC_COMPILER_PACKWEIGHTS_H

#include "dialects/llm/LlmOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "runtime/format/Writer.h"

#include <span>
#include <vector>

namespace llmc {

/// Carries out the transforms of `llm.weight` ops, one tensor at a time, from
/// mapped files; at most a few panels of one weight are in memory.
class WeightPacker {
public:
  /// \p files are the bytes of the module's `onnx.files`, mapped.
  WeightPacker(mlir::ModuleOp module,
               std::vector<std::span<const std::byte>> files)
      : module(module), files(std::move(files)) {}

  /// How the weight lies in the file: type, shape as stored, bytes.
  Result<Weight> describe(llm::WeightOp weight) const;
  /// Writes it: exactly describe().bytes bytes.
  Status pack(llm::WeightOp weight, WeightSink &sink) const;

private:
  /// A source of a weight: elements of a mapped file.
  struct Source {
    const std::byte *bytes = nullptr;
    mlir::Type element;
    int64_t rows = 0, columns = 0; ///< As the weight sees it.
    bool transposed = false;       ///< Stored [columns, rows].
    int64_t storedRows = 0, storedColumns = 0; ///< Those left out included.
    int64_t firstRow = 0;
    llm::ColumnRanges taken{};
    /// Rows [0, count) of column \p column into \p out, as f32.
    void readColumn(int64_t column, float *out) const;
    float at(int64_t row, int64_t column) const;
  };
  Result<std::vector<Source>> sources(llm::WeightOp weight) const;
  /// False where the weight's elements are not those of its source as they are.
  Result<bool> copyRows(llm::WeightOp weight, WeightSink &sink) const;
  Status packRows(llm::WeightOp weight, llvm::ArrayRef<Source> sources,
                  WeightSink &sink) const;
  Status packPanels(llm::WeightOp weight, llvm::ArrayRef<Source> sources,
                    WeightSink &sink) const;

  mutable mlir::ModuleOp module; // a handle; MLIR has no const one
  std::vector<std::span<const std::byte>> files;
};

/// The element type of a buffer or weight; Internal for a type without one.
Result<ElementType> elementTypeOf(mlir::Type type);

} // namespace llmc

#endif // LLMC_COMPILER_PACKWEIGHTS_H

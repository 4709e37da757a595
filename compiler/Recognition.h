/// What the raise passes found, for the report and for --strict.
#ifndef LLMC_COMPILER_RECOGNITION_H
#define LLMC_COMPILER_RECOGNITION_H

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace llmc {

/// One kind of thing: how many there are, how many were recognised.
struct Recognised {
  std::string what;
  int64_t found = 0, total = 0;
  std::string text() const {
    return what + " " + std::to_string(found) + "/" + std::to_string(total);
  }
};

/// Counts attention in the graph as it was imported.
int64_t countAttention(mlir::ModuleOp module);

/// Counts what llm ops there are in the raised graph, and what stayed plain.
std::vector<Recognised> recognised(mlir::ModuleOp module,
                                   int64_t attentionTotal);

} // namespace llmc

#endif // LLMC_COMPILER_RECOGNITION_H

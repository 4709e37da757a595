/// Integers and types of a program as people read them.
#ifndef LLMC_RUNTIME_VERBS_PROGRAMTEXT_H
#define LLMC_RUNTIME_VERBS_PROGRAMTEXT_H

#include "runtime/format/Program.h"

#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// `T`, `(T + 3)`, `ceil(T/16)*64`; what is nested deeper than six is `…`,
/// since values share parts and could be endless when written out.
std::string valueText(const Program &program, ValueId id, int depth = 0);

/// `f32[T, 64]`.
std::string shapeText(const Program &program, ElementType type,
                      const std::vector<ValueId> &shape);

/// `arena`, `weight`, `input`, `output`, `keys`, `values`.
std::string_view spaceName(Buffer::Space space);

/// `greedy`; `sampling, temperature 0.60, top-k 50, top-p 0.90`.
std::string describeGeneration(const GenerationDefaults &defaults);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_PROGRAMTEXT_H

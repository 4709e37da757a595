/// The memory plan of a program, and as a picture.
#ifndef LLMC_RUNTIME_VERBS_MEMORYPICTURE_H
#define LLMC_RUNTIME_VERBS_MEMORYPICTURE_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// A buffer of the arena that is no view of another: bytes [offset, offset +
/// bytes) from launch `first` to launch `last`.
struct BufferLife {
  size_t buffer = 0;
  int64_t offset = 0, bytes = 0;
  size_t first = 0, last = 0;
};

struct MemoryPlan {
  int64_t arena = 0;             ///< Bytes.
  int64_t mostLive = 0;          ///< Bytes of the buffers that live at once: no plan needs less.
  std::vector<BufferLife> lives; ///< In order of birth.
  std::vector<int64_t> values;   ///< [program.values]
};

/// Where the symbols have these numbers. Errors: those of evaluateValues.
Result<MemoryPlan> memoryPlan(const Program &program, std::span<const int64_t> symbols);

/// An SVG file of its own: launches from left to right, bytes of the arena from
/// below, a rectangle for each buffer over the launches that it lives through,
/// at the largest number of rows. The title says that it is on \p processor. Pointing at one tells its type, place and
/// first and last kernel. Error: BadFlagValue for a graph's program, whose
/// extents are known only when it runs.
Result<std::string> drawMemory(const Model &model, const Program &program,
                               std::string_view processor);

/// The same picture for a page: without a title, the launches \p width units
/// wide, on the page's ground and in its colour of text.
std::string drawMemory(const Model &model, const Program &program, const MemoryPlan &plan,
                       double width);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_MEMORYPICTURE_H

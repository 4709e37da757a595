/// The memory plan of a program as a picture.
#ifndef LLMC_RUNTIME_VERBS_MEMORYPICTURE_H
#define LLMC_RUNTIME_VERBS_MEMORYPICTURE_H

#include "runtime/format/Program.h"
#include "runtime/support/Error.h"

#include <string>

namespace llmc {

/// An SVG file of its own: launches from left to right, bytes of the arena from
/// below, a rectangle for each buffer over the launches that it lives through,
/// at the largest number of rows. Pointing at one tells its type, place and
/// first and last kernel. Error: BadFlagValue for a graph's program, whose
/// extents are known only when it runs.
Result<std::string> drawMemory(const Model &model, const Program &program);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_MEMORYPICTURE_H

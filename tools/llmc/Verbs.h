/// The verbs of llmc that a model.bin does not have.
#ifndef LLMC_TOOLS_LLMC_VERBS_H
#define LLMC_TOOLS_LLMC_VERBS_H

#include <span>
#include <string_view>

namespace llmc {

/// `compile`: \p words stand behind the verb. Returns the exit code.
int compileMain(std::span<const std::string_view> words);
/// `explain`.
int explainMain(std::span<const std::string_view> words);

} // namespace llmc

#endif // LLMC_TOOLS_LLMC_VERBS_H

/// A file of prompts: a line each, or JSON lines.
#ifndef LLMC_RUNTIME_VERBS_PROMPTFILE_H
#define LLMC_RUNTIME_VERBS_PROMPTFILE_H

#include "runtime/support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// A prompt and what its line says about its text; nothing: as the flags say.
struct FilePrompt {
  size_t line = 0; ///< From 1.
  std::string text;
  std::optional<std::vector<int32_t>> ids; ///< Instead of the text.
  std::optional<int64_t> maxTokens, seed, topK;
  std::optional<double> temperature, topP, minP, repetitionPenalty;
  std::optional<std::vector<std::string>> stops;
};

/// Where the first byte is `{`, every line is a JSON object with `prompt` or
/// `ids` and the names of run's flags (`n` for --max-tokens; `stop` is a string
/// or a list of them), and blank lines do not count; else every line is a
/// prompt, an empty one too, but none that is such an object. \p path is for
/// messages. Error: BadPrompts.
Result<std::vector<FilePrompt>> parsePrompts(std::string_view bytes,
                                             const std::string &path);
/// "FILE:3", or where \p path is "-", "standard input, line 3".
std::string placeOf(const std::string &path, size_t line);
/// Of \p path, as InputText takes it. Errors also: those of InputText::read.
Result<std::vector<FilePrompt>> readPrompts(const std::string &path);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_PROMPTFILE_H

/// Normalizers and pre-tokenizers of tokenizer.json as steps.
#ifndef LLMC_FRONTENDS_TOKENIZER_LOWERSTEPS_H
#define LLMC_FRONTENDS_TOKENIZER_LOWERSTEPS_H

#include "frontends/tokenizer/JsonFields.h"
#include "frontends/tokenizer/LowerPipeline.h"

#include <optional>
#include <string_view>

namespace llmc::tokenizer {

/// What ByteLevel splits at where use_regex is set: the pattern of GPT-2
/// (Radford et al. 2019), as the tokenizers library has it built in.
inline constexpr std::string_view byteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view metaspaceMark = "\xE2\x96\x81"; // U+2581

struct StepPattern {
  bool regex; ///< In PCRE2's syntax.
  std::string text;
};
/// {"String": …} or {"Regex": …} of \p part; nothing after a problem was noted.
std::optional<StepPattern> stepPattern(const JsonValue &part,
                                       const std::string &where,
                                       PipelineProblems &problems);

/// Append what \p part does to the steps of \p model.
void lowerNormalizer(const JsonValue &part, TokenizerModel &model,
                     PipelineProblems &problems);
void lowerPreTokenizer(const JsonValue &part, TokenizerModel &model,
                       PipelineProblems &problems);

/// The prepend_scheme of a Metaspace.
PrependScheme prependScheme(Fields &fields, PipelineProblems &problems);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_LOWERSTEPS_H

/// Steps of a normalizer that look at little more than a character.
#ifndef LLMC_RUNTIME_TOKENIZER_CHARACTERSTEPS_H
#define LLMC_RUNTIME_TOKENIZER_CHARACTERSTEPS_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace llmc::tokenizer {

/// Whether what becomes of a text is what becomes of its parts, wherever it is
/// cut in front of a character that does not combine with those before it.
bool isCharacterStep(const NormalizerStep &step);

/// \p text after \p steps, all of which are such. In long texts a character is
/// taken through all steps once and then looked up.
/// Errors: TokenizeLimit.
Result<std::string> applyCharacterSteps(std::span<const NormalizerStep> steps,
                                        std::string_view text);

/// Appends \p text with every \p pattern (not empty) replaced, from left to
/// right.
void appendReplaced(std::string &out, std::string_view text,
                    std::string_view pattern, std::string_view content);
std::string replaceAll(std::string_view text, std::string_view pattern,
                       std::string_view content);

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_CHARACTERSTEPS_H

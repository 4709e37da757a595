/// Runs the steps of a normalizer over one stretch of text.
#ifndef LLMC_RUNTIME_TOKENIZER_NORMALIZER_H
#define LLMC_RUNTIME_TOKENIZER_NORMALIZER_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/Charsmap.h"
#include "runtime/tokenizer/Pattern.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class Normalizer {
public:
  /// Compiles the patterns. Errors: UnsupportedTokenizer, BadTokenizer.
  static Result<Normalizer> create(std::vector<NormalizerStep> steps);

  struct Output {
    std::string text;
    bool lostFront; ///< White space at the front was stripped.
  };
  /// Whether there are no steps.
  bool empty() const { return steps.empty(); }
  /// \p text after all steps. Errors: TokenizeLimit.
  Result<Output> apply(std::string_view text, StepBudget &budget) const;

private:
  std::vector<NormalizerStep> steps;
  std::vector<std::optional<Pattern>> patterns;   // [steps]
  std::vector<std::optional<Charsmap>> charsmaps; // [steps]
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_NORMALIZER_H

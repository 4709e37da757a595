/// Runs the steps of a pre-tokenizer: cuts text into the pieces within which
/// the model works, and rewrites it where a step says so.
#ifndef LLMC_RUNTIME_TOKENIZER_PRETOKENIZER_H
#define LLMC_RUNTIME_TOKENIZER_PRETOKENIZER_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/Pattern.h"
#include "runtime/tokenizer/TokenizerModel.h"
#include "runtime/tokenizer/WordCache.h"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class PreTokenizer {
public:
  /// Compiles the patterns. Errors: UnsupportedTokenizer.
  static Result<PreTokenizer> create(std::vector<PreTokenizerStep> steps);

  /// Receives a piece, which is not empty and stays only during the call.
  using TakePiece = std::function<void(std::string_view)>;

  /// Cuts \p text, which stands at the very beginning of the input where
  /// \p atStart is set. Each piece goes through all steps before the next is
  /// looked for, so that the memory is that of the longest piece. What was
  /// cut off is a word of \p cache, which may be null.
  /// Errors: TokenizeLimit.
  Status apply(std::string_view text, bool atStart, StepBudget &budget,
               WordCache *cache, const TakePiece &take) const;

  size_t stepCount() const { return steps.size(); }

private:
  std::vector<PreTokenizerStep> steps;
  std::vector<std::optional<Pattern>> patterns; // [steps]

  struct Run;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_PRETOKENIZER_H

/// Runs the steps of a pre-tokenizer: cuts text into the pieces within which
/// BPE merges, and rewrites it where a step says so.
#ifndef LLMC_RUNTIME_TOKENIZER_PRETOKENIZER_H
#define LLMC_RUNTIME_TOKENIZER_PRETOKENIZER_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/Pattern.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

/// Text and the pieces that it is cut into: adjacent or with gaps (what a step
/// removed), in order, none empty.
struct Pieces {
  std::string text;
  std::vector<Range> ranges;
};

class PreTokenizer {
public:
  /// Compiles the patterns. Errors: UnsupportedTokenizer.
  static Result<PreTokenizer> create(std::vector<PreTokenizerStep> steps);

  /// Cuts \p text, which stands at the very beginning of the input where
  /// \p atStart is set. Errors: TokenizeLimit.
  Result<Pieces> apply(std::string text, bool atStart,
                       StepBudget &budget) const;

private:
  std::vector<PreTokenizerStep> steps;
  std::vector<std::optional<Pattern>> patterns; // [steps]

  Status split(size_t step, Pieces &pieces, StepBudget &budget) const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_PRETOKENIZER_H

/// A split pattern that can be searched for: by its table where it has one,
/// else by PCRE2 with limits. A text that would make it search too long is an
/// error, never a crash or a hang.
#ifndef LLMC_RUNTIME_TOKENIZER_PATTERN_H
#define LLMC_RUNTIME_TOKENIZER_PATTERN_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/MatchRepeats.h"
#include "runtime/tokenizer/Range.h"
#include "runtime/tokenizer/SplitTable.h"
#include "runtime/tokenizer/StepBudget.h"

#include <memory>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class Pattern {
public:
  /// \p table, which must be valid, or where it is empty \p text, compiled by
  /// PCRE2 with UTF and UCP. Errors: UnsupportedTokenizer where PCRE2 does not
  /// take it.
  static Result<Pattern> create(std::string_view text,
                                const SplitTable &table = {});

  Pattern(Pattern &&) noexcept;
  Pattern &operator=(Pattern &&) noexcept;
  ~Pattern();

  /// Searches with one pattern; what it needs for that is made once. Many may
  /// search with the same pattern at a time. Keeps a reference to the pattern.
  class Matcher {
  public:
    explicit Matcher(const Pattern &pattern);
    ~Matcher();
    /// Gives \p take all matches in \p text (valid UTF-8, below 2 GiB) from
    /// left to right; a match may be empty, but not right behind another.
    /// Where \p repeater is not null, it may get those that repeat.
    /// Errors: TokenizeLimit.
    Status findAll(std::string_view text, StepBudget &budget,
                   const TakeMatch &take,
                   const MatchRepeater *repeater = nullptr);

  private:
    struct State;
    std::unique_ptr<State> state;
  };

  /// One search with a Matcher and a budget of its own.
  Result<std::vector<Range>> findAll(std::string_view text) const;

private:
  struct Impl;
  explicit Pattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_PATTERN_H

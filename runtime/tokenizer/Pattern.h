/// A compiled PCRE2 pattern, matched with limits: a text that would make it
/// search too long is an error, never a crash or a hang.
#ifndef LLMC_RUNTIME_TOKENIZER_PATTERN_H
#define LLMC_RUNTIME_TOKENIZER_PATTERN_H

#include "runtime/support/Error.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

/// A half-open range of bytes of some text.
struct Range {
  uint32_t begin;
  uint32_t end;
};

class Pattern {
public:
  /// Compiles \p text (PCRE2 with UTF and UCP). Errors: UnsupportedTokenizer
  /// where PCRE2 does not take it.
  static Result<Pattern> compile(std::string_view text);

  Pattern(Pattern &&) noexcept;
  Pattern &operator=(Pattern &&) noexcept;
  ~Pattern();

  /// Searches with one pattern; what it needs for that is made once. Many may
  /// search with the same pattern at a time. Keeps a reference to the pattern.
  class Matcher {
  public:
    explicit Matcher(const Pattern &pattern);
    ~Matcher();
    /// All matches in \p text (valid UTF-8, below 2 GiB) from left to right; a
    /// match may be empty, but not right behind another. Replaces \p found.
    /// Errors: TokenizeLimit.
    Status findAll(std::string_view text, std::vector<Range> &found);

  private:
    struct State;
    std::unique_ptr<State> state;
  };

  /// One search with a Matcher of its own.
  Result<std::vector<Range>> findAll(std::string_view text) const;

private:
  struct Impl;
  explicit Pattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_PATTERN_H

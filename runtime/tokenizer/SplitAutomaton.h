/// Runs a SplitTable over texts, reading each character once where it can.
#ifndef LLMC_RUNTIME_TOKENIZER_SPLITAUTOMATON_H
#define LLMC_RUNTIME_TOKENIZER_SPLITAUTOMATON_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/MatchRepeats.h"
#include "runtime/tokenizer/Range.h"
#include "runtime/tokenizer/SplitTable.h"
#include "runtime/tokenizer/StepBudget.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class SplitAutomaton {
public:
  /// Copies what it needs of \p table, which must be valid.
  explicit SplitAutomaton(const SplitTable &table);

  /// Gives \p take all matches in \p text (valid UTF-8, below 2 GiB) from left
  /// to right; a match may be empty, but not right behind another. A character
  /// that is read is a step. Where \p repeater is not null, it gets those that
  /// repeat. Errors: TokenizeLimit.
  Status findAll(std::string_view text, StepBudget &budget,
                 const TakeMatch &take,
                 const MatchRepeater *repeater = nullptr) const;

private:
  size_t classes;
  bool matchesEmpty = false; ///< Whether a match may be empty.
  std::vector<uint16_t> next, start;
  std::array<uint8_t, 128> ascii;
  std::vector<uint16_t> blocks; // [0x110000 / 256] index into kinds
  std::vector<uint8_t> kinds;   // [distinct blocks][256]

  uint8_t kindOf(char32_t c) const {
    return kinds[size_t(blocks[c >> 8]) << 8 | (c & 255)];
  }
  uint8_t kindAt(std::string_view text, size_t at, size_t &length) const;

  struct Tail;
  struct Attempt;
  template <bool careful>
  Attempt attempt(std::string_view text, size_t from, uint16_t state,
                  Tail &tail) const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_SPLITAUTOMATON_H

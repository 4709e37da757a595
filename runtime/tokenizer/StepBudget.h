/// What the patterns of a tokenizer may do for one text.
#ifndef LLMC_RUNTIME_TOKENIZER_STEPBUDGET_H
#define LLMC_RUNTIME_TOKENIZER_STEPBUDGET_H

#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace llmc::tokenizer {

/// One for each text that is encoded, whatever it is cut into: a hostile text
/// ends in an error after time that is linear in its length. Common patterns
/// take up to three steps a byte.
class StepBudget {
public:
  /// For a search of \p bytes of text.
  void grant(size_t bytes) { left += stepsPerByte * bytes; }
  /// False, and nothing is left, where there are fewer than \p steps.
  bool spend(uint64_t steps) {
    bool enough = steps <= left;
    left = enough ? left - steps : 0;
    return enough;
  }
  uint64_t remaining() const { return left; }

  static Error exceededAt(size_t byte) {
    return {Code::TokenizeLimit, "cannot split the text into words",
            "byte " + std::to_string(byte) + " of the text",
            "the tokenizer's pattern would read it again and again",
            "tokenize it in smaller parts"};
  }

private:
  static constexpr uint64_t stepsPerByte = 64;
  uint64_t left = 1'000'000;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_STEPBUDGET_H

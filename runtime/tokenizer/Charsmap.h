/// The precompiled character map of SentencePiece: rules from texts to texts
/// in a double array (Aoe 1989, in the layout of Darts-clone).
#ifndef LLMC_RUNTIME_TOKENIZER_CHARSMAP_H
#define LLMC_RUNTIME_TOKENIZER_CHARSMAP_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/ByteTrie.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class Charsmap {
public:
  /// Reads \p blob, untrusted: the size of the array in bytes, the array, and
  /// the replacements, each with a zero byte behind it. \p kept are texts that
  /// no rule touches, each with a zero byte behind it.
  /// Errors: BadTokenizer.
  static Result<Charsmap> create(std::string_view blob, std::string_view kept);

  /// The longest rule at each place, or the character as it is.
  /// Errors: TokenizeLimit.
  Result<std::string> applyLongest(std::string_view text) const;
  /// As the tokenizers library applies it: the shortest rule that begins a
  /// grapheme of less than six bytes replaces all of it; where there is none,
  /// the shortest rule for each character does.
  Result<std::string> applyToGraphemes(std::string_view text) const;

private:
  std::vector<uint32_t> units;
  std::string pool;
  ByteTrie kept;

  /// Calls \p found(length, replacement) for each rule that begins \p text.
  /// Returns how many bytes it looked at, or one more.
  template <typename F> size_t eachRule(std::string_view text, F found) const;
  bool shortest(std::string_view text, std::string_view &replacement) const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_CHARSMAP_H

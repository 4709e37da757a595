/// Finds added tokens in text: the longest at each place, from left to right.
#ifndef LLMC_RUNTIME_TOKENIZER_ADDEDTOKENS_H
#define LLMC_RUNTIME_TOKENIZER_ADDEDTOKENS_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/ByteTrie.h"
#include "runtime/tokenizer/Range.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

/// A stretch of text: an added token, or what lies between them.
struct Section {
  int32_t id; ///< -1: text.
  Range range;
};

class AddedTokenFinder {
public:
  /// Notes that \p text (not empty) is looked for as \p token; of equal texts
  /// the first counts.
  void add(std::string_view text, const AddedToken &token);
  /// To be called once, behind the last add().
  void finish();

  using TakeSection = std::function<Status(Section)>;

  /// Gives \p take the sections of \p text, of which none is empty; special
  /// tokens are matched only where \p parseSpecial is set, and stay text
  /// otherwise, as they do where they touch one of \p plain (in order, apart
  /// from each other). Errors: those of \p take.
  Status split(std::string_view text, bool parseSpecial,
               std::span<const Range> plain, const TakeSection &take) const;

private:
  std::vector<std::string> texts; // [tokens] until finish()
  std::vector<AddedToken> tokens;
  ByteTrie trie; // Of texts; values are indices into tokens.
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_ADDEDTOKENS_H

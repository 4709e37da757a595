/// Finds added tokens in text: the longest at each place, from left to right.
#ifndef LLMC_RUNTIME_TOKENIZER_ADDEDTOKENS_H
#define LLMC_RUNTIME_TOKENIZER_ADDEDTOKENS_H

#include "runtime/tokenizer/Range.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <span>
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
  AddedTokenFinder();

  /// Looks for \p text (not empty) as \p token from now on.
  void add(std::string_view text, const AddedToken &token);

  /// Cuts \p text; special tokens are matched only where \p parseSpecial is
  /// set, and stay text otherwise, as they do where they touch one of \p plain
  /// (in order, apart from each other).
  std::vector<Section> split(std::string_view text, bool parseSpecial,
                             std::span<const Range> plain = {}) const;

private:
  /// A node of a trie over bytes; its children are a linked list.
  struct Node {
    uint8_t byte;
    int32_t token = -1; // Index into tokens.
    uint32_t child = 0; // 0: none, as the root is nobody's child.
    uint32_t sibling = 0;
  };
  std::vector<Node> nodes;
  std::vector<AddedToken> tokens;

  uint32_t findChild(uint32_t node, uint8_t byte) const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_ADDEDTOKENS_H

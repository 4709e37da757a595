#include "runtime/tokenizer/WordModel.h"

#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

namespace llmc::tokenizer {

WordModel::WordModel(const TokenizerModel &model) : model(model) {
  std::vector<bool> outside = tokensOutside(model);
  std::vector<std::pair<std::string_view, int32_t>> all, continuing;
  for (size_t i = 0; i < model.tokens.size(); ++i) {
    if (!isModelToken(model, outside, i))
      continue;
    std::string_view text = model.tokens[i];
    all.push_back({text, int32_t(i)});
    if (model.kind == ModelKind::WordPiece &&
        text.starts_with(model.continuingPrefix))
      continuing.push_back(
          {text.substr(model.continuingPrefix.size()), int32_t(i)});
  }
  first = ByteTrie(std::move(all));
  others = ByteTrie(std::move(continuing));
}

/// Whether all of \p piece was read; where not, \p ids may have some of it.
bool WordModel::readWord(std::string_view piece,
                         std::vector<int32_t> &ids) const {
  const ByteTrie *trie = &first;
  while (!piece.empty()) {
    ByteTrie::Match match = trie->longestPrefix(piece);
    if (match.length == 0)
      return false;
    ids.push_back(match.value);
    piece.remove_prefix(match.length);
    trie = &others;
  }
  return true;
}

void WordModel::encode(std::string_view piece,
                       std::vector<int32_t> &ids) const {
  if (piece.empty())
    return;
  if (model.kind == ModelKind::LongestMatch) {
    while (!piece.empty()) {
      ByteTrie::Match match = first.longestPrefix(piece);
      if (match.length == 0) {
        match = {decodeOne(piece).length, model.unkId};
      }
      if (match.value >= 0)
        ids.push_back(match.value);
      piece.remove_prefix(match.length);
    }
    return;
  }
  if (model.kind == ModelKind::WordLevel) {
    ByteTrie::Match match = first.longestPrefix(piece);
    ids.push_back(match.length == piece.size() ? match.value : model.unkId);
    return;
  }
  size_t base = ids.size();
  size_t characters =
      size_t(std::count_if(piece.begin(), piece.end(),
                           [](char c) { return (uint8_t(c) & 0xC0) != 0x80; }));
  if (characters <= model.maxWordCharacters && readWord(piece, ids))
    return;
  ids.resize(base);
  ids.push_back(model.unkId);
}

} // namespace llmc::tokenizer

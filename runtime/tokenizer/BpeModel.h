/// Byte-pair encoding of one piece of text: symbols of one character each are
/// merged, the merge of lowest rank first and of equal ones the leftmost, until
/// none applies (Sennrich et al., arXiv 1508.07909).
///
/// A piece of n symbols takes O(n log n) whatever its text: words are merged in
/// place, and longer pieces in windows that have a queue of candidates.
#ifndef LLMC_RUNTIME_TOKENIZER_BPEMODEL_H
#define LLMC_RUNTIME_TOKENIZER_BPEMODEL_H

#include "runtime/tokenizer/MergeTable.h"
#include "runtime/tokenizer/PieceModel.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace llmc::tokenizer {

class BpeModel final : public PieceModel {
public:
  /// Builds the tables for \p model, which passed checkModel(). Keeps views of
  /// its tokens: it must stay where it is.
  explicit BpeModel(const TokenizerModel &model);

  /// Appends the ids of \p piece (valid UTF-8, below 2 GiB).
  void encode(std::string_view piece, std::vector<int32_t> &ids) const override;

  /// The id of the BPE vocabulary's token with this text, or -1.
  int32_t find(std::string_view text) const;

  /// Pieces of up to this many symbols (at most maxShort) are merged in place;
  /// windows have windowSymbols, of which the last windowMargin are not yet
  /// trusted. Public so that a test can compare the ways.
  size_t shortThreshold = maxShort;
  size_t windowSymbols = 2048;
  size_t windowMargin = 256;
  static constexpr size_t maxShort = 64;

private:
  const TokenizerModel &model;
  std::unordered_map<std::string_view, int32_t> ids;
  MergeTable merges;
  std::vector<int32_t> byteIds; // [256] ids of "<0xHH>", or -1
  // [0x400] ids of single characters, or -1; the same with the suffix.
  std::vector<int32_t> letterIds, lastLetterIds;

  struct SymbolReader;
  /// Merges the \p n symbols at \p ids; returns how many are left.
  size_t mergeShort(int32_t *ids, size_t n) const;
  /// Appends the ids of \p piece, which has at least two symbols. False where
  /// windows do not do; what was appended is then wrong.
  bool mergeWindows(std::string_view piece, std::vector<int32_t> &ids) const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_BPEMODEL_H

/// The segmentation of highest score (Kudo, arXiv 1804.10959), by Viterbi.
#ifndef LLMC_RUNTIME_TOKENIZER_UNIGRAMMODEL_H
#define LLMC_RUNTIME_TOKENIZER_UNIGRAMMODEL_H

#include "runtime/tokenizer/ByteTrie.h"
#include "runtime/tokenizer/PieceModel.h"

namespace llmc::tokenizer {

/// A character that no token begins with costs ten below the lowest score.
/// Neighbouring unknown characters are one token, or their bytes where the
/// vocabulary falls back to these. Time and memory are linear in the text; what
/// lies before a position that no token reaches over is given out, as is, now
/// and then, what lies before one that all paths pass.
class UnigramModel final : public PieceModel {
public:
  explicit UnigramModel(const TokenizerModel &model);
  void encode(std::string_view piece, std::vector<int32_t> &ids) const override;

  /// From so many bytes on, a piece has a cache of stretches that it had
  /// before. Public so that a test can compare the ways.
  size_t worthACache = 4096;

private:
  const TokenizerModel &model;
  ByteTrie trie;
  std::vector<double> scores; // [vocab]; of user-defined tokens the bonus
  std::vector<int32_t> byteIds;
  double unknownScore = 0;
  double farthestScore = 0; ///< From 0.
  size_t longestToken = 0;  ///< In bytes.
  bool bytesComplete = false;
  bool falling = false;  ///< No score is above 0.
  bool wordwise = false; ///< No token reaches over a border of words.
  static constexpr size_t mostNodes = size_t(1) << 14; ///< Before it looks.

  /// \p Score is the type that sums are kept in.
  template <typename Score> struct Search;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_UNIGRAMMODEL_H

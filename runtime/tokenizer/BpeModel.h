/// Byte-pair encoding of one piece of text: symbols of one character each are
/// merged, the merge of lowest rank first and of equal ones the leftmost, until
/// none applies (Sennrich et al., arXiv 1508.07909).
///
/// A piece of n symbols takes O(n log n) whatever its text: words are merged in
/// place; longer pieces have a heap of candidates, and very long ones a bucket
/// of positions per rank, which does not fall out of the cache when millions of
/// symbols share a rank.
#ifndef LLMC_RUNTIME_TOKENIZER_BPEMODEL_H
#define LLMC_RUNTIME_TOKENIZER_BPEMODEL_H

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

  /// Pieces of up to this many symbols (at most maxShort) are merged in place,
  /// those of more than bucketThreshold with buckets, and others with a heap.
  /// Public so that a test can compare the three.
  size_t shortThreshold = maxShort;
  size_t bucketThreshold = size_t(1) << 14;
  static constexpr size_t maxShort = 32;

private:
  struct Pair {
    uint64_t key = ~uint64_t(0); // left << 32 | right; all ones: free
    uint32_t rank = 0;
    int32_t result = -1;
  };
  struct Symbols;
  struct HeapQueue;
  struct BucketQueue;

  const TokenizerModel &model;
  std::unordered_map<std::string_view, int32_t> ids;
  bool anyTied = false;
  std::vector<Pair> pairs;      // Open addressing; the size is a power of two.
  std::vector<int32_t> byteIds; // [256] ids of "<0xHH>", or -1
  std::vector<int32_t> letterIds; // [0x400] ids of single characters, or -1

  const Pair *findPair(int32_t left, int32_t right) const;
  void insertPair(int32_t left, int32_t right, uint32_t rank, int32_t result);
  void makeSymbols(std::string_view piece, std::vector<int32_t> &ids) const;
  /// Merges the \p n symbols at \p ids; returns how many are left.
  size_t mergeShort(int32_t *ids, size_t n) const;
  template <typename Queue> void merge(Symbols &symbols, Queue &queue) const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_BPEMODEL_H

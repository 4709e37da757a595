/// Byte-pair encoding of a part of a long piece.
#ifndef LLMC_RUNTIME_TOKENIZER_BPEWINDOW_H
#define LLMC_RUNTIME_TOKENIZER_BPEWINDOW_H

#include "runtime/tokenizer/MergeQueue.h"
#include "runtime/tokenizer/MergeTable.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmc::tokenizer {

/// Merges up to 2^32 - 1 symbols, in O(n log n) whatever they are. Its arrays
/// stay for the next use.
class BpeWindow {
public:
  struct Token {
    int32_t id;
    uint32_t symbols; ///< How many it is made of.
    bool operator==(const Token &) const = default;
  };
  std::vector<Token> tokens;  ///< What the last merge() left.
  std::vector<int32_t> input; ///< What it was given.

  /// Merges the \p count symbols at \p ids: the pair of lowest rank first and
  /// of equal ones the leftmost, until there is none.
  void merge(const MergeTable &table, const int32_t *ids, size_t count);

private:
  static constexpr uint32_t none = ~uint32_t(0);
  // A doubly linked list: position i keeps its place in the text.
  struct Symbol {
    int32_t id; // -1: merged into its left neighbour.
    uint32_t left, right;
  };
  std::vector<Symbol> list;
  std::vector<uint64_t> first;
  MergeQueue queue;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_BPEWINDOW_H

/// Finds which of many texts begin a given one.
#ifndef LLMC_RUNTIME_TOKENIZER_BYTETRIE_H
#define LLMC_RUNTIME_TOKENIZER_BYTETRIE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace llmc::tokenizer {

/// Immutable. The children of a node lie side by side in order of their byte;
/// those of the root are looked up by it.
class ByteTrie {
public:
  ByteTrie() = default;
  /// Each text (not empty) and its value (not negative); of equal texts the
  /// first counts. Keeps no reference.
  explicit ByteTrie(std::vector<std::pair<std::string_view, int32_t>> entries);

  bool empty() const { return nodes.empty(); }

  /// Whether there is a text that begins with \p first; not where it is empty.
  bool begins(char first) const { return root[uint8_t(first)] != none; }

  /// Calls \p found(length, value) for each text that begins \p text, the
  /// shortest first. Returns how many bytes it looked at.
  template <typename F>
  size_t eachPrefix(std::string_view text, F found) const {
    if (text.empty() || nodes.empty())
      return 0;
    uint32_t node = root[uint8_t(text[0])];
    for (size_t n = 1;; ++n) {
      if (node == none)
        return n;
      if (nodes[node].value >= 0)
        found(n, nodes[node].value);
      if (n == text.size())
        return n;
      node = child(node, uint8_t(text[n]));
    }
  }

  struct Match {
    size_t length = 0; ///< 0: none.
    int32_t value = -1;
  };
  Match longestPrefix(std::string_view text) const {
    Match best;
    eachPrefix(text,
               [&](size_t length, int32_t value) { best = {length, value}; });
    return best;
  }

private:
  static constexpr uint32_t none = ~uint32_t(0);
  struct Node {
    uint32_t firstChild;
    uint16_t children;
    uint8_t byte;
    int32_t value;
  };
  std::vector<Node> nodes;
  std::array<uint32_t, 256> root;

  uint32_t child(uint32_t node, uint8_t byte) const {
    const Node &n = nodes[node];
    uint32_t begin = n.firstChild, count = n.children;
    while (count > 8) {
      uint32_t half = count / 2;
      if (nodes[begin + half].byte <= byte)
        begin += half, count -= half;
      else
        count = half;
    }
    for (uint32_t i = begin; i < begin + count; ++i)
      if (nodes[i].byte == byte)
        return i;
    return none;
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_BYTETRIE_H

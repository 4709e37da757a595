/// Finds where a streamed text ends because a stop string occurs in it.
#ifndef LLMC_RUNTIME_SAMPLING_STOPMATCHER_H
#define LLMC_RUNTIME_SAMPLING_STOPMATCHER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::sampling {

/// Gives out text as soon as it cannot belong to a stop string. What it finds
/// does not depend on how the text is cut into parts: it stops at the first
/// byte that completes a stop string, and of those completed there the longest
/// counts.
///
/// An automaton over all stop strings (Aho, Corasick, CACM 1975): the depth of
/// its state is the length of the longest end of the text that could still
/// become a stop string, which is what has to be held back.
class StopMatcher {
public:
  /// Empty stop strings are ignored.
  explicit StopMatcher(const std::vector<std::string> &stops);

  /// Takes the next part; returns what can be given out. After the stop it
  /// returns nothing more.
  std::string push(std::string_view part);
  /// The text has ended without a stop: returns what was held back.
  std::string flush();

  bool stopped() const { return match >= 0; }
  /// Which of the stop strings was found, or -1.
  int32_t matchedStop() const { return match; }
  /// Bytes of the text before the stop string, or so far.
  uint64_t textLength() const { return givenOut; }
  /// Forgets the text, to begin another.
  void reset();

private:
  struct Node {
    uint8_t byte = 0;
    uint32_t child = 0;   // 0: none
    uint32_t sibling = 0; // 0: none
    uint32_t fallback = 0;
    uint32_t depth = 0;
    int32_t stop = -1; // The longest stop string that ends here.
  };
  std::vector<Node> nodes;
  std::vector<uint32_t> stopLengths; // [stops]
  uint32_t state = 0;
  int32_t match = -1;
  uint64_t givenOut = 0;
  std::string held;

  uint32_t findChild(uint32_t node, uint8_t byte) const;
  uint32_t next(uint32_t node, uint8_t byte) const;
};

} // namespace llmc::sampling

#endif // LLMC_RUNTIME_SAMPLING_STOPMATCHER_H

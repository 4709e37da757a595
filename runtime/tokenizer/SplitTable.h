/// A split pattern that became a table at compile time: a deterministic
/// automaton over classes of characters.
///
/// It finds what a backtracking search finds, the first alternative that
/// matches, because its states are lists of positions in order of preference
/// (frontends/tokenizer/CompilePattern.h makes them). An entry is taken with
/// the character behind the position in hand, so that looking ahead at one
/// character costs nothing.
#ifndef LLMC_RUNTIME_TOKENIZER_SPLITTABLE_H
#define LLMC_RUNTIME_TOKENIZER_SPLITTABLE_H

#include <cstdint>
#include <vector>

namespace llmc::tokenizer {

/// The table as plain data. Class `classes` stands for the end of the text and,
/// where the character before counts, for its beginning.
struct SplitTable {
  /// Code points from `first` on, up to the next run, are of class `kind`.
  struct Run {
    uint32_t first;
    uint8_t kind;
  };
  static constexpr uint16_t matchBit = 0x8000; ///< A match ends here.
  static constexpr uint16_t dead = 0;          ///< The state without matches.

  uint32_t classes = 0;        ///< 0: there is no table. At most 254.
  std::vector<Run> runs;       ///< Ascending; the first begins at 0.
  std::vector<uint16_t> next;  ///< [states][classes + 1] state and matchBit
  std::vector<uint16_t> start; ///< [classes + 1] by the class of what is before

  bool empty() const { return classes == 0; }
  /// Whether every class and state that it names is there, and a search ends
  /// with the text.
  bool isValid() const;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_SPLITTABLE_H

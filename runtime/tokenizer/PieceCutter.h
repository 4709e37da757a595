/// Cuts a text at separators that are found from left to right.
#ifndef LLMC_RUNTIME_TOKENIZER_PIECECUTTER_H
#define LLMC_RUNTIME_TOKENIZER_PIECECUTTER_H

#include "runtime/tokenizer/Range.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace llmc::tokenizer {

/// \p Take is called with each piece, a Range that is not empty; where it gives
/// false, so does what called it.
template <typename Take> class PieceCutter {
public:
  /// Where \p invert is set, what lies between separators counts as these.
  PieceCutter(uint32_t size, SplitBehavior behavior, bool invert, Take take)
      : size(size), behavior(behavior), invert(invert), take(take) {}

  /// May be empty: it then separates and vanishes.
  bool separator(Range r) {
    if (from < r.begin && !part({from, r.begin}, invert))
      return false;
    from = r.end;
    return part(r, !invert);
  }

  /// All that hangs on what came before \p at, with offsets from there.
  std::array<uint32_t, 4> stateAt(size_t at) const {
    // A part at the front of the text is not like the others.
    uint32_t flags = uint32_t(any && last.begin == 0) << 2 |
                     uint32_t(lastSeparates) << 1 | uint32_t(any);
    auto offset = [&](uint32_t place) { return uint32_t(at) - place; };
    return {flags, offset(from), any ? offset(last.begin) : 0,
            any ? offset(last.end) : 0};
  }
  /// What came in the last \p bytes came again, up to so many bytes further on.
  void shift(size_t bytes) {
    from += uint32_t(bytes);
    last.begin += uint32_t(bytes);
    last.end += uint32_t(bytes);
  }

  bool finish() {
    return (from >= size || part({from, size}, invert)) && flush();
  }

private:
  uint32_t size;
  SplitBehavior behavior;
  bool invert;
  Take take;
  uint32_t from = 0; // Behind the last separator.
  // The last part may yet be joined with the next.
  Range last{0, 0};
  bool lastSeparates = false;
  bool any = false;

  bool flush() { return last.begin == last.end || take(last); }

  bool joins(bool separates) const {
    switch (behavior) {
    case SplitBehavior::Contiguous:
      return separates == lastSeparates;
    case SplitBehavior::MergedWithPrevious:
      return separates && !lastSeparates;
    case SplitBehavior::MergedWithNext:
      return !separates && lastSeparates;
    default:
      return false;
    }
  }

  bool part(Range r, bool separates) {
    if (behavior == SplitBehavior::Removed && separates)
      return true;
    if (any && joins(separates)) {
      last.end = r.end;
    } else {
      if (!flush())
        return false;
      last = r;
      any = true;
    }
    lastSeparates = separates;
    return true;
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_PIECECUTTER_H

/// Lets who reads a text from left to right skip what repeats.
#ifndef LLMC_RUNTIME_TOKENIZER_REPEATS_H
#define LLMC_RUNTIME_TOKENIZER_REPEATS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace llmc::tokenizer {

/// A part of a text, up to `end`, in which each byte stands again `period`
/// bytes further on, if that is in it too.
struct RepeatedPart {
  size_t period = 0;
  size_t end = 0; ///< 0: there is none.
};

/// The one that begins at \p at, if it is worth it: of a short period, and as
/// long as several of these. Takes a time that is linear in its length.
RepeatedPart findRepeatedPart(std::string_view text, size_t at);

/// Whether a text is long enough to look for such parts.
inline bool isWorthSkipping(std::string_view text) {
  return text.size() >= 8192;
}

/// A reader is what makes something of a text. At a place where it can say all
/// that its future hangs on besides the text ahead (a \p State, with offsets
/// from that place), it asks here. If it stood in the same state some periods
/// before, then what it has done since is what it will do again and again: it
/// repeats that many times what it has made since, and goes on behind it.
template <typename State> class Repeats {
public:
  explicit Repeats(std::string_view text)
      : text(text), next(isWorthSkipping(text) ? 0 : never) {}

  /// Whether there is reason to visit() at \p at.
  bool wanted(size_t at) const { return at >= next; }

  struct Skip {
    size_t bytes = 0; ///< Of the text, that are passed each time.
    size_t times = 0; ///< 0: there is nothing to skip.
    size_t mark = 0;  ///< What was told where it was in this state before.
  };

  /// The reader stands at \p at, and has looked at no byte from \p reach on;
  /// the end of the text counts as one. \p mark is any number of its own;
  /// \p stateOf() is asked only where it matters.
  template <typename F>
  Skip visit(size_t at, size_t reach, size_t mark, F stateOf) {
    if (part.end != 0 && at >= part.end)
      part = {};
    if (part.end == 0) {
      part = findRepeatedPart(text, at);
      if (part.end == 0) {
        next = at + stride;
        return {};
      }
      refer(at, mark, stateOf());
      return {};
    }
    if (resting) {
      size_t longer = 2 * patience;
      refer(at, mark, stateOf());
      patience = longer;
      return {};
    }
    if (at > known.at && (at - known.at) % part.period == 0 &&
        stateOf() == known.state) {
      size_t bytes = at - known.at;
      reach = std::max(reach, at);
      size_t times = reach < part.end ? (part.end - reach) / bytes : 0;
      if (times == 0)
        leave(at);
      return {bytes, times, known.mark};
    }
    if (++visits > fewVisits && at - known.at > patience) {
      // Perhaps the state lies before those that come back; perhaps none does,
      // and what is spent in vain must be a small part of the whole.
      resting = true;
      next = at + 32 * patience;
    }
    return {};
  }

  struct Reference {
    size_t at = 0, mark = 0;
    State state{};
  };
  /// The state that must come back; null where nothing repeats here.
  const Reference *reference() const {
    return part.end != 0 ? &known : nullptr;
  }
  /// From now on it is this state that must come back.
  void refer(size_t at, size_t mark, State state) {
    known = {at, mark, std::move(state)};
    next = at + 1;
    patience = 4 * part.period + 128;
    visits = 0;
    resting = false;
  }
  /// Is to be visited again from \p at on.
  void wait(size_t at) { next = at; }
  /// Where no more is to be skipped here.
  void leave(size_t at) {
    part = {};
    next = at + stride;
  }

private:
  static constexpr size_t stride = 4096;
  static constexpr size_t fewVisits = 64;
  static constexpr size_t never = std::numeric_limits<size_t>::max();
  std::string_view text;
  size_t next; // Where to be visited again.
  RepeatedPart part;
  Reference known;
  size_t patience = 0; // How far the state may be from the one to come back.
  size_t visits = 0;   // Since that one.
  bool resting = false;
};

/// For readers whose future hangs on the text alone.
struct NoState {
  bool operator==(const NoState &) const = default;
};
inline NoState noState() { return {}; }

/// Appends \p times what stands in \p made from \p mark on.
template <typename Container>
void repeatSince(Container &made, size_t mark, size_t times) {
  size_t size = made.size() - mark;
  if (size == 0 || times == 0)
    return;
  size_t needed = made.size() + size * times;
  if (made.capacity() < needed)
    made.reserve(std::max(needed, made.capacity() + made.capacity() / 2));
  // A block that stays in the nearest cache.
  size_t atOnce = std::clamp<size_t>(4096 / size, 1, times);
  Container block(made.begin() + ptrdiff_t(mark), made.end());
  for (size_t i = 1; i < atOnce; ++i)
    block.insert(block.end(), made.begin() + ptrdiff_t(mark), made.end());
  for (; times >= atOnce; times -= atOnce)
    made.insert(made.end(), block.begin(), block.end());
  made.insert(made.end(), block.begin(),
              block.begin() + ptrdiff_t(times * size));
}

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_REPEATS_H

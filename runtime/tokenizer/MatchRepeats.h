/// Lets a search for matches skip what repeats.
#ifndef LLMC_RUNTIME_TOKENIZER_MATCHREPEATS_H
#define LLMC_RUNTIME_TOKENIZER_MATCHREPEATS_H

#include "runtime/tokenizer/Repeats.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace llmc::tokenizer {

/// Who takes matches and can take again those that it took.
struct MatchRepeater {
  using State = std::array<uint32_t, 4>;
  /// How much it has made of what is in front of \p at, where no match
  /// reaches over.
  std::function<size_t(size_t at)> mark;
  /// All else that it keeps, with offsets from \p at.
  std::function<State(size_t at)> stateAt;
  /// What it has made since \p mark, of \p bytes of text, comes \p times more.
  std::function<void(size_t mark, size_t bytes, size_t times)> repeat;
};

/// Of one search in one text; see Repeats.
class MatchRepeats {
public:
  /// Skips nothing where \p taker is null.
  MatchRepeats(std::string_view text, const MatchRepeater *taker)
      : repeats(taker ? text : std::string_view()), taker(taker) {}

  bool wanted(size_t at) const { return repeats.wanted(at); }

  /// The search is at \p at in \p state, and has looked at no byte from
  /// \p reach on. Returns how many bytes it is to skip. Kept out of loops that
  /// seldom come here.
  [[gnu::noinline]] size_t visit(size_t at, size_t reach, uint32_t state) {
    auto stateOf = [&] { return Both{state, taker->stateAt(at)}; };
    auto skip = repeats.visit(at, reach, taker->mark(at), stateOf);
    if (skip.times == 0)
      return 0;
    taker->repeat(skip.mark, skip.bytes, skip.times);
    repeats.leave(at + skip.bytes * skip.times);
    return skip.bytes * skip.times;
  }

private:
  struct Both {
    uint32_t search = 0;
    MatchRepeater::State taker{};
    bool operator==(const Both &) const = default;
  };
  Repeats<Both> repeats;
  const MatchRepeater *taker;
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_MATCHREPEATS_H

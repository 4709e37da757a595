/// What a search for the best segmentation hangs on at one place.
#ifndef LLMC_RUNTIME_TOKENIZER_UNIGRAMWINDOW_H
#define LLMC_RUNTIME_TOKENIZER_UNIGRAMWINDOW_H

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace llmc::tokenizer {

/// Of a place: the best tokens that end there or behind it, with their sums.
/// Two are equal where the same text ahead leads to the same tokens, though
/// their sums differ: by an even number of spacings between numbers (so that
/// all is rounded alike, see UnigramCache), as long as no sum leaves the powers
/// of two that are around them. \p Score is float or double.
template <typename Score> class UnigramWindow {
  using Bits = std::conditional_t<sizeof(Score) == 4, uint32_t, uint64_t>;
  static constexpr int mantissaBits = std::numeric_limits<Score>::digits - 1;

public:
  Score sum = 0;           ///< At the place itself.
  bool meets = false;      ///< Every path passes the place.
  size_t unknownBegin = 0; ///< Of unknown characters that wait; not compared.

  UnigramWindow() = default;
  UnigramWindow(Score sum, bool meets, bool unknown, size_t unknownBegin)
      : sum(sum), meets(meets), unknownBegin(unknownBegin), unknown(unknown) {}

  /// The token that ends at the next position, the first being the place.
  void add(int32_t id, Score itsSum) {
    Score more = itsSum - sum;
    nodes.push_back({id, more});
    spread = std::max(spread, std::abs(double(more)));
    nearer = std::max(nearer, std::abs(double(sum)) - std::abs(double(itsSum)));
  }

  bool operator==(const UnigramWindow &o) const {
    return roundingOf(sum) == roundingOf(o.sum) && meets == o.meets &&
           unknown == o.unknown && nodes == o.nodes;
  }

  /// How often the way from \p before, which is equal and \p bytes in front,
  /// can be gone again. No score is farther from 0 than \p farthest; where
  /// \p falling is set, none is above it.
  size_t timesFrom(const UnigramWindow &before, size_t bytes, double farthest,
                   bool falling) const {
    double from = std::abs(double(before.sum)), to = std::abs(double(sum));
    if (to == 0 || !std::isfinite(to))
      return 0;
    double low = std::ldexp(1.0, std::ilogb(to)), high = 2 * low;
    double spacing = std::ldexp(low, -mantissaBits);
    // Each byte is at most one token.
    double around = spread + double(bytes + 1) * (farthest + spacing);
    // What only falls does not come back to the lower power, nor is it rounded
    // to that from below.
    bool leaves = falling && sum < 0;
    auto inside = [&](double x) {
      return (leaves ? x - nearer >= low : x - around > low) &&
             x + around < high;
    };
    if (!inside(from) || !inside(to))
      return 0;
    double each = to - from;
    if (each == 0)
      return std::numeric_limits<size_t>::max();
    double room = (each > 0 ? high - to : to - low) - around;
    double times = std::floor(room / std::abs(each)) - 2;
    return times < 1 ? 0 : size_t(std::min(times, 1e15));
  }
  /// The sum when that was done; exact, as it keeps to the powers of two.
  Score sumAfter(const UnigramWindow &before, size_t times) const {
    return Score(double(sum) +
                 double(times) * (double(sum) - double(before.sum)));
  }

  /// Whether unknown characters wait here as they did at \p before, \p bytes in
  /// front: none, as many, or one run of them goes from there to here.
  bool followsUnknown(const UnigramWindow &before, size_t bytes) const {
    return !unknown || unknownBegin == before.unknownBegin ||
           unknownBegin == before.unknownBegin + bytes;
  }

private:
  bool unknown = false; // Characters wait.
  double spread = 0;    // No sum is farther from that of the place,
  double nearer = 0;    // and none that much nearer to 0.
  std::vector<std::pair<int32_t, Score>> nodes;

  /// The sign and the powers of two around it, and whether it is odd.
  static Bits roundingOf(Score sum) {
    auto bits = std::bit_cast<Bits>(sum);
    return bits >> mantissaBits << 1 | (bits & 1);
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_UNIGRAMWINDOW_H

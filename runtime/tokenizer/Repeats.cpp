#include "runtime/tokenizer/Repeats.h"

#include <cstring>

namespace llmc::tokenizer {

/// How many bytes are equal at \p a and \p b, of at most \p size.
static size_t equalBytes(const char *a, const char *b, size_t size) {
  size_t n = 0;
  while (size - n > 64 && std::memcmp(a + n, b + n, 64) == 0)
    n += 64;
  while (n < size && a[n] == b[n])
    ++n;
  return n;
}

RepeatedPart findRepeatedPart(std::string_view text, size_t at) {
  // Each candidate is looked at for at most `worthSkipping` bytes in vain.
  constexpr size_t maxPeriod = 1024, worthSkipping = 2048, keyBytes = 16;
  constexpr int maxCandidates = 8;
  if (text.size() - at < worthSkipping + maxPeriod)
    return {};
  const char *front = text.data() + at, *from = front + 1;
  const char *last = front + maxPeriod + keyBytes;
  for (int i = 0; i < maxCandidates; ++i) {
    auto again = static_cast<const char *>(
        memmem(from, size_t(last - from), front, keyBytes));
    if (!again)
      return {};
    auto period = size_t(again - front);
    size_t equal = equalBytes(front, again, text.size() - at - period);
    if (equal >= worthSkipping && equal >= 4 * period)
      return {period, at + period + equal};
    from = again + 1;
  }
  return {};
}

} // namespace llmc::tokenizer

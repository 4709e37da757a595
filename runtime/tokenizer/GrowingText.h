/// A text that is made from another one, which may be much shorter.
#ifndef LLMC_RUNTIME_TOKENIZER_GROWINGTEXT_H
#define LLMC_RUNTIME_TOKENIZER_GROWINGTEXT_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/Repeats.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace llmc::tokenizer {

/// Room is made for all of it at the rate so far, so that it is moved seldom;
/// it stays below 2 GiB.
class GrowingText {
public:
  std::string text;

  /// Will be made of \p inputBytes.
  explicit GrowingText(size_t inputBytes) : inputBytes(inputBytes) {
    text.reserve(inputBytes);
  }

  /// Where \p left bytes of the input are not yet read. False: too much.
  [[gnu::always_inline]] bool append(std::string_view part, size_t left) {
    if (text.capacity() - text.size() < part.size() && !grow(part.size(), left))
      return false;
    text += part;
    return true;
  }

  /// Appends \p times what it has from \p mark on. False: too much.
  bool repeat(size_t mark, size_t times) {
    size_t size = text.size() - mark;
    if (size != 0 && times >= (limit - text.size()) / size)
      return false;
    repeatSince(text, mark, times);
    return true;
  }

  static Error tooLong() {
    return {Code::TokenizeLimit,
            "cannot normalize the text",
            {},
            "it would be longer than 2 GiB",
            "tokenize it in smaller parts"};
  }

private:
  static constexpr size_t limit = size_t(1) << 31;
  size_t inputBytes;

  bool grow(size_t more, size_t left) {
    size_t needed = text.size() + more;
    if (needed >= limit)
      return false;
    size_t done = std::max<size_t>(inputBytes - std::min(left, inputBytes), 1);
    double all = 1.05 * double(needed) / double(done) * double(inputBytes);
    size_t wanted = std::max(needed + needed / 2,
                             size_t(std::min(all, 8.0 * double(needed))));
    text.reserve(std::min(wanted, limit));
    return true;
  }
};

} // namespace llmc::tokenizer

#endif // LLMC_RUNTIME_TOKENIZER_GROWINGTEXT_H

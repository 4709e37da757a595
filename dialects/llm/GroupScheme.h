/// Weights of few bits with a scale for each group of K and column. Plain C++:
/// kernels, passes and the packer share it.
#ifndef LLMC_DIALECTS_LLM_GROUPSCHEME_H
#define LLMC_DIALECTS_LLM_GROUPSCHEME_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace llmc::llm {

/// Spelled "w4g32": `bits` 4 or 8, `size` a multiple of 32 (a block of the
/// canonical sum has one scale); a trailing "z" where each group has a zero
/// point as well, else that is the middle of the range.
struct GroupScheme {
  int64_t bits = 4;
  int64_t size = 32;
  bool zeros = false;

  /// A group of a panel in bytes: a line of 16 f32 scales, one of 16 f32 zero
  /// points where there are any, then the lines of weights.
  int64_t headerBytes() const { return 64 * (1 + zeros); }
  int64_t bytes() const { return headerBytes() + size * 16 * bits / 8; }
  /// The number that stands for zero where no zero points are stored.
  int64_t middle() const { return int64_t(1) << (bits - 1); }
  std::string text() const;
};

/// "w8" and "w8a8": bytes with a scale for each column.
inline bool hasScaledColumns(std::string_view scheme) {
  return scheme == "w8" || scheme == "w8a8";
}
/// "w8a8": what is multiplied with the weights is rounded to bytes as well, with
/// a scale for each row, chosen as the row is met.
inline bool quantizesInputs(std::string_view scheme) {
  return scheme == "w8a8";
}
/// The longest K whose products of bytes fit 32 bits: 2^31 / 127^2, less what
/// whole lines add.
constexpr int64_t longestByteSum = 131072;

/// None for what is no such scheme.
std::optional<GroupScheme> parseGroupScheme(std::string_view scheme);

} // namespace llmc::llm

#endif // LLMC_DIALECTS_LLM_GROUPSCHEME_H

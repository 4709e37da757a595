#include "dialects/llm/GroupScheme.h"

#include <charconv>

namespace llmc::llm {

std::string GroupScheme::text() const {
  return "w" + std::to_string(bits) + "g" + std::to_string(size) +
         (zeros ? "z" : "");
}

std::optional<GroupScheme> parseGroupScheme(std::string_view scheme) {
  const char *at = scheme.data(), *end = at + scheme.size();
  auto number = [&](char letter, int64_t &into) {
    if (at == end || *at != letter)
      return false;
    auto [next, error] = std::from_chars(at + 1, end, into);
    at = next;
    return error == std::errc();
  };
  GroupScheme result;
  if (!number('w', result.bits) || !number('g', result.size))
    return std::nullopt;
  result.zeros = at != end && *at == 'z';
  constexpr int64_t largest = int64_t(1) << 20;
  if (at + result.zeros != end || (result.bits != 4 && result.bits != 8) ||
      result.size <= 0 || result.size > largest || result.size % 32)
    return std::nullopt;
  return result;
}

} // namespace llmc::llm

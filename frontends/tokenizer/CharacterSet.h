/// Sets of Unicode code points, as a pattern writes them.
#ifndef LLMC_FRONTENDS_TOKENIZER_CHARACTERSET_H
#define LLMC_FRONTENDS_TOKENIZER_CHARACTERSET_H

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

class CharacterSet {
public:
  static constexpr uint32_t end = 0x110000; ///< Behind the last code point.

  /// A half-open range of code points.
  struct Span {
    uint32_t begin, end;
    bool operator==(const Span &) const = default;
  };

  CharacterSet() = default;
  /// The code points from \p first to \p last, both included.
  CharacterSet(uint32_t first, uint32_t last) : parts{{first, last + 1}} {}

  /// The characters of a general category ("L", "Lu", "L&"), or nothing where
  /// \p name is none.
  static std::optional<CharacterSet> ofCategory(std::string_view name);

  void add(const CharacterSet &other);
  CharacterSet complement() const;
  /// With each ASCII letter also the characters that are the same but for their
  /// case.
  void foldAscii();

  bool contains(uint32_t c) const;
  /// In ascending order, apart from each other.
  const std::vector<Span> &spans() const { return parts; }
  bool operator==(const CharacterSet &) const = default;

private:
  std::vector<Span> parts;
};

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_CHARACTERSET_H

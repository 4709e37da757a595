/// Split patterns as trees: the part of PCRE2's syntax that an automaton can
/// follow.
#ifndef LLMC_FRONTENDS_TOKENIZER_PATTERNTREE_H
#define LLMC_FRONTENDS_TOKENIZER_PATTERNTREE_H

#include "frontends/tokenizer/CharacterSet.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

struct PatternNode {
  enum class Kind : uint8_t {
    Set,       ///< One character of `set`.
    Concat,    ///< All of `parts`; none: the empty text.
    Alternate, ///< The first of `parts` that leads to a match.
    Repeat,    ///< parts[0], `least` to `most` times.
    Ahead,     ///< The next character is of `set`, or there is none: `atEdge`.
    Behind     ///< The same of the character before.
  };
  static constexpr uint32_t unbounded = ~uint32_t(0);

  Kind kind = Kind::Concat;
  CharacterSet set;
  bool atEdge = false;
  uint32_t least = 0, most = 0;
  bool lazy = false; ///< Rather fewer times than more.
  std::vector<PatternNode> parts;
};

/// Reads \p pattern, which translatePattern() made. Nothing where it has a
/// construct that is no automaton's (references, atomic groups, lookaround at
/// more than one character) or that is not known here (scripts, case folding
/// beyond ASCII); \p why then names it.
std::optional<PatternNode> readPatternTree(std::string_view pattern,
                                           std::string &why);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_PATTERNTREE_H

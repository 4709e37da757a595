/// PTX text as tokens. A word keeps its dots and double colons together:
/// `cp.async.bulk.shared::cluster`, `%tid.x` and `.b32` are one token each.
#ifndef LLMC_RUNTIME_SIM_PTX_LEXER_H
#define LLMC_RUNTIME_SIM_PTX_LEXER_H

#include <cstdint>
#include <string_view>

namespace llmc::sim {

enum class TokenKind : uint8_t {
  End,
  Word,    ///< Identifiers, registers, opcodes, directives.
  Integer, ///< `bits` holds the value.
  Float32, ///< `bits` holds the bits of 0fXXXXXXXX.
  Float64, ///< `bits` holds the bits of 0dX…X or of a decimal fraction.
  Text,    ///< A string; `text` is what stands between the quotes.
  Mark,    ///< One character of punctuation.
  Bad,     ///< No token of PTX; `text` is where it begins.
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;
  uint64_t bits = 0;
  uint32_t line = 1;

  bool is(char mark) const {
    return kind == TokenKind::Mark && text[0] == mark;
  }
  bool is(std::string_view word) const {
    return kind == TokenKind::Word && text == word;
  }
};

/// Reads tokens one after the other; never beyond the text.
class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}
  Token next();

private:
  bool skipBlanks(); ///< False where a comment has no end.
  Token number();

  std::string_view text;
  size_t at = 0;
  uint32_t line = 1;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_PTX_LEXER_H

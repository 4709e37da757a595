/// The text of a chat template as tokens, with white space as transformers sets
/// Jinja up: trim_blocks and lstrip_blocks are on.
#ifndef LLMC_FRONTENDS_TEMPLATE_TEMPLATELEXER_H
#define LLMC_FRONTENDS_TEMPLATE_TEMPLATELEXER_H

#include "runtime/support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::chat {

struct Token {
  enum class Kind : uint8_t {
    Data,        ///< text: goes to the output.
    OutputBegin, ///< {{
    OutputEnd,
    BlockBegin, ///< {%
    BlockEnd,
    Name,     ///< text, as are the next four.
    String,   ///< Its value, without quotes and escapes.
    Operator, ///< "(", "**" …
    Integer,
    Float,
    End, ///< Of the template; once, the last.
  };
  Kind kind;
  uint32_t line; ///< From 1.
  std::string text;
  int64_t integer = 0;
  double real = 0;

  bool is(Kind k) const { return kind == k; }
  bool isOperator(std::string_view what) const {
    return kind == Kind::Operator && text == what;
  }
  bool isName(std::string_view what) const {
    return kind == Kind::Name && text == what;
  }
};

/// Longer templates are refused; the longest known ones have 30 KB.
inline constexpr size_t maxTemplateBytes = 1 << 20;

/// Cuts \p source; \p name is for messages. Errors: BadTemplate,
/// UnsupportedTemplate.
Result<std::vector<Token>> lexTemplate(std::string_view source,
                                       const std::string &name);

} // namespace llmc::chat

#endif // LLMC_FRONTENDS_TEMPLATE_TEMPLATELEXER_H

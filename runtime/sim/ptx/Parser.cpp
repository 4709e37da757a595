#include "runtime/sim/ptx/Parser.h"

#include "runtime/sim/ptx/ParserImpl.h"

namespace llmc::sim {

Result<Module> parsePtx(std::string_view text, const ParseLimits &limits) {
  if (text.size() > limits.textBytes)
    return Error{
        Code::BadPtx, "cannot read the PTX text", "",
        "it is longer than " + std::to_string(limits.textBytes) + " bytes", ""};
  // Drivers take text that ends with a zero byte.
  text = text.substr(0, text.find('\0'));
  Module module;
  module.bytes.assign(text.begin(), text.end());
  Parser parser(module, limits);
  if (!parser.parseModule())
    return parser.takeError();
  return module;
}

Parser::Parser(Module &module, const ParseLimits &limits)
    : module(module), limits(limits), lexer(module.text()) {
  advance();
}

bool Parser::failAt(uint32_t line, std::string what) {
  if (!failed)
    failure = {Code::BadPtx, "cannot read the PTX text",
               "line " + std::to_string(line), std::move(what),
               "compile the model again; if that does not help, report its graph"};
  failed = true;
  return false;
}

/// An error at the current token, which is shown.
bool Parser::fail(std::string_view what) {
  std::string found = token.kind == TokenKind::End
                          ? "the end of the text"
                          : "'" + std::string(token.text.substr(0, 60)) + "'";
  return failAt(token.line, std::string(what) + ", but found " + found);
}

bool Parser::take(char mark) {
  if (!token.is(mark))
    return false;
  advance();
  return true;
}

bool Parser::takeWord(std::string_view word) {
  if (!token.is(word))
    return false;
  advance();
  return true;
}

bool Parser::expect(char mark) {
  return take(mark) || fail(std::string("expected '") + mark + "'");
}

bool Parser::parseUnsigned(uint64_t &value, uint64_t limit,
                           std::string_view what) {
  if (token.kind != TokenKind::Integer)
    return fail("expected " + std::string(what));
  if (token.bits > limit)
    return fail("expected " + std::string(what) + " of at most " +
                std::to_string(limit));
  value = token.bits;
  advance();
  return true;
}

bool Parser::parseVersion() {
  std::string_view text = token.text;
  size_t dot = text.find('.');
  if (token.kind != TokenKind::Float64 || dot == 0 || dot > 2 ||
      text.size() - dot > 3)
    return fail("expected a version such as 8.0");
  for (char c : text.substr(0, dot))
    module.versionMajor = module.versionMajor * 10 + unsigned(c - '0');
  for (char c : text.substr(dot + 1))
    module.versionMinor = module.versionMinor * 10 + unsigned(c - '0');
  if (module.versionMajor < 6 || module.versionMajor > 9 ||
      (module.versionMajor == 9 && module.versionMinor > 0))
    return fail("expected a version of PTX from 6.0 to 9.0");
  advance();
  return true;
}

bool Parser::parseTarget() {
  if (token.kind != TokenKind::Word ||
      (!token.text.starts_with("sm_") && !token.text.starts_with("compute_")))
    return fail("expected a target such as sm_80");
  module.target = token.text;
  advance();
  while (take(',')) {
    if (token.kind != TokenKind::Word)
      return fail("expected a target option");
    advance();
  }
  return true;
}

/// Debug information: `.section .debug_str { … }`.
bool Parser::skipSection() {
  if (token.kind != TokenKind::Word)
    return fail("expected the section's name");
  advance();
  if (!expect('{'))
    return false;
  while (!token.is('}')) {
    if (token.kind == TokenKind::End || token.kind == TokenKind::Bad)
      return fail("expected the section's end");
    advance();
  }
  advance();
  return true;
}

/// `.loc` and `.file` end with their line.
bool Parser::skipLine() {
  uint32_t line = token.line;
  while (token.kind != TokenKind::End && token.line == line) {
    if (token.kind == TokenKind::Bad)
      return fail("expected a directive's arguments");
    advance();
  }
  return true;
}

bool Parser::parseLinked() {
  bool external = false;
  for (;;) {
    if (takeWord(".extern"))
      external = true;
    else if (!takeWord(".visible") && !takeWord(".weak") &&
             !takeWord(".common"))
      break;
  }
  if (takeWord(".entry"))
    return parseFunction(true, external);
  if (takeWord(".func"))
    return parseFunction(false, external);
  Space space;
  if (takeWord(".global"))
    space = Space::Global;
  else if (takeWord(".const"))
    space = Space::Const;
  else if (takeWord(".shared"))
    space = Space::Shared;
  else
    return fail("expected a function, a variable or a directive");
  size_t first = module.variables.size();
  if (!parseVariables(space, external, module.variables, false))
    return false;
  for (size_t i = first; i < module.variables.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (module.variables[j].name == module.variables[i].name &&
          !module.variables[j].external)
        return failAt(token.line, "the variable '" +
                                      std::string(module.variables[i].name) +
                                      "' is defined twice");
  return true;
}

bool Parser::parseModule() {
  if (!takeWord(".version"))
    return fail("expected .version");
  if (!parseVersion())
    return false;
  if (!takeWord(".target"))
    return fail("expected .target");
  if (!parseTarget())
    return false;
  while (token.kind != TokenKind::End) {
    if (takeWord(".address_size")) {
      uint64_t bits;
      if (!parseUnsigned(bits, 64, "64"))
        return false;
      if (bits != 64)
        return failAt(token.line, "only 64-bit addresses are supported");
    } else if (token.is(".file") || token.is(".loc")) {
      if (!skipLine())
        return false;
    } else if (takeWord(".section")) {
      if (!skipSection())
        return false;
    } else if (takeWord(".pragma")) {
      if (token.kind != TokenKind::Text)
        return fail("expected the pragma's text");
      advance();
      if (!expect(';'))
        return false;
    } else if (!parseLinked()) {
      return false;
    }
  }
  for (const Function &function : module.functions)
    if (!function.defined)
      return failAt(function.line, "the function '" +
                                       std::string(function.name) +
                                       "' is declared but not defined");
  return true;
}

} // namespace llmc::sim

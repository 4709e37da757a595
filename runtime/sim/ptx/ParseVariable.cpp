#include "runtime/sim/ptx/ParserImpl.h"

#include <bit>
#include <cstring>

namespace llmc::sim {

/// `[4][8]`; an empty first pair leaves the size open.
bool Parser::parseDimensions(Variable &variable, uint64_t elements) {
  variable.bytes = elements;
  bool first = true;
  while (take('[')) {
    uint64_t count = 0;
    if (token.is(']') && first) {
      variable.bytes = 0;
    } else {
      if (!parseUnsigned(count, limits.variableBytes, "an array's size"))
        return false;
      if (count != 0 && variable.bytes > limits.variableBytes / count)
        return failAt(token.line, "the variable '" +
                                      std::string(variable.name) +
                                      "' is larger than the limit");
      variable.bytes *= count;
    }
    if (!expect(']'))
      return false;
    first = false;
  }
  variableBytes += variable.bytes;
  if (variableBytes > limits.variableBytes)
    return failAt(token.line,
                  "the module's variables are larger than the limit");
  return true;
}

/// One number or address of an initialiser.
bool Parser::parseInitialValue(Variable &variable, Type type) {
  bool minus = take('-');
  unsigned size = typeBytes(type);
  uint64_t bits = token.bits;
  if (token.kind == TokenKind::Word) {
    AddressInit init;
    init.offset = variable.init.size();
    init.generic = takeWord("generic");
    if (init.generic && !expect('('))
      return false;
    if (token.kind != TokenKind::Word || size != 8 || minus)
      return fail("expected a number");
    init.variable = token.text;
    advance();
    if (init.generic && !expect(')'))
      return false;
    if (take('+')) {
      uint64_t addend;
      if (!parseUnsigned(addend, limits.variableBytes, "an offset"))
        return false;
      init.addend = int64_t(addend);
    }
    variable.addresses.push_back(std::move(init));
    bits = 0;
  } else {
    if (token.kind == TokenKind::Integer) {
      if (minus)
        bits = 0 - bits;
      if (type == Type::F32)
        bits = std::bit_cast<uint32_t>(float(int64_t(bits)));
      else if (type == Type::F64)
        bits = std::bit_cast<uint64_t>(double(int64_t(bits)));
    } else if (token.kind == TokenKind::Float32 ||
               token.kind == TokenKind::Float64) {
      bool single = token.kind == TokenKind::Float32;
      if (!single && size == 4)
        bits = std::bit_cast<uint32_t>(float(std::bit_cast<double>(bits)));
      if (minus)
        bits ^= uint64_t(1) << (size == 4 ? 31 : 63);
    } else {
      return fail("expected a number");
    }
    advance();
  }
  char raw[8];
  memcpy(raw, &bits, sizeof raw);
  variable.init.append(raw, size);
  return true;
}

/// Numbers in braces, which may nest by dimension. Inner lists must be full.
bool Parser::parseInitialiser(Variable &variable, Type type, unsigned depth) {
  if (typeBytes(type) == 0 || typeBytes(type) > 8)
    return fail("expected a type that can be initialised");
  if (!take('{'))
    return parseInitialValue(variable, type);
  if (depth > 8)
    return fail("expected fewer nested braces");
  while (!token.is('}')) {
    if (!parseInitialiser(variable, type, depth + 1))
      return false;
    if (variable.bytes != 0 && variable.init.size() > variable.bytes)
      return failAt(token.line, "the initialiser of '" +
                                    std::string(variable.name) +
                                    "' is longer than the variable");
    if (!take(','))
      break;
  }
  return expect('}');
}

/// What follows `.global`, `.shared`, `.param` …; \p single: a parameter of a
/// list, without a semicolon.
bool Parser::parseVariables(Space space, bool external,
                            std::vector<Variable> &into, bool single) {
  uint32_t align = 0;
  uint64_t lanes = 1;
  Type type = Type::None;
  while (token.kind == TokenKind::Word && token.text[0] == '.') {
    if (takeWord(".align")) {
      uint64_t value;
      if (!parseUnsigned(value, limits.align, "an alignment"))
        return false;
      if (!std::has_single_bit(value))
        return failAt(token.line, "an alignment is no power of two");
      if (type == Type::None) // Behind `.ptr` it is the pointee's.
        align = uint32_t(value);
    } else if (takeWord(".v2") || takeWord(".v4")) {
      return fail("expected a variable without a vector type");
    } else if (takeWord(".ptr") || takeWord(".global") || takeWord(".shared") ||
               takeWord(".const") || takeWord(".local") ||
               takeWord(".noalias") || takeWord(".managed")) {
      if (type == Type::None)
        return fail("expected a type");
    } else if (auto parsed = parseType(token.text.substr(1))) {
      type = *parsed;
      advance();
    } else {
      return fail("expected a variable's type");
    }
  }
  if (typeBytes(type) == 0)
    return fail("expected a variable's type");
  do {
    Variable variable;
    variable.space = space;
    variable.external = external;
    variable.align = align ? align : typeBytes(type);
    if (token.kind != TokenKind::Word || token.text[0] == '.')
      return fail("expected a variable's name");
    variable.name = token.text;
    advance();
    if (!parseDimensions(variable, typeBytes(type) * lanes))
      return false;
    if (take('=')) {
      if (space != Space::Global && space != Space::Const)
        return fail("expected no initialiser in this space");
      variable.hasInit = true;
      if (!parseInitialiser(variable, type, 0))
        return false;
      variable.bytes = std::max<uint64_t>(variable.bytes, variable.init.size());
    }
    if (&into == &module.variables)
      globals[variable.name] = uint32_t(into.size());
    into.push_back(std::move(variable));
  } while (!single && take(','));
  return single || expect(';');
}

} // namespace llmc::sim

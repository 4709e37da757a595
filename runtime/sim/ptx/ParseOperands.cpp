#include "runtime/sim/ptx/ParserImpl.h"

namespace llmc::sim {
namespace {

constexpr unsigned kMaxDepth = 4;
constexpr size_t kMaxElements = 512;

} // namespace

/// Looks from the innermost scope outwards, for the whole name and then for
/// its prefix in front of a number.
bool Parser::findRegister(std::string_view name, uint32_t &index) const {
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
    --digits;
  std::string_view number = name.substr(digits);
  bool numbered = !number.empty() && number.size() < 8 &&
                  (number.size() == 1 || number[0] != '0');
  uint32_t value = 0;
  for (char c : number.substr(0, 8))
    value = value * 10 + uint32_t(c - '0');
  for (size_t i = scopes.size(); i-- > 0;) {
    const auto &known = scopes[i].registers;
    if (auto found = known.find(name);
        found != known.end() && !found->second.numbered) {
      index = found->second.first;
      return true;
    }
    // A name may end in digits before its number begins: %v1<4>.
    for (size_t cut = numbered ? digits : name.size(); cut < name.size();
         ++cut) {
      auto found = known.find(name.substr(0, cut));
      if (found == known.end() || !found->second.numbered)
        continue;
      uint32_t rest = 0;
      for (char c : name.substr(cut))
        rest = rest * 10 + uint32_t(c - '0');
      if (rest < found->second.count) {
        index = found->second.first + rest;
        return true;
      }
    }
  }
  return false;
}

/// ` + 16`, ` + -16` or ` - 16` behind a name.
bool Parser::parseAddend(Operand &operand) {
  bool minus = token.is('-');
  if (!minus && !token.is('+'))
    return true;
  advance();
  if (take('-'))
    minus = !minus;
  uint64_t value;
  if (!parseUnsigned(value, uint64_t(1) << 40, "an offset"))
    return false;
  operand.value += minus ? -int64_t(value) : int64_t(value);
  return true;
}

bool Parser::parseList(Function &function, Operand &operand, char close,
                       unsigned depth) {
  operand.kind = Operand::Kind::Vector;
  while (!token.is(close)) {
    if (operand.elements.size() >= kMaxElements)
      return fail("expected fewer elements");
    operand.elements.emplace_back();
    if (!parseOperand(function, operand.elements.back(), depth + 1))
      return false;
    if (!take(','))
      break;
  }
  return expect(close);
}

/// `[%rd1+16]`, `[name]`, `[%rd1, {%r1, %r2}]`
bool Parser::parseAddress(Function &function, Operand &operand,
                          unsigned depth) {
  operand.kind = Operand::Kind::Address;
  operand.elements.emplace_back();
  Operand &base = operand.elements.back();
  if (!parseOperand(function, base, depth + 1))
    return false;
  if (base.kind != Operand::Kind::Register &&
      base.kind != Operand::Kind::Variable &&
      base.kind != Operand::Kind::Integer)
    return fail("expected a register, a variable or a number as address");
  operand.value = base.value;
  if (!parseAddend(operand))
    return false;
  while (take(',')) {
    operand.elements.emplace_back();
    if (operand.elements.size() > 4 ||
        !parseOperand(function, operand.elements.back(), depth + 1))
      return fail("expected fewer coordinates");
  }
  return expect(']');
}

bool Parser::parseName(Function &function, Operand &operand, unsigned depth) {
  std::string_view name = token.text;
  uint32_t line = token.line;
  if (name[0] == '.')
    return fail("expected an operand");
  advance();
  if (name == "_")
    return true;
  if (findRegister(name, operand.index)) {
    operand.kind = Operand::Kind::Register;
    return true;
  }
  if (name[0] == '%' || name == "WARP_SZ") {
    operand.kind = Operand::Kind::Special;
    operand.text = name;
    return true;
  }
  for (size_t i = scopes.size(); i-- > 0;)
    if (auto found = scopes[i].variables.find(name);
        found != scopes[i].variables.end()) {
      operand.kind = Operand::Kind::Variable;
      operand.index = found->second;
      return parseAddend(operand);
    }
  if (auto found = globals.find(name); found != globals.end()) {
    operand.kind = Operand::Kind::Variable;
    operand.global = true;
    operand.index = found->second;
    return parseAddend(operand);
  }
  if (auto found = functions.find(name); found != functions.end()) {
    operand.kind = Operand::Kind::Function;
    operand.index = found->second;
    return true;
  }
  // Only labels may be used before they stand in the text.
  if (depth > 0)
    return failAt(line, "the name '" + std::string(name) + "' is not declared");
  uint32_t instruction = uint32_t(function.instructions.size()) - 1;
  uint32_t place = uint32_t(function.instructions.back().operands.size()) - 1;
  for (size_t i = scopes.size(); i-- > 0;)
    if (auto found = scopes[i].targets.find(name);
        found != scopes[i].targets.end()) {
      operand.kind = Operand::Kind::Vector;
      for (std::string_view label : found->second) {
        scopes.back().uses.push_back({instruction, place,
                                      uint32_t(operand.elements.size()), label,
                                      line});
        operand.elements.emplace_back();
      }
      return true;
    }
  scopes.back().uses.push_back({instruction, place, kNone, name, line});
  return true;
}

bool Parser::parseOperand(Function &function, Operand &operand,
                          unsigned depth) {
  if (depth > kMaxDepth)
    return fail("expected fewer nested operands");
  if (take('{'))
    return parseList(function, operand, '}', depth);
  if (take('('))
    return parseList(function, operand, ')', depth);
  if (take('['))
    return parseAddress(function, operand, depth);
  operand.negated = take('!');
  if (token.kind == TokenKind::Word) {
    if (!parseName(function, operand, depth))
      return false;
    if (!token.is('|'))
      return true;
    advance();
    Operand first = std::move(operand);
    operand = {};
    operand.kind = Operand::Kind::Pair;
    operand.elements.push_back(std::move(first));
    operand.elements.emplace_back();
    return parseOperand(function, operand.elements.back(), depth + 1);
  }
  bool minus = take('-');
  operand.value = int64_t(token.bits);
  if (token.kind == TokenKind::Integer) {
    operand.kind = Operand::Kind::Integer;
    if (minus)
      operand.value = int64_t(0 - token.bits);
  } else if (token.kind == TokenKind::Float32) {
    operand.kind = Operand::Kind::Float32;
    operand.value ^= minus ? int64_t(1) << 31 : 0;
  } else if (token.kind == TokenKind::Float64) {
    operand.kind = Operand::Kind::Float64;
    operand.value ^= minus ? INT64_MIN : 0;
  } else {
    return fail("expected an operand");
  }
  advance();
  return true;
}

bool Parser::parseInstruction(Function &function) {
  Instruction instruction;
  instruction.line = token.line;
  if (take('@')) {
    instruction.guardNegated = take('!');
    if (token.kind != TokenKind::Word ||
        !findRegister(token.text, instruction.guard))
      return fail("expected a declared predicate register");
    if (function.registerType(instruction.guard) != Type::Pred)
      return fail("expected a predicate register");
    advance();
  }
  if (token.kind != TokenKind::Word || token.text[0] == '.' ||
      token.text[0] == '%')
    return fail("expected an instruction");
  instruction.opcode = token.text;
  advance();
  function.instructions.push_back(std::move(instruction));
  while (!token.is(';')) {
    // Names are resolved by position, so the list must not be copied here.
    auto &operands = function.instructions.back().operands;
    if (operands.size() >= 32)
      return fail("expected fewer operands");
    operands.emplace_back();
    if (!parseOperand(function, operands.back(), 0))
      return false;
    if (!take(','))
      break;
  }
  return expect(';');
}

} // namespace llmc::sim

#include "runtime/sim/ptx/ParserImpl.h"

namespace llmc::sim {

bool Parser::parseParameters(std::vector<Variable> &into, Space space) {
  if (!expect('('))
    return false;
  while (!token.is(')')) {
    if (!takeWord(".param"))
      return fail("expected .param");
    if (!parseVariables(space, false, into, true))
      return false;
    if (!take(','))
      break;
  }
  return expect(')');
}

/// `128`, `128, 1` or `128, 1, 1`.
bool Parser::parseTriple(uint32_t (&values)[3]) {
  for (uint32_t &value : values)
    value = 1;
  for (unsigned i = 0; i < 3; ++i) {
    uint64_t value;
    if (!parseUnsigned(value, UINT32_MAX, "a size"))
      return false;
    values[i] = uint32_t(value);
    if (!take(','))
      break;
  }
  return true;
}

bool Parser::parsePerformanceDirectives(Function &function) {
  while (token.kind == TokenKind::Word && token.text[0] == '.') {
    uint64_t number;
    uint32_t triple[3];
    if (takeWord(".reqntid")) {
      if (!parseTriple(function.requiredThreads))
        return false;
    } else if (takeWord(".maxntid")) {
      if (!parseTriple(triple))
        return false;
      uint64_t product = uint64_t(triple[0]) * triple[1];
      if (product > 1024 || product * triple[2] > 1024)
        return failAt(token.line, ".maxntid is above 1024 threads");
      function.maxThreads = uint32_t(product * triple[2]);
    } else if (takeWord(".minnctapersm")) {
      if (!parseUnsigned(number, UINT32_MAX, "a number of blocks"))
        return false;
      function.minBlocks = uint32_t(number);
    } else if (takeWord(".maxnreg") || takeWord(".maxnctapersm") ||
               takeWord(".maxclusterrank")) {
      if (!parseUnsigned(number, UINT32_MAX, "a number"))
        return false;
    } else if (takeWord(".reqnctapercluster")) {
      if (!parseTriple(function.clusterSize))
        return false;
    } else if (takeWord(".pragma")) {
      if (token.kind != TokenKind::Text)
        return fail("expected the pragma's text");
      advance();
      if (!expect(';'))
        return false;
    } else if (!takeWord(".explicitcluster") && !takeWord(".noreturn")) {
      return fail("expected a function's body");
    }
  }
  return true;
}

bool Parser::parseFunction(bool entry, bool external) {
  Function function;
  function.entry = entry;
  function.line = token.line;
  Space space = entry ? Space::Param : Space::FunctionParam;
  if (!entry && token.is('(') && !parseParameters(function.results, space))
    return false;
  if (token.kind != TokenKind::Word || token.text[0] == '.')
    return fail("expected a function's name");
  std::string_view name = token.text;
  function.name = name;
  advance();
  if (token.is('(') && !parseParameters(function.parameters, space))
    return false;
  if (!parsePerformanceDirectives(function))
    return false;
  auto known = functions.find(name);
  if (take(';')) {
    if (external && entry)
      return failAt(function.line, "an entry cannot be external");
    if (known == functions.end()) {
      functions[name] = uint32_t(module.functions.size());
      module.functions.push_back(std::move(function));
    }
    return true;
  }
  if (known == functions.end()) {
    known = functions.emplace(name, uint32_t(module.functions.size())).first;
    module.functions.emplace_back();
    module.functions.back().name = name;
  } else if (module.functions[known->second].defined) {
    return failAt(function.line,
                  "the function '" + std::string(name) + "' is defined twice");
  }
  function.defined = true;
  // A function may call itself's name: it is known before its body is read.
  uint32_t index = known->second;
  if (!parseBody(function))
    return false;
  module.functions[index] = std::move(function);
  return true;
}

bool Parser::parseBody(Function &function) {
  if (!expect('{'))
    return false;
  scopes.clear();
  scopes.emplace_back();
  uint32_t index = 0;
  for (const auto *list : {&function.parameters, &function.results})
    for (const Variable &variable : *list)
      scopes.back().variables[variable.name] = index++;
  while (!scopes.empty())
    if (!parseStatement(function))
      return false;
  return true;
}

bool Parser::closeScope(Function &function) {
  Scope scope = std::move(scopes.back());
  scopes.pop_back();
  for (Scope::Use &use : scope.uses) {
    auto label = scope.labels.find(use.name);
    if (label == scope.labels.end()) {
      if (scopes.empty())
        return failAt(use.line, "the name '" + std::string(use.name) +
                                    "' is not declared");
      scopes.back().uses.push_back(use);
      continue;
    }
    Operand *operand =
        &function.instructions[use.instruction].operands[use.operand];
    if (use.element != kNone)
      operand = &operand->elements[use.element];
    operand->kind = Operand::Kind::Label;
    operand->index = label->second;
  }
  return true;
}

/// `.reg .b32 %r<4>, %x;`
bool Parser::parseRegisters(Function &function) {
  auto type = token.kind == TokenKind::Word && token.text.size() > 1
                  ? parseType(token.text.substr(1))
                  : std::nullopt;
  if (!type || (typeBytes(*type) == 0 && *type != Type::Pred))
    return fail("expected a register's type");
  advance();
  do {
    if (token.kind != TokenKind::Word || token.text[0] == '.')
      return fail("expected a register's name");
    std::string_view name = token.text;
    advance();
    uint64_t count = 1;
    bool numbered = take('<');
    if (numbered &&
        (!parseUnsigned(count, limits.registers, "a count") || !expect('>')))
      return false;
    if (count > limits.registers - function.registerCount)
      return failAt(token.line, "the function has more than " +
                                    std::to_string(limits.registers) +
                                    " registers");
    Scope::Names names{function.registerCount, uint32_t(count), numbered};
    if (!scopes.back().registers.emplace(name, names).second)
      return failAt(token.line, "the register '" + std::string(name) +
                                    "' is declared twice");
    if (count > 0)
      function.registers.push_back({*type, names.first, names.count});
    function.registerCount += uint32_t(count);
  } while (take(','));
  return expect(';');
}

bool Parser::parseLocalVariables(Function &function, Space space) {
  size_t first = function.variables.size();
  if (!parseVariables(space, false, function.variables, false))
    return false;
  size_t base = function.parameters.size() + function.results.size();
  for (size_t i = first; i < function.variables.size(); ++i)
    scopes.back().variables[function.variables[i].name] = uint32_t(base + i);
  return true;
}

bool Parser::parseBranchTargets(std::string_view name) {
  std::vector<std::string_view> labels;
  do {
    if (token.kind != TokenKind::Word)
      return fail("expected a label");
    labels.push_back(token.text);
    advance();
  } while (take(','));
  scopes.back().targets[name] = std::move(labels);
  return expect(';');
}

bool Parser::parseLabel(Function &function, std::string_view name) {
  if (takeWord(".branchtargets"))
    return parseBranchTargets(name);
  uint32_t here = uint32_t(function.instructions.size());
  if (!scopes.back().labels.emplace(name, here).second)
    return failAt(token.line,
                  "the label '" + std::string(name) + "' is defined twice");
  return true;
}

bool Parser::parseStatement(Function &function) {
  if (take('{')) {
    if (scopes.size() >= limits.scopeDepth)
      return failAt(token.line, "too many nested braces");
    scopes.emplace_back();
    return true;
  }
  if (token.is('}')) {
    if (!closeScope(function))
      return false;
    advance();
    return true;
  }
  if (take(';'))
    return true;
  if (token.is(".loc") || token.is(".file"))
    return skipLine();
  if (takeWord(".pragma")) {
    if (token.kind != TokenKind::Text)
      return fail("expected the pragma's text");
    advance();
    return expect(';');
  }
  if (takeWord(".reg"))
    return parseRegisters(function);
  if (takeWord(".shared"))
    return parseLocalVariables(function, Space::Shared);
  if (takeWord(".local"))
    return parseLocalVariables(function, Space::Local);
  if (takeWord(".param"))
    return parseLocalVariables(function, Space::FunctionParam);
  if (token.kind == TokenKind::Word && token.text[0] != '.') {
    // One token more tells a label from an instruction.
    Lexer ahead = lexer;
    if (ahead.next().is(':')) {
      std::string_view name = token.text;
      advance();
      advance();
      return parseLabel(function, name);
    }
  } else if (!token.is('@')) {
    return fail("expected a statement");
  }
  return parseInstruction(function);
}

} // namespace llmc::sim

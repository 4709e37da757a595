/// The parser's state, shared by Parser.cpp (module scope), ParseVariable.cpp
/// and ParseFunction.cpp (bodies). Every method that returns bool has recorded
/// an error where it returns false.
#ifndef LLMC_RUNTIME_SIM_PTX_PARSERIMPL_H
#define LLMC_RUNTIME_SIM_PTX_PARSERIMPL_H

#include "runtime/sim/ptx/Lexer.h"
#include "runtime/sim/ptx/Parser.h"

#include <unordered_map>

namespace llmc::sim {

class Parser {
public:
  Parser(Module &module, const ParseLimits &limits);
  bool parseModule();
  Error takeError() { return std::move(failure); }

private:
  /// A `{ }` of a function: registers, variables and labels live as long.
  struct Scope {
    struct Names {
      uint32_t first;
      uint32_t count;
      bool numbered; ///< `%r<4>`: %r0 … %r3.
    };
    std::unordered_map<std::string_view, Names> registers;
    std::unordered_map<std::string_view, uint32_t> variables;
    std::unordered_map<std::string_view, uint32_t> labels;
    std::unordered_map<std::string_view, std::vector<std::string_view>> targets;
    struct Use {
      uint32_t instruction, operand, element; ///< element kNone: the operand.
      std::string_view name;
      uint32_t line;
    };
    std::vector<Use> uses; ///< Labels to be found when the scope closes.
  };

  // Parser.cpp
  bool fail(std::string_view what);
  bool failAt(uint32_t line, std::string what);
  void advance() { token = lexer.next(); }
  bool expect(char mark);
  bool take(char mark);
  bool takeWord(std::string_view word);
  bool parseVersion();
  bool parseTarget();
  bool parseUnsigned(uint64_t &value, uint64_t limit, std::string_view what);
  bool parseLinked(); ///< What follows .visible, .extern, .weak or nothing.
  bool skipSection();
  bool skipLine();

  // ParseVariable.cpp
  bool parseVariables(Space space, bool external, std::vector<Variable> &into,
                      bool single);
  bool parseDimensions(Variable &variable, uint64_t elements);
  bool parseInitialiser(Variable &variable, Type type, unsigned depth);
  bool parseInitialValue(Variable &variable, Type type);

  // ParseFunction.cpp
  bool parseFunction(bool entry, bool external);
  bool parseParameters(std::vector<Variable> &into, Space space);
  bool parsePerformanceDirectives(Function &function);
  bool parseTriple(uint32_t (&values)[3]);
  bool parseBody(Function &function);
  bool parseStatement(Function &function);
  bool parseRegisters(Function &function);
  bool parseLocalVariables(Function &function, Space space);
  bool parseLabel(Function &function, std::string_view name);
  bool parseBranchTargets(std::string_view name);
  bool closeScope(Function &function);

  // ParseOperands.cpp
  bool parseInstruction(Function &function);
  bool parseOperand(Function &function, Operand &operand, unsigned depth);
  bool parseList(Function &function, Operand &operand, char close,
                 unsigned depth);
  bool parseAddress(Function &function, Operand &operand, unsigned depth);
  bool parseName(Function &function, Operand &operand, unsigned depth);
  bool parseAddend(Operand &operand);
  bool findRegister(std::string_view name, uint32_t &index) const;

  Module &module;
  const ParseLimits &limits;
  Lexer lexer;
  Token token;
  Error failure;
  bool failed = false;
  std::vector<Scope> scopes;
  uint64_t variableBytes = 0;
  std::unordered_map<std::string_view, uint32_t> globals;
  std::unordered_map<std::string_view, uint32_t> functions;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_PTX_PARSERIMPL_H

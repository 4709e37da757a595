/// A PTX module as it is written: names are resolved and checked, instructions
/// keep their opcode as text. Decoding them is runtime/sim/ops.
#ifndef LLMC_RUNTIME_SIM_PTX_MODULE_H
#define LLMC_RUNTIME_SIM_PTX_MODULE_H

#include "runtime/sim/ptx/Types.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::sim {

/// State spaces (ISA section 5.1).
enum class Space : uint8_t {
  Generic,
  Global,
  Shared,
  Local,
  Const,
  Param, ///< A kernel's parameters: read only, the same for all threads.
  FunctionParam, ///< Parameters of a device function: each thread's own.
};

inline constexpr uint32_t kNone = UINT32_MAX;

/// Part of an initialiser: the address of another variable.
struct AddressInit {
  uint64_t offset = 0; ///< Where in this variable.
  std::string_view
      variable; ///< Whose address; looked up when the module loads.
  int64_t addend = 0;
  bool generic = false; ///< `generic(name)`
};

struct Variable {
  std::string_view name;
  Space space = Space::Global;
  uint32_t align = 1;
  uint64_t bytes = 0; ///< 0 for `.extern .shared name[]`.
  bool external = false;
  std::string init;     ///< [<= bytes], the rest is zero.
  bool hasInit = false; ///< `.global` without one is zero all the same.
  std::vector<AddressInit> addresses;
};

struct Operand {
  enum class Kind : uint8_t {
    Register, ///< index: of the register; negated: `!%p`
    Special,  ///< text: `%tid.x`
    Integer,  ///< value
    Float32,  ///< value: bits of f32
    Float64,  ///< value: bits of f64
    Variable, ///< index; global: in Module::variables; value: added bytes
    Function, ///< index in Module::functions
    Label,    ///< index: instruction number
    Vector,   ///< elements
    Address,  ///< elements[0]: the base; value: added bytes; then coordinates
    Pair,     ///< elements: `%p|%q`
    Sink,     ///< `_`
  };
  Kind kind = Kind::Sink;
  bool negated = false;
  bool global = false;
  uint32_t index = kNone;
  int64_t value = 0;
  std::string_view text;
  std::vector<Operand> elements;
};

struct Instruction {
  uint32_t line = 0;
  uint32_t guard = kNone; ///< Register index of the predicate.
  bool guardNegated = false;
  std::string_view opcode; ///< `ld.global.v4.b32`
  std::vector<Operand> operands;
};

/// A run of registers of one name: `.reg .b32 %r<10>`.
struct RegisterRange {
  Type type = Type::None;
  uint32_t first = 0;
  uint32_t count = 1;
};

struct Function {
  std::string_view name;
  bool entry = false;
  bool defined = false;
  uint32_t line = 0;
  std::vector<Variable> parameters;
  std::vector<Variable> results;        ///< Of a device function: none or one.
  std::vector<Variable> variables;      ///< Shared, local and param inside.
  std::vector<RegisterRange> registers; ///< Ascending by `first`.
  uint32_t registerCount = 0;
  std::vector<Instruction> instructions;
  uint32_t requiredThreads[3] = {0, 0, 0}; ///< `.reqntid`; 0: not given.
  uint32_t maxThreads = 0;                 ///< `.maxntid`, as a product.
  uint32_t minBlocks = 0;
  uint32_t clusterSize[3] = {0, 0, 0};

  Type registerType(uint32_t index) const;
};

/// Indices of function-local variables: parameters, then results, then inner.
const Variable &localVariable(const Function &function, uint32_t index);

struct Module {
  std::vector<char> bytes; ///< The text; what the string_views point into.
  std::string target;      ///< `sm_90a`
  unsigned versionMajor = 0;
  unsigned versionMinor = 0;
  std::vector<Variable> variables;
  std::vector<Function> functions;

  std::string_view text() const { return {bytes.data(), bytes.size()}; }
  /// The text of line \p line (from 1), without blanks around it.
  std::string_view lineText(uint32_t line) const;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_PTX_MODULE_H

/// Makes a Program of a kernel and of the device functions that it calls.
///
/// Every PTX register gets a place in the warp's register file when it is
/// first used. A function has one set of places (recursion is refused); its
/// parameters and results live in the thread's local memory.
#ifndef LLMC_RUNTIME_SIM_OPS_PROGRAMBUILDER_H
#define LLMC_RUNTIME_SIM_OPS_PROGRAMBUILDER_H

#include "runtime/sim/ops/Decoder.h"
#include "runtime/support/Error.h"

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

namespace llmc::sim {

/// Places of constants carry this bit until the register file's size is known.
inline constexpr Slot kConstantBit = 1u << 30;

class ProgramBuilder {
public:
  /// \p addresses: of each variable in \p module.variables, in device memory
  /// for global and const; ignored for shared.
  ProgramBuilder(const Module &module, const std::vector<uint64_t> &addresses)
      : module(module), addresses(addresses) {}
  /// Fails with BadPtx: what, line, opcode.
  Result<std::unique_ptr<Program>> build(uint32_t entry);

  // --- for Decoder and the families
  Slot registerSlot(uint32_t index);
  Slot specialSlot(SpecialRegister which);
  Slot constantSlot(uint64_t bits, unsigned bytes);
  Slot newSlot(unsigned bytes);
  /// The address of a variable in its own space, and that space.
  uint64_t variableAddress(const Operand &operand, Space &space) const;
  const Function &function() const { return module.functions[current->index]; }
  /// Addresses of a function's parameters and then its results.
  uint64_t parameterAddress(uint32_t function, size_t index) const;
  /// Place of a function's return addresses: an instruction number per lane.
  Slot returnSlot(uint32_t function) const;
  Slot returnSlot() const { return current->returnTo; }
  /// The instruction's `value` becomes the first instruction of \p function.
  void callTo(uint32_t function);
  void push(Slot slot) { program->operands.push_back(slot); }
  /// A list that the program keeps; \p number: for Program::tables.
  std::vector<uint32_t> &newTable(uint32_t &number) {
    number = uint32_t(program->tables.size());
    return program->tables.emplace_back();
  }
  /// One more instruction for the same PTX instruction, behind the first.
  Inst &another();
  bool fail(std::string why);
  bool hasFailed() const { return !failure.where.empty(); }

  const Module &module;

private:
  struct Part {
    uint32_t index = kNone;          ///< In module.functions.
    uint32_t first = 0;              ///< Its first instruction.
    std::vector<Slot> registers;     ///< By register; kNone: not used yet.
    std::vector<uint64_t> variables; ///< Address, by local variable.
    std::vector<uint32_t> codeOf; ///< By PTX instruction; one more at the end.
    std::vector<uint32_t> calls;
    Slot returnTo = kNone;
  };

  bool collect(uint32_t function, unsigned depth);
  bool collectOperand(const Operand &operand, Part &part, unsigned depth);
  void placeShared(const Variable &variable, uint64_t &address);
  bool placeVariables();
  bool decodePart(Part &part);
  void finish();

  const std::vector<uint64_t> &addresses;
  std::unique_ptr<Program> program;
  std::deque<Part> parts; ///< Stable addresses; the entry first.
  std::unordered_map<uint32_t, Part *> partOf;
  std::unordered_map<uint32_t, uint64_t> sharedAddress; ///< By module variable.
  Part *current = nullptr;
  uint32_t line = 0;
  std::vector<size_t> operandsAt; ///< First operand of each instruction.
  std::vector<std::pair<size_t, uint32_t>> callFixups;
  std::map<std::pair<uint64_t, unsigned>, Slot> constants;
  std::map<SpecialRegister, Slot> specials;
  uint64_t slotBytes = 0;
  uint64_t registers = 0; ///< Declared by all parts.
  uint64_t sharedEnd = kSharedBase;
  uint64_t localEnd = kLocalBase;
  Error failure;
};

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_PROGRAMBUILDER_H

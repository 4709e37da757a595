/// What decodes one PTX instruction: its modifiers and operands, consumed one
/// by one by the family's function. What nobody consumed is an error that
/// names it, so an unknown instruction fails when a module is loaded.
#ifndef LLMC_RUNTIME_SIM_OPS_DECODER_H
#define LLMC_RUNTIME_SIM_OPS_DECODER_H

#include "runtime/sim/execute/Program.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::sim {

class ProgramBuilder;

enum Rounding : uint8_t { RoundNearest, RoundZero, RoundDown, RoundUp };

class Decoder {
public:
  Decoder(ProgramBuilder &builder, const Instruction &source, Inst &inst);

  // --- modifiers: the opcode's parts behind its first
  std::string_view name() const { return base; }
  /// Consumes the modifier where it is there.
  bool takes(std::string_view modifier);
  /// Consumes the first of several that is there; its position, or -1.
  int takesOneOf(std::initializer_list<std::string_view> modifiers);
  /// Consumes hints that change nothing here: cache operators, `.uni`.
  void ignores(std::initializer_list<std::string_view> modifiers);
  /// Consumes the first modifier that is a type; None where there is none.
  Type takeType();
  /// Consumes a modifier that begins with \p prefix; what follows it.
  std::optional<std::string_view> takePrefixed(std::string_view prefix);
  /// Consumes .rn .rz .rm .rp.
  Rounding takeRounding(Rounding otherwise = RoundNearest);
  /// The first modifier that nobody consumed; empty where all are.
  std::string_view unused() const;

  // --- operands of the instruction, from 0
  size_t count() const { return source.operands.size(); }
  const Operand &operand(size_t i) const { return source.operands[i]; }
  /// Fails unless there are between \p least and \p most operands.
  bool wants(size_t least, size_t most);
  bool wants(size_t exactly) { return wants(exactly, exactly); }

  /// Appends a place to the instruction's operands. \p bytes is the width of a
  /// register; 0 is a predicate. Wider registers are an error unless
  /// \p relaxed (loads, stores, conversions).
  bool read(const Operand &operand, unsigned bytes, Type type = Type::None,
            bool relaxed = false);
  bool write(const Operand &operand, unsigned bytes, bool relaxed = false);
  bool read(size_t i, unsigned bytes, Type type = Type::None) {
    return read(source.operands[i], bytes, type);
  }
  bool write(size_t i, unsigned bytes) {
    return write(source.operands[i], bytes);
  }
  /// A predicate source that may be written `!%p`.
  bool readPredicate(const Operand &operand, bool &negated);
  /// Bytes of the register or special register; 4 or 8 for others.
  unsigned registerBytes(const Operand &operand) const;
  /// True for a register, false for immediates and the like.
  bool isRegister(const Operand &operand) const {
    return operand.kind == Operand::Kind::Register;
  }
  /// An operand that must be a number in the text.
  bool number(const Operand &operand, int64_t &value);
  /// An address: appends the base's place (kNone: none) and adds displacement
  /// and a variable's address to inst.value; inst.flags bit 7: the base has 64
  /// bits. \p space becomes FunctionParam or Param by the variable.
  bool address(size_t i, Space &space) {
    return address(source.operands[i], space);
  }
  bool address(const Operand &operand, Space &space);
  /// The same as two operands, base and displacement, for instructions with
  /// several addresses: Access.h's readAddress. \p wideFlag of inst.flags: the
  /// base has 64 bits.
  bool addressPair(const Operand &operand, Space &space, uint8_t wideFlag);
  /// A place for 32 times the same \p bits.
  Slot constant(uint64_t bits, unsigned bytes);
  void push(Slot slot);
  /// A place of its own, for values between two parts of one instruction.
  Slot scratch(unsigned bytes);

  bool fail(std::string why);

  Inst &inst;
  ProgramBuilder &builder;
  const Instruction &source;

private:
  bool immediate(const Operand &operand, unsigned bytes, Type type,
                 uint64_t &bits);

  std::string_view base;
  struct Modifier {
    std::string_view text;
    bool used = false;
  };
  std::vector<Modifier> modifiers;
};

using DecodeFunction = bool (*)(Decoder &);
/// The function of an opcode's first part (`ld`, `mma`); null: unknown.
DecodeFunction findDecoder(std::string_view name);

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_DECODER_H

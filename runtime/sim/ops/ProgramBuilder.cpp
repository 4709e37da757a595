#include "runtime/sim/ops/ProgramBuilder.h"

#include <cstring>

namespace llmc::sim {
namespace {

constexpr uint64_t kMaxRegisterBytes = uint64_t(32) << 20; // Of a warp.
constexpr uint64_t kMaxSharedBytes = uint64_t(1) << 20;
constexpr uint64_t kMaxLocalBytes = uint64_t(1) << 19; // Of a thread.
constexpr uint64_t kMaxParameterBytes = 32764;         // As on the devices.
constexpr uint64_t kMaxRegisters = uint64_t(1) << 20;  // Declared, callees too.

uint64_t alignTo(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

} // namespace

bool ProgramBuilder::fail(std::string why) {
  failure = {Code::BadPtx, "cannot decode the kernel '" + program->name + "'",
             "line " + std::to_string(line) + ": " +
                 std::string(module.lineText(line)),
             std::move(why),
             "compile the model again; if that does not help, report its graph"};
  return false;
}

Slot ProgramBuilder::newSlot(unsigned bytes) {
  uint64_t at = slotBytes;
  slotBytes += bytes == 0 ? 64 : alignTo(uint64_t(bytes) * kLanes, 64);
  return Slot(at);
}

Slot ProgramBuilder::registerSlot(uint32_t index) {
  Slot &slot = current->registers[index];
  if (slot == kNone) {
    unsigned bytes = typeBytes(function().registerType(index));
    slot = newSlot(bytes);
    program->registersUsed += bytes == 8 ? 2 : bytes == 16 ? 4 : 1;
  }
  return slot;
}

Slot ProgramBuilder::specialSlot(SpecialRegister which) {
  auto [entry, isNew] = specials.try_emplace(which, kNone);
  if (isNew) {
    entry->second = newSlot(4);
    program->specials.push_back({which, entry->second});
  }
  return entry->second;
}

Slot ProgramBuilder::constantSlot(uint64_t bits, unsigned bytes) {
  auto [entry, isNew] = constants.try_emplace({bits, bytes}, kNone);
  if (isNew) {
    std::vector<char> &data = program->constants;
    entry->second = Slot(data.size()) | kConstantBit;
    size_t begin = data.size();
    data.resize(alignTo(begin + size_t(bytes ? bytes : 4) * kLanes, 64));
    for (unsigned lane = 0; lane < kLanes; ++lane)
      memcpy(&data[begin + lane * size_t(bytes)], &bits, bytes);
    if (bytes == 0) // A predicate.
      memset(&data[begin], bits ? 0xFF : 0, 4);
  }
  return entry->second;
}

uint64_t ProgramBuilder::variableAddress(const Operand &operand,
                                         Space &space) const {
  if (operand.global) {
    space = module.variables[operand.index].space;
    uint64_t address = space == Space::Shared ? sharedAddress.at(operand.index)
                                              : addresses[operand.index];
    return address + uint64_t(operand.value);
  }
  space = localVariable(function(), operand.index).space;
  return current->variables[operand.index] + uint64_t(operand.value);
}

uint64_t ProgramBuilder::parameterAddress(uint32_t function,
                                          size_t index) const {
  return partOf.at(function)->variables[index];
}

Slot ProgramBuilder::returnSlot(uint32_t function) const {
  return partOf.at(function)->returnTo;
}

void ProgramBuilder::callTo(uint32_t function) {
  callFixups.emplace_back(program->code.size() - 1, function);
}

Inst &ProgramBuilder::another() {
  Inst &inst = program->code.emplace_back();
  operandsAt.push_back(program->operands.size());
  inst.line = line;
  return inst;
}

bool ProgramBuilder::collectOperand(const Operand &operand, Part &part,
                                    unsigned depth) {
  if (operand.kind == Operand::Kind::Function) {
    part.calls.push_back(operand.index);
    return collect(operand.index, depth + 1);
  }
  if (operand.kind == Operand::Kind::Variable && operand.global &&
      module.variables[operand.index].space == Space::Shared)
    sharedAddress.try_emplace(operand.index, 0);
  for (const Operand &element : operand.elements)
    if (!collectOperand(element, part, depth))
      return false;
  return true;
}

/// The function and all that it calls, each once.
bool ProgramBuilder::collect(uint32_t function, unsigned depth) {
  line = module.functions[function].line;
  if (depth > 64)
    return fail("functions call each other without end");
  if (partOf.contains(function))
    return true;
  Part &part = parts.emplace_back();
  partOf[function] = &part;
  part.index = function;
  const Function &source = module.functions[function];
  registers += source.registerCount;
  if (registers > kMaxRegisters)
    return fail("the kernel and what it calls declare too many registers");
  part.registers.assign(source.registerCount, kNone);
  part.returnTo = newSlot(4);
  for (const Instruction &instruction : source.instructions)
    for (const Operand &operand : instruction.operands)
      if (!collectOperand(operand, part, depth))
        return false;
  return true;
}

void ProgramBuilder::placeShared(const Variable &variable, uint64_t &address) {
  if (variable.external) {
    program->sharedAlign = std::max(program->sharedAlign, variable.align);
    return;
  }
  address = alignTo(sharedEnd, variable.align);
  sharedEnd = address + variable.bytes;
}

bool ProgramBuilder::placeVariables() {
  // In the order of the text, so that addresses do not depend on a hash.
  for (uint32_t i = 0; i < module.variables.size(); ++i)
    if (auto used = sharedAddress.find(i); used != sharedAddress.end())
      placeShared(module.variables[i], used->second);
  for (Part &part : parts) {
    const Function &source = module.functions[part.index];
    size_t count = source.parameters.size() + source.results.size() +
                   source.variables.size();
    for (uint32_t i = 0; i < count; ++i) {
      const Variable &variable = localVariable(source, i);
      uint64_t address = 0;
      if (variable.space == Space::Param) {
        address = alignTo(program->parameterBytes, variable.align);
        program->parameterBytes = address + variable.bytes;
        program->parameters.push_back({address, variable.bytes});
      } else if (variable.space == Space::Shared) {
        placeShared(variable, address);
      } else {
        address = alignTo(localEnd, variable.align);
        localEnd = address + variable.bytes;
      }
      part.variables.push_back(address);
    }
  }
  // Dynamic shared memory begins where static shared memory ends.
  sharedEnd = alignTo(sharedEnd, program->sharedAlign);
  for (auto &[index, address] : sharedAddress)
    if (module.variables[index].external)
      address = sharedEnd;
  if (sharedEnd > kMaxSharedBytes || localEnd > kMaxLocalBytes)
    return fail("the kernel's shared or local variables are too large");
  if (program->parameterBytes > kMaxParameterBytes)
    return fail("the kernel's parameters are larger than " +
                std::to_string(kMaxParameterBytes) + " bytes");
  program->sharedBytes = uint32_t(sharedEnd - kSharedBase);
  program->localBytes = uint32_t(localEnd - kLocalBase);
  return true;
}

bool ProgramBuilder::decodePart(Part &part) {
  current = &part;
  const Function &source = module.functions[part.index];
  part.first = uint32_t(program->code.size());
  for (const Instruction &instruction : source.instructions) {
    line = instruction.line;
    part.codeOf.push_back(uint32_t(program->code.size()));
    std::string opcode(instruction.opcode);
    Inst inst;
    inst.line = line;
    program->code.push_back(inst);
    operandsAt.push_back(program->operands.size());
    // Decoding may append: the instruction is a copy until it is done.
    size_t index = program->code.size() - 1;
    Decoder decoder(*this, instruction, inst);
    DecodeFunction decode = findDecoder(decoder.name());
    if (!decode)
      return fail("unknown instruction '" + opcode + "'");
    if (!decode(decoder))
      return hasFailed() ? false : fail("'" + opcode + "' is not understood");
    if (auto left = decoder.unused(); !left.empty())
      return fail("unknown modifier '." + std::string(left) + "' of '" +
                  opcode + "'");
    if (instruction.guard != kNone) {
      inst.guard = registerSlot(instruction.guard);
      inst.guardNegated = instruction.guardNegated;
    }
    program->code[index] = inst;
    if (slotBytes + program->constants.size() > kMaxRegisterBytes)
      return fail("the kernel needs too many registers");
  }
  part.codeOf.push_back(uint32_t(program->code.size()));
  // Falling off the end is a return.
  static const Instruction ret{0, kNone, false, "ret", {}};
  Inst last;
  last.line = line;
  program->code.push_back(last);
  operandsAt.push_back(program->operands.size());
  Decoder decoder(*this, ret, last);
  findDecoder("ret")(decoder);
  program->code.back() = last;
  for (uint32_t i = part.first; i < program->code.size(); ++i) {
    Inst &inst = program->code[i];
    if (!inst.branch)
      continue;
    inst.value = part.codeOf[size_t(inst.value)];
    if (inst.flags) // brx.idx: several targets.
      for (uint32_t &target : program->tables[inst.count])
        target = part.codeOf[target];
  }
  return true;
}

void ProgramBuilder::finish() {
  for (auto [instruction, function] : callFixups)
    program->code[instruction].value = partOf.at(function)->first;
  program->constantsAt = uint32_t(slotBytes);
  program->registerBytes = uint32_t(slotBytes + program->constants.size());
  auto place = [&](Slot &slot) {
    if (slot != kNone && (slot & kConstantBit))
      slot = (slot & ~kConstantBit) + program->constantsAt;
  };
  for (Slot &slot : program->operands)
    place(slot);
  for (size_t i = 0; i < program->code.size(); ++i) {
    Inst &inst = program->code[i];
    inst.operand = program->operands.data() + operandsAt[i];
    place(inst.guard);
  }
}

Result<std::unique_ptr<Program>> ProgramBuilder::build(uint32_t entry) {
  const Function &source = module.functions[entry];
  program = std::make_unique<Program>();
  program->name = source.name;
  program->module = &module;
  program->maxThreads = source.maxThreads;
  for (unsigned i = 0; i < 3; ++i)
    program->requiredThreads[i] = source.requiredThreads[i];
  if (!collect(entry, 0) || !placeVariables())
    return std::move(failure);
  // A function that reaches itself would overwrite its own registers.
  for (const Part &part : parts) {
    std::vector<uint32_t> open(part.calls);
    std::map<uint32_t, bool> seen;
    while (!open.empty()) {
      uint32_t next = open.back();
      open.pop_back();
      if (next == part.index) {
        line = module.functions[next].line;
        fail("recursion is not supported");
        return std::move(failure);
      }
      if (seen.emplace(next, true).second)
        for (uint32_t callee : partOf.at(next)->calls)
          open.push_back(callee);
    }
  }
  for (Part &part : parts)
    if (!decodePart(part))
      return std::move(failure);
  finish();
  return std::move(program);
}

} // namespace llmc::sim

#include "runtime/sim/ops/Decoder.h"

#include "runtime/sim/ops/ProgramBuilder.h"

#include <bit>

namespace llmc::sim {
namespace {

struct SpecialName {
  std::string_view name;
  SpecialRegister which;
};

using enum SpecialRegister;

/// Clusters have one block here, so their registers say so.
constexpr SpecialName kSpecials[] = {
    {"%tid.x", TidX},
    {"%tid.y", TidY},
    {"%tid.z", TidZ},
    {"%ntid.x", NtidX},
    {"%ntid.y", NtidY},
    {"%ntid.z", NtidZ},
    {"%ctaid.x", CtaidX},
    {"%ctaid.y", CtaidY},
    {"%ctaid.z", CtaidZ},
    {"%nctaid.x", NctaidX},
    {"%nctaid.y", NctaidY},
    {"%nctaid.z", NctaidZ},
    {"%laneid", LaneId},
    {"%warpid", WarpId},
    {"%nwarpid", NwarpId},
    {"%smid", SmId},
    {"%nsmid", NsmId},
    {"%gridid", Zero},
    {"%lanemask_eq", LanemaskEq},
    {"%lanemask_lt", LanemaskLt},
    {"%lanemask_le", LanemaskLe},
    {"%lanemask_ge", LanemaskGe},
    {"%lanemask_gt", LanemaskGt},
    {"%dynamic_smem_size", DynamicSmemSize},
    {"%total_smem_size", TotalSmemSize},
    {"%clusterid.x", CtaidX},
    {"%clusterid.y", CtaidY},
    {"%clusterid.z", CtaidZ},
    {"%nclusterid.x", NctaidX},
    {"%nclusterid.y", NctaidY},
    {"%nclusterid.z", NctaidZ},
    {"%cluster_ctaid.x", Zero},
    {"%cluster_ctaid.y", Zero},
    {"%cluster_ctaid.z", Zero},
    {"%cluster_nctaid.x", One},
    {"%cluster_nctaid.y", One},
    {"%cluster_nctaid.z", One},
    {"%cluster_ctarank", Zero},
    {"%cluster_nctarank", One},
    {"WARP_SZ", WarpSize},
};

} // namespace

Decoder::Decoder(ProgramBuilder &builder, const Instruction &source, Inst &inst)
    : inst(inst), builder(builder), source(source) {
  std::string_view rest = source.opcode;
  auto next = [&] {
    size_t dot = std::min(rest.find('.'), rest.size());
    std::string_view part = rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    return part;
  };
  base = next();
  while (!rest.empty())
    modifiers.push_back({next()});
}

bool Decoder::fail(std::string why) {
  if (!builder.hasFailed())
    builder.fail(std::move(why));
  return false;
}

bool Decoder::takes(std::string_view modifier) {
  for (Modifier &own : modifiers)
    if (!own.used && own.text == modifier)
      return own.used = true;
  return false;
}

int Decoder::takesOneOf(std::initializer_list<std::string_view> wanted) {
  int position = 0;
  for (std::string_view modifier : wanted) {
    if (takes(modifier))
      return position;
    ++position;
  }
  return -1;
}

void Decoder::ignores(std::initializer_list<std::string_view> wanted) {
  for (std::string_view modifier : wanted)
    takes(modifier);
}

Type Decoder::takeType() {
  for (Modifier &own : modifiers)
    if (!own.used)
      if (auto type = parseType(own.text)) {
        own.used = true;
        return *type;
      }
  return Type::None;
}

std::optional<std::string_view> Decoder::takePrefixed(std::string_view prefix) {
  for (Modifier &own : modifiers)
    if (!own.used && own.text.starts_with(prefix)) {
      own.used = true;
      return own.text.substr(prefix.size());
    }
  return std::nullopt;
}

Rounding Decoder::takeRounding(Rounding otherwise) {
  int found = takesOneOf({"rn", "rz", "rm", "rp"});
  return found < 0 ? otherwise : Rounding(found);
}

std::string_view Decoder::unused() const {
  for (const Modifier &own : modifiers)
    if (!own.used)
      return own.text;
  return {};
}

bool Decoder::wants(size_t least, size_t most) {
  if (count() >= least && count() <= most)
    return true;
  return fail("'" + std::string(source.opcode) + "' has " +
              std::to_string(count()) + " operands");
}

unsigned Decoder::registerBytes(const Operand &operand) const {
  if (operand.kind == Operand::Kind::Register)
    return typeBytes(builder.function().registerType(operand.index));
  return operand.kind == Operand::Kind::Variable ? 8 : 4;
}

bool Decoder::write(const Operand &operand, unsigned bytes, bool relaxed) {
  if (operand.kind == Operand::Kind::Sink) {
    push(scratch(16));
    return true;
  }
  if (!isRegister(operand) || operand.negated)
    return fail("a destination must be a register");
  Type type = builder.function().registerType(operand.index);
  unsigned width = typeBytes(type);
  if ((type == Type::Pred) != (bytes == 0) ||
      (relaxed ? width < bytes : width != bytes))
    return fail("a destination of type " + std::string(typeName(type)) +
                " does not fit the instruction");
  push(builder.registerSlot(operand.index));
  return true;
}

/// The bits of a number in the text as \p type wants them.
bool Decoder::immediate(const Operand &operand, unsigned bytes, Type type,
                        uint64_t &bits) {
  bits = uint64_t(operand.value);
  if (operand.kind == Operand::Kind::Float64 && bytes == 4)
    bits = std::bit_cast<uint32_t>(float(std::bit_cast<double>(bits)));
  else if (operand.kind == Operand::Kind::Float32 && bytes == 8)
    bits = std::bit_cast<uint64_t>(
        double(std::bit_cast<float>(uint32_t(operand.value))));
  else if (operand.kind == Operand::Kind::Float32 ||
           operand.kind == Operand::Kind::Float64)
    return bytes >= 4 || fail("a fraction does not fit the type");
  else if (type == Type::F32)
    bits = std::bit_cast<uint32_t>(float(operand.value));
  else if (type == Type::F64)
    bits = std::bit_cast<uint64_t>(double(operand.value));
  return true;
}

bool Decoder::read(const Operand &operand, unsigned bytes, Type type,
                   bool relaxed) {
  using Kind = Operand::Kind;
  switch (operand.kind) {
  case Kind::Register: {
    Type own = builder.function().registerType(operand.index);
    unsigned width = typeBytes(own);
    if ((own == Type::Pred) != (bytes == 0) || operand.negated ||
        (relaxed ? width < bytes : width != bytes))
      return fail("an operand of type " + std::string(typeName(own)) +
                  " does not fit the instruction");
    push(builder.registerSlot(operand.index));
    return true;
  }
  case Kind::Special:
    for (const SpecialName &special : kSpecials)
      if (special.name == operand.text) {
        if (special.which == WarpSize && bytes != 4) {
          push(constant(kLanes, bytes));
          return true;
        }
        if (bytes != 4)
          return fail("the special register '" + std::string(operand.text) +
                      "' has 32 bits");
        push(builder.specialSlot(special.which));
        return true;
      }
    return fail("the name '" + std::string(operand.text) + "' is not known");
  case Kind::Integer:
  case Kind::Float32:
  case Kind::Float64: {
    uint64_t bits;
    if (!immediate(operand, bytes, type, bits))
      return false;
    push(constant(bits, bytes));
    return true;
  }
  case Kind::Variable: {
    Space space;
    uint64_t address = builder.variableAddress(operand, space);
    if (bytes != 8 && !(bytes == 4 && space == Space::Shared))
      return fail("an address does not fit the instruction");
    push(constant(address, bytes));
    return true;
  }
  default:
    return fail("an operand is of the wrong kind");
  }
}

bool Decoder::readPredicate(const Operand &operand, bool &negated) {
  negated = operand.negated;
  if (operand.kind == Operand::Kind::Integer) {
    push(constant(operand.value != 0, 0));
    return true;
  }
  if (!isRegister(operand) || registerBytes(operand) != 0)
    return fail("expected a predicate");
  push(builder.registerSlot(operand.index));
  return true;
}

bool Decoder::number(const Operand &operand, int64_t &value) {
  if (operand.kind != Operand::Kind::Integer)
    return fail("an operand must be a number");
  value = operand.value;
  return true;
}

bool Decoder::address(const Operand &operand, Space &space) {
  if (operand.kind != Operand::Kind::Address)
    return fail("expected an address in brackets");
  const Operand &first = operand.elements[0];
  inst.value = operand.value;
  if (first.kind == Operand::Kind::Register) {
    unsigned bytes = registerBytes(first);
    if (bytes != 4 && bytes != 8)
      return fail("an address has 32 or 64 bits");
    if (bytes == 8)
      inst.flags |= 0x80;
    push(builder.registerSlot(first.index));
    // A device function's parameters lie in local memory.
    if (space == Space::Param && !builder.function().entry)
      space = Space::FunctionParam;
    return true;
  }
  if (first.kind == Operand::Kind::Variable) {
    Space own;
    // The operand's own addend is part of the address's already.
    Operand plain = first;
    plain.value = 0;
    inst.value += int64_t(builder.variableAddress(plain, own));
    bool device = space == Space::Global || space == Space::Const;
    bool ownDevice = own == Space::Global || own == Space::Const;
    if (space == Space::Generic && own == Space::Shared)
      inst.value += int64_t(kSharedWindow);
    else if (space == Space::Generic && own == Space::Local)
      inst.value += int64_t(kLocalWindow);
    else if (space == Space::Param && own == Space::FunctionParam)
      space = own;
    else if (space != own && !(device && ownDevice) &&
             !(space == Space::Generic && ownDevice))
      return fail("the variable lies in another space");
  }
  push(kNone);
  return true;
}

bool Decoder::addressPair(const Operand &operand, Space &space,
                          uint8_t wideFlag) {
  uint8_t flags = inst.flags;
  int64_t value = inst.value;
  inst.flags = 0;
  bool good = address(operand, space);
  uint64_t displacement = uint64_t(inst.value);
  inst.flags = uint8_t(flags | (inst.flags & 0x80 ? wideFlag : 0));
  inst.value = value;
  push(constant(displacement, 8));
  return good;
}

Slot Decoder::constant(uint64_t bits, unsigned bytes) {
  return builder.constantSlot(
      bytes == 0 || bytes >= 8 ? bits : bits & ((uint64_t(1) << bytes * 8) - 1),
      bytes);
}

void Decoder::push(Slot slot) { builder.push(slot); }

Slot Decoder::scratch(unsigned bytes) { return builder.newSlot(bytes); }

} // namespace llmc::sim

// Instructions that integers and floating point share: the type decides.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/ops/Float.h"
#include "runtime/sim/ops/Integer.h"

namespace llmc::sim {

bool decodeArithmetic(Decoder &d) {
  Type type = d.takeType();
  switch (type) {
  case Type::F16:
  case Type::F16x2:
  case Type::BF16:
  case Type::BF16x2:
    return decodeHalf(d, type);
  case Type::F32:
  case Type::F64:
    return decodeFloat(d, type);
  case Type::None:
    return d.fail("the instruction names no type");
  default:
    break;
  }
  std::string_view name = d.name();
  if (name == "add" || name == "sub")
    return decodeIntegerAdd(d, type);
  if (name == "mul" || name == "mad")
    return decodeIntegerMul(d, type);
  if (name == "div" || name == "rem")
    return decodeIntegerDiv(d, type);
  if (name == "min" || name == "max")
    return decodeIntegerMinMax(d, type);
  if (name == "abs" || name == "neg")
    return decodeIntegerAbsNeg(d, type);
  return d.fail("the type ." + std::string(typeName(type)) +
                " is not one of this instruction");
}

} // namespace llmc::sim

#include "runtime/program/Values.h"

#include <algorithm>

namespace llmc {

namespace {

/// Quotient rounded down and remainder in [0, divisor).
struct Division {
  int64_t quotient, remainder;
};

Division divide(int64_t dividend, int64_t divisor) {
  int64_t quotient = dividend / divisor;
  int64_t remainder = dividend % divisor;
  if (remainder < 0)
    return {quotient - 1, remainder + divisor};
  return {quotient, remainder};
}

/// False where the result does not exist.
bool compute(Value::Kind kind, int64_t left, int64_t right, int64_t &result) {
  switch (kind) {
  case Value::Kind::Add:
    return !__builtin_add_overflow(left, right, &result);
  case Value::Kind::Sub:
    return !__builtin_sub_overflow(left, right, &result);
  case Value::Kind::Mul:
    return !__builtin_mul_overflow(left, right, &result);
  case Value::Kind::FloorDiv:
  case Value::Kind::CeilDiv:
  case Value::Kind::Mod: {
    if (right <= 0)
      return false;
    Division division = divide(left, right);
    result = kind == Value::Kind::Mod ? division.remainder
             : kind == Value::Kind::FloorDiv
                 ? division.quotient
                 : division.quotient + (division.remainder != 0);
    return true;
  }
  case Value::Kind::Min:
    result = std::min(left, right);
    return true;
  case Value::Kind::Max:
    result = std::max(left, right);
    return true;
  case Value::Kind::Constant:
  case Value::Kind::Symbol:
    break;
  }
  return false;
}

} // namespace

Status evaluateValues(const Program &program, std::span<const int64_t> symbols,
                      std::span<int64_t> results) {
  for (size_t i = 0; i < program.values.size(); ++i) {
    const Value &value = program.values[i];
    if (value.kind == Value::Kind::Constant)
      results[i] = value.number;
    else if (value.kind == Value::Kind::Symbol)
      results[i] = symbols[static_cast<size_t>(value.number)];
    else if (!compute(value.kind, results[value.left], results[value.right],
                      results[i]))
      return Error{Code::ArtifactDamaged, "an extent cannot be computed",
                   "program " + program.name,
                   "value " + std::to_string(i) +
                       " overflows or divides by no positive number",
                   "give smaller inputs, or compile the model again"};
  }
  return Status::ok();
}

} // namespace llmc

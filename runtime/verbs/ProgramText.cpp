#include "runtime/verbs/ProgramText.h"

#include "runtime/verbs/Console.h"

namespace llmc {

std::string valueText(const Program &program, ValueId id, int depth) {
  const Value &value = program.values[id];
  if (value.kind == Value::Kind::Constant)
    return std::to_string(value.number);
  if (value.kind == Value::Kind::Symbol)
    return program.symbols[static_cast<size_t>(value.number)];
  // Values share subexpressions: written out, they could be endless.
  if (depth > 6)
    return "…";
  std::string left = valueText(program, value.left, depth + 1);
  std::string right = valueText(program, value.right, depth + 1);
  switch (value.kind) {
  case Value::Kind::Add:
    return "(" + left + " + " + right + ")";
  case Value::Kind::Sub:
    return "(" + left + " - " + right + ")";
  case Value::Kind::Mul:
    return left + "*" + right;
  case Value::Kind::FloorDiv:
    return "floor(" + left + "/" + right + ")";
  case Value::Kind::CeilDiv:
    return "ceil(" + left + "/" + right + ")";
  case Value::Kind::Mod:
    return "(" + left + " mod " + right + ")";
  case Value::Kind::Min:
    return "min(" + left + ", " + right + ")";
  default:
    return "max(" + left + ", " + right + ")";
  }
}

std::string shapeText(const Program &program, ElementType type,
                      const std::vector<ValueId> &shape) {
  std::string text(elementTypeName(type));
  text += "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + valueText(program, shape[i]);
  return text + "]";
}

std::string_view spaceName(Buffer::Space space) {
  constexpr std::string_view names[] = {"arena",  "weight", "input",
                                        "output", "keys",   "values"};
  return names[static_cast<size_t>(space)];
}

std::string describeGeneration(const GenerationDefaults &defaults) {
  std::string text = defaults.sample ? "sampling" : "greedy";
  if (defaults.temperature > 0)
    text += ", temperature " + formatReal(defaults.temperature, 2);
  if (defaults.topK > 0)
    text += ", top-k " + std::to_string(defaults.topK);
  if (defaults.topP > 0)
    text += ", top-p " + formatReal(defaults.topP, 2);
  if (defaults.minP > 0)
    text += ", min-p " + formatReal(defaults.minP, 2);
  if (defaults.repetitionPenalty > 0)
    text += ", repetition penalty " + formatReal(defaults.repetitionPenalty, 2);
  return text;
}

} // namespace llmc

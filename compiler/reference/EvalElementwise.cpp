/// Element by element: arithmetic, comparison, logic, activations, Cast.
#include "compiler/reference/Call.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

/// One operator for each kind of element. The result is of the same kind, or
/// for a comparison 0 or 1. A null function: not defined for that kind.
struct Binary {
  double (*floats)(double, double) = nullptr;
  int64_t (*ints)(int64_t, int64_t) = nullptr;
  uint64_t (*words)(uint64_t, uint64_t) = nullptr; // u64 alone
};

/// The same expression for every kind.
template <typename F> constexpr Binary everywhere(F) {
  return {[](double a, double b) { return double(F{}(a, b)); },
          [](int64_t a, int64_t b) { return int64_t(F{}(a, b)); },
          [](uint64_t a, uint64_t b) { return uint64_t(F{}(a, b)); }};
}

/// For sums and products, whose low bits are the same signed and unsigned and
/// where signed overflow must wrap.
template <typename F> constexpr Binary wrapping(F) {
  return {[](double a, double b) { return double(F{}(a, b)); },
          [](int64_t a, int64_t b) {
            return int64_t(F{}(uint64_t(a), uint64_t(b)));
          },
          [](uint64_t a, uint64_t b) { return uint64_t(F{}(a, b)); }};
}

template <typename F> constexpr Binary integral(F) {
  return {nullptr, [](int64_t a, int64_t b) { return int64_t(F{}(a, b)); },
          [](uint64_t a, uint64_t b) { return uint64_t(F{}(a, b)); }};
}

double floorMod(double a, double b) {
  double rest = std::fmod(a, b);
  return rest != 0 && std::signbit(rest) != std::signbit(b) ? rest + b : rest;
}
// -1 apart: the smallest integer has no quotient by it.
int64_t divide(int64_t a, int64_t b) {
  return b == -1 ? int64_t(0 - uint64_t(a)) : a / b;
}
int64_t truncMod(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }
int64_t floorModInt(int64_t a, int64_t b) {
  int64_t rest = truncMod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
int64_t powInt(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, factor = uint64_t(base);
  for (; exponent; exponent >>= 1, factor *= factor)
    if (exponent & 1)
      result *= factor;
  return int64_t(result);
}

constexpr int64_t chunkSize = 1024;

LogicalResult evalBinary(const Tensor &lhs, const Tensor &rhs,
                         const Binary &binary, Call &call) {
  if (!lhs || !rhs)
    return call.fail("an operand is missing");
  auto shape = broadcastShapes({lhs.shape(), rhs.shape()});
  if (!shape)
    return call.fail("the operands do not broadcast");
  Tensor *result = call.create(0, *shape);
  if (!result)
    return failure();
  bool floats = lhs.isFloat() || rhs.isFloat();
  bool words = lhs.element() == Element::U64;
  if (floats ? !binary.floats : !binary.ints)
    return call.fail("is not defined for this element type");
  Shape strides[] = {*broadcastStrides(lhs.shape(), *shape),
                     *broadcastStrides(rhs.shape(), *shape)};
  auto run = [&](auto zero, auto function) {
    using Number = decltype(zero);
    std::vector<Number> a(chunkSize), b(chunkSize);
    forEachRow(
        *shape, strides,
        [&](const Row &row) {
          lhs.read(row.offsets[0], row.strides[0], row.count, a.data());
          rhs.read(row.offsets[1], row.strides[1], row.count, b.data());
          for (int64_t i = 0; i < row.count; ++i)
            a[i] = Number(function(a[i], b[i]));
          result->write(row.index, 1, row.count, a.data());
        },
        chunkSize);
  };
  if (floats)
    run(double(), binary.floats);
  else if (words)
    run(int64_t(), [&](int64_t a, int64_t b) {
      return int64_t(binary.words(uint64_t(a), uint64_t(b)));
    });
  else
    run(int64_t(), binary.ints);
  return success();
}

template <typename Op> void addBinary(Registry &registry, Binary binary) {
  registry.add<Op>([binary](Op op, Call &call) {
    return evalBinary(call[op.getLhs()], call[op.getRhs()], binary, call);
  });
}

/// Integer division by zero has no value: it is refused, not guessed.
LogicalResult checkDivisor(const Tensor &divisor, Call &call) {
  if (divisor && !divisor.isFloat())
    for (int64_t value : divisor.toInts())
      if (value == 0)
        return call.fail("divides an integer by zero");
  return success();
}

void registerArithmetic(Registry &registry) {
  addBinary<onnx::AddOp>(registry, wrapping([](auto a, auto b) { return a + b; }));
  addBinary<onnx::SubOp>(registry, wrapping([](auto a, auto b) { return a - b; }));
  addBinary<onnx::MulOp>(registry, wrapping([](auto a, auto b) { return a * b; }));
  Binary quotient{[](double a, double b) { return a / b; }, divide,
                  [](uint64_t a, uint64_t b) { return a / b; }};
  registry.add<onnx::DivOp>([quotient](onnx::DivOp op, Call &call) {
    const Tensor &rhs = call[op.getRhs()];
    if (failed(checkDivisor(rhs, call)))
      return failure();
    return evalBinary(call[op.getLhs()], rhs, quotient, call);
  });
  registry.add<onnx::ModOp>([](onnx::ModOp op, Call &call) {
    const Tensor &rhs = call[op.getRhs()];
    if (failed(checkDivisor(rhs, call)))
      return failure();
    auto words = [](uint64_t a, uint64_t b) { return a % b; };
    Binary rest = op.getFmod()
                      ? Binary{[](double a, double b) { return std::fmod(a, b); },
                               truncMod, words}
                      : Binary{floorMod, floorModInt, words};
    return evalBinary(call[op.getLhs()], rhs, rest, call);
  });
  // NaN wins, as in the standard's reference (NumPy).
  Binary least = everywhere([](auto a, auto b) { return b < a ? b : a; });
  least.floats = [](double a, double b) {
    return std::isnan(a) || std::isnan(b) ? NAN : b < a ? b : a;
  };
  Binary most = everywhere([](auto a, auto b) { return a < b ? b : a; });
  most.floats = [](double a, double b) {
    return std::isnan(a) || std::isnan(b) ? NAN : a < b ? b : a;
  };
  addBinary<onnx::MinOp>(registry, least);
  addBinary<onnx::MaxOp>(registry, most);
  Binary slope{[](double x, double s) { return x < 0 ? x * s : x; },
               [](int64_t x, int64_t s) {
                 return x < 0 ? int64_t(uint64_t(x) * uint64_t(s)) : x;
               },
               [](uint64_t x, uint64_t) { return x; }};
  addBinary<onnx::PReluOp>(registry, slope);
  Binary power{[](double a, double b) { return std::pow(a, b); }, powInt,
               [](uint64_t a, uint64_t b) {
                 uint64_t result = 1;
                 for (; b; b >>= 1, a *= a)
                   result *= b & 1 ? a : 1;
                 return result;
               }};
  addBinary<onnx::PowOp>(registry, power);
}

void registerComparisons(Registry &registry) {
  addBinary<onnx::EqualOp>(registry, everywhere([](auto a, auto b) { return a == b; }));
  addBinary<onnx::LessOp>(registry, everywhere([](auto a, auto b) { return a < b; }));
  addBinary<onnx::GreaterOp>(registry, everywhere([](auto a, auto b) { return a > b; }));
  addBinary<onnx::LessOrEqualOp>(registry, everywhere([](auto a, auto b) { return a <= b; }));
  addBinary<onnx::GreaterOrEqualOp>(registry, everywhere([](auto a, auto b) { return a >= b; }));
  auto conjunction = [](auto a, auto b) { return a & b; };
  auto disjunction = [](auto a, auto b) { return a | b; };
  auto difference = [](auto a, auto b) { return a ^ b; };
  addBinary<onnx::AndOp>(registry, integral(conjunction));
  addBinary<onnx::OrOp>(registry, integral(disjunction));
  addBinary<onnx::XorOp>(registry, integral(difference));
  addBinary<onnx::BitwiseAndOp>(registry, integral(conjunction));
  addBinary<onnx::BitwiseOrOp>(registry, integral(disjunction));
  addBinary<onnx::BitwiseXorOp>(registry, integral(difference));
  registry.add<onnx::BitShiftOp>([](onnx::BitShiftOp op, Call &call) {
    Binary left = integral([](auto a, auto b) {
      return uint64_t(b) >= 64 ? 0 : uint64_t(a) << b;
    });
    Binary right = integral([](auto a, auto b) {
      return uint64_t(b) >= 64 ? 0 : a >> b;
    });
    return evalBinary(call[op.getLhs()], call[op.getRhs()],
                      op.getLeft() ? left : right, call);
  });
}

LogicalResult evalWhere(onnx::WhereOp op, Call &call) {
  const Tensor &condition = call[op.getCondition()];
  const Tensor &lhs = call[op.getLhs()], &rhs = call[op.getRhs()];
  auto shape = broadcastShapes({condition.shape(), lhs.shape(), rhs.shape()});
  if (!shape)
    return call.fail("the operands do not broadcast");
  if (lhs.element() != rhs.element() || condition.width() != 1)
    return call.fail("has operands of different element types");
  Tensor *result = call.create(0, *shape);
  if (!result || result->element() != lhs.element())
    return result ? call.fail("changes the element type") : failure();
  Shape strides[] = {*broadcastStrides(condition.shape(), *shape),
                     *broadcastStrides(lhs.shape(), *shape),
                     *broadcastStrides(rhs.shape(), *shape)};
  auto run = [&](auto unit) {
    using Unit = decltype(unit);
    auto *choose = condition.as<uint8_t>();
    auto *a = lhs.as<Unit>(), *b = rhs.as<Unit>();
    auto *target = result->mutableAs<Unit>();
    forEachRow(*shape, strides, [&](const Row &row) {
      for (int64_t i = 0; i < row.count; ++i)
        target[row.index + i] = choose[row.offsets[0] + i * row.strides[0]]
                                    ? a[row.offsets[1] + i * row.strides[1]]
                                    : b[row.offsets[2] + i * row.strides[2]];
    });
  };
  switch (result->width()) {
  case 1:
    run(uint8_t());
    break;
  case 2:
    run(uint16_t());
    break;
  case 4:
    run(uint32_t());
    break;
  default:
    run(uint64_t());
  }
  return success();
}

LogicalResult evalClip(onnx::ClipOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  const Tensor &min = call[op.getMin()], &max = call[op.getMax()];
  if ((min && min.numElements() != 1) || (max && max.numElements() != 1))
    return call.fail("bounds are not scalars");
  Tensor *result = call.create(0, input.shape());
  if (!result)
    return failure();
  auto run = [&](auto values, auto below) {
    using Number = typename decltype(values)::value_type;
    Number low{}, high{};
    if (min)
      min.read(0, 1, 1, &low);
    if (max)
      max.read(0, 1, 1, &high);
    for (Number &value : values) {
      if (min && below(value, low))
        value = low;
      if (max && below(high, value))
        value = high;
    }
    result->write(0, 1, input.numElements(), values.data());
  };
  auto less = [](auto a, auto b) { return a < b; };
  if (input.isFloat())
    run(input.toDoubles(), less);
  else if (input.element() == Element::U64)
    run(input.toInts(),
        [](int64_t a, int64_t b) { return uint64_t(a) < uint64_t(b); });
  else
    run(input.toInts(), less);
  return success();
}

} // namespace

void registerElementwise(Registry &registry) {
  registerArithmetic(registry);
  registerComparisons(registry);
  registry.add<onnx::WhereOp>(evalWhere);
  registry.add<onnx::ClipOp>(evalClip);
  registry.add<onnx::CastOp>([](onnx::CastOp op, Call &call) {
    const Tensor &input = call[op.getInput()];
    Type target = cast<TensorType>(op.getResult().getType()).getElementType();
    if (!input || !elementOf(target))
      return call.fail("cannot convert to this element type");
    call.set(0, input.elementType() == target ? input : input.converted(target));
    return success();
  });
}

} // namespace llmc::reference

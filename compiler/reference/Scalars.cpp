#include "compiler/reference/Scalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

using FloatUnary = double (*)(double);
using FloatBinary = double (*)(double, double);
using IntBinary = int64_t (*)(int64_t, int64_t);

template <typename Op, typename Function>
void put(llvm::StringMap<Function> &table, Function function) {
  table[Op::getOperationName()] = function;
}

double maximum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b);
}
double minimum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
}
/// Shifts by 64 or more are poison in arith: any value will do.
int64_t shiftLeft(int64_t a, int64_t b) {
  return uint64_t(b) > 63 ? 0 : int64_t(uint64_t(a) << b);
}
int64_t shiftRight(int64_t a, int64_t b) { return a >> std::min<uint64_t>(b, 63); }

const llvm::StringMap<FloatUnary> &floatUnary() {
  static const llvm::StringMap<FloatUnary> table = [] {
    llvm::StringMap<FloatUnary> t;
    put<arith::NegFOp, FloatUnary>(t, [](double x) { return -x; });
    put<arith::ExtFOp, FloatUnary>(t, [](double x) { return x; });
    put<arith::TruncFOp, FloatUnary>(t, [](double x) { return x; });
    put<math::AbsFOp, FloatUnary>(t, std::fabs);
    put<math::ExpOp, FloatUnary>(t, std::exp);
    put<math::Exp2Op, FloatUnary>(t, std::exp2);
    put<math::ExpM1Op, FloatUnary>(t, std::expm1);
    put<math::LogOp, FloatUnary>(t, std::log);
    put<math::Log2Op, FloatUnary>(t, std::log2);
    put<math::Log10Op, FloatUnary>(t, std::log10);
    put<math::Log1pOp, FloatUnary>(t, std::log1p);
    put<math::SqrtOp, FloatUnary>(t, std::sqrt);
    put<math::RsqrtOp, FloatUnary>(t, [](double x) { return 1 / std::sqrt(x); });
    put<math::CbrtOp, FloatUnary>(t, std::cbrt);
    put<math::SinOp, FloatUnary>(t, std::sin);
    put<math::CosOp, FloatUnary>(t, std::cos);
    put<math::TanOp, FloatUnary>(t, std::tan);
    put<math::AsinOp, FloatUnary>(t, std::asin);
    put<math::AcosOp, FloatUnary>(t, std::acos);
    put<math::AtanOp, FloatUnary>(t, std::atan);
    put<math::SinhOp, FloatUnary>(t, std::sinh);
    put<math::CoshOp, FloatUnary>(t, std::cosh);
    put<math::TanhOp, FloatUnary>(t, std::tanh);
    put<math::AsinhOp, FloatUnary>(t, std::asinh);
    put<math::AcoshOp, FloatUnary>(t, std::acosh);
    put<math::AtanhOp, FloatUnary>(t, std::atanh);
    put<math::ErfOp, FloatUnary>(t, std::erf);
    put<math::ErfcOp, FloatUnary>(t, std::erfc);
    put<math::FloorOp, FloatUnary>(t, std::floor);
    put<math::CeilOp, FloatUnary>(t, std::ceil);
    put<math::TruncOp, FloatUnary>(t, std::trunc);
    put<math::RoundOp, FloatUnary>(t, std::round);
    put<math::RoundEvenOp, FloatUnary>(t, std::nearbyint);
    return t;
  }();
  return table;
}

const llvm::StringMap<FloatBinary> &floatBinary() {
  static const llvm::StringMap<FloatBinary> table = [] {
    llvm::StringMap<FloatBinary> t;
    put<arith::AddFOp, FloatBinary>(t, [](double a, double b) { return a + b; });
    put<arith::SubFOp, FloatBinary>(t, [](double a, double b) { return a - b; });
    put<arith::MulFOp, FloatBinary>(t, [](double a, double b) { return a * b; });
    put<arith::DivFOp, FloatBinary>(t, [](double a, double b) { return a / b; });
    put<arith::RemFOp, FloatBinary>(t, std::fmod);
    put<arith::MaximumFOp, FloatBinary>(t, maximum);
    put<arith::MinimumFOp, FloatBinary>(t, minimum);
    put<arith::MaxNumFOp, FloatBinary>(t, std::fmax);
    put<arith::MinNumFOp, FloatBinary>(t, std::fmin);
    put<math::PowFOp, FloatBinary>(t, std::pow);
    put<math::Atan2Op, FloatBinary>(t, std::atan2);
    put<math::CopySignOp, FloatBinary>(t, std::copysign);
    return t;
  }();
  return table;
}

const llvm::StringMap<IntBinary> &intBinary() {
  static const llvm::StringMap<IntBinary> table = [] {
    llvm::StringMap<IntBinary> t;
    put<arith::AddIOp, IntBinary>(t, [](int64_t a, int64_t b) {
      return int64_t(uint64_t(a) + uint64_t(b));
    });
    put<arith::SubIOp, IntBinary>(t, [](int64_t a, int64_t b) {
      return int64_t(uint64_t(a) - uint64_t(b));
    });
    put<arith::MulIOp, IntBinary>(t, [](int64_t a, int64_t b) {
      return int64_t(uint64_t(a) * uint64_t(b));
    });
    // Division by zero is undefined in arith: 0 stands for it.
    put<arith::DivSIOp, IntBinary>(t, [](int64_t a, int64_t b) {
      return b == 0 ? 0 : b == -1 ? int64_t(0 - uint64_t(a)) : a / b;
    });
    put<arith::RemSIOp, IntBinary>(t, [](int64_t a, int64_t b) {
      return b == 0 || b == -1 ? 0 : a % b;
    });
    put<arith::AndIOp, IntBinary>(t, [](int64_t a, int64_t b) { return a & b; });
    put<arith::OrIOp, IntBinary>(t, [](int64_t a, int64_t b) { return a | b; });
    put<arith::XOrIOp, IntBinary>(t, [](int64_t a, int64_t b) { return a ^ b; });
    put<arith::ShLIOp, IntBinary>(t, shiftLeft);
    put<arith::ShRSIOp, IntBinary>(t, shiftRight);
    put<arith::MaxSIOp, IntBinary>(t, [](int64_t a, int64_t b) { return std::max(a, b); });
    put<arith::MinSIOp, IntBinary>(t, [](int64_t a, int64_t b) { return std::min(a, b); });
    return t;
  }();
  return table;
}

bool compare(arith::CmpFPredicate predicate, double a, double b) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::AlwaysTrue:
    return true;
  case P::ORD:
    return !unordered;
  case P::UNO:
    return unordered;
  case P::OEQ:
    return a == b;
  case P::UEQ:
    return unordered || a == b;
  case P::ONE:
    return !unordered && a != b;
  case P::UNE:
    return a != b;
  case P::OLT:
    return a < b;
  case P::ULT:
    return unordered || a < b;
  case P::OLE:
    return a <= b;
  case P::ULE:
    return unordered || a <= b;
  case P::OGT:
    return a > b;
  case P::UGT:
    return unordered || a > b;
  case P::OGE:
    return a >= b;
  case P::UGE:
    return unordered || a >= b;
  }
  return false;
}

bool compare(arith::CmpIPredicate predicate, int64_t a, int64_t b) {
  using P = arith::CmpIPredicate;
  // Sign extension keeps the unsigned order within a width.
  uint64_t ua = uint64_t(a), ub = uint64_t(b);
  switch (predicate) {
  case P::eq:
    return a == b;
  case P::ne:
    return a != b;
  case P::slt:
    return a < b;
  case P::sle:
    return a <= b;
  case P::sgt:
    return a > b;
  case P::sge:
    return a >= b;
  case P::ult:
    return ua < ub;
  case P::ule:
    return ua <= ub;
  case P::ugt:
    return ua > ub;
  case P::uge:
    return ua >= ub;
  }
  return false;
}

/// The lanes of a block while it runs.
class Run {
public:
  Run(int64_t n, std::string &why) : n(n), why(why) {}

  /// The lane of \p value; constants outside of the block are lanes as well.
  const Lane *lane(Value value) {
    auto found = lanes.find(value);
    if (found != lanes.end())
      return &found->second;
    auto constant = value.getDefiningOp<arith::ConstantOp>();
    if (!constant || failed(execute(constant)))
      return nullptr;
    return &lanes[value];
  }

  LogicalResult execute(Operation *op);

  llvm::DenseMap<Value, Lane> lanes;

private:
  LogicalResult convert(Operation *op, Lane &result);

  int64_t n;
  std::string &why;
};

LogicalResult Run::convert(Operation *op, Lane &result) {
  const Lane &input = *lane(op->getOperand(0));
  unsigned width = op->getOperand(0).getType().getIntOrFloatBitWidth();
  // The bits of a narrower integer without its sign.
  uint64_t mask = width >= 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
  for (int64_t i = 0; i < n; ++i) {
    if (isa<arith::FPToSIOp, arith::FPToUIOp>(op)) {
      double whole = std::trunc(input.floats[i]);
      result.ints[i] = !(std::fabs(whole) < 0x1p64) ? 0
                       : whole >= 0x1p63            ? int64_t(uint64_t(whole))
                       : whole < -0x1p63            ? INT64_MIN
                                                    : int64_t(whole);
    } else if (isa<arith::SIToFPOp>(op)) {
      // i1 is -1 or 0 as a signed number.
      int64_t value = width == 1 ? -input.ints[i] : input.ints[i];
      result.floats[i] = double(value);
    } else if (isa<arith::UIToFPOp>(op)) {
      result.floats[i] = double(uint64_t(input.ints[i]) & mask);
    } else if (isa<arith::ExtUIOp>(op)) {
      result.ints[i] = int64_t(uint64_t(input.ints[i]) & mask);
    } else if (isa<arith::ExtSIOp>(op)) {
      result.ints[i] = width == 1 ? -input.ints[i] : input.ints[i];
    } else if (isa<arith::TruncIOp>(op) && result.element == Element::Bool) {
      result.ints[i] = input.ints[i] & 1;
    } else {
      result.ints[i] = input.ints[i];
    }
  }
  return success();
}

LogicalResult Run::execute(Operation *op) {
  StringRef name = op->getName().getStringRef();
  auto element = op->getNumResults() == 1
                     ? elementOf(op->getResult(0).getType())
                     : std::nullopt;
  if (!element) {
    why = (name + " has a result that is not a scalar").str();
    return failure();
  }
  SmallVector<const Lane *> in;
  for (Value operand : op->getOperands())
    if (!lane(operand)) {
      why = (name + " uses a value from outside its region").str();
      return failure();
    }
  for (Value operand : op->getOperands()) // no insertion moves lanes any more
    in.push_back(lane(operand));
  Lane result{*element, {}, {}};
  bool floats = isFloat(*element);
  (floats ? result.floats.resize(n) : result.ints.resize(n));

  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (auto value = dyn_cast<FloatAttr>(constant.getValue())) {
      std::fill(result.floats.begin(), result.floats.end(),
                value.getValueAsDouble());
    } else if (auto value = dyn_cast<IntegerAttr>(constant.getValue())) {
      std::fill(result.ints.begin(), result.ints.end(),
                wrapTo(*element, value.getValue().getSExtValue()));
    }
  } else if (auto function = floatUnary().lookup(name)) {
    for (int64_t i = 0; i < n; ++i)
      result.floats[i] = function(in[0]->floats[i]);
  } else if (auto function = floatBinary().lookup(name)) {
    for (int64_t i = 0; i < n; ++i)
      result.floats[i] = function(in[0]->floats[i], in[1]->floats[i]);
  } else if (auto function = intBinary().lookup(name)) {
    for (int64_t i = 0; i < n; ++i)
      result.ints[i] = function(in[0]->ints[i], in[1]->ints[i]);
  } else if (isa<math::FmaOp>(op)) {
    // One rounding to f32 or less: the product of two f32 is exact in double.
    for (int64_t i = 0; i < n; ++i)
      result.floats[i] =
          std::fma(in[0]->floats[i], in[1]->floats[i], in[2]->floats[i]);
  } else if (isa<arith::SelectOp>(op)) {
    for (int64_t i = 0; i < n; ++i) {
      const Lane &chosen = in[0]->ints[i] ? *in[1] : *in[2];
      if (floats)
        result.floats[i] = chosen.floats[i];
      else
        result.ints[i] = chosen.ints[i];
    }
  } else if (auto comparison = dyn_cast<arith::CmpFOp>(op)) {
    for (int64_t i = 0; i < n; ++i)
      result.ints[i] = compare(comparison.getPredicate(), in[0]->floats[i],
                               in[1]->floats[i]);
  } else if (auto comparison = dyn_cast<arith::CmpIOp>(op)) {
    for (int64_t i = 0; i < n; ++i)
      result.ints[i] =
          compare(comparison.getPredicate(), in[0]->ints[i], in[1]->ints[i]);
  } else if (isa<math::AbsIOp>(op)) {
    for (int64_t i = 0; i < n; ++i)
      result.ints[i] = in[0]->ints[i] < 0 ? int64_t(0 - uint64_t(in[0]->ints[i]))
                                          : in[0]->ints[i];
  } else if (isa<arith::FPToSIOp, arith::FPToUIOp, arith::SIToFPOp,
                 arith::UIToFPOp, arith::ExtSIOp, arith::ExtUIOp,
                 arith::TruncIOp>(op)) {
    if (failed(convert(op, result)))
      return failure();
  } else {
    why = (name + " is not known in a region of scalars").str();
    return failure();
  }
  for (double &value : result.floats)
    value = roundTo(*element, value);
  for (int64_t &value : result.ints)
    value = wrapTo(*element, value);
  lanes[op->getResult(0)] = std::move(result);
  return success();
}

} // namespace

FailureOr<std::vector<Lane>> runScalars(Block &block, std::vector<Lane> arguments,
                                        int64_t n, std::string &why) {
  Run run(n, why);
  for (auto [argument, lane] : llvm::zip(block.getArguments(), arguments))
    run.lanes[argument] = std::move(lane);
  for (Operation &op : block.without_terminator())
    if (failed(run.execute(&op)))
      return failure();
  std::vector<Lane> results;
  for (Value value : block.getTerminator()->getOperands()) {
    const Lane *lane = run.lane(value);
    if (!lane) {
      why = "the region yields a value from outside";
      return failure();
    }
    results.push_back(*lane);
  }
  return results;
}

} // namespace llmc::reference

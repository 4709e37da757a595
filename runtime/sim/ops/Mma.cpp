// mma.sync (ISA section 9.7.14.5) on 16-bit, 8-bit, 4-bit and tf32 elements.
//
// All fragments follow one rule. A register holds e elements that follow each
// other along k. Lane 4g + t holds, of A, row g (and g + 8 in every second
// register) from k = t * e (and 4 * e further for every two registers); of B,
// column g from k = t * e (4 * e further for each register); of C and D, row g
// (g + 8), columns 2t and 2t + 1.
//
// Products are summed along k in order, fused, in f32, beginning with C. The
// device sums several at a time and cuts the aligned products: results differ
// in the last bits, as its own generations do among themselves.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/ops/Aligned.h"
#include "runtime/sim/ops/Lanes.h"
#include "runtime/sim/ops/MatrixElements.h"

#include <cstring>
#include <immintrin.h>

namespace llmc::sim {
namespace {

constexpr unsigned kMaxK = 64;

/// What `count` of an mma holds.
struct Shape {
  unsigned rows; ///< 8 or 16.
  unsigned k;
  Type a, b;
  bool halfC, halfD;
  bool saturates;

  unsigned bits() const {
    return a == Type::S4 || a == Type::U4 ? 4
           : a == Type::TF32              ? 32
                                          : 8 * typeBytes(a);
  }
  unsigned elements() const { return 32 / bits(); }
  unsigned aRegisters() const { return rows / 8 * (k / (4 * elements())); }
  unsigned bRegisters() const { return k / (4 * elements()); }
  bool isInteger() const { return !isFloat(a); }

  uint32_t pack() const {
    return rows | k << 5 | uint32_t(a) << 12 | uint32_t(b) << 18 |
           uint32_t(halfC) << 24 | uint32_t(halfD) << 25 |
           uint32_t(saturates) << 26;
  }
  static Shape unpack(uint32_t bits) {
    return {bits & 31,
            bits >> 5 & 127,
            Type(bits >> 12 & 63),
            Type(bits >> 18 & 63),
            bool(bits >> 24 & 1),
            bool(bits >> 25 & 1),
            bool(bits >> 26 & 1)};
  }
};

/// The elements of a register of all lanes, in the order of lanes.
void unpackFloats(Warp &warp, Slot slot, Type type, float *out) {
  switch (type) {
  case Type::F16:
    return floatOfHalf(warp.lanes<uint16_t>(slot), out, 64);
  case Type::BF16:
    return floatOfBrain(warp.lanes<uint16_t>(slot), out, 64);
  case Type::TF32: {
    const uint32_t *lanes = warp.lanes<uint32_t>(slot);
    for (unsigned i = 0; i < kLanes; ++i)
      out[i] = std::bit_cast<float>(lanes[i] & ~uint32_t(0x1FFF));
    return;
  }
  default: {
    const auto &table = fp8Table(type);
    const uint8_t *lanes = warp.lanes<uint8_t>(slot);
    for (unsigned i = 0; i < 4 * kLanes; ++i)
      out[i] = table[lanes[i]];
  }
  }
}

void unpackIntegers(Warp &warp, Slot slot, Type type, int32_t *out) {
  const uint8_t *bytes = warp.lanes<uint8_t>(slot);
  for (unsigned i = 0; i < 4 * kLanes; ++i) {
    switch (type) {
    case Type::S8:
      out[i] = int8_t(bytes[i]);
      break;
    case Type::U8:
      out[i] = bytes[i];
      break;
    case Type::S4:
      out[2 * i] = int8_t(bytes[i] << 4) >> 4;
      out[2 * i + 1] = int8_t(bytes[i]) >> 4;
      break;
    default:
      out[2 * i] = bytes[i] & 15;
      out[2 * i + 1] = bytes[i] >> 4;
    }
  }
}

/// A [rows][k] and B [k][8] of float or int32.
template <typename T> struct Factors {
  alignas(64) T a[16][kMaxK];
  alignas(64) T b[kMaxK][8];
};

template <typename T, auto Unpack>
void gather(Warp &warp, const Slot *op, const Shape &shape, Factors<T> &out) {
  alignas(64) T lanes[kLanes * 8];
  unsigned run = 4 * shape.elements(); // Of a row, in one register.
  unsigned halves = shape.rows / 8;
  for (unsigned r = 0; r < shape.aRegisters(); ++r) {
    Unpack(warp, op[r], shape.a, lanes);
    for (unsigned g = 0; g < 8; ++g)
      memcpy(&out.a[g + 8 * (r % halves)][r / halves * run], lanes + g * run,
             run * sizeof(T));
  }
  op += shape.aRegisters();
  for (unsigned r = 0; r < shape.bRegisters(); ++r) {
    Unpack(warp, op[r], shape.b, lanes);
    for (unsigned g = 0; g < 8; ++g)
      for (unsigned k = 0; k < run; ++k)
        out.b[r * run + k][g] = lanes[g * run + k];
  }
}

LLMC_SIM_LANES void multiply(const Factors<float> &f, const Shape &shape,
                             float (&d)[16][8]) {
  for (unsigned row = 0; row < shape.rows; row += 4) {
    __m256 sum[4];
    for (unsigned i = 0; i < 4; ++i)
      sum[i] = _mm256_loadu_ps(d[row + i]);
    for (unsigned k = 0; k < shape.k; ++k) {
      __m256 b = _mm256_load_ps(f.b[k]);
      for (unsigned i = 0; i < 4; ++i)
        sum[i] = _mm256_fmadd_ps(_mm256_set1_ps(f.a[row + i][k]), b, sum[i]);
    }
    for (unsigned i = 0; i < 4; ++i)
      _mm256_storeu_ps(d[row + i], sum[i]);
  }
}

/// Products of 4 or 8 bits are small: 64 of them fit in 32 bits.
LLMC_SIM_LANES void multiply(const Factors<int32_t> &f, const Shape &shape,
                             int32_t (&d)[16][8]) {
  for (unsigned row = 0; row < shape.rows; ++row) {
    __m256i sum = _mm256_setzero_si256();
    for (unsigned k = 0; k < shape.k; ++k) {
      __m256i b = _mm256_load_si256(reinterpret_cast<const __m256i *>(f.b[k]));
      sum = _mm256_add_epi32(
          sum, _mm256_mullo_epi32(_mm256_set1_epi32(f.a[row][k]), b));
    }
    _mm256_store_si256(reinterpret_cast<__m256i *>(d[row]), sum);
  }
}

/// Operands: D, A, B, C.
void mmaFloat(Warp &warp, const Inst &inst) {
  if (!allLanes(warp))
    return;
  Shape shape = Shape::unpack(inst.count);
  const Slot *d = inst.operand;
  const Slot *a = d + (shape.halfD ? 2 : 4);
  const Slot *c = a + shape.aRegisters() + shape.bRegisters();
  Factors<float> factors;
  gather<float, unpackFloats>(warp, a, shape, factors);
  alignas(32) float sum[16][8];
  for (unsigned half = 0; half < 2; ++half) {
    float pair[2 * kLanes];
    if (shape.halfC) {
      floatOfHalf(warp.lanes<uint16_t>(c[half]), pair, 2 * kLanes);
      memcpy(sum[8 * half], pair, sizeof pair);
      continue;
    }
    for (unsigned i = 0; i < 2; ++i) {
      const float *lanes = warp.lanes<float>(c[2 * half + i]);
      for (unsigned lane = 0; lane < kLanes; ++lane)
        sum[8 * half + lane / 4][lane % 4 * 2 + i] = lanes[lane];
    }
  }
  multiply(factors, shape, sum);
  for (unsigned half = 0; half < 2; ++half) {
    if (shape.halfD) {
      halfOfFloat(sum[8 * half], warp.lanes<uint16_t>(d[half]), 2 * kLanes);
      continue;
    }
    for (unsigned i = 0; i < 2; ++i) {
      float *lanes = warp.lanes<float>(d[2 * half + i]);
      for (unsigned lane = 0; lane < kLanes; ++lane)
        lanes[lane] = sum[8 * half + lane / 4][lane % 4 * 2 + i];
    }
  }
}

void mmaInteger(Warp &warp, const Inst &inst) {
  if (!allLanes(warp))
    return;
  Shape shape = Shape::unpack(inst.count);
  unsigned registers = shape.rows / 4;
  const Slot *d = inst.operand;
  const Slot *a = d + registers;
  const Slot *c = a + shape.aRegisters() + shape.bRegisters();
  Factors<int32_t> f;
  gather<int32_t, unpackIntegers>(warp, a, shape, f);
  alignas(32) int32_t products[16][8] = {};
  multiply(f, shape, products);
  int32_t in[4][kLanes];
  for (unsigned r = 0; r < registers; ++r)
    memcpy(in[r], warp.lanes<int32_t>(c[r]), sizeof in[r]);
  for (unsigned r = 0; r < registers; ++r)
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      unsigned row = 8 * (r / 2) + lane / 4, column = lane % 4 * 2 + r % 2;
      int64_t sum = int64_t(in[r][lane]) + products[row][column];
      if (shape.saturates)
        sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
      warp.lanes<int32_t>(d[r])[lane] = int32_t(uint32_t(uint64_t(sum)));
    }
}

bool takeShape(Decoder &d, Shape &shape) {
  struct Name {
    std::string_view name;
    unsigned rows, k;
  };
  constexpr Name names[] = {{"m16n8k4", 16, 4},   {"m16n8k8", 16, 8},
                            {"m16n8k16", 16, 16}, {"m16n8k32", 16, 32},
                            {"m16n8k64", 16, 64}, {"m8n8k16", 8, 16},
                            {"m8n8k32", 8, 32}};
  for (const Name &name : names)
    if (d.takes(name.name)) {
      shape.rows = name.rows;
      shape.k = name.k;
      return true;
    }
  return d.fail("this shape of mma is not known");
}

/// Whether the ISA has the shape for the types.
bool isAllowed(const Shape &shape) {
  unsigned k = shape.k;
  switch (shape.a) {
  case Type::F16:
  case Type::BF16:
    return shape.a == shape.b && shape.rows == 16 && (k == 8 || k == 16);
  case Type::TF32:
    return shape.b == Type::TF32 && shape.rows == 16 && (k == 4 || k == 8);
  case Type::E4M3:
  case Type::E5M2:
    return (shape.b == Type::E4M3 || shape.b == Type::E5M2) &&
           shape.rows == 16 && (k == 16 || k == 32);
  case Type::S8:
  case Type::U8:
    return (shape.b == Type::S8 || shape.b == Type::U8) &&
           (shape.rows == 8 ? k == 16 : k == 16 || k == 32);
  case Type::S4:
  case Type::U4:
    return (shape.b == Type::S4 || shape.b == Type::U4) &&
           (shape.rows == 8 ? k == 32 : k == 32 || k == 64);
  default:
    return false;
  }
}

/// The registers of one matrix.
bool fragment(Decoder &d, size_t i, unsigned registers, bool writes) {
  const Operand &operand = d.operand(i);
  if (operand.kind != Operand::Kind::Vector) {
    if (registers != 1)
      return d.fail("a matrix has too few registers");
    return writes ? d.write(operand, 4) : d.read(operand, 4);
  }
  if (operand.elements.size() != registers)
    return d.fail("a matrix has " + std::to_string(operand.elements.size()) +
                  " registers, not " + std::to_string(registers));
  for (const Operand &element : operand.elements)
    if (!(writes ? d.write(element, 4) : d.read(element, 4)))
      return false;
  return true;
}

} // namespace

bool decodeMma(Decoder &d) {
  Shape shape{};
  if (!d.takes("sync") || !d.takes("aligned"))
    return d.fail("mma is .sync.aligned");
  if (!takeShape(d, shape))
    return false;
  if (!d.takes("row") || !d.takes("col"))
    return d.fail("mma is .row.col");
  shape.saturates = d.takes("satfinite");
  d.ignores({"kind::f8f6f4"});
  Type to = d.takeType();
  shape.a = d.takeType();
  shape.b = d.takeType();
  Type addend = d.takeType();
  if (!isAllowed(shape))
    return d.fail("mma does not have this shape for these types");
  shape.halfD = to == Type::F16;
  shape.halfC = addend == Type::F16;
  bool good = shape.isInteger()
                  ? to == Type::S32 && addend == Type::S32
                  : (to == Type::F32 || shape.halfD) &&
                        (addend == Type::F32 || shape.halfC) &&
                        (!(shape.halfC || shape.halfD) ||
                         shape.a == Type::F16 || shape.bits() == 8);
  if (!good)
    return d.fail("mma does not have these accumulators for these types");
  d.inst.count = shape.pack();
  d.inst.execute = shape.isInteger() ? mmaInteger : mmaFloat;
  unsigned full = shape.rows / 4;
  return d.wants(4) && fragment(d, 0, shape.halfD ? 2 : full, true) &&
         fragment(d, 1, shape.aRegisters(), false) &&
         fragment(d, 2, shape.bRegisters(), false) &&
         fragment(d, 3, shape.halfC ? 2 : full, false);
}

} // namespace llmc::sim

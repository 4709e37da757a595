// Integer, bit and floating-point instructions against plain arithmetic.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/ops/HalfLanes.h"

#include <cfenv>
#include <cmath>
#include <functional>
#include <random>

using namespace llmc;
using namespace llmc::sim;

using Rows = std::vector<std::vector<uint64_t>>;

/// Random bits with the corners first.
static Rows randomRows(unsigned columns, unsigned bits, unsigned count = 200) {
  std::mt19937_64 random(bits * 31 + columns);
  uint64_t mask = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  uint64_t corners[] = {0, 1, mask, mask >> 1, (mask >> 1) + 1, 31, 32, 5};
  Rows rows;
  for (unsigned i = 0; i < count; ++i) {
    std::vector<uint64_t> row;
    for (unsigned c = 0; c < columns; ++c)
      row.push_back(i < 64 ? corners[(i >> 3 * (c % 2)) % 8] : random() & mask);
    rows.push_back(row);
  }
  return rows;
}

/// Floats of all magnitudes, with zeros, infinities, NaN and denormals first.
static Rows floatRows(unsigned columns, unsigned count = 200) {
  std::mt19937 random(columns);
  float corners[] = {0.0f, -0.0f,  INFINITY, -INFINITY,
                     NAN,  1e-40f, -1.5f,    3.0e38f};
  std::uniform_real_distribution<float> mantissa(-2, 2);
  std::uniform_int_distribution<int> exponent(-30, 30);
  Rows rows;
  for (unsigned i = 0; i < count; ++i) {
    std::vector<uint64_t> row;
    for (unsigned c = 0; c < columns; ++c)
      row.push_back(
          bitsOf(i < 64 ? corners[(i >> 3 * (c % 2)) % 8]
                        : std::ldexp(mantissa(random), exponent(random))));
    rows.push_back(row);
  }
  return rows;
}

using Reference = std::function<uint64_t(const std::vector<uint64_t> &)>;

static void check(const std::string &text, std::vector<std::string> types,
                  const Rows &rows, const Reference &reference) {
  auto results = runInstruction(text, types, rows);
  unsigned width = types[0].find("16") != std::string::npos   ? 16
                   : types[0].find("64") != std::string::npos ? 64
                                                              : 32;
  uint64_t mask = width == 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
  for (size_t i = 0; i < rows.size(); ++i)
    ASSERT_EQ(results[i] & mask, reference(rows[i]) & mask)
        << text << " row " << i << std::hex << " a=" << rows[i][0]
        << " b=" << (rows[i].size() > 1 ? rows[i][1] : 0)
        << " c=" << (rows[i].size() > 2 ? rows[i][2] : 0);
}

static void check32(const std::string &text, unsigned operands,
                    const Reference &reference) {
  check(text, std::vector<std::string>(operands + 1, "b32"),
        randomRows(operands, 32), reference);
}

#define A int32_t(r[0])
#define B int32_t(r[1])
#define C int32_t(r[2])
#define UA uint32_t(r[0])
#define UB uint32_t(r[1])
#define UC uint32_t(r[2])
#define OF(...)                                                                \
  [](const std::vector<uint64_t> &r) { return uint64_t(__VA_ARGS__); }

TEST(SimInteger, AddsSubtractsAndMultiplies) {
  check32("add.s32 d, a, b;", 2, OF(UA + UB));
  check32("sub.u32 d, a, b;", 2, OF(UA - UB));
  check32("mul.lo.s32 d, a, b;", 2, OF(UA * UB));
  check32("mul.hi.s32 d, a, b;", 2, OF((int64_t(A) * B) >> 32));
  check32("mul.hi.u32 d, a, b;", 2, OF((uint64_t(UA) * UB) >> 32));
  check32("mad.lo.s32 d, a, b, c;", 3, OF(UA * UB + UC));
  check32("mad.hi.u32 d, a, b, c;", 3, OF(((uint64_t(UA) * UB) >> 32) + UC));
  check32("sad.s32 d, a, b, c;", 3, OF((A < B ? UB - UA : UA - UB) + UC));
  check32("add.sat.s32 d, a, b;", 2,
          OF(std::clamp<int64_t>(int64_t(A) + B, INT32_MIN, INT32_MAX)));
  check("mul.wide.s32 d, a, b;", {"b64", "b32", "b32"}, randomRows(2, 32),
        OF(int64_t(A) * B));
  check("mad.wide.u32 d, a, b, c;", {"b64", "b32", "b32", "b64"},
        randomRows(3, 32), OF(uint64_t(UA) * UB + r[2]));
  check("mul.hi.u64 d, a, b;", {"b64", "b64", "b64"}, randomRows(2, 64),
        OF((static_cast<unsigned __int128>(r[0]) * r[1]) >> 64));
  check("mul.lo.s16 d, a, b;", {"b16", "b16", "b16"}, randomRows(2, 16),
        OF(uint16_t(r[0] * r[1])));
  check("mul.wide.s16 d, a, b;", {"b32", "b16", "b16"}, randomRows(2, 16),
        OF(int16_t(r[0]) * int16_t(r[1])));
}

TEST(SimInteger, DividesWithoutTrapping) {
  check32("div.s32 d, a, b;", 2,
          OF(B == 0    ? -1
             : B == -1 ? int32_t(0 - UA)
                       : A / B));
  check32("div.u32 d, a, b;", 2, OF(UB == 0 ? ~0u : UA / UB));
  check32("rem.s32 d, a, b;", 2, OF(B == 0 ? A : B == -1 ? 0 : A % B));
  check32("rem.u32 d, a, b;", 2, OF(UB == 0 ? UA : UA % UB));
}

TEST(SimInteger, ComparesNegatesAndTakesExtremes) {
  check32("min.s32 d, a, b;", 2, OF(std::min(A, B)));
  check32("max.u32 d, a, b;", 2, OF(std::max(UA, UB)));
  check32("neg.s32 d, a;", 1, OF(0 - UA));
  check32("abs.s32 d, a;", 1, OF(A < 0 ? 0 - UA : UA));
  check32("setp.lt.s32 p, a, b; selp.b32 d, 1, 0, p;", 2, OF(A < B));
  check32("setp.hi.u32 p, a, b; selp.b32 d, 1, 0, p;", 2, OF(UA > UB));
  check32("setp.ne.b32 p, a, b; selp.b32 d, a, b, !p;", 2,
          OF(UA != UB ? UB : UA));
  check32("setp.gt.s32 q, a, c; setp.lt.and.s32 p|q, a, b, q;\n"
          "selp.b32 d, 1, 0, p; @q add.s32 d, d, 2;",
          3, OF((A < B && A > C ? 1 : 0) + (!(A < B) && A > C ? 2 : 0)));
  check32("set.ge.u32.s32 d, a, b;", 2, OF(A >= B ? ~0u : 0u));
  check32("slct.b32.s32 d, a, b, c;", 3, OF(C >= 0 ? UA : UB));
}

TEST(SimBits, DoesLogicAndShifts) {
  check32("and.b32 d, a, b;", 2, OF(UA & UB));
  check32("or.b32 d, a, b;", 2, OF(UA | UB));
  check32("xor.b32 d, a, b;", 2, OF(UA ^ UB));
  check32("not.b32 d, a;", 1, OF(~UA));
  check32("cnot.b32 d, a;", 1, OF(UA == 0));
  check32("lop3.b32 d, a, b, c, 0xEA;", 3, OF((UA & UB) | UC));
  check32("lop3.b32 d, a, b, c, 0x6A;", 3, OF((UA & UB) ^ UC));
  check32("shl.b32 d, a, b;", 2, OF(UB > 31 ? 0 : UA << UB));
  check32("shr.u32 d, a, b;", 2, OF(UB > 31 ? 0 : UA >> UB));
  check32("shr.s32 d, a, b;", 2, OF(A >> std::min(UB, 31u)));
  check("shl.b64 d, a, b;", {"b64", "b64", "b32"}, randomRows(2, 32),
        OF(UB > 63 ? 0 : r[0] << UB));
  check32("shf.l.wrap.b32 d, a, b, c;", 3,
          OF((r[1] << 32 | r[0]) << (UC & 31) >> 32));
  check32("shf.r.clamp.b32 d, a, b, c;", 3,
          OF((r[1] << 32 | r[0]) >> std::min(UC, 32u)));
}

TEST(SimBits, CountsAndMovesBits) {
  check32("popc.b32 d, a;", 1, OF(__builtin_popcount(UA)));
  check32("clz.b32 d, a;", 1, OF(UA ? __builtin_clz(UA) : 32));
  check("clz.b64 d, a;", {"b32", "b64"}, randomRows(1, 64),
        OF(r[0] ? __builtin_clzll(r[0]) : 64));
  check32("brev.b32 d, a;", 1, [](const std::vector<uint64_t> &r) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 32; ++i)
      bits |= (r[0] >> i & 1) << (31 - i);
    return bits;
  });
  check32("bfind.u32 d, a;", 1, OF(UA ? 31 - __builtin_clz(UA) : ~0u));
  check32("bfind.s32 d, a;", 1,
          OF((A < 0 ? ~UA : UA) ? 31 - __builtin_clz(A < 0 ? ~UA : UA) : ~0u));
  check32("and.b32 b, b, 15; and.b32 c, c, 15; bfe.u32 d, a, b, c;", 3,
          OF((UA >> (UB & 15)) & ((1u << (UC & 15)) - 1)));
  check32("and.b32 b, b, 15; and.b32 c, c, 15; bfe.s32 d, a, b, c;", 3,
          [](const std::vector<uint64_t> &r) -> uint64_t {
            unsigned position = UB & 15, count = UC & 15;
            if (count == 0)
              return 0;
            return uint64_t(int64_t(int32_t(UA << (32 - position - count))) >>
                            (32 - count));
          });
  check32("bfi.b32 d, a, b, 4, 8;", 2, OF((UB & ~0xFF0u) | (UA << 4 & 0xFF0)));
  check32("prmt.b32 d, a, b, 0x7210;", 2,
          OF((UA & 0xFFFFFF) | (UB & 0xFF000000)));
  check32("prmt.b32 d, a, b, c;", 3, [](const std::vector<uint64_t> &r) {
    uint64_t pair = r[1] << 32 | r[0], bits = 0;
    for (unsigned i = 0; i < 4; ++i) {
      unsigned nibble = UC >> 4 * i & 15;
      uint64_t byte = pair >> 8 * (nibble & 7) & 255;
      bits |= (nibble & 8 ? (byte & 128 ? 255 : 0) : byte) << 8 * i;
    }
    return bits;
  });
  check32("dp4a.s32.u32 d, a, b, c;", 3, [](const std::vector<uint64_t> &r) {
    uint32_t sum = UC;
    for (unsigned i = 0; i < 4; ++i)
      sum += uint32_t(int8_t(UA >> 8 * i) * int(uint8_t(UB >> 8 * i)));
    return uint64_t(sum);
  });
}

static uint64_t canonicalBits(float value) {
  return value != value ? 0x7FFFFFFF : bitsOf(value);
}
static float flush(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value)
                                                : value;
}
#define FA floatOf(r[0])
#define FB floatOf(r[1])
#define FC floatOf(r[2])
#define FOF(...)                                                               \
  [](const std::vector<uint64_t> &r) { return canonicalBits(__VA_ARGS__); }

TEST(SimFloat, ComputesAsTheHostDoes) {
  auto check2 = [](const std::string &text, const Reference &reference) {
    check(text, {"f32", "f32", "f32"}, floatRows(2), reference);
  };
  check2("add.rn.f32 d, a, b;", FOF(FA + FB));
  check2("sub.f32 d, a, b;", FOF(FA - FB));
  check2("mul.rn.f32 d, a, b;", FOF(FA * FB));
  check2("div.rn.f32 d, a, b;", FOF(FA / FB));
  check2("mul.ftz.f32 d, a, b;", FOF(flush(flush(FA) * flush(FB))));
  check2(
      "add.sat.f32 d, a, b;",
      FOF(FA + FB != FA + FB ? 0.0f : std::clamp(FA + FB, 0.0f, 1.0f) + 0.0f));
  check("fma.rn.f32 d, a, b, c;", {"f32", "f32", "f32", "f32"}, floatRows(3),
        FOF(std::fma(FA, FB, FC)));
  check("neg.f32 d, a;", {"f32", "f32"}, floatRows(1), FOF(-FA));
  check("abs.f32 d, a;", {"f32", "f32"}, floatRows(1), FOF(std::fabs(FA)));
  check("sqrt.rn.f32 d, a;", {"f32", "f32"}, floatRows(1), FOF(std::sqrt(FA)));
  check("rcp.rn.f32 d, a;", {"f32", "f32"}, floatRows(1), FOF(1 / FA));
}

TEST(SimFloat, MinimumAndMaximumTreatNanAndZeros) {
  Rows rows{{bitsOf(NAN), bitsOf(1.0f)},   {bitsOf(1.0f), bitsOf(NAN)},
            {bitsOf(-0.0f), bitsOf(0.0f)}, {bitsOf(0.0f), bitsOf(-0.0f)},
            {bitsOf(2.0f), bitsOf(-3.0f)}, {bitsOf(NAN), bitsOf(NAN)}};
  std::vector<std::string> types{"f32", "f32", "f32"};
  auto low = runInstruction("min.f32 d, a, b;", types, rows);
  auto high = runInstruction("max.f32 d, a, b;", types, rows);
  auto nan = runInstruction("max.NaN.f32 d, a, b;", types, rows);
  uint64_t one = bitsOf(1.0f), minus = bitsOf(-0.0f), no = 0x7FFFFFFF;
  EXPECT_EQ(uint32_t(low[0]), one);
  EXPECT_EQ(uint32_t(low[1]), one);
  EXPECT_EQ(uint32_t(low[2]), minus);
  EXPECT_EQ(uint32_t(low[3]), minus);
  EXPECT_EQ(uint32_t(low[4]), bitsOf(-3.0f));
  EXPECT_EQ(uint32_t(low[5]), no);
  EXPECT_EQ(uint32_t(high[2]), 0u);
  EXPECT_EQ(uint32_t(high[3]), 0u);
  EXPECT_EQ(uint32_t(nan[0]), no);
  EXPECT_EQ(uint32_t(nan[1]), no);
  EXPECT_EQ(uint32_t(nan[4]), bitsOf(2.0f));
}

TEST(SimFloat, RoundsInEveryDirection) {
  struct Mode {
    const char *name;
    int mode;
  };
  for (Mode mode : {Mode{"rz", FE_TOWARDZERO}, Mode{"rm", FE_DOWNWARD},
                    Mode{"rp", FE_UPWARD}}) {
    auto reference = [&](const std::vector<uint64_t> &r) {
      fesetround(mode.mode);
      volatile float a = FA, b = FB;
      volatile float sum = a + b;
      fesetround(FE_TONEAREST);
      return canonicalBits(sum);
    };
    check(std::string("add.") + mode.name + ".f32 d, a, b;",
          {"f32", "f32", "f32"}, floatRows(2), reference);
  }
}

TEST(SimFloat, ApproximateFunctionsStayWithinTwoUlp) {
  struct Case {
    const char *text;
    double (*exact)(double);
  };
  Case cases[] = {
      {"ex2.approx.f32 d, a;", exp2},
      {"lg2.approx.f32 d, a;", log2},
      {"sin.approx.f32 d, a;", sin},
      {"cos.approx.f32 d, a;", cos},
      {"tanh.approx.f32 d, a;", tanh},
      {"rcp.approx.f32 d, a;", [](double a) { return 1 / a; }},
      {"rsqrt.approx.f32 d, a;", [](double a) { return 1 / sqrt(a); }},
      {"sqrt.approx.f32 d, a;", sqrt},
  };
  Rows rows;
  for (int i = 1; i <= 200; ++i)
    rows.push_back({bitsOf(float(i) * 0.031f)});
  for (const Case &one : cases) {
    auto results = runInstruction(one.text, {"f32", "f32"}, rows);
    for (size_t i = 0; i < rows.size(); ++i) {
      float exact = float(one.exact(double(floatOf(rows[i][0]))));
      float ulp = std::nextafter(std::fabs(exact), INFINITY) - std::fabs(exact);
      EXPECT_LE(std::fabs(floatOf(results[i]) - exact), 2 * ulp)
          << one.text << floatOf(rows[i][0]);
    }
  }
}

TEST(SimFloat, DoublesComputeToo) {
  Rows rows;
  for (int i = 0; i < 50; ++i)
    rows.push_back({bitsOf(1.5 * i - 20), bitsOf(0.3 * i), bitsOf(-7.0 + i)});
  auto value = [](uint64_t bits) { return std::bit_cast<double>(bits); };
  check("fma.rn.f64 d, a, b, c;", {"f64", "f64", "f64", "f64"}, rows,
        [&](const auto &r) {
          return bitsOf(std::fma(value(r[0]), value(r[1]), value(r[2])));
        });
  check("add.f64 d, a, b;", {"f64", "f64", "f64"}, rows,
        [&](const auto &r) { return bitsOf(value(r[0]) + value(r[1])); });
  check("max.f64 d, a, b;", {"f64", "f64", "f64"}, rows, [&](const auto &r) {
    return bitsOf(std::max(value(r[0]), value(r[1])));
  });
}

/// The nearest f16 or bf16 of an exact value, by trying all of them.
static uint16_t nearest(long double exact, bool brain) {
  static std::vector<std::pair<long double, uint16_t>> all[2];
  auto &table = all[brain];
  if (table.empty()) {
    for (unsigned bits = 0; bits < 0x8000; ++bits) {
      float value =
          brain ? floatOfBrain(uint16_t(bits)) : floatOfHalf(uint16_t(bits));
      if (std::isfinite(value))
        table.push_back({value, uint16_t(bits)});
    }
    std::sort(table.begin(), table.end());
  }
  long double magnitude = fabsl(exact);
  auto above = std::lower_bound(table.begin(), table.end(),
                                std::make_pair(magnitude, uint16_t(0)));
  uint16_t sign = std::signbit(exact) ? 0x8000 : 0;
  if (above == table.end())
    return sign | (brain ? 0x7F80 : 0x7C00);
  if (above == table.begin() || above->first == magnitude)
    return sign | above->second;
  auto below = std::prev(above);
  long double up = above->first - magnitude, down = magnitude - below->first;
  bool takeUp = up < down || (up == down && (above->second & 1) == 0);
  return sign | (takeUp ? above : below)->second;
}

TEST(SimHalf, RoundsSumsProductsAndFusedProductsOnce) {
  std::mt19937 random(7);
  for (bool brain : {false, true}) {
    Rows rows;
    for (int i = 0; i < 200; ++i) {
      std::vector<uint64_t> row;
      for (int c = 0; c < 3; ++c) {
        // Exponents near each other, so that sums and products are finite.
        uint16_t bits = uint16_t(random());
        bits = brain ? uint16_t((bits & 0x81FF) | 0x3E00)
                     : uint16_t((bits & 0x8FFF) | 0x3000);
        row.push_back(bits);
      }
      rows.push_back(row);
    }
    auto value = [&](uint64_t bits) -> long double {
      return brain ? floatOfBrain(uint16_t(bits)) : floatOfHalf(uint16_t(bits));
    };
    std::string type = brain ? "bf16" : "f16";
    std::vector<std::string> types(4, "b16");
    check("fma.rn." + type + " d, a, b, c;", types, rows, [&](const auto &r) {
      return nearest(value(r[0]) * value(r[1]) + value(r[2]), brain);
    });
    types.pop_back();
    check("add." + type + " d, a, b;", types, rows, [&](const auto &r) {
      return nearest(value(r[0]) + value(r[1]), brain);
    });
    check("mul." + type + " d, a, b;", types, rows, [&](const auto &r) {
      return nearest(value(r[0]) * value(r[1]), brain);
    });
  }
}

TEST(SimHalf, PackedFormsTreatBothHalves) {
  auto pack = [](float low, float high) -> uint64_t {
    return uint64_t(brainOfFloat(high)) << 16 | brainOfFloat(low);
  };
  Rows rows{{pack(1.5f, -2), pack(0.25f, 8), pack(-10, 1)}};
  std::vector<std::string> types(4, "b32");
  EXPECT_EQ(
      uint32_t(runInstruction("fma.rn.bf16x2 d, a, b, c;", types, rows)[0]),
      pack(1.5f * 0.25f - 10, -15));
  EXPECT_EQ(uint32_t(runInstruction("fma.rn.relu.bf16x2 d, a, b, c;", types,
                                    rows)[0]),
            0u);
  types.pop_back();
  EXPECT_EQ(uint32_t(runInstruction("max.bf16x2 d, a, b;", types, rows)[0]),
            pack(1.5f, 8));
  types.pop_back();
  EXPECT_EQ(uint32_t(runInstruction("neg.bf16x2 d, a;", types, rows)[0]),
            pack(-1.5f, 2));
}

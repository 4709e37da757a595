/// kernel.row_maxima and kernel.choose_token on a simulated GPU: the tokens that the
/// host chooses, for every kind of row and of setting.
#include "runtime/sampling/TokenChooser.h"
#include "test/codegen/KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace llmc;
using namespace llmc::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();

std::string str(int64_t value) { return std::to_string(value); }

/// Both kernels over rows of one length.
class Chooser {
public:
  Chooser(int64_t columns, int64_t slices)
      : columns(columns), slices(slices), maxima(maximaText(), gpuLevel),
        choose(chooseText(), gpuLevel) {}

  /// The tokens of \p choices, one for each of the first rows of \p logits.
  std::vector<int32_t> run(const Guarded<float> &logits,
                           const std::vector<TokenChoice> &choices) const {
    auto count = int64_t(choices.size()), rows = int64_t(logits.size()) / columns;
    Guarded<int64_t> largest(count * slices);
    Guarded<int32_t> words(count * choice::words), tokens(count, -2);
    std::memcpy(words.data(), choices.data(), count * sizeof(TokenChoice));
    maxima.run({logits, largest}, {rows, count}, 0, count * slices, 3);
    choose.run({logits, largest, words, tokens}, {rows, count, count, count}, 0,
               count, 2);
    return {tokens.data(), tokens.data() + count};
  }

  const int64_t columns, slices;

private:
  std::string logitsType() { return "memref<?x" + str(columns) + "xf32>"; }
  std::string maximaType() { return "memref<?x" + str(slices) + "xi64>"; }
  std::string maximaText() {
    return kernelText("kernel.row_maxima", {logitsType(), maximaType()});
  }
  std::string chooseText() {
    return kernelText("kernel.choose_token", {logitsType(), maximaType(),
                                        "memref<?x8xi32>", "memref<?xi32>"});
  }

  Kernel maxima, choose;
};

/// Rows of every kind.
void fillRow(Numbers &numbers, float *row, int64_t columns) {
  int64_t kind = numbers.below(9);
  float scale = std::exp(float(numbers.below(60) - 30) / 10);
  for (int64_t i = 0; i < columns; ++i) {
    float x = scale * numbers.normal();
    switch (kind) {
    case 0: // As of weights in bf16: many ties.
      x = fromBf16(toBf16(x));
      break;
    case 1: // Few values.
      x = float(numbers.below(4));
      break;
    case 2:
      x = 0.25f;
      break;
    case 3: // Tokens that are excluded.
      x = numbers.below(3) ? x : -infinity;
      break;
    case 4:
      x = numbers.below(2) ? 0.0f : -0.0f;
      break;
    case 5: // About the least normal number.
      x *= 1e-38f;
      break;
    case 6:
      x *= 1e37f;
      break;
    default:
      break;
    }
    row[i] = x;
  }
  if (kind == 3)
    row[numbers.below(columns)] = 1;
}

TokenChoice randomChoice(Numbers &numbers, int64_t columns) {
  auto random = [&] {
    return uint64_t(numbers.below(int64_t(1) << 32)) << 32 |
           uint64_t(numbers.below(int64_t(1) << 32));
  };
  TokenChoice choice;
  if (numbers.below(8) == 0)
    return choice;
  constexpr float inverses[] = {1, 1 / 0.7f, 2, 0.1f, 30, 1e-3f, 1e30f, 1.2e-38f};
  choice.inverseTemperature = inverses[numbers.below(8)];
  if (numbers.below(2) && columns > 1)
    choice.topK = int32_t(1 + numbers.below(std::min<int64_t>(columns - 1, 60)));
  if (int64_t kind = numbers.below(4); kind)
    choice.topP = kind == 1 ? uint64_t(0.9 * 0x1p64) : kind == 2 ? random() | 1 : 1;
  if (numbers.below(3) == 0)
    choice.leastWeight = choice::mostWeight >> numbers.below(30);
  if (numbers.below(10))
    choice.random = numbers.below(10) ? random() : ~uint64_t(0);
  return choice;
}

/// The device's tokens for `rounds` times so many rows are the host's.
void checkTokens(Numbers &numbers, int64_t columns, int64_t slices, int64_t rows,
                 int64_t rounds) {
  Chooser device(columns, slices);
  sampling::TokenChooser host;
  host.reserve(columns);
  for (int64_t round = 0; round < rounds; ++round) {
    Guarded<float> logits(rows * columns);
    std::vector<TokenChoice> choices;
    for (int64_t row = 0; row < rows; ++row) {
      fillRow(numbers, &logits[row * columns], columns);
      choices.push_back(randomChoice(numbers, columns));
    }
    std::vector<int32_t> tokens = device.run(logits, choices);
    for (int64_t row = 0; row < rows; ++row) {
      const TokenChoice &c = choices[row];
      int32_t wanted = host.choose({&logits[row * columns], size_t(columns)}, c);
      ASSERT_EQ(tokens[row], wanted)
          << columns << " columns in " << slices << ", row " << row << ": "
          << c.inverseTemperature << ' ' << c.topK << ' ' << c.topP << ' '
          << c.leastWeight << ' ' << c.random;
    }
  }
}

} // namespace

TEST(GpuChoice, GivesTheTokenThatTheHostChooses) {
  Numbers numbers(3);
  for (auto [columns, slices, rounds] :
       {std::array<int64_t, 3>{1, 1, 1}, {3, 2, 1}, {97, 3, 6}, {512, 1, 6},
        {1001, 2, 2}, {5003, 2, 1}})
    checkTokens(numbers, columns, slices, columns > 2000 ? 16 : 64, rounds);
}

TEST(GpuChoice, TakesDrawnLengthsAndSlices) {
  Numbers numbers(62);
  for (int i = 0; i < 8 && !HasFailure(); ++i) {
    SCOPED_TRACE(testing::Message() << "draw " << i);
    int64_t columns = numbers.below(2) ? 1 + numbers.below(400) : 1 + numbers.below(3000);
    checkTokens(numbers, columns, 1 + numbers.below(7), 1 + numbers.below(20), 1);
  }
}

TEST(GpuChoice, TakesTheLowestOfEqualLogits) {
  constexpr int64_t columns = 4500;
  Chooser device(columns, 3);
  Guarded<float> logits(4 * columns, -1);
  logits[1400] = logits[1700] = logits[4499] = 2;
  logits[columns + 4499] = 7;
  for (int64_t i = 0; i < columns; ++i)
    logits[2 * columns + i] = i % 2 ? 0.0f : -0.0f;
  EXPECT_EQ(device.run(logits, std::vector<TokenChoice>(4)),
            (std::vector<int32_t>{1400, 4499, 0, 0}));
}

TEST(GpuChoice, SaysWhereThereIsNoToken) {
  constexpr int64_t columns = 70;
  Chooser device(columns, 2);
  Guarded<float> logits(6 * columns, -infinity);
  logits[1 * columns + 69] = notANumber;
  logits[2 * columns] = -notANumber;
  logits[3 * columns + 40] = infinity;
  logits[4 * columns + 40] = -3e38f;
  for (int64_t i = 0; i < columns; ++i)
    logits[5 * columns + i] = float(i);
  logits[5 * columns + 9] = notANumber;
  for (float inverse : {0.0f, 1.0f}) {
    TokenChoice choice;
    choice.inverseTemperature = inverse;
    EXPECT_EQ(device.run(logits, std::vector<TokenChoice>(6, choice)),
              (std::vector<int32_t>{-1, -1, -1, -1, 40, -1}));
  }
}

TEST(GpuChoice, TakesFewerRowsThanThereAreLogits) {
  constexpr int64_t columns = 64;
  Chooser device(columns, 1);
  Guarded<float> logits(3 * columns, 0);
  logits[5] = 1;
  EXPECT_EQ(device.run(logits, std::vector<TokenChoice>(1)),
            std::vector<int32_t>{5});
}

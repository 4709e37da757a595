/// Weights as they are written: conversions, panels, rows, threads.
#include "compiler/pack/Convert.h"
#include "compiler/pack/OrderedPieces.h"
#include "compiler/pack/Panels.h"

#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace llmc;
using namespace llmc::pack;

namespace {
float wide(const llvm::fltSemantics &semantics, uint16_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool lost;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven,
                &lost);
  return value.convertToFloat();
}

uint16_t narrow(const llvm::fltSemantics &semantics, float number) {
  llvm::APFloat value(number);
  bool lost;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lost);
  return static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
}

TEST(Convert, WidensEveryHalfAsLlvmDoes) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float half = wide(llvm::APFloat::IEEEhalf(), bits);
    if (std::isnan(half))
      EXPECT_TRUE(std::isnan(fromHalf(bits)));
    else
      ASSERT_EQ(std::bit_cast<uint32_t>(fromHalf(bits)),
                std::bit_cast<uint32_t>(half));
    float brain = wide(llvm::APFloat::BFloat(), bits);
    if (!std::isnan(brain))
      ASSERT_EQ(fromBrain(bits), brain);
  }
}

TEST(Convert, RoundsAsLlvmDoesAroundEveryHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float here = wide(llvm::APFloat::IEEEhalf(), bits);
    float next = wide(llvm::APFloat::IEEEhalf(), (bits + 1) & 0xffff);
    float middle = (here + next) / 2;
    for (float number : {here, middle, std::nextafter(middle, here),
                         std::nextafter(middle, next)})
      if (!std::isnan(number))
        ASSERT_EQ(toHalf(number), narrow(llvm::APFloat::IEEEhalf(), number))
            << number;
    float brain = wide(llvm::APFloat::BFloat(), bits);
    for (uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      float number = std::bit_cast<float>(bits << 16 | low);
      if (!std::isnan(number) && !std::isnan(brain))
        ASSERT_EQ(toBrain(number), narrow(llvm::APFloat::BFloat(), number))
            << number;
    }
  }
  EXPECT_TRUE(std::isnan(fromHalf(toHalf(NAN))));
  EXPECT_TRUE(std::isnan(fromBrain(toBrain(NAN))));
  EXPECT_TRUE(std::isnan(fromBrain(toBrain(std::bit_cast<float>(0x7f800001)))));
}

/// A matrix [rows, columns] of numbers that tell where they are from.
struct Stored {
  std::vector<float> numbers;
  Source source;

  Stored(int64_t rows, int64_t columns, bool transposed, float seed)
      : numbers(rows * columns) {
    for (int64_t i = 0; i < rows * columns; ++i)
      numbers[i] = seed + static_cast<float>(i % 251) - 100;
    source.bytes = reinterpret_cast<const std::byte *>(numbers.data());
    source.rowStride = transposed ? 1 : columns;
    source.columnStride = transposed ? rows : 1;
    source.columns = source.width = columns;
  }
  float at(int64_t row, int64_t n) const {
    return numbers[row * source.rowStride +
                   source.column(n) * source.columnStride];
  }
};

std::vector<std::byte> panels(const Matrix &matrix) {
  std::vector<std::byte> bytes(panelCount(matrix) * panelBytes(matrix));
  writePanels(matrix, 0, panelCount(matrix), bytes.data());
  return bytes;
}

template <typename T> T element(const std::vector<std::byte> &bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

TEST(Panels, PutTheColumnsOfAllSourcesSideBySide) {
  for (bool transposed : {false, true}) {
    Stored first(70, 20, transposed, 0), second(70, 13, false, 500);
    Matrix matrix{{first.source, second.source}, 70, 33, 0.5f};
    auto bytes = panels(matrix);
    ASSERT_EQ(panelCount(matrix), 3);
    for (int64_t column = 0; column < 48; ++column)
      for (int64_t row = 0; row < 70; ++row) {
        float want = column < 20   ? first.at(row, column) / 2
                     : column < 33 ? second.at(row, column - 20) / 2
                                   : 0;
        int64_t at = (column / 16 * 70 + row) * 16 + column % 16;
        ASSERT_EQ(element<float>(bytes, at), want) << column << " " << row;
      }
  }
}

TEST(Panels, PairRowsOfHalfTypesAndPadAnOddLastRow) {
  Stored source(67, 16, true, 0);
  for (ElementType stored : {ElementType::BF16, ElementType::F16}) {
    Matrix matrix{{source.source}, 67, 16, 1, stored};
    auto bytes = panels(matrix);
    ASSERT_EQ(bytes.size(), 34u * 64);
    for (int64_t row = 0; row < 68; ++row)
      for (int64_t lane = 0; lane < 16; ++lane) {
        float want = row < 67 ? source.at(row, lane) : 0;
        auto bits = element<uint16_t>(bytes, (row / 2 * 16 + lane) * 2 + row % 2);
        ASSERT_EQ(bits, stored == ElementType::BF16 ? toBrain(want) : toHalf(want));
      }
  }
}

TEST(Panels, AlternateWhereSourcesInterleave) {
  Stored gate(8, 32, false, 0), up(8, 32, false, 300);
  Matrix matrix{{gate.source, up.source}, 8, 64};
  matrix.interleave = true;
  auto bytes = panels(matrix);
  ASSERT_EQ(panelCount(matrix), 4);
  EXPECT_EQ(element<float>(bytes, 1 * 8 * 16 + 3), up.at(0, 3));
  EXPECT_EQ(element<float>(bytes, 2 * 8 * 16 + 3), gate.at(0, 19));
  EXPECT_EQ(element<float>(bytes, 3 * 8 * 16 + 16 + 3), up.at(1, 19));
}

TEST(Panels, TakeRangesOfColumns) {
  Stored heads(5, 48, false, 0);
  heads.source.start = 4, heads.source.width = 4, heads.source.stride = 12;
  heads.source.columns = 16;
  Matrix matrix{{heads.source}, 5, 16};
  auto bytes = panels(matrix);
  for (int64_t lane = 0; lane < 16; ++lane)
    EXPECT_EQ(element<float>(bytes, 16 + lane),
              heads.numbers[48 + 4 + lane / 4 * 12 + lane % 4]);
  std::vector<std::byte> rows(5 * rowBytes(matrix));
  writeRows(matrix, 0, 5, rows.data());
  EXPECT_EQ(element<float>(rows, 16 + 5), heads.numbers[48 + 4 + 12 + 1]);
}

TEST(Panels, QuantizeEachColumnToItsLargest) {
  Stored source(130, 17, true, 0);
  Matrix matrix{{source.source}, 130, 17, 1, ElementType::I8};
  auto bytes = panels(matrix);
  int64_t size = panelBytes(matrix);
  ASSERT_EQ(size, 33 * 64 + 64);
  for (int64_t column = 0; column < 17; ++column) {
    int64_t panel = column / 16 * size, lane = column % 16;
    float largest = 0;
    for (int64_t row = 0; row < 130; ++row)
      largest = std::max(largest, std::abs(source.at(row, column)));
    float scale;
    std::memcpy(&scale, bytes.data() + panel + 33 * 64 + lane * 4, 4);
    EXPECT_EQ(scale, largest / 127);
    for (int64_t row = 0; row < 130; ++row) {
      auto stored = static_cast<int8_t>(
          bytes[panel + row / 4 * 64 + lane * 4 + row % 4]);
      EXPECT_EQ(stored, std::nearbyint(source.at(row, column) * (127 / largest)));
    }
  }
}

/// The number of column n, row k in a group's panel, and its scale.
int numberAt(const std::byte *group, llm::GroupScheme scheme, int64_t lane,
             int64_t k) {
  const std::byte *lines = group + scheme.headerBytes();
  if (scheme.bits == 8)
    return std::to_integer<int>(lines[k / 4 * 64 + lane * 4 + k % 4]);
  auto byte = std::to_integer<int>(lines[k / 8 * 64 + lane * 4 + k % 4]);
  return byte >> k / 4 % 2 * 4 & 15;
}

TEST(Groups, KeepTheBitsOfAGraphThatArrivesQuantized) {
  // [3 columns, 2 groups, 16 bytes]: K = 40 of 64.
  std::vector<uint8_t> numbers(3 * 2 * 16), zeros = {0x21, 0x43, 0x65};
  std::vector<float> scales = {1, 2, 3, 4, 5, 6};
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<uint8_t>(i * 37 + 11);
  Source source;
  source.bytes = reinterpret_cast<const std::byte *>(numbers.data());
  source.scales = reinterpret_cast<const std::byte *>(scales.data());
  source.zeros = reinterpret_cast<const std::byte *>(zeros.data());
  source.packedZeros = true;
  source.columns = source.width = 3;
  Matrix matrix{{source}, 40, 3, 1, ElementType::I8,
                llm::parseGroupScheme("w4g32z")};
  auto bytes = panels(matrix);
  llm::GroupScheme scheme = *matrix.groups;
  ASSERT_EQ(bytes.size(), 2u * scheme.bytes());
  for (int64_t column = 0; column < 3; ++column)
    for (int64_t k = 0; k < 40; ++k) {
      const std::byte *group = bytes.data() + k / 32 * scheme.bytes();
      int packed = numbers[column * 32 + k / 2];
      EXPECT_EQ(numberAt(group, scheme, column, k % 32),
                k % 2 ? packed >> 4 : packed & 15);
      float scale, zero;
      std::memcpy(&scale, group + column * 4, 4);
      std::memcpy(&zero, group + 64 + column * 4, 4);
      EXPECT_EQ(scale, scales[column * 2 + k / 32]);
      EXPECT_EQ(zero, k < 32 ? zeros[column] & 15 : zeros[column] >> 4);
    }
}

TEST(Groups, RoundEachGroupToItsLargest) {
  Stored source(96, 17, false, 0.5f);
  for (const char *name : {"w4g32", "w8g32"}) {
    Matrix matrix{{source.source}, 96, 17, 1, ElementType::I8,
                  llm::parseGroupScheme(name)};
    auto bytes = panels(matrix);
    llm::GroupScheme scheme = *matrix.groups;
    for (int64_t column = 0; column < 17; ++column)
      for (int64_t k = 0; k < 96; ++k) {
        const std::byte *group =
            bytes.data() + (column / 16 * 3 + k / 32) * scheme.bytes();
        float scale;
        std::memcpy(&scale, group + column % 16 * 4, 4);
        float value = (numberAt(group, scheme, column % 16, k % 32) -
                       static_cast<float>(scheme.middle())) *
                      scale;
        // The top of the range has one step less than the bottom.
        EXPECT_LE(std::abs(value - source.at(k, column)),
                  std::abs(scale) * 1.001f);
      }
  }
}

TEST(OrderedPieces, ComeInOrderFromAnyNumberOfThreads) {
  for (unsigned threads : {1u, 2u, 5u}) {
    std::vector<int> seen;
    Status status = inOrder(
        100, threads,
        [](int64_t piece, std::vector<std::byte> &out) {
          out.assign(1 + piece % 3, std::byte(piece));
        },
        [&](const std::vector<std::byte> &bytes) -> Status {
          seen.push_back(static_cast<int>(bytes[0]));
          return Status::ok();
        });
    ASSERT_TRUE(bool(status));
    ASSERT_EQ(seen.size(), 100u);
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(seen[i], i);
  }
}

TEST(OrderedPieces, EndWithTheFirstError) {
  int taken = 0;
  Status status = inOrder(
      1000, 3, [](int64_t, std::vector<std::byte> &out) { out.resize(1); },
      [&](const std::vector<std::byte> &) -> Status {
        if (++taken == 7)
          return Error{Code::CannotWrite, "full", "", "", ""};
        return Status::ok();
      });
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(taken, 7);
}
} // namespace

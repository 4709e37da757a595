/// Rows of any type of floats, wide apart or close together, for kernels over drawn
/// shapes.
#ifndef LLMC_TEST_CODEGEN_DRAWNROWS_H
#define LLMC_TEST_CODEGEN_DRAWNROWS_H

#include "test/codegen/LinearCheck.h"

#include "gtest/gtest.h"

namespace llmc::test {

/// One of \p list.
template <typename List> auto draw(Numbers &numbers, const List &list) {
  return std::begin(list)[numbers.below(int64_t(std::size(list)))];
}

/// f32, bf16 or f16.
std::string drawType(Numbers &numbers);
/// A length of rows: some below a warp's threads, some beyond a block's, many that
/// vectors do not divide.
int64_t drawLength(Numbers &numbers);

/// [rows, columns] of a type, each row `stride` elements behind the one before.
class DrawnRows {
public:
  const std::string type;
  const int64_t rows, columns, stride;

  /// Rows with random numbers, every other time with room between them.
  DrawnRows(Numbers &numbers, const std::string &type, int64_t rows,
            int64_t columns, float scale = 1);
  DrawnRows(const DrawnRows &other);

  /// As an operand: memref<?x…>.
  std::string text() const;
  /// The same with a row's columns as [heads, columns / heads].
  std::string text(int64_t heads) const;
  float at(int64_t row, int64_t column) const;
  void set(int64_t row, int64_t column, float value);
  operator void *() const { return bytes; }
  bool sameBits(const DrawnRows &other) const { return bytes.sameBits(other.bytes); }
  /// Whether what lies between rows is what it was at first.
  bool keptRooms() const;

private:
  std::string layout(const std::string &inner) const;
  int64_t place(int64_t row, int64_t column) const {
    return (row * stride + column) * (type == "f32" ? 4 : 2);
  }
  Guarded<uint8_t> bytes;
};

/// A vector of such numbers, memref<…>, as one row that is not apart.
class DrawnVector {
public:
  const std::string type;
  const int64_t columns;

  DrawnVector(Numbers &numbers, const std::string &type, int64_t columns);
  std::string text() const;
  float at(int64_t column) const;
  operator void *() const { return bytes; }

private:
  Guarded<uint8_t> bytes;
};

/// What a value is once rounded to a type, beyond f16 its largest number.
float stored(const std::string &type, float value);

/// `want` gives what is to be at a row and a column, to the bit.
template <typename Want>
void expectRows(const DrawnRows &got, const std::string &where, Want want) {
  for (int64_t t = 0; t < got.rows; ++t)
    for (int64_t i = 0; i < got.columns; ++i)
      ASSERT_EQ(got.at(t, i), want(t, i)) << where << " row " << t << " column " << i;
  ASSERT_TRUE(got.keptRooms()) << where << " wrote between rows";
}

/// The same, near what it gives.
template <typename Want>
void expectRowsNear(const DrawnRows &got, const std::string &where, Want want) {
  for (int64_t t = 0; t < got.rows; ++t)
    for (int64_t i = 0; i < got.columns; ++i)
      expectNear(got.at(t, i), rounded(want(t, i), got.type),
                 where + " row " + std::to_string(t) + " column " + std::to_string(i));
  ASSERT_TRUE(got.keptRooms()) << where << " wrote between rows";
}

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_DRAWNROWS_H

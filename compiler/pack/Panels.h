/// The bytes of a weight as model.bin stores them, from the elements of its
/// sources: plain loops over mapped memory, for any number of threads.
#ifndef LLMC_COMPILER_PACK_PANELS_H
#define LLMC_COMPILER_PACK_PANELS_H

#include "dialects/llm/GroupScheme.h"
#include "runtime/format/Program.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace llmc::pack {

/// One of the matrices that make up a weight: elements of a mapped file.
struct Source {
  const std::byte *bytes = nullptr;
  ElementType type = ElementType::F32; ///< F32, F16 or BF16.
  /// Elements between neighbours in a column and in a row.
  int64_t rowStride = 0, columnStride = 0;
  int64_t columns = 0; ///< That the weight takes of it.
  /// Which: ranges of `width` columns, the first at `start`, `stride` apart.
  int64_t start = 0, width = 0, stride = 0;

  /// Where it arrives in groups (Matrix::groups), `bytes` are [columns, groups,
  /// size * bits / 8], the first number in the low bits; with scales [columns,
  /// groups] and zero points, null (the middle of the range), of the scales'
  /// type, or packed as bytes like the numbers, each column from a byte on.
  const std::byte *scales = nullptr, *zeros = nullptr;
  ElementType scaleType = ElementType::F32;
  bool packedZeros = false;

  /// The column of the file that is the n-th taken.
  int64_t column(int64_t n) const {
    return start + n / width * stride + n % width;
  }
};

/// A matrix [rows, columns] to be written: the columns of all sources side by
/// side, times `factor`.
struct Matrix {
  std::vector<Source> sources;
  int64_t rows = 0, columns = 0;
  float factor = 1;
  ElementType stored = ElementType::F32; ///< F32, F16, BF16; I8 for w8.
  /// Few bits with scales of groups; `stored` is then I8. Sources without
  /// scales are quantized: symmetric, the number of largest magnitude at the
  /// end of the range, round to nearest.
  std::optional<llm::GroupScheme> groups;
  /// Panels of the sources alternate (gate and up); each has equally many.
  bool interleave = false;
};

/// Panels of 16 columns (`kernel.linear` says how they lie).
int64_t panelCount(const Matrix &matrix);
/// Bytes of one panel: with I8 the f32 scales of its columns follow its lines.
int64_t panelBytes(const Matrix &matrix);
/// Writes panels [first, first + count): count * panelBytes() bytes.
/// I8: per column symmetric, the largest magnitude at 127, round to nearest.
void writePanels(const Matrix &matrix, int64_t first, int64_t count,
                 std::byte *out);

/// Bytes of one row, row-major.
int64_t rowBytes(const Matrix &matrix);
/// Writes rows [first, first + count), row-major.
void writeRows(const Matrix &matrix, int64_t first, int64_t count,
               std::byte *out);

} // namespace llmc::pack

#endif // LLMC_COMPILER_PACK_PANELS_H

#include "compiler/pack/Panels.h"

#include "compiler/pack/Convert.h"
#include "compiler/pack/Panel.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace llmc::pack {

/// Rows that are in work at once: with their 16 columns they stay in L1, and
/// neighbouring panels find the source's pages still translated.
static constexpr int64_t blockRows = 64;

/// Rows of one element type that share a group of four bytes.
static int64_t groupRows(ElementType stored) {
  return 4 / static_cast<int64_t>(elementBytes(stored));
}

static int64_t paddedRows(const Matrix &matrix) {
  int64_t group = groupRows(matrix.stored);
  return (matrix.rows + group - 1) / group * group;
}

int64_t panelCount(const Matrix &matrix) {
  int64_t parts =
      matrix.interleave ? static_cast<int64_t>(matrix.sources.size()) : 1;
  return parts * ((matrix.columns / parts + lanes - 1) / lanes);
}

int64_t panelBytes(const Matrix &matrix) {
  if (matrix.groups) {
    int64_t size = matrix.groups->size;
    return (matrix.rows + size - 1) / size * matrix.groups->bytes();
  }
  int64_t lines = paddedRows(matrix) / groupRows(matrix.stored);
  int64_t scales = matrix.stored == ElementType::I8 ? lanes * 4 : 0;
  return lines * lanes * 4 + scales;
}

int64_t rowBytes(const Matrix &matrix) {
  return matrix.columns * static_cast<int64_t>(elementBytes(matrix.stored));
}

/// \p count elements, \p stride apart, as f32, \p step apart.
template <typename Element, typename Widen>
static void widen(const std::byte *from, int64_t stride, int64_t count,
                  float *to, int64_t step, Widen convert) {
  auto copy = [&](int64_t fromStride, int64_t toStep) {
    for (int64_t i = 0; i < count; ++i) {
      Element element;
      std::memcpy(&element, from + i * fromStride * sizeof(Element),
                  sizeof(Element));
      to[i * toStep] = convert(element);
    }
  };
  // Known strides make vector code.
  if (stride == 1 && step == 1)
    copy(1, 1);
  else if (stride == 1)
    copy(1, step);
  else
    copy(stride, step);
}

void readElements(const Source &source, int64_t row, int64_t column,
                  int64_t stride, int64_t count, float *to, int64_t step) {
  int64_t first = row * source.rowStride + column * source.columnStride;
  const std::byte *from =
      source.bytes + first * static_cast<int64_t>(elementBytes(source.type));
  if (source.type == ElementType::F32)
    widen<float>(from, stride, count, to, step, [](float x) { return x; });
  else if (source.type == ElementType::BF16)
    widen<uint16_t>(from, stride, count, to, step, fromBrain);
  else
    widen<uint16_t>(from, stride, count, to, step, fromHalf);
}

Panel::Panel(const Matrix &matrix, int64_t index) : matrix(matrix) {
  int64_t parts =
      matrix.interleave ? static_cast<int64_t>(matrix.sources.size()) : 1;
  int64_t columns = matrix.columns / parts;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    int64_t column = index / parts * lanes + lane;
    if (column >= columns)
      continue;
    auto source = matrix.sources.begin() + (parts > 1 ? index % parts : 0);
    if (parts == 1)
      while (column >= source->columns)
        column -= (source++)->columns;
    from[lane] = {&*source, source->column(column)};
  }
  together = from[0].source && from[0].source->columnStride == 1;
  for (int64_t lane = 1; lane < lanes; ++lane)
    together &= from[lane].source == from[0].source &&
                from[lane].column == from[0].column + lane;
}

void Panel::load(int64_t first, int64_t count, float *block) const {
  int64_t inside = std::clamp<int64_t>(matrix.rows - first, 0, count);
  std::fill(block + inside * lanes, block + count * lanes, 0.f);
  if (together) {
    for (int64_t row = 0; row < inside; ++row)
      readElements(*from[0].source, first + row, from[0].column, 1, lanes,
                   block + row * lanes, 1);
  } else {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      auto [source, column] = from[lane];
      if (source)
        readElements(*source, first, column, source->rowStride, inside,
                     block + lane, lanes);
      else
        for (int64_t row = 0; row < inside; ++row)
          block[row * lanes + lane] = 0;
    }
  }
  if (matrix.factor != 1)
    for (int64_t i = 0; i < inside * lanes; ++i)
      block[i] *= matrix.factor;
}

/// Two rows become one line: the low half of each word is the first row's.
template <typename Narrow>
static void pairLines(const float *block, int64_t rows, std::byte *out,
                      Narrow convert) {
  for (int64_t row = 0; row < rows; row += 2) {
    const float *low = block + row * lanes, *high = low + lanes;
    uint32_t line[lanes];
    for (int64_t lane = 0; lane < lanes; ++lane)
      line[lane] = convert(low[lane]) |
                   static_cast<uint32_t>(convert(high[lane])) << 16;
    std::memcpy(out + row / 2 * sizeof line, line, sizeof line);
  }
}

/// Four rows become one line of bytes, each column times its \p inverse.
static void byteLines(const float *block, int64_t rows, const float *inverse,
                      std::byte *out) {
  // Adding 1.5 * 2^23 rounds to an integer, ties to even, in the low bits.
  constexpr float rounder = 12582912.f;
  for (int64_t row = 0; row < rows; row += 4) {
    uint32_t line[lanes] = {};
    for (int64_t part = 0; part < 4; ++part)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        float scaled = block[(row + part) * lanes + lane] * inverse[lane];
        scaled = std::min(std::max(scaled, -127.f), 127.f) + rounder;
        line[lane] |= (std::bit_cast<uint32_t>(scaled) & 0xff) << part * 8;
      }
    std::memcpy(out + row / 4 * sizeof line, line, sizeof line);
  }
}

/// The scale of each column: its largest magnitude is 127 steps.
static void columnScales(const Panel &panel, int64_t rows, float *block,
                         float *scales, float *inverse) {
  float largest[lanes] = {};
  for (int64_t first = 0; first < rows; first += blockRows) {
    int64_t count = std::min(blockRows, rows - first);
    panel.load(first, count, block);
    for (int64_t row = 0; row < count; ++row)
      for (int64_t lane = 0; lane < lanes; ++lane)
        largest[lane] =
            std::max(largest[lane], std::abs(block[row * lanes + lane]));
  }
  for (int64_t lane = 0; lane < lanes; ++lane) {
    scales[lane] = largest[lane] / 127;
    inverse[lane] = largest[lane] > 0 ? 127 / largest[lane] : 0;
  }
}

void writePanels(const Matrix &matrix, int64_t first, int64_t count,
                 std::byte *out) {
  float block[blockRows * lanes], scales[lanes], inverse[lanes];
  int64_t rows = paddedRows(matrix), group = groupRows(matrix.stored);
  for (int64_t index = first; index < first + count; ++index) {
    Panel panel(matrix, index);
    if (matrix.groups) {
      writeGroups(matrix, panel, out);
      out += panelBytes(matrix);
      continue;
    }
    if (matrix.stored == ElementType::I8)
      columnScales(panel, rows, block, scales, inverse);
    for (int64_t row = 0; row < rows; row += blockRows) {
      int64_t blockCount = std::min(blockRows, rows - row);
      panel.load(row, blockCount, block);
      std::byte *lines = out + row / group * lanes * 4;
      switch (matrix.stored) {
      case ElementType::F32:
        std::memcpy(lines, block, blockCount * lanes * 4);
        break;
      case ElementType::BF16:
        pairLines(block, blockCount, lines, toBrain);
        break;
      case ElementType::F16:
        pairLines(block, blockCount, lines, toHalf);
        break;
      default:
        byteLines(block, blockCount, inverse, lines);
      }
    }
    out += panelBytes(matrix);
    if (matrix.stored == ElementType::I8)
      std::memcpy(out - sizeof scales, scales, sizeof scales);
  }
}

void writeRows(const Matrix &matrix, int64_t first, int64_t count,
               std::byte *out) {
  constexpr int64_t piece = 1024;
  float numbers[piece];
  for (int64_t row = first; row < first + count; ++row)
    for (const Source &source : matrix.sources)
      for (int64_t n = 0; n < source.columns;) {
        // As far as the columns lie one after another.
        int64_t run = std::min({piece, source.columns - n,
                                source.width - n % source.width});
        readElements(source, row, source.column(n), source.columnStride, run,
                     numbers, 1);
        n += run;
        if (matrix.factor != 1)
          for (int64_t i = 0; i < run; ++i)
            numbers[i] *= matrix.factor;
        uint16_t halves[piece];
        const void *bytes = halves;
        if (matrix.stored == ElementType::F32)
          bytes = numbers;
        else if (matrix.stored == ElementType::BF16)
          for (int64_t i = 0; i < run; ++i)
            halves[i] = toBrain(numbers[i]);
        else
          for (int64_t i = 0; i < run; ++i)
            halves[i] = toHalf(numbers[i]);
        int64_t size = run * static_cast<int64_t>(elementBytes(matrix.stored));
        std::memcpy(out, bytes, size);
        out += size;
      }
}

} // namespace llmc::pack

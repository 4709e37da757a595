/// Panels of few bits with scales of groups: copied from graphs that arrive
/// quantized, or rounded here.
#include "compiler/pack/Convert.h"
#include "compiler/pack/Panel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace llmc::pack {

namespace {
/// One group of one column: its numbers, and how they are read.
struct Group {
  float scale = 0, zero = 0;
  std::vector<uint8_t> numbers;
};
} // namespace

static float number(const std::byte *bytes, ElementType type, int64_t index) {
  if (type == ElementType::F32) {
    float value;
    std::memcpy(&value, bytes + 4 * index, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, bytes + 2 * index, 2);
  return type == ElementType::BF16 ? fromBrain(half) : fromHalf(half);
}

/// Number \p index of those packed from \p bytes on, the first in the low bits.
static uint8_t bitsAt(const std::byte *bytes, int64_t bits, int64_t index) {
  auto byte = std::to_integer<unsigned>(bytes[index * bits / 8]);
  return byte >> index * bits % 8 & ((1u << bits) - 1);
}

/// The numbers of a graph that arrived quantized, as they are.
static void copyGroup(const Matrix &matrix, const Source &source,
                      int64_t column, int64_t group, Group &result) {
  const llm::GroupScheme &scheme = *matrix.groups;
  int64_t groups = (matrix.rows + scheme.size - 1) / scheme.size;
  int64_t at = column * groups + group;
  const std::byte *bytes = source.bytes + at * scheme.size * scheme.bits / 8;
  for (int64_t i = 0; i < scheme.size; ++i)
    result.numbers[i] = bitsAt(bytes, scheme.bits, i);
  result.scale = matrix.factor * number(source.scales, source.scaleType, at);
  result.zero = static_cast<float>(scheme.middle());
  if (source.zeros && source.packedZeros)
    result.zero = bitsAt(source.zeros + column * ((groups * scheme.bits + 7) / 8),
                         scheme.bits, group);
  else if (source.zeros)
    result.zero = number(source.zeros, source.scaleType, at);
}

/// The number of largest magnitude becomes the lowest of the range, which has
/// one more below its middle than above.
static void roundGroup(const Matrix &matrix, const float *column,
                       Group &result) {
  const llm::GroupScheme &scheme = *matrix.groups;
  float extreme = 0;
  for (int64_t i = 0; i < scheme.size; ++i)
    if (std::abs(column[i]) > std::abs(extreme))
      extreme = column[i];
  auto middle = static_cast<float>(scheme.middle());
  result.zero = middle;
  result.scale = extreme / -middle;
  float inverse = extreme != 0 ? -middle / extreme : 0;
  for (int64_t i = 0; i < scheme.size; ++i)
    result.numbers[i] = static_cast<uint8_t>(std::clamp(
        std::nearbyint(column[i] * inverse) + middle, 0.f, 2 * middle - 1));
}

void writeGroups(const Matrix &matrix, const Panel &panel, std::byte *out) {
  const llm::GroupScheme &scheme = *matrix.groups;
  int64_t size = scheme.size;
  std::vector<float> block(size * lanes), column(size);
  Group group;
  group.numbers.resize(size);
  for (int64_t first = 0; first < matrix.rows; first += size) {
    bool rounds = false;
    for (const Panel::Lane &lane : panel.columns())
      rounds |= lane.source && !lane.source->scales;
    if (rounds)
      panel.load(first, size, block.data());
    std::byte *lines = out + scheme.headerBytes();
    std::fill(out, out + scheme.bytes(), std::byte(0));
    for (int64_t lane = 0; lane < lanes; ++lane) {
      auto [source, number] = panel.columns()[lane];
      if (!source)
        continue;
      if (source->scales) {
        copyGroup(matrix, *source, number, first / size, group);
      } else {
        for (int64_t i = 0; i < size; ++i)
          column[i] = block[i * lanes + lane];
        roundGroup(matrix, column.data(), group);
      }
      std::memcpy(out + lane * 4, &group.scale, 4);
      if (scheme.zeros)
        std::memcpy(out + 64 + lane * 4, &group.zero, 4);
      for (int64_t i = 0; i < size; ++i)
        if (scheme.bits == 8)
          lines[i / 4 * 64 + lane * 4 + i % 4] = std::byte(group.numbers[i]);
        else
          lines[i / 8 * 64 + lane * 4 + i % 4] |=
              std::byte(group.numbers[i] << i / 4 % 2 * 4);
    }
    out += scheme.bytes();
  }
}

} // namespace llmc::pack

#include "test/codegen/DrawnRows.h"

#include <array>

using namespace llmc::test;

static constexpr uint8_t room = 0xa5; ///< What lies between rows.

static int64_t bytesOf(const std::string &type) { return type == "f32" ? 4 : 2; }

static float read(const std::string &type, const uint8_t *from) {
  if (type == "f32") {
    float value;
    std::memcpy(&value, from, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, from, 2);
  return type == "bf16" ? fromBf16(half) : fromF16(half);
}

static void write(const std::string &type, uint8_t *to, float value) {
  uint16_t half = type == "bf16" ? toBf16(value) : toF16(value);
  if (type == "f32")
    std::memcpy(to, &value, 4);
  else
    std::memcpy(to, &half, 2);
}

float llmc::test::stored(const std::string &type, float value) {
  if (type == "bf16")
    return fromBf16(toBf16(value));
  return type == "f16" ? fromF16(toF16(std::clamp(value, -65504.f, 65504.f)))
                       : value;
}

std::string llmc::test::drawType(Numbers &numbers) {
  return draw(numbers, std::to_array<const char *>({"f32", "bf16", "f16"}));
}

int64_t llmc::test::drawLength(Numbers &numbers) {
  switch (numbers.below(4)) {
  case 0:
    return 1 + numbers.below(40);
  case 1:
    return 8 * (1 + numbers.below(80));
  case 2:
    return 256 * (1 + numbers.below(6));
  default:
    return 1 + numbers.below(700);
  }
}

/// Of the rest, any stride may be.
static int64_t drawStride(Numbers &numbers, int64_t columns) {
  if (numbers.below(2))
    return columns;
  return columns + (numbers.below(2) ? 1 + numbers.below(9) : columns);
}

DrawnRows::DrawnRows(Numbers &numbers, const std::string &type, int64_t rows,
                     int64_t columns, float scale)
    : type(type), rows(rows), columns(columns), stride(drawStride(numbers, columns)),
      bytes(rows * stride * bytesOf(type), room) {
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t i = 0; i < columns; ++i)
      set(t, i, scale * numbers.normal());
}

DrawnRows::DrawnRows(const DrawnRows &other)
    : type(other.type), rows(other.rows), columns(other.columns),
      stride(other.stride), bytes(other.bytes.size()) {
  std::copy_n(other.bytes.data(), bytes.size(), bytes.data());
}

std::string DrawnRows::layout(const std::string &inner) const {
  return stride == columns ? "" : ", strided<[" + std::to_string(stride) + ", " +
                                      inner + "1]>";
}

std::string DrawnRows::text() const {
  return "memref<?x" + std::to_string(columns) + "x" + type + layout("") + ">";
}

std::string DrawnRows::text(int64_t heads) const {
  std::string width = std::to_string(columns / heads);
  return "memref<?x" + std::to_string(heads) + "x" + width + "x" + type +
         layout(width + ", ") + ">";
}

float DrawnRows::at(int64_t row, int64_t column) const {
  return read(type, bytes.data() + place(row, column));
}

void DrawnRows::set(int64_t row, int64_t column, float value) {
  write(type, bytes.data() + place(row, column), value);
}

bool DrawnRows::keptRooms() const {
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t i = place(t, columns); i < place(t + 1, 0); ++i)
      if (bytes[i] != room)
        return false;
  return true;
}

DrawnVector::DrawnVector(Numbers &numbers, const std::string &type, int64_t columns)
    : type(type), columns(columns), bytes(columns * bytesOf(type)) {
  for (int64_t i = 0; i < columns; ++i)
    write(type, bytes.data() + i * bytesOf(type), numbers.normal());
}

std::string DrawnVector::text() const {
  return "memref<" + std::to_string(columns) + "x" + type + ">";
}

float DrawnVector::at(int64_t column) const {
  return read(type, bytes.data() + column * bytesOf(type));
}

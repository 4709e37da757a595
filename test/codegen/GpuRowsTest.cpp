/// Kernels over rows on a simulated GPU, over drawn shapes, types and strides:
/// embedding, take_rows, quantize_rows, map and rope.
#include "test/codegen/DrawnRows.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc::test;

namespace {

constexpr double unit = 0x1p-24; ///< Of f32.

std::string str(int64_t value) { return std::to_string(value); }

std::vector<int32_t> drawIndices(Numbers &numbers, int64_t count, int64_t bound) {
  std::vector<int32_t> indices(count);
  for (int32_t &index : indices)
    index = int32_t(numbers.below(bound));
  return indices;
}

} // namespace

TEST(GpuEmbedding, CopiesRowsOfDrawnTables) {
  Numbers numbers(51);
  for (int i = 0; i < 12; ++i) {
    std::string type = drawType(numbers);
    int64_t length = drawLength(numbers), rows = 1 + numbers.below(9);
    DrawnRows table(numbers, type, 1 + numbers.below(40), length),
        output(numbers, numbers.below(2) ? "f32" : type, rows, length);
    Guarded<int32_t> tokens(drawIndices(numbers, rows, table.rows));
    std::string where = "draw " + str(i) + " " + table.text() + " to " + output.text();
    Kernel(kernelText("kernel.embedding", {"memref<?xi32>", table.text(), output.text()}),
           gpuLevel)
        .run({tokens, table, output}, {rows, table.rows, rows}, 0, rows,
             1 + numbers.below(3));
    expectRows(output, where,
               [&](int64_t t, int64_t i) { return table.at(tokens[t], i); });
    if (HasFailure())
      return;
  }
}

TEST(GpuEmbedding, CopiesColumnsOfDrawnPanels) {
  Numbers numbers(52);
  const char *types[] = {"f32", "bf16", "f16", "w8", "w4g32", "w4g64z", "w8g32z", "w8g128"};
  for (int i = 0; i < 16; ++i) {
    std::string type = types[i % 8];
    int64_t length = 1 + numbers.below(300), columns = 1 + numbers.below(100);
    int64_t rows = 1 + numbers.below(9);
    DrawnRows output(numbers, drawType(numbers), rows, length);
    Guarded<int32_t> tokens(drawIndices(numbers, rows, columns));
    auto scheme = llmc::llm::parseGroupScheme(type);
    LinearShape shape{0, length, columns};
    if (!scheme)
      shape.type = type;
    LinearCase plain(shape, i);
    GroupedCase grouped(scheme.value_or(*llmc::llm::parseGroupScheme("w4g32")), 0,
                        length, columns, "f32", i);
    std::string where = "draw " + str(i) + " " + type + " to " + output.text();
    Kernel(kernelText("kernel.embedding",
                      {"memref<?xi32>", scheme ? grouped.weightText() : weightText(shape),
                       output.text()},
                      "panels, scheme = \"" +
                          (scheme || type == "w8" ? type : std::string()) + "\""),
           gpuLevel)
        .run({tokens, scheme ? grouped.packed : plain.packed, output}, {rows, rows}, 0,
             rows);
    expectRows(output, where, [&](int64_t t, int64_t k) {
      float weight = scheme ? grouped.weight(k, tokens[t])
                            : plain.weight(0, k, tokens[t]) * plain.scales[tokens[t]];
      return stored(output.type, weight);
    });
    if (HasFailure())
      return;
  }
}

TEST(GpuTakeRows, TakesDrawnRows) {
  Numbers numbers(53);
  for (int i = 0; i < 10; ++i) {
    int64_t length = drawLength(numbers), rows = 1 + numbers.below(9);
    DrawnRows input(numbers, drawType(numbers), 1 + numbers.below(20), length),
        output(numbers, drawType(numbers), rows, length);
    if (input.type != "f16")
      input.set(0, length - 1, 1e6f); // Beyond f16.
    Guarded<int32_t> which(drawIndices(numbers, rows, input.rows));
    std::string where = "draw " + str(i) + " " + input.text() + " to " + output.text();
    Kernel(kernelText("kernel.take_rows", {input.text(), "memref<?xi32>", output.text()}),
           gpuLevel)
        .run({input, which, output}, {input.rows, rows, rows}, 0, rows,
             1 + numbers.below(3));
    expectRows(output, where, [&](int64_t t, int64_t i) {
      return stored(output.type, input.at(which[t], i));
    });
    if (HasFailure())
      return;
  }
}

TEST(GpuQuantizeRows, RoundsDrawnRowsToBytes) {
  Numbers numbers(54);
  for (int i = 0; i < 10; ++i) {
    int64_t length = drawLength(numbers), rows = 1 + numbers.below(9);
    int64_t padded = (length + 3) / 4 * 4;
    DrawnRows input(numbers, drawType(numbers), rows, length, 1 + numbers.below(99));
    if (numbers.below(2))
      for (int64_t k = 0; k < length; ++k)
        input.set(0, k, 0);
    Guarded<int8_t> bytes(rows * padded, 1);
    Guarded<int32_t> terms(rows * 2, 1);
    Kernel(kernelText("kernel.quantize_rows", {input.text(), "memref<?x" + str(padded) + "xi8>",
                                               "memref<?x2xi32>"}),
           gpuLevel)
        .run({input, bytes, terms}, {rows, rows, rows}, 0, rows, 2);
    std::string where = "draw " + str(i) + " " + input.text();
    for (int64_t t = 0; t < rows; ++t) {
      float largest = 0, scale;
      int32_t sum = 0;
      for (int64_t k = 0; k < length; ++k)
        largest = std::max(largest, std::fabs(input.at(t, k)));
      float inverse = largest > 0 ? 127 / largest : 0;
      for (int64_t k = 0; k < padded; ++k) {
        float x = k < length ? std::nearbyint(input.at(t, k) * inverse) : 0;
        ASSERT_EQ(bytes[t * padded + k], x) << where << " row " << t << " at " << k;
        sum += int32_t(x);
      }
      std::memcpy(&scale, &terms[2 * t], 4);
      ASSERT_EQ(scale, largest / 127) << where << " row " << t;
      ASSERT_EQ(terms[2 * t + 1], -128 * sum) << where << " row " << t;
    }
  }
}

TEST(GpuMap, TakesDrawnInputs) {
  Numbers numbers(55);
  for (int i = 0; i < 16; ++i) {
    int64_t length = drawLength(numbers), rows = 1 + numbers.below(6);
    DrawnRows first(numbers, drawType(numbers), rows, length),
        second(numbers, drawType(numbers), rows, length),
        output(numbers, drawType(numbers), rows, length),
        other(numbers, drawType(numbers), rows, length);
    DrawnVector column(numbers, drawType(numbers), length),
        one(numbers, drawType(numbers), 1);
    std::string body, region, names[4];
    const std::string types[4] = {first.type, second.type, column.type, one.type};
    for (int n = 0; n < 4; ++n) {
      names[n] = "%x" + str(n);
      region += (n ? ", " : "") + names[n] + ": " + types[n];
      if (types[n] != "f32") {
        body += "%w" + str(n) + " = arith.extf " + names[n] + " : " + types[n] +
                " to f32\n";
        names[n] = "%w" + str(n);
      }
    }
    body += "%p = arith.mulf " + names[0] + ", " + names[2] + " : f32\n%s = arith.addf " +
            "%p, " + names[1] + " : f32\n%t = arith.subf %s, " + names[3] + " : f32\n";
    auto yielded = [&](const std::string &value, const std::string &type) {
      if (type == "f32")
        return value;
      body += value + "n = arith.truncf " + value + " : f32 to " + type + "\n";
      return value + "n";
    };
    std::string a = yielded("%s", output.type), b = yielded("%t", other.type);
    std::string text =
        "func.func @k(%a: " + first.text() + ", %c: " + second.text() + ", %d: " +
        column.text() + ", %f: " + one.text() + ", %y: " + output.text() + ", %z: " +
        other.text() + ", %b: index, %e: index) attributes {kernel.entry} {\n"
        "kernel.map inputs(%a, %c, %d, %f : " + first.text() + ", " + second.text() +
        ", " + column.text() + ", " + one.text() + ") outputs(%y, %z : " +
        output.text() + ", " + other.text() + ") tiles(%b, %e) do {\n^bb0(" + region +
        "):\n" + body + "llm.yield " + a + ", " + b + " : " + output.type + ", " +
        other.type + "\n}\nreturn\n}\n";
    Kernel(text, gpuLevel)
        .run({first, second, column, one, output, other}, {rows, rows, rows, rows}, 0,
             rows, 1 + numbers.below(2));
    auto sum = [&](int64_t t, int64_t i) {
      float product = first.at(t, i) * column.at(i);
      return product + second.at(t, i);
    };
    std::string where = "draw " + str(i) + " " + text;
    expectRows(output, where, [&](int64_t t, int64_t i) {
      return stored(output.type, sum(t, i));
    });
    expectRows(other, where, [&](int64_t t, int64_t i) {
      return stored(other.type, sum(t, i) - one.at(0));
    });
    if (HasFailure())
      return;
  }
}

TEST(GpuRope, RotatesDrawnHeads) {
  Numbers numbers(56);
  for (int i = 0; i < 14; ++i) {
    int64_t heads = 1 + numbers.below(9), rows = 1 + numbers.below(5);
    int64_t headDim = numbers.below(2) ? 8 * (1 + numbers.below(32)) : 2 + numbers.below(90);
    int64_t pairs = numbers.below(2) ? headDim / 2 : 1 + numbers.below(headDim / 2);
    bool interleaved = numbers.below(2), inPlace = numbers.below(2);
    DrawnRows input(numbers, drawType(numbers), rows, heads * headDim),
        output(numbers, drawType(numbers), rows, heads * headDim), same(input);
    Guarded<float> cos(50 * pairs), sin(50 * pairs);
    numbers.fill(cos), numbers.fill(sin);
    Guarded<int32_t> positions(drawIndices(numbers, rows, 50));
    const DrawnRows &result = inPlace ? same : output;
    std::string table = "memref<50x" + str(pairs) + "xf32>";
    std::string where = "draw " + str(i) + " " + str(heads) + " heads " + input.text() +
                        " to " + result.text() + " pairs " + str(pairs) +
                        (interleaved ? " interleaved" : "");
    Kernel(kernelText("kernel.rope",
                      {input.text(), "memref<?xi32>", table, table, result.text()},
                      "heads = " + str(heads) + " : i64, head_dim = " + str(headDim) +
                          " : i64, rotary_dim = " + str(2 * pairs) +
                          " : i64, interleaved = " + (interleaved ? "true" : "false")),
           gpuLevel)
        .run({inPlace ? same : input, positions, cos, sin, result}, {rows, rows, rows}, 0,
             rows);
    expectRowsNear(result, where, [&](int64_t t, int64_t i) -> Near {
      int64_t d = i % headDim, start = i - d;
      if (d >= 2 * pairs)
        return {input.at(t, i), 0};
      int64_t pair = interleaved ? d / 2 : d % pairs;
      bool second = interleaved ? d % 2 : d >= pairs;
      double x = input.at(t, start + (interleaved ? 2 * pair : pair));
      double y = input.at(t, start + (interleaved ? 2 * pair + 1 : pair + pairs));
      double c = cos[positions[t] * pairs + pair], s = sin[positions[t] * pairs + pair];
      double left = second ? y * c : x * c, right = second ? x * s : -y * s;
      return {left + right, 2 * unit * (std::abs(left) + std::abs(right))};
    });
    if (HasFailure())
      return;
  }
}

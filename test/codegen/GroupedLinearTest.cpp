/// kernel.linear over weights of few bits with scales of groups, bit by bit.
#include "test/codegen/GroupedCase.h"

#include "gtest/gtest.h"

using namespace llmc::test;
using llmc::llm::parseGroupScheme;

TEST(GroupScheme, IsSpelledInOneWay) {
  auto scheme = parseGroupScheme("w4g128z");
  ASSERT_TRUE(scheme);
  EXPECT_EQ(scheme->bits, 4);
  EXPECT_EQ(scheme->size, 128);
  EXPECT_TRUE(scheme->zeros);
  EXPECT_EQ(scheme->bytes(), 128 + 128 * 8);
  EXPECT_FALSE(parseGroupScheme("w8g32")->zeros);
  for (const char *bad : {"", "w8", "w4g", "w3g32", "w4g16", "w4g0", "w4g-32",
                          "w4g32zz", "w4g33", "w4g99999999999999999999"})
    EXPECT_FALSE(parseGroupScheme(bad)) << bad;
}

TEST(GroupedLinear, HasTheCanonicalSum) {
  for (const std::string &level : runnableLevels())
    for (const char *scheme : {"w4g32", "w4g128", "w4g64z", "w8g32", "w8g128z"})
      for (const char *rowType : {"f32", "bf16", "f16"})
        for (int64_t length : {7, 172, 256}) {
          constexpr int64_t columns = 40;
          GroupedCase shape(*parseGroupScheme(scheme), 0, length, columns, rowType);
          Kernel kernel(groupedText(shape), level);
          for (int64_t rows : {1, 5}) {
            GroupedCase c(shape.scheme, rows, length, columns, rowType);
            std::vector<float> output = groupedOutputs(c, kernel);
            for (int64_t i = 0; i < rows * columns; ++i)
              ASSERT_EQ(output[i], c.expected[i])
                  << scheme << " x " << rowType << " " << level << " K " << length
                  << " at " << i;
          }
        }
}

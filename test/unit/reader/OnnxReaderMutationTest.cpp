// Damaged models: thousands of changes to valid ones, the same on every run.
// Run under AddressSanitizer and UBSan they show that no byte is trusted.
#include "frontends/onnx/reader/OnnxReader.h"
#include "test/unit/reader/ProtoWriter.h"

#include <gtest/gtest.h>
#include <random>

using namespace llmc;
using namespace llmc::onnx;
using namespace llmc::test;

namespace {

/// A model with something of everything that the reader parses.
std::string richModel() {
  Proto body = Proto()
                   .message(11, value("i", 7, {}))
                   .message(5, tensor("c", 7, {2}).packed(7, {1, 2}))
                   .message(1, node("Add", {"x", "c"}, {"z"}))
                   .message(12, value("z", 1, {}));
  Proto sparse = Proto()
                     .message(1, tensor("s", 6, {1}).packed(5, {5}))
                     .message(2, tensor("", 7, {1, 2}).packed(7, {0, 1}))
                     .packed(3, {2, 2});
  Proto graph =
      reluGraph()
          .message(5, tensor("w", 1, {2}).bytes(9, "abcdefgh"))
          .message(5, tensor("h", 10, {2}).packed(5, {0x3c00, 0}))
          .message(5, tensor("t", 8, {2}).bytes(6, "ab").bytes(6, "c"))
          .message(5, externalTensor("e", 1, {1}, "data.bin", "0", "4"))
          .message(15, sparse)
          .message(13, value("y", 1, {dim(1), dim("N")}))
          .message(
              1, node("If", {"x"}, {"q"})
                     .bytes(3, "branch")
                     .message(5, attribute("then_branch", 5).message(6, body))
                     .message(5, attribute("fs", 6).packedFixed<float>(7, {1}))
                     .message(5, attribute("is", 7).packed(8, {1, -2})))
          .message(1, node("F", {"q"}, {"r"}).bytes(7, "l"));
  Proto function =
      Proto().bytes(1, "F").bytes(10, "l").bytes(4, "a").bytes(5, "b").message(
          7, node("Neg", {"a"}, {"b"}));
  return model(graph).message(25, function).data;
}

void readDamaged(const std::string &bytes) {
  auto model = readModelFromBytes(asBytes(bytes), LLMC_TEST_DATA);
  if (!model)
    EXPECT_FALSE(model.error().render().empty());
  else
    EXPECT_TRUE(topologicalOrder(model->graph));
}

TEST(OnnxReaderMutation, SingleByteChangesAreReadOrRefused) {
  const std::string whole = richModel();
  for (size_t at = 0; at < whole.size(); ++at)
    for (int change : {0x01, 0x80, 0xff, 0x08, 0x10}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      readDamaged(damaged);
    }
}

TEST(OnnxReaderMutation, CutAndRepeatedPartsAreReadOrRefused) {
  const std::string whole = richModel();
  std::mt19937 random(1);
  for (int i = 0; i < 4000; ++i) {
    std::string damaged = whole;
    for (unsigned edits = random() % 3 + 1; edits > 0; --edits) {
      size_t at = random() % damaged.size();
      size_t count = random() % 32 + 1;
      if (random() % 2)
        damaged.erase(at, count);
      else
        damaged.insert(random() % damaged.size(), damaged.substr(at, count));
      if (damaged.empty())
        break;
    }
    readDamaged(damaged);
  }
}

TEST(OnnxReaderMutation, RandomBytesAreRefused) {
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char &c : bytes)
      c = static_cast<char>(random());
    readDamaged(bytes);
  }
}

} // namespace

// The promise on memory: heap below twice the file plus 64 MiB, measured with
// an allocator that counts, on small files that ask for much.
#include "frontends/onnx/reader/OnnxReader.h"
#include "test/unit/reader/ProtoWriter.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <malloc.h>
#include <new>

namespace {
size_t heapNow = 0, heapPeak = 0;
} // namespace

// Not inlined: the compiler would see malloc meet delete.
__attribute__((noinline)) void *operator new(size_t size) {
  void *block = std::malloc(size);
  if (!block)
    std::abort();
  heapNow += malloc_usable_size(block) + sizeof(size_t);
  heapPeak = std::max(heapPeak, heapNow);
  return block;
}
__attribute__((noinline)) void operator delete(void *block) noexcept {
  if (block)
    heapNow -= malloc_usable_size(block) + sizeof(size_t);
  std::free(block);
}
void operator delete(void *block, size_t) noexcept { operator delete(block); }

using namespace llmc;
using namespace llmc::onnx;
using namespace llmc::test;

namespace {

/// Reads \p bytes and checks the bound; true if the model was read.
bool staysBelow(const std::string &bytes) {
  size_t before = heapNow;
  heapPeak = heapNow;
  auto model = readModelFromBytes(asBytes(bytes), "");
  size_t used = heapPeak - before;
  EXPECT_LE(used, 2 * bytes.size() + (64u << 20));
  if (!model) {
    EXPECT_EQ(model.error().code, Code::TooLarge) << model.error().render();
  }
  return static_cast<bool>(model);
}

std::string repeated(const Proto &proto, size_t count) {
  std::string result;
  result.reserve(proto.data.size() * count);
  for (size_t i = 0; i < count; ++i)
    result += proto.data;
  return result;
}

TEST(OnnxReaderHeap, HoldsForListsOfEmptyMessages) {
  constexpr size_t many = 2 << 20;
  for (uint32_t field : {1, 5, 11, 12, 13, 15})
    EXPECT_FALSE(staysBelow(
        model(Proto().raw(repeated(Proto().message(field, Proto()), many)))
            .data));
  for (uint32_t field : {8, 14, 25})
    EXPECT_FALSE(
        staysBelow(model(Proto())
                       .raw(repeated(Proto().message(field, Proto()), many))
                       .data));
}

TEST(OnnxReaderHeap, HoldsForListsWithinANode) {
  constexpr size_t many = 8 << 20;
  auto inNode = [&](const std::string &part) {
    return model(Proto().message(1, node("Op", {}, {}).raw(part))).data;
  };
  for (uint32_t field : {1, 2, 5, 9})
    EXPECT_FALSE(staysBelow(inNode(repeated(Proto().bytes(field, ""), many))));
  // One byte per integer, eight in memory.
  Proto ints = attribute("a", 7).bytes(8, std::string(64 << 20, '\1'));
  EXPECT_FALSE(staysBelow(inNode(Proto().message(5, ints).data)));
  Proto strings = attribute("a", 8).raw(repeated(Proto().bytes(9, ""), many));
  EXPECT_FALSE(staysBelow(inNode(Proto().message(5, strings).data)));
}

TEST(OnnxReaderHeap, HoldsForTensors) {
  constexpr int64_t many = 64 << 20;
  Proto integers = tensor("w", 7, {many}).bytes(7, std::string(many, '\1'));
  EXPECT_FALSE(staysBelow(model(Proto().message(5, integers)).data));
  // Bytes stay bytes: this one fits.
  Proto small = tensor("w", 2, {many}).bytes(5, std::string(many, '\1'));
  EXPECT_TRUE(staysBelow(model(Proto().message(5, small)).data));
  Proto dims =
      Proto().varint(2, 1).bytes(8, "w").bytes(1, std::string(many, '\0'));
  EXPECT_FALSE(staysBelow(model(Proto().message(5, dims)).data));
}

TEST(OnnxReaderHeap, HoldsForManyNamesAndUses) {
  Proto outputs, inputs = Proto().bytes(2, "a"), nodes;
  for (int i = 0; i < 300000; ++i)
    outputs.bytes(2, std::to_string(i));
  staysBelow(model(Proto().message(1, outputs.bytes(4, "Op"))).data);
  for (int i = 0; i < 1000000; ++i)
    inputs.bytes(1, "b");
  staysBelow(model(Proto()
                       .message(1, node("Op", {}, {"b"}))
                       .message(1, inputs.bytes(4, "Op")))
                 .data);
  for (int i = 0; i < 200000; ++i)
    nodes.message(1, node("Op", {}, {std::to_string(i)}));
  staysBelow(model(nodes).data);
}

TEST(OnnxReaderHeap, HoldsForManyFunctions) {
  Proto whole = model(Proto());
  for (int i = 0; i < 150000; ++i)
    whole.message(25, Proto().bytes(1, std::to_string(i)));
  staysBelow(whole.data);
}

TEST(OnnxReaderHeap, LeavesTheWeightsInTheFile) {
  constexpr int64_t many = 32 << 20;
  Proto weights = tensor("w", 1, {many}).bytes(9, std::string(4 * many, '\1'));
  std::string bytes = model(Proto().message(5, weights)).data;
  size_t before = heapNow;
  heapPeak = heapNow;
  auto model = readModelFromBytes(asBytes(bytes), "");
  ASSERT_TRUE(model);
  EXPECT_LT(heapPeak - before, 64u << 10);
}

} // namespace

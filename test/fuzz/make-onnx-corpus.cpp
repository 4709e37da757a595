// Writes the corpus of the ONNX reader's fuzzing, one small file per thing
// that the reader parses: make-onnx-corpus FOLDER. The files are committed;
// run it again after adding to it.
#include "test/unit/reader/ProtoWriter.h"

#include <cstdio>
#include <fstream>
#include <string>

using namespace llmc::test;

static std::string folder;

static void write(const char *name, const Proto &proto) {
  std::ofstream(folder + "/" + name + ".onnx", std::ios::binary) << proto.data;
}

/// x → \p n → y.
static Proto around(const Proto &n) {
  return model(Proto()
                   .message(11, value("x", 1, {}))
                   .message(12, value("y", 1, {}))
                   .message(1, n));
}

static Proto withTensor(const Proto &t) { return model(Proto().message(5, t)); }

static void writeTensors() {
  write("tensor-raw", withTensor(tensor("w", 1, {2}).bytes(9, "abcdefgh")));
  write("tensor-floats",
        withTensor(tensor("w", 1, {2}).packedFixed<float>(4, {1, 2})));
  write("tensor-loose-floats",
        withTensor(tensor("w", 1, {2}).fixed32(4, 1).fixed32(4, 2)));
  write("tensor-doubles",
        withTensor(tensor("w", 11, {1}).packedFixed<double>(10, {.5})));
  write("tensor-int64", withTensor(tensor("w", 7, {2}).packed(7, {1, -1})));
  write("tensor-float16", withTensor(tensor("w", 10, {1}).packed(5, {0x3c00})));
  write("tensor-int4", withTensor(tensor("w", 22, {3}).packed(5, {0x21, 3})));
  write("tensor-uint64", withTensor(tensor("w", 13, {1}).packed(11, {-1})));
  write("tensor-strings",
        withTensor(tensor("w", 8, {2}).bytes(6, "ab").bytes(6, "")));
  write("tensor-external",
        withTensor(externalTensor("w", 1, {1}, "data.bin", "4", "4")));
  Proto values = tensor("w", 6, {2}).packed(5, {5, 6});
  write("sparse-flat",
        model(Proto().message(
            15, Proto()
                    .message(1, values)
                    .message(2, tensor("", 7, {2}).packed(7, {1, 3}))
                    .packed(3, {2, 2}))));
  write("sparse-pairs",
        model(Proto().message(
            15, Proto()
                    .message(1, values)
                    .message(2, tensor("", 7, {2, 2}).packed(7, {0, 1, 1, 0}))
                    .packed(3, {2, 2}))));
}

static void writeAttributes() {
  Proto inner = Proto().message(12, value("x", 1, {}));
  Proto op = node("Op", {"x"}, {"y"});
  write("attribute-scalars",
        around(Proto(op)
                   .message(5, attribute("f", 1).fixed32(2, 1))
                   .message(5, attribute("i", 2).varint(3, uint64_t(-3)))
                   .message(5, attribute("s", 3).bytes(4, "text"))));
  write(
      "attribute-lists",
      around(Proto(op)
                 .message(5, attribute("f", 6).packedFixed<float>(7, {1, 2}))
                 .message(5, attribute("i", 7).packed(8, {1, -2}).varint(8, 3))
                 .message(5, attribute("s", 8).bytes(9, "a").bytes(9, "b"))));
  write("attribute-tensors",
        around(Proto(op)
                   .message(5, attribute("t", 4).message(
                                   5, tensor("", 6, {1}).packed(5, {1})))
                   .message(
                       5, attribute("u", 9).message(10, tensor("", 1, {0})))));
  write("attribute-graphs",
        around(Proto(op)
                   .message(5, attribute("g", 5).message(6, inner))
                   .message(5, attribute("h", 10).message(11, inner))));
  write("attribute-type",
        around(Proto(op).message(
            5, attribute("t", 13).message(
                   14, Proto().message(1, Proto().varint(1, 10))))));
  write("attribute-no-type",
        around(Proto(op).message(5, Proto().bytes(1, "a").packed(8, {1}))));
}

static void writeModels() {
  write("relu", model(reluGraph()));
  write("first-ir", Proto().varint(1, 1).message(7, reluGraph()));
  write("metadata", model(reluGraph())
                        .bytes(2, "maker")
                        .message(14, Proto().bytes(1, "k").bytes(2, "v"))
                        .message(8, Proto().bytes(1, "com.x").varint(2, 3)));
  write("unknown-fields", model(reluGraph().varint(100, 1).fixed64(101, 2))
                              .tag(900, 3)
                              .varint(1, 1)
                              .tag(900, 4));
  write("types", model(Proto()
                           .message(11, Proto().bytes(1, "s").message(
                                            2, Proto().message(4, Proto())))
                           .message(11, Proto().bytes(1, "n"))
                           .message(13, value("v", 1, {dim(-1), dim("N")}))));
  Proto body = Proto()
                   .message(1, node("Add", {"x", "late"}, {"z"}))
                   .message(12, value("z", 1, {}));
  write("subgraph",
        model(Proto()
                  .message(11, value("x", 1, {}))
                  .message(1, node("If", {"x"}, {"y"})
                                  .message(5, attribute("then_branch", 5)
                                                  .message(6, body)))
                  .message(1, node("Neg", {"x"}, {"late"}))));
  write("circle", model(Proto()
                            .message(1, node("A", {"b"}, {"a"}))
                            .message(1, node("B", {"a"}, {"b"}))));
  write(
      "function",
      around(node("F", {"x"}, {"y"}).bytes(7, "l"))
          .message(25, Proto()
                           .bytes(1, "F")
                           .bytes(10, "l")
                           .bytes(4, "a")
                           .bytes(5, "b")
                           .bytes(6, "p")
                           .message(9, Proto().varint(2, 17))
                           .message(7, node("Elu", {"a"}, {"b"})
                                           .message(5, attribute("alpha", 1)
                                                           .bytes(21, "p")))));
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  folder = argv[1];
  writeTensors();
  writeAttributes();
  writeModels();
  return 0;
}

// The ONNX reader against any bytes: it must return a Model or an Error.
//
// With libFuzzer (clang -fsanitize=fuzzer -DLLMC_LIBFUZZER) the entry alone is
// used. As a normal program it replays files, or all files beneath folders:
//   read-onnx-fuzz [-v] [--mutate N] PATH...
// -v prints what each file gave; --mutate also tries N damaged copies of each,
// the same ones every time.
#include "frontends/onnx/reader/OnnxReader.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

using namespace llmc;

/// Reads every byte that the model claims to have, so that a range that is not
/// in its file is found.
static void touch(const onnx::Model &model, const onnx::Graph &graph);

static void touch(const onnx::Model &model, const onnx::TensorData &tensor) {
  std::span<const std::byte> bytes = model.bytes(tensor);
  if (bytes.size() != tensor.byteSize())
    std::abort();
  unsigned sum = 0;
  for (std::byte b : bytes)
    sum += static_cast<unsigned>(b);
  for (std::string_view text : tensor.strings)
    for (char c : text)
      sum += static_cast<unsigned char>(c);
  static volatile unsigned sink;
  sink = sum;
}

static void touch(const onnx::Model &model, const onnx::Graph &graph) {
  for (const onnx::TensorData &tensor : graph.initializers)
    touch(model, tensor);
  for (const onnx::Node &node : graph.nodes)
    for (const onnx::Attribute &attribute : node.attributes) {
      if (attribute.t)
        touch(model, *attribute.t);
      if (attribute.g)
        touch(model, *attribute.g);
      for (const onnx::TensorData &tensor : attribute.tensors)
        touch(model, tensor);
      for (const onnx::Graph &inner : attribute.graphs)
        touch(model, inner);
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto model = onnx::readModelFromBytes(
      {reinterpret_cast<const std::byte *>(data), size}, "");
  if (!model) {
    if (model.error().render().empty())
      std::abort();
    return 0;
  }
  touch(*model, model->graph);
  if (!onnx::topologicalOrder(model->graph))
    std::abort();
  return 0;
}

#ifndef LLMC_LIBFUZZER

/// Changes, removes, repeats or cuts some bytes.
static std::vector<uint8_t> damage(std::vector<uint8_t> bytes,
                                   std::mt19937_64 &random) {
  auto below = [&](size_t bound) {
    return random() % std::max<size_t>(bound, 1);
  };
  for (size_t edits = 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
    size_t at = below(bytes.size());
    size_t count = std::min(bytes.size() - at, 1 + below(16));
    switch (below(6)) {
    case 0:
      bytes[at] ^= uint8_t(1) << below(8);
      break;
    case 1:
      bytes[at] = static_cast<uint8_t>(random());
      break;
    case 2:
      bytes.erase(bytes.begin() + at, bytes.begin() + at + count);
      break;
    case 3: {
      std::vector<uint8_t> part(bytes.begin() + at, bytes.begin() + at + count);
      bytes.insert(bytes.begin() + below(bytes.size()), part.begin(),
                   part.end());
      break;
    }
    case 4:
      bytes.resize(at);
      break;
    case 5:
      std::fill_n(bytes.begin() + at, count, below(2) ? 0xff : 0x80);
      break;
    }
  }
  return bytes;
}

static bool readAll(const std::string &path, std::vector<uint8_t> &bytes) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return false;
  std::fseek(file, 0, SEEK_END);
  bytes.resize(static_cast<size_t>(std::max(std::ftell(file), 0l)));
  std::rewind(file);
  size_t got =
      bytes.empty() ? 0 : std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  return got == bytes.size();
}

int main(int argc, char **argv) {
  bool verbose = false;
  size_t mutations = 0;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "-v")) {
      verbose = true;
    } else if (!std::strcmp(argv[i], "--mutate") && i + 1 < argc) {
      mutations = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::filesystem::is_directory(argv[i])) {
      for (const auto &entry :
           std::filesystem::recursive_directory_iterator(argv[i]))
        if (entry.is_regular_file())
          paths.push_back(entry.path());
    } else {
      paths.push_back(argv[i]);
    }
  }
  std::sort(paths.begin(), paths.end());
  size_t good = 0, refused = 0;
  for (const std::string &path : paths) {
    auto model = onnx::readModel(path);
    if (model)
      touch(*model, model->graph);
    ++(model ? good : refused);
    if (verbose && model)
      std::printf("ok %s: %zu nodes, %zu initializers, %zu files\n",
                  path.c_str(), model->graph.nodes.size(),
                  model->graph.initializers.size(), model->files.size());
    else if (verbose)
      std::printf("%s", model.error().render().c_str());

    std::vector<uint8_t> bytes;
    if (mutations == 0 || !readAll(path, bytes))
      continue;
    std::mt19937_64 random(bytes.size());
    for (size_t i = 0; i < mutations; ++i) {
      std::vector<uint8_t> damaged = damage(bytes, random);
      LLVMFuzzerTestOneInput(damaged.data(), damaged.size());
    }
  }
  std::printf("%zu files: %zu read, %zu refused\n", paths.size(), good,
              refused);
  return paths.empty() ? 2 : 0;
}

#endif

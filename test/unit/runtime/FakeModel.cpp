#include "test/unit/runtime/FakeModel.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace llmc::test {

namespace {

/// Collects the values and buffers of one program.
class Builder {
public:
  Program program;

  ValueId constant(int64_t number) {
    program.values.push_back({Value::Kind::Constant, number, 0, 0});
    return static_cast<ValueId>(program.values.size() - 1);
  }
  ValueId symbol(const std::string &name) {
    program.symbols.push_back(name);
    program.values.push_back({Value::Kind::Symbol,
                              static_cast<int64_t>(program.symbols.size() - 1),
                              0, 0});
    return static_cast<ValueId>(program.values.size() - 1);
  }
  BufferId buffer(Buffer::Space space, ElementType type, uint32_t index,
                  ValueId offset, std::vector<ValueId> shape,
                  std::vector<int64_t> strides = {},
                  std::optional<BufferId> viewOf = std::nullopt) {
    program.buffers.push_back({space, type, index, offset, std::move(shape),
                               std::move(strides), viewOf});
    return static_cast<BufferId>(program.buffers.size() - 1);
  }
  BufferId input(const std::string &name, ElementType type, ValueId zero,
                 std::vector<ValueId> shape) {
    program.inputs.push_back({name, type, shape});
    return buffer(Buffer::Space::Input, type,
                  static_cast<uint32_t>(program.inputs.size() - 1), zero,
                  shape);
  }
};

CacheLayout fakeCache() { return {2, 1, 16, cachePage}; }

Program stepProgram(const std::string &name, int64_t least, int64_t most) {
  Builder b;
  b.program.name = name;
  b.program.kind = Program::Kind::Step;
  b.program.minRows = least;
  b.program.maxRows = most;
  ValueId zero = b.constant(0), one = b.constant(1), two = b.constant(2),
          four = b.constant(4), dim = b.constant(16), page = b.constant(64),
          vocabulary = b.constant(fakeVocabulary), half = b.constant(64);
  ValueId t = b.symbol("T"), r = b.symbol("R"), s = b.symbol("S"),
          p = b.symbol("P"), blockCount = b.symbol("B"), n = b.symbol("N");
  int64_t rowsBytes = most * 2 * 16 * 4;
  ValueId sumsAt = b.constant(rowsBytes),
          moreSumsAt = b.constant(rowsBytes + most * 4 + 64 - most * 4 % 64);
  b.program.arenaBytes = b.constant(rowsBytes + 2 * (most * 4 + 64));

  auto i32 = ElementType::I32, f32 = ElementType::F32;
  BufferId tokens = b.input("tokens", i32, zero, {t}),
           positions = b.input("positions", i32, zero, {t}),
           sequence = b.input("row_sequence", i32, zero, {t}),
           rows = b.input("rows", i32, zero, {r}),
           table = b.input("page_table", i32, zero, {s, p}),
           blocks = b.input("blocks", i32, zero, {blockCount, two});
  b.program.outputs = {{"logits", f32, {r, vocabulary}}};
  using Space = Buffer::Space;
  BufferId out = b.buffer(Space::Output, f32, 0, zero, {r, vocabulary}),
           embedded = b.buffer(Space::Arena, f32, 0, zero, {t, two, dim}),
           first = b.buffer(Space::Arena, f32, 0, zero, {t, dim}, {32, 1}, embedded),
           second = b.buffer(Space::Arena, f32, 0, half, {t, dim}, {32, 1}, embedded),
           sums = b.buffer(Space::Arena, f32, 0, sumsAt, {t}),
           moreSums = b.buffer(Space::Arena, f32, 0, moreSumsAt, {t}),
           shift = b.buffer(Space::Weight, i32, 1, zero, {one});
  CacheLayout layout = fakeCache();
  BufferId keys[2], values[2];
  for (uint32_t layer = 0; layer < 2; ++layer) {
    std::vector<int64_t> keyStrides, valueStrides;
    for (int i = 0; i < 5; ++i) {
      keyStrides.push_back(layout.keyStride(i));
      valueStrides.push_back(layout.valueStride(i));
    }
    keys[layer] = b.buffer(Space::KeyCache, f32, layer, zero,
                           {n, one, four, dim, dim}, keyStrides);
    values[layer] = b.buffer(Space::ValueCache, f32, layer, zero,
                             {n, one, one, page, dim}, valueStrides);
  }
  b.program.launches = {
      {0, t, {tokens, positions, embedded}, {t, t, t}, "embed"},
      {1, t, {first, sequence, positions, table, keys[0], values[0]},
       {t, t, t, s, p, n, n}, "layer 0 append", {{0, 1, 1}}},
      {1, t, {second, sequence, positions, table, keys[1], values[1]},
       {t, t, t, s, p, n, n}, "layer 1 append"},
      {2, blockCount, {sequence, positions, table, blocks, keys[0], values[0], sums},
       {t, t, s, p, blockCount, n, n, t}, "layer 0 attend", {{2, 0, 0}, {1, 0, 0}}},
      {2, blockCount, {sequence, positions, table, blocks, keys[1], values[1], moreSums},
       {t, t, s, p, blockCount, n, n, t}, "layer 1 attend"},
      {3, vocabulary, {sums, moreSums, rows, shift, out}, {t, t, r, r},
       "logits"}};
  return b.program;
}

Module decoderModule() {
  Module module;
  module.name = "decoder";
  module.kind = Module::Kind::Decoder;
  DecoderConfig &config = module.decoder;
  config.vocabulary = fakeVocabulary;
  config.maxContext = fakeContext;
  config.cache = fakeCache();
  config.cacheType = ElementType::F32;
  config.chunk = fakeChunk;
  config.blockRows = 5;
  module.programs = {stepProgram("decode", 1, 1), stepProgram("batch", 2, 4),
                     stepProgram("prefill", 2, fakeChunk)};
  return module;
}

Module graphModule() {
  Builder b;
  b.program.name = "graph";
  b.program.kind = Program::Kind::Graph;
  ValueId zero = b.constant(0), n = b.symbol("N"), m = b.symbol("M");
  b.program.arenaBytes = zero;
  auto f32 = ElementType::F32;
  BufferId left = b.input("a", f32, zero, {n}),
           right = b.input("b", f32, zero, {m});
  b.program.outputs = {{"out", f32, {n}}};
  BufferId out = b.buffer(Buffer::Space::Output, f32, 0, zero, {n});
  b.program.launches = {{4, n, {left, right, out}, {n, m, n}, "add"}};
  b.program.constraints = {{n, m, "dimension 0 of b = dimension 0 of a"}};
  Module module;
  module.name = "graph";
  module.kind = Module::Kind::Graph;
  module.programs = {b.program};
  return module;
}

FakeImage loadImage() {
  FakeImage image;
  image.bytes = readBytes(FAKE_IMAGE);
  std::ifstream symbols(FAKE_SYMBOLS);
  for (std::string line; std::getline(symbols, line);) {
    std::istringstream words(line);
    std::string address, kind, name;
    words >> address >> kind >> name;
    image.entries[name] = std::strtoull(address.c_str(), nullptr, 16);
  }
  return image;
}

} // namespace

const FakeImage &fakeImage() {
  static const FakeImage image = loadImage();
  return image;
}

Model fakeModel(bool withGraph) {
  Model model;
  model.name = "fake";
  model.producer = "test";
  model.quantization = "f32";
  model.report = {"attention 2/2"};
  model.modules = {decoderModule()};
  if (withGraph)
    model.modules.push_back(graphModule());
  model.weights = {{"table", ElementType::F32, {3, 5}, "rows", 60, 0, 15},
                   {"shift", ElementType::I32, {1}, "rows", 4, 0}};
  // Their figures are made up.
  model.kernels = {{"embed", "embedding", 3, 3, {0, 0, 0, {{2, 4}}}},
                   {"append", "kv_append", 6, 7, {}},
                   {"attend", "attention", 7, 8, {0, 32, 7, {}}},
                   {"logits", "linear", 5, 4, {60, 0, 0, {}}},
                   {"addTwice", "map", 3, 3, {}}};
  KernelImage image;
  image.level = "x86-64-v3";
  for (const Kernel &kernel : model.kernels)
    image.entries.push_back(fakeImage().entries.at(kernel.name));
  model.images = {image};
  return model;
}

void addFakeDevice(Model &model) {
  DeviceImage device;
  device.target = "sm_80";
  device.blockThreads = 128;
  for (const Kernel &kernel : model.kernels)
    device.kernels.push_back({kernel, kernel.name, 1024, 40, 0});
  for (Module &module : model.modules)
    module.schedules.push_back(
        {static_cast<uint32_t>(model.devices.size()), module.decoder.chunk,
         module.decoder.blockRows, module.programs});
  model.devices.push_back(std::move(device));
}

ArtifactContent fakeContent(int64_t eos) {
  ArtifactContent content;
  content.model = fakeModel();
  if (eos >= 0)
    content.model.modules[0].decoder.eosTokens = {eos};
  content.images = {fakeImage().bytes};
  content.weights = [](size_t weight, WeightSink &sink) -> Status {
    if (weight == 1)
      return sink.write(std::as_bytes(std::span(&fakeShift, 1)));
    std::vector<float> numbers(15, 1.5f);
    LLMC_CHECK(sink.write(std::as_bytes(std::span(numbers).first(7))));
    return sink.write(std::as_bytes(std::span(numbers).subspan(7)));
  };
  return content;
}

void writeFake(const std::string &path) {
  if (Status status = writeArtifact(path, fakeContent()); !status) {
    std::fputs(status.error().render().c_str(), stderr);
    std::abort();
  }
}

int32_t fakeNext(std::span<const int32_t> tokens) {
  int64_t sum = fakeShift;
  for (size_t i = 0; i < tokens.size(); ++i)
    sum += tokens[i] + 3 * static_cast<int64_t>(i);
  return static_cast<int32_t>(sum % fakeVocabulary);
}

TemporaryFile::TemporaryFile(const std::string &name) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "llmc-XXXXXX").string();
  directory = ::mkdtemp(pattern.data());
  file = directory + "/" + name;
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
}

std::vector<std::byte> readBytes(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  std::vector<std::byte> bytes(text.size());
  if (!text.empty())
    std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

void writeBytes(const std::string &path, std::span<const std::byte> bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char *>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

} // namespace llmc::test

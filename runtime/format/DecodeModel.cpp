#include "runtime/format/ModelCodec.h"

#include "runtime/format/Model_generated.h"

#include <cstring>

namespace llmc {

namespace {

/// Decodes tables. Tables of a flatbuffer may share their parts, so that few
/// bytes could ask for very many structs: every part that is decoded is charged
/// with the bytes that it takes when nothing is shared, and the sum may not
/// exceed what there is.
class ModelDecoder {
public:
  explicit ModelDecoder(size_t bytes) : budget(bytes) {}

  Model decode(const fb::Model &table);
  bool exhausted() const { return spent > budget; }

private:
  bool charge(uint64_t bytes) {
    spent += bytes;
    return spent <= budget;
  }

  std::string text(const flatbuffers::String *string) {
    if (!string || !charge(4 + string->size()))
      return {};
    return string->str();
  }

  template <typename T>
  std::vector<T> numbers(const flatbuffers::Vector<T> *vector) {
    if (!vector || !charge(4 + sizeof(T) * uint64_t(vector->size())))
      return {};
    return copied<T>(*vector);
  }

  /// The verifier looks at bounds, not at the alignment of elements.
  template <typename T, typename Vector>
  static std::vector<T> copied(const Vector &vector) {
    std::vector<T> items(vector.size());
    if (!items.empty())
      std::memcpy(items.data(), vector.Data(), items.size() * sizeof(T));
    return items;
  }

  template <typename Table, typename Decode>
  auto each(const flatbuffers::Vector<flatbuffers::Offset<Table>> *vector,
            Decode decode) {
    std::vector<decltype(decode(*vector->Get(0)))> items;
    // An offset and a table's own first word.
    if (!vector || !charge(4 + 8 * uint64_t(vector->size())))
      return items;
    items.reserve(vector->size());
    for (const Table *table : *vector)
      items.push_back(decode(*table));
    return items;
  }

  std::vector<std::string>
  texts(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>
            *vector) {
    std::vector<std::string> items;
    if (!vector || !charge(4 + 4 * uint64_t(vector->size())))
      return items;
    for (const flatbuffers::String *string : *vector)
      items.push_back(text(string));
    return items;
  }

  Argument argument(const fb::Argument &table) {
    return {text(table.name()), ElementType(table.type()),
            numbers(table.shape())};
  }

  Buffer buffer(const fb::Buffer &table) {
    return {Buffer::Space(table.space()), ElementType(table.type()),
            table.index(),                table.offset(),
            numbers(table.shape()),       numbers(table.strides()),
            table.view_of() == UINT32_MAX ? std::nullopt : std::optional(table.view_of())};
  }

  Launch launch(const fb::Launch &table) {
    Launch launch{table.kernel(), table.tiles(), numbers(table.buffers()),
                  numbers(table.scalars()), text(table.name()), {}};
    if (auto *waits = table.waits();
        waits && charge(4 + sizeof(fb::Wait) * uint64_t(waits->size())))
      for (const fb::Wait &wait : copied<fb::Wait>(*waits))
        launch.waits.push_back({wait.launch(), wait.mine(), wait.theirs()});
    return launch;
  }

  KernelWork work(const fb::Kernel &table) {
    KernelWork work{table.row_operations(), table.position_operations(),
                    table.window(), {}};
    if (auto *lookups = table.lookups();
        lookups && charge(4 + sizeof(fb::Lookup) * uint64_t(lookups->size())))
      for (const fb::Lookup &lookup : copied<fb::Lookup>(*lookups))
        work.lookups.push_back({lookup.buffer(), lookup.row_bytes()});
    return work;
  }

  Kernel kernel(const fb::Kernel &t) {
    return {text(t.name()), text(t.op()), t.buffer_count(), t.scalar_count(),
            work(t)};
  }

  TensorTile tensor(const fb::TensorTile &t) {
    TensorTile tile{t.buffer(), t.offset(), t.element_bytes(), t.swizzle_bytes(), {}};
    using Dimension = fb::TensorDimension;
    if (auto *list = t.dimensions();
        list && charge(16 + 4 + sizeof(Dimension) * uint64_t(list->size())))
      for (const Dimension &d : copied<Dimension>(*list))
        tile.dimensions.push_back({d.size(), d.stride(), d.scalar(), d.box()});
    return tile;
  }

  DeviceKernel deviceKernel(const fb::DeviceKernel &t) {
    DeviceKernel item;
    if (t.kernel() && charge(8))
      item.kernel = kernel(*t.kernel());
    item.entry = text(t.entry());
    item.sharedBytes = t.shared_bytes();
    item.rowsPerBlock = t.rows_per_block();
    item.matrix = text(t.matrix());
    item.registers = t.registers();
    item.spillBytes = t.spill_bytes();
    item.tensors = each(t.tensors(),
                        [&](const fb::TensorTile &tile) { return tensor(tile); });
    return item;
  }

  DeviceImage device(const fb::DeviceImage &t) {
    return {text(t.target()), t.block_threads(),
            each(t.kernels(),
                 [&](const fb::DeviceKernel &k) { return deviceKernel(k); }),
            t.ptx_section(), t.cubin_section()};
  }

  std::vector<Program> programs(
      const flatbuffers::Vector<flatbuffers::Offset<fb::Program>> *tables) {
    return each(tables, [&](const fb::Program &p) { return program(p); });
  }

  Program program(const fb::Program &table);
  DecoderConfig decoder(const fb::Decoder &table);

  uint64_t budget;
  uint64_t spent = 0;
};

Program ModelDecoder::program(const fb::Program &table) {
  Program program;
  program.name = text(table.name());
  program.kind = Program::Kind(table.kind());
  program.minRows = table.min_rows();
  program.maxRows = table.max_rows();
  program.symbols = texts(table.symbols());
  if (auto *values = table.values();
      values && charge(4 + sizeof(fb::Value) * uint64_t(values->size())))
    for (const fb::Value &value : copied<fb::Value>(*values))
      program.values.push_back({Value::Kind(value.kind()), value.number(),
                                value.left(), value.right()});
  program.arenaBytes = table.arena_bytes();
  auto decodeArgument = [&](const fb::Argument &t) { return argument(t); };
  program.inputs = each(table.inputs(), decodeArgument);
  program.outputs = each(table.outputs(), decodeArgument);
  program.buffers =
      each(table.buffers(), [&](const fb::Buffer &t) { return buffer(t); });
  program.launches =
      each(table.launches(), [&](const fb::Launch &t) { return launch(t); });
  program.constraints =
      each(table.constraints(), [&](const fb::Constraint &t) {
        return Constraint{t.left(), t.right(), text(t.text())};
      });
  return program;
}

DecoderConfig ModelDecoder::decoder(const fb::Decoder &table) {
  DecoderConfig config;
  config.vocabulary = table.vocabulary();
  config.maxContext = table.max_context();
  config.cache = {table.layers(), table.kv_heads(), table.head_dim(),
                  table.page()};
  config.cacheType = ElementType(table.cache_type());
  config.cache.pair = cachePair(config.cacheType);
  config.chunk = table.chunk();
  config.blockRows = table.block_rows();
  config.bosToken = table.bos_token();
  config.eosTokens = numbers(table.eos_tokens());
  if (const fb::GenerationDefaults *d = table.defaults())
    config.defaults = {d->sample(), d->temperature(), d->top_k(),
                       d->top_p(),  d->min_p(),       d->repetition_penalty()};
  return config;
}

Model ModelDecoder::decode(const fb::Model &table) {
  Model model;
  model.name = text(table.name());
  model.producer = text(table.producer());
  model.quantization = text(table.quantization());
  model.source = text(table.source());
  model.report = texts(table.report());
  model.modules = each(table.modules(), [&](const fb::Module &t) {
    Module module;
    module.name = text(t.name());
    module.kind = Module::Kind(t.kind());
    if (t.decoder())
      module.decoder = decoder(*t.decoder());
    module.programs = programs(t.programs());
    module.schedules = each(t.schedules(), [&](const fb::DeviceSchedule &s) {
      return DeviceSchedule{s.device(), s.chunk(), s.block_rows(),
                            programs(s.programs())};
    });
    return module;
  });
  model.weights = each(table.weights(), [&](const fb::Weight &t) {
    return Weight{text(t.name()),   ElementType(t.type()), numbers(t.shape()),
                  text(t.layout()), t.bytes(),             t.offset(),
                  t.parameters()};
  });
  model.kernels =
      each(table.kernels(), [&](const fb::Kernel &t) { return kernel(t); });
  model.images = each(table.images(), [&](const fb::KernelImage &t) {
    return KernelImage{text(t.level()), numbers(t.entries()), t.section()};
  });
  model.devices = each(table.devices(),
                       [&](const fb::DeviceImage &t) { return device(t); });
  return model;
}

Error damaged(const char *why) {
  return {Code::ArtifactDamaged, "the header of the file cannot be read",
          "header", why, "copy the file again, or compile the model again"};
}

} // namespace

Result<Model> decodeModel(std::span<const std::byte> bytes) {
  // Flatbuffers counts in 32 bits and reads aligned words.
  if (bytes.size() < 8 || bytes.size() > INT32_MAX)
    return damaged("its size is impossible");
  auto *data = reinterpret_cast<const uint8_t *>(bytes.data());
  if (reinterpret_cast<uintptr_t>(data) % 8 != 0)
    return damaged("it is not aligned to 8 bytes");
  flatbuffers::Verifier verifier(data, bytes.size(), /*max_depth=*/16,
                                 /*max_tables=*/64 << 20);
  if (!fb::VerifyModelBuffer(verifier))
    return damaged("an offset in it leads outside");
  ModelDecoder decoder(bytes.size());
  Model model = decoder.decode(*fb::GetModel(data));
  if (decoder.exhausted())
    return damaged("parts of it are used more than once");
  return model;
}

} // namespace llmc

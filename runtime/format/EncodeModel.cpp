#include "runtime/format/ModelCodec.h"

#include "runtime/format/Model_generated.h"

namespace llmc {

namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

/// The vector of what \p encode makes of each item.
template <typename Item, typename Encode>
auto each(FlatBufferBuilder &builder, const std::vector<Item> &items,
          Encode encode) {
  std::vector<decltype(encode(builder, items[0]))> offsets;
  offsets.reserve(items.size());
  for (const Item &item : items)
    offsets.push_back(encode(builder, item));
  return builder.CreateVector(offsets);
}

uint8_t number(auto enumerator) { return static_cast<uint8_t>(enumerator); }

auto encodeText(FlatBufferBuilder &b, const std::string &text) {
  return b.CreateString(text);
}

auto encodeArgument(FlatBufferBuilder &b, const Argument &argument) {
  auto name = b.CreateString(argument.name);
  auto shape = b.CreateVector(argument.shape);
  return fb::CreateArgument(b, name, number(argument.type), shape);
}

auto encodeBuffer(FlatBufferBuilder &b, const Buffer &buffer) {
  auto shape = b.CreateVector(buffer.shape);
  auto strides = b.CreateVector(buffer.strides);
  return fb::CreateBuffer(b, number(buffer.space), number(buffer.type),
                          buffer.index, buffer.offset, shape, strides,
                          buffer.viewOf.value_or(UINT32_MAX));
}

auto encodeLaunch(FlatBufferBuilder &b, const Launch &launch) {
  auto buffers = b.CreateVector(launch.buffers);
  auto scalars = b.CreateVector(launch.scalars);
  auto name = b.CreateString(launch.name);
  std::vector<fb::Wait> waits;
  for (const Wait &wait : launch.waits)
    waits.emplace_back(wait.launch, wait.mine, wait.theirs);
  auto waitsOf = b.CreateVectorOfStructs(waits);
  return fb::CreateLaunch(b, launch.kernel, launch.tiles, buffers, scalars,
                          name, waitsOf);
}

auto encodeConstraint(FlatBufferBuilder &b, const Constraint &constraint) {
  auto text = b.CreateString(constraint.text);
  return fb::CreateConstraint(b, constraint.left, constraint.right, text);
}

auto encodeProgram(FlatBufferBuilder &b, const Program &program) {
  std::vector<fb::Value> values;
  values.reserve(program.values.size());
  for (const Value &value : program.values)
    values.emplace_back(value.number, value.left, value.right,
                        number(value.kind));
  auto name = b.CreateString(program.name);
  auto symbols = each(b, program.symbols, encodeText);
  auto valueVector = b.CreateVectorOfStructs(values);
  auto inputs = each(b, program.inputs, encodeArgument);
  auto outputs = each(b, program.outputs, encodeArgument);
  auto buffers = each(b, program.buffers, encodeBuffer);
  auto launches = each(b, program.launches, encodeLaunch);
  auto constraints = each(b, program.constraints, encodeConstraint);
  return fb::CreateProgram(b, name, number(program.kind), program.minRows,
                           program.maxRows, symbols, valueVector,
                           program.arenaBytes, inputs, outputs, buffers,
                           launches, constraints);
}

auto encodeDecoder(FlatBufferBuilder &b, const DecoderConfig &config) {
  auto eos = b.CreateVector(config.eosTokens);
  const GenerationDefaults &d = config.defaults;
  auto defaults = fb::CreateGenerationDefaults(
      b, d.sample, d.temperature, d.topK, d.topP, d.minP, d.repetitionPenalty);
  const CacheLayout &cache = config.cache;
  return fb::CreateDecoder(b, config.vocabulary, config.maxContext,
                           cache.layers, cache.kvHeads, cache.headDim,
                           cache.page, number(config.cacheType), config.chunk,
                           config.blockRows, config.bosToken, eos, defaults);
}

auto encodeSchedule(FlatBufferBuilder &b, const DeviceSchedule &schedule) {
  auto programs = each(b, schedule.programs, encodeProgram);
  return fb::CreateDeviceSchedule(b, schedule.device, schedule.chunk,
                                  schedule.blockRows, programs);
}

auto encodeModule(FlatBufferBuilder &b, const Module &module) {
  auto name = b.CreateString(module.name);
  Offset<fb::Decoder> decoder = 0;
  if (module.kind == Module::Kind::Decoder)
    decoder = encodeDecoder(b, module.decoder);
  auto programs = each(b, module.programs, encodeProgram);
  auto schedules = each(b, module.schedules, encodeSchedule);
  return fb::CreateModule(b, name, number(module.kind), decoder, programs,
                          schedules);
}

auto encodeWeight(FlatBufferBuilder &b, const Weight &weight) {
  auto name = b.CreateString(weight.name);
  auto shape = b.CreateVector(weight.shape);
  auto layout = b.CreateString(weight.layout);
  return fb::CreateWeight(b, name, number(weight.type), shape, layout,
                          weight.bytes, weight.offset, weight.parameters);
}

auto encodeKernel(FlatBufferBuilder &b, const Kernel &kernel) {
  auto name = b.CreateString(kernel.name);
  auto op = b.CreateString(kernel.op);
  const KernelWork &work = kernel.work;
  std::vector<fb::Lookup> list;
  for (const KernelWork::Lookup &lookup : work.lookups)
    list.emplace_back(lookup.rowBytes, lookup.buffer);
  auto lookups = b.CreateVectorOfStructs(list);
  return fb::CreateKernel(b, name, op, kernel.bufferCount, kernel.scalarCount,
                          work.rowOperations, work.positionOperations,
                          work.window, lookups);
}

auto encodeImage(FlatBufferBuilder &b, const KernelImage &image) {
  auto level = b.CreateString(image.level);
  auto entries = b.CreateVector(image.entries);
  return fb::CreateKernelImage(b, level, entries, image.section);
}

auto encodeTensor(FlatBufferBuilder &b, const TensorTile &tile) {
  std::vector<fb::TensorDimension> dimensions;
  for (const TensorTile::Dimension &d : tile.dimensions)
    dimensions.emplace_back(d.size, d.stride, d.scalar, d.box);
  auto list = b.CreateVectorOfStructs(dimensions);
  return fb::CreateTensorTile(b, tile.buffer, tile.offset, tile.elementBytes,
                              tile.swizzleBytes, list);
}

auto encodeDeviceKernel(FlatBufferBuilder &b, const DeviceKernel &item) {
  auto kernel = encodeKernel(b, item.kernel);
  auto entry = b.CreateString(item.entry);
  auto matrix = b.CreateString(item.matrix);
  auto tensors = each(b, item.tensors, encodeTensor);
  return fb::CreateDeviceKernel(b, kernel, entry, item.sharedBytes,
                                item.registers, item.spillBytes,
                                item.rowsPerBlock, matrix, tensors);
}

auto encodeDevice(FlatBufferBuilder &b, const DeviceImage &image) {
  auto target = b.CreateString(image.target);
  auto kernels = each(b, image.kernels, encodeDeviceKernel);
  return fb::CreateDeviceImage(b, target, image.blockThreads, kernels,
                               image.ptxSection, image.cubinSection);
}

} // namespace

std::vector<std::byte> encodeModel(const Model &model) {
  FlatBufferBuilder b;
  auto name = b.CreateString(model.name);
  auto producer = b.CreateString(model.producer);
  auto quantization = b.CreateString(model.quantization);
  auto report = each(b, model.report, encodeText);
  auto modules = each(b, model.modules, encodeModule);
  auto weights = each(b, model.weights, encodeWeight);
  auto kernels = each(b, model.kernels, encodeKernel);
  auto images = each(b, model.images, encodeImage);
  auto source = b.CreateString(model.source);
  auto devices = each(b, model.devices, encodeDevice);
  b.Finish(fb::CreateModel(b, name, producer, quantization, report, modules,
                           weights, kernels, images, source, devices),
           fb::ModelIdentifier());
  auto *data = reinterpret_cast<const std::byte *>(b.GetBufferPointer());
  return {data, data + b.GetSize()};
}

} // namespace llmc

#include "runtime/format/CheckModel.h"

#include <algorithm>
#include <cmath>

namespace llmc {

namespace {

Error broken(std::string where, std::string why) {
  return {Code::ArtifactDamaged, "the header contradicts itself",
          std::move(where), std::move(why), "compile the model again"};
}

Status checkWeights(const Model &model,
                    std::span<const SectionEntry> sections) {
  uint64_t size = 0;
  for (const SectionEntry &section : sections)
    if (section.type == static_cast<uint32_t>(SectionType::Weights))
      size = section.size;
  for (const Weight &weight : model.weights) {
    if (static_cast<unsigned>(weight.type) >= elementTypeCount)
      return broken("weight " + weight.name, "it is of no known type");
    if (weight.offset % weightAlignment != 0 || weight.offset > size ||
        weight.bytes > size - weight.offset)
      return broken("weight " + weight.name, "it lies outside its section");
  }
  return Status::ok();
}

Status checkImages(const Model &model,
                   std::span<const SectionEntry> sections) {
  for (const KernelImage &image : model.images) {
    std::string where = "kernels for " + image.level;
    auto *section = sectionAt(sections, image.section, SectionType::Kernels);
    if (!section)
      return broken(where, "there is no such section");
    if (section->offset % pageAlignment != 0)
      return broken(where, "the section cannot be mapped by itself");
    if (image.entries.size() != model.kernels.size())
      return broken(where, "it has not one entry per kernel");
    for (uint64_t entry : image.entries)
      if (entry >= section->size)
        return broken(where, "an entry lies outside the image");
  }
  return Status::ok();
}

bool isFinite(const GenerationDefaults &d) {
  return std::isfinite(d.temperature) && std::isfinite(d.topP) &&
         std::isfinite(d.minP) && std::isfinite(d.repetitionPenalty);
}

Status checkRows(const DecoderConfig &config, const std::string &where) {
  if (config.chunk < 1 || config.chunk > config.maxContext ||
      config.chunk > largestChunk || config.blockRows < 1)
    return broken(where, "the numbers of rows are impossible");
  return Status::ok();
}

Status checkDecoder(const Module &module) {
  const DecoderConfig &config = module.decoder;
  const CacheLayout &cache = config.cache;
  std::string where = "module " + module.name;
  constexpr int64_t most = INT32_MAX;
  if (config.vocabulary < 1 || config.vocabulary > most)
    return broken(where, "the size of the vocabulary is impossible");
  if (config.maxContext < 1 || config.maxContext > most)
    return broken(where, "the context is impossible");
  LLMC_CHECK(checkRows(config, where));
  // With these bounds a page has at most 2^57 bytes.
  if (cache.layers < 0 || cache.layers > 4096 || cache.kvHeads < 0 ||
      cache.kvHeads > 4096 || cache.headDim < 0 || cache.headDim > 65536 ||
      cache.page != cachePage || cache.headDim % cache.pair)
    return broken(where, "the layout of the cache is impossible");
  if (config.cacheType != ElementType::F32 &&
      config.cacheType != ElementType::BF16 &&
      config.cacheType != ElementType::F16 &&
      config.cacheType != ElementType::I8)
    return broken(where, "the cache's elements are of no type that it takes");
  if (config.bosToken < -1 || config.bosToken >= config.vocabulary)
    return broken(where, "the first token is outside the vocabulary");
  for (int64_t token : config.eosTokens)
    if (token < 0 || token >= config.vocabulary)
      return broken(where, "a last token is outside the vocabulary");
  if (!isFinite(config.defaults))
    return broken(where, "a default for sampling is no number");
  return Status::ok();
}

/// Every T in [1, chunk] has a program.
Status checkCover(const std::vector<Program> &programs, int64_t chunk,
                  const std::string &where) {
  int64_t covered = 0;
  int64_t previous = 0;
  for (const Program &program : programs) {
    if (program.minRows < previous || program.minRows > covered + 1)
      return broken(where, "its programs leave out some number of rows");
    previous = program.minRows;
    covered = std::max(covered, program.maxRows);
  }
  if (covered != chunk)
    return broken(where, "its programs do not reach the size of a chunk");
  return Status::ok();
}

/// A module's programs for the CPU (\p device null) or for a device; \p config
/// has the chunk of these programs.
Status checkPrograms(const Model &model, const Module &module,
                     const std::vector<Program> &programs,
                     const DecoderConfig &config, const DeviceImage *device) {
  bool isDecoder = module.kind == Module::Kind::Decoder;
  std::string where = "module " + module.name;
  if (device)
    where += " for " + device->target;
  if (isDecoder)
    LLMC_CHECK(checkCover(programs, config.chunk, where));
  else if (programs.size() != 1)
    return broken(where, "a graph has one program");
  for (const Program &program : programs) {
    if ((program.kind == Program::Kind::Step) != isDecoder)
      return broken(where, "its programs are of another kind");
    LLMC_CHECK(checkProgram(program, model, isDecoder ? &config : nullptr,
                            device));
  }
  return Status::ok();
}

Status checkSchedules(const Model &model, const Module &module) {
  std::string where = "module " + module.name;
  std::vector<bool> seen(model.devices.size());
  for (const DeviceSchedule &schedule : module.schedules) {
    if (schedule.device >= model.devices.size())
      return broken(where, "a schedule is for a device that does not exist");
    if (seen[schedule.device])
      return broken(where, "two schedules are for the same device");
    seen[schedule.device] = true;
    DecoderConfig config = module.decoder;
    config.chunk = schedule.chunk;
    config.blockRows = schedule.blockRows;
    if (module.kind == Module::Kind::Decoder)
      LLMC_CHECK(checkRows(config, where));
    LLMC_CHECK(checkPrograms(model, module, schedule.programs, config,
                             &model.devices[schedule.device]));
  }
  return Status::ok();
}

/// No figure is larger: figures are told, and a sum of them saturates.
constexpr int64_t mostWork = int64_t(1) << 46;

} // namespace

const SectionEntry *sectionAt(std::span<const SectionEntry> sections,
                              uint64_t index, SectionType type) {
  if (index >= sections.size() ||
      sections[index].type != static_cast<uint32_t>(type))
    return nullptr;
  return &sections[index];
}

Status checkKernel(const Kernel &kernel) {
  auto isFigure = [](int64_t number) { return number >= 0 && number <= mostWork; };
  const KernelWork &work = kernel.work;
  if (!isFigure(work.rowOperations) || !isFigure(work.positionOperations) ||
      !isFigure(work.window))
    return broken("kernel " + kernel.name, "its work is impossible");
  for (const KernelWork::Lookup &lookup : work.lookups)
    if (lookup.buffer >= kernel.bufferCount || !isFigure(lookup.rowBytes))
      return broken("kernel " + kernel.name,
                    "it looks up rows of a buffer that it does not have");
  return Status::ok();
}

Status checkModel(const Model &model, std::span<const SectionEntry> sections) {
  LLMC_CHECK(checkWeights(model, sections));
  for (const Kernel &kernel : model.kernels)
    LLMC_CHECK(checkKernel(kernel));
  LLMC_CHECK(checkImages(model, sections));
  LLMC_CHECK(checkDevices(model, sections));
  for (const Module &module : model.modules) {
    bool isDecoder = module.kind == Module::Kind::Decoder;
    if (!isDecoder && module.kind != Module::Kind::Graph)
      return broken("module " + module.name, "it is of no known kind");
    if (isDecoder)
      LLMC_CHECK(checkDecoder(module));
    LLMC_CHECK(checkSchedules(model, module));
    bool onlyDevices = model.images.empty() && module.programs.empty() &&
                       !module.schedules.empty();
    if (!onlyDevices)
      LLMC_CHECK(checkPrograms(model, module, module.programs, module.decoder,
                               nullptr));
  }
  return Status::ok();
}

} // namespace llmc

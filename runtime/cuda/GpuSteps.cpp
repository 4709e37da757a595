#include "runtime/cuda/GpuSteps.h"

#include <algorithm>
#include <cstring>

namespace llmc::cuda {

namespace {

/// Inputs begin on borders of this many bytes.
constexpr uint64_t inputAlignment = 64;

uint64_t aligned(uint64_t bytes) {
  return (bytes + inputAlignment - 1) / inputAlignment * inputAlignment;
}

std::span<std::byte> part(std::span<std::byte> all, uint64_t offset, uint64_t bytes) {
  // Addresses of the device: subspan would do, but none is ever read here.
  return {all.data() + offset, bytes};
}

} // namespace

StepNeed stepNeed(const llmc::Module &module, int64_t tableEntries, int64_t logitRows) {
  StepNeed need;
  uint64_t chunk = static_cast<uint64_t>(module.decoder.chunk);
  for (const Program &program : module.programs)
    need.arena = std::max(
        need.arena, static_cast<uint64_t>(program.values[program.arenaBytes].number));
  uint64_t heads = static_cast<uint64_t>(module.decoder.cache.kvHeads);
  // tokens, positions, row_sequence, rows; blocks; choices; counters; page_table.
  need.inputs = 4 * aligned(4 * chunk) + aligned(8 * chunk) +
                aligned(sizeof(TokenChoice) * chunk) + aligned(4 * heads * chunk) +
                aligned(4 * static_cast<uint64_t>(tableEntries));
  need.tokens = 4 * chunk;
  need.logits = 4 * static_cast<uint64_t>(logitRows) *
                static_cast<uint64_t>(module.decoder.vocabulary);
  return need;
}

GpuSteps::GpuSteps(Gpu &gpu, const GpuCode &code, const WeightPlaces &weights,
                   const llmc::Module &module, KvCache &cache, bool waitsForEach)
    : gpu(gpu), config(module.decoder), cache(cache), waitsForEach(waitsForEach),
      batch(module.decoder, cache), launches(gpu, code), graphs(gpu, launches) {
  programs.reserve(module.programs.size());
  size_t symbolCount = 0;
  for (const Program &program : module.programs) {
    programs.emplace_back(weights, program, config.cache, config.cacheType);
    ProgramMemory &memory = memories.emplace_back();
    memory.inputs.resize(program.inputs.size());
    memory.outputs.resize(program.outputs.size());
    symbolCount = std::max(symbolCount, program.symbols.size());
  }
  chooses = std::ranges::all_of(module.programs, [](const Program &program) {
    return program.outputs.size() > 1;
  });
  symbols.resize(symbolCount);
}

Result<std::unique_ptr<GpuSteps>>
GpuSteps::create(Gpu &gpu, const GpuCode &code, const WeightPlaces &weights,
                 const llmc::Module &module, KvCache &cache, int64_t logitRows, bool waitsForEach) {
  std::unique_ptr<GpuSteps> steps(
      new GpuSteps(gpu, code, weights, module, cache, waitsForEach));
  int64_t sequences = std::min(cache.maxSequences(), module.decoder.chunk);
  StepNeed need = stepNeed(module, sequences * cache.maxPagesPerSequence(), logitRows);
  LLMC_TRY(steps->arena, GpuMemory::create(gpu, need.arena, "activations"));
  LLMC_TRY(steps->inputs, GpuMemory::create(gpu, need.inputs, "the inputs of a step"));
  LLMC_TRY(steps->staging, PinnedMemory::create(gpu, need.inputs, "the inputs of a step"));
  LLMC_TRY(steps->results, GpuMemory::create(gpu, need.logits, "logits"));
  LLMC_TRY(steps->nextTokens, GpuMemory::create(gpu, need.tokens, "tokens"));
  LLMC_TRY(steps->chosen, PinnedMemory::create(gpu, need.tokens, "tokens"));
  return steps;
}

BoundProgram *GpuSteps::programFor(int64_t rows) {
  for (BoundProgram &program : programs)
    if (program.program().minRows <= rows && rows <= program.program().maxRows)
      return &program;
  return nullptr; // checkModel saw that every number of rows has one
}

/// Packs the inputs; where each lies depends on symbols alone.
Status GpuSteps::copyInputs(const Program &program, const StepInput &input,
                            ProgramMemory &memory) {
  uint64_t end = 0;
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    std::span<const std::byte> bytes = batch.input(program.inputs[i].name, input);
    std::memcpy(staging.bytes().data() + end, bytes.data(), bytes.size());
    memory.inputs[i] = part(inputs.bytes(), end, bytes.size());
    end = aligned(end + bytes.size());
  }
  if (end == 0)
    return Status::ok();
  return gpu.check(gpu.driver.memcpyHtoDAsync(inputs.at(), staging.bytes().data(), end,
                                              gpu.stream),
                   "the inputs of a step cannot be copied to the GPU",
                   "program " + program.name);
}

Status GpuSteps::ensureLogits(size_t bytes) {
  if (bytes <= results.bytes().size())
    return Status::ok();
  LLMC_TRY(results, GpuMemory::create(gpu, bytes, "logits"));
  return Status::ok();
}

/// Puts the step on the stream, its results in memory of the device.
Result<BoundProgram *> GpuSteps::start(const StepInput &input) {
  LLMC_CHECK(batch.check(input));
  LLMC_CHECK(gpu.enter());
  LLMC_CHECK(batch.reserve(input));
  batch.describe(input);
  BoundProgram *bound = programFor(static_cast<int64_t>(input.tokens.size()));
  if (!bound)
    return Error{Code::Internal, "no program takes this number of rows", "", "", ""};
  const Program &program = bound->program();
  std::span<int64_t> numbers = std::span(symbols).first(program.symbols.size());
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = batch.symbol(program.symbols[i][0], input);
  LLMC_CHECK(bound->setSymbols(numbers));

  size_t logitBytes = 4 * input.rows.size() * static_cast<size_t>(config.vocabulary);
  LLMC_CHECK(ensureLogits(logitBytes));
  ProgramMemory &memory = memories[static_cast<size_t>(bound - &programs[0])];
  memory.arena = arena.bytes();
  memory.cache = {cache.base(),
                  static_cast<size_t>(cache.poolPages() * cache.pageBytes())};
  LLMC_CHECK(copyInputs(program, input, memory));
  memory.outputs[0] = part(results.bytes(), 0, logitBytes);
  if (memory.outputs.size() > 1)
    memory.outputs[1] = part(nextTokens.bytes(), 0, 4 * input.choices.size());
  LLMC_CHECK(bound->setMemory(memory));

  if (observer || waitsForEach)
    LLMC_CHECK(launches.put(*bound, {waitsForEach, observer}));
  else
    LLMC_CHECK(graphs.put(*bound, numbers));
  return bound;
}

/// Of the rows that \p input wants.
Status GpuSteps::copyLogits(const BoundProgram &bound, const StepInput &input,
                            std::span<float> logits) {
  size_t bytes = 4 * input.rows.size() * static_cast<size_t>(config.vocabulary);
  if (bytes == 0)
    return Status::ok();
  return gpu.check(gpu.driver.memcpyDtoHAsync(logits.data(), results.at(), bytes, gpu.stream),
                   "the logits cannot be copied from the GPU",
                   "program " + bound.program().name);
}

Status GpuSteps::run(const StepInput &input, std::span<float> logits) {
  LLMC_TRY(BoundProgram *bound, start(input));
  LLMC_CHECK(copyLogits(*bound, input, logits));
  LLMC_CHECK(launches.finish(*bound));
  batch.advance(input);
  return Status::ok();
}

Status GpuSteps::choose(const StepInput &input, std::span<int32_t> tokens,
                        std::span<float> logits) {
  LLMC_TRY(BoundProgram *bound, start(input));
  std::span<std::byte> bytes = std::as_writable_bytes(tokens);
  if (!bytes.empty())
    LLMC_CHECK(gpu.check(gpu.driver.memcpyDtoHAsync(chosen.bytes().data(), nextTokens.at(),
                                                    bytes.size(), gpu.stream),
                         "tokens cannot be copied from the GPU",
                         "program " + bound->program().name));
  LLMC_CHECK(launches.finish(*bound));
  if (!bytes.empty())
    std::memcpy(bytes.data(), chosen.bytes().data(), bytes.size());
  if (std::ranges::find(tokens, choice::noToken) != tokens.end()) {
    LLMC_CHECK(copyLogits(*bound, input, logits));
    LLMC_CHECK(launches.finish(*bound));
  }
  batch.advance(input);
  return Status::ok();
}

} // namespace llmc::cuda

#include "runtime/model/StepExecutor.h"

#include "runtime/cpu/RunProgram.h"

#include <algorithm>

namespace llmc {

namespace {

/// Kernels write to no input.
std::span<std::byte> onlyRead(std::span<const std::byte> bytes) {
  return {const_cast<std::byte *>(bytes.data()), bytes.size()};
}

} // namespace

StepExecutor::StepExecutor(LoadedModel &model, const Module &module,
                           KvCache &cache)
    : model(model), config(module.decoder), cache(cache),
      batch(module.decoder, cache) {
  programs.reserve(module.programs.size());
  size_t symbolCount = 0;
  for (const Program &program : module.programs) {
    programs.emplace_back(model.weights->places(), program, config.cache,
                          config.cacheType);
    ProgramMemory &memory = memories.emplace_back();
    memory.inputs.resize(program.inputs.size());
    memory.outputs.resize(program.outputs.size());
    symbolCount = std::max(symbolCount, program.symbols.size());
  }
  symbols.resize(symbolCount);
}

Result<std::unique_ptr<StepExecutor>>
StepExecutor::create(LoadedModel &model, const Module &module,
                     KvCache &cache) {
  std::unique_ptr<StepExecutor> executor(
      new StepExecutor(model, module, cache));
  int64_t largest = 0;
  for (const Program &program : module.programs)
    largest = std::max(largest, program.values[program.arenaBytes].number);
  LLMC_TRY(executor->arena,
           Memory::create(static_cast<size_t>(largest), "arena"));
  return executor;
}

BoundProgram *StepExecutor::choose(int64_t rows) {
  for (BoundProgram &program : programs)
    if (program.program().minRows <= rows && rows <= program.program().maxRows)
      return &program;
  return nullptr; // checkModel saw that every number of rows has one
}

Status StepExecutor::run(const StepInput &input, std::span<float> logits) {
  LLMC_CHECK(batch.check(input));
  LLMC_CHECK(model.weights->beforeStep(model.weightCheck->isDone()));
  LLMC_CHECK(batch.reserve(input));
  batch.describe(input);

  BoundProgram *bound = choose(static_cast<int64_t>(input.tokens.size()));
  if (!bound)
    return Error{Code::Internal, "no program takes this number of rows", "",
                 "", ""};
  const Program &program = bound->program();
  for (size_t i = 0; i < program.symbols.size(); ++i)
    symbols[i] = batch.symbol(program.symbols[i][0], input);
  LLMC_CHECK(bound->setSymbols(
      std::span<const int64_t>(symbols).first(program.symbols.size())));

  ProgramMemory &memory = memories[static_cast<size_t>(bound - &programs[0])];
  memory.arena = arena.bytes();
  memory.cache = {cache.base(), static_cast<size_t>(cache.poolPages() *
                                                    cache.pageBytes())};
  for (size_t i = 0; i < program.inputs.size(); ++i)
    memory.inputs[i] = onlyRead(batch.input(program.inputs[i].name, input));
  memory.outputs[0] = std::as_writable_bytes(logits);
  LLMC_CHECK(bound->setMemory(memory));

  runProgram(*bound, model.kernels, *model.threads, observer);
  batch.advance(input);
  return Status::ok();
}

} // namespace llmc

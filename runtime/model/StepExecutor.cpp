#include "runtime/model/StepExecutor.h"

#include <algorithm>

namespace llmc {

StepExecutor::StepExecutor(LoadedModel &model, const Module &module,
                           KvCache &cache)
    : model(model), config(module.decoder), cache(cache) {
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
  size_t chunk = static_cast<size_t>(config.chunk);
  positions.resize(chunk);
  rowSequence.resize(chunk);
  blocks.resize(2 * chunk);
  pageTable.resize(static_cast<size_t>(
      std::min(cache.maxSequences(), config.chunk) *
      cache.maxPagesPerSequence()));
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

Status StepExecutor::check(const StepInput &input) const {
  int64_t rows = 0;
  for (const StepSequence &part : input.sequences)
    rows += part.rows;
  if (input.tokens.empty() ||
      static_cast<int64_t>(input.tokens.size()) > config.chunk ||
      rows != static_cast<int64_t>(input.tokens.size()) ||
      input.rows.size() > input.tokens.size() ||
      static_cast<int64_t>(input.sequences.size()) > cache.maxSequences())
    return Error{Code::Internal, "a step has impossible rows", "", "", ""};
  for (int32_t token : input.tokens)
    if (token < 0 || token >= config.vocabulary)
      return Error{Code::BadTokenId, "a token is outside the vocabulary",
                   "token " + std::to_string(token),
                   "the vocabulary has " + std::to_string(config.vocabulary) +
                       " tokens, from 0 on",
                   "give ids of this model's own tokenizer"};
  return Status::ok();
}

/// Fills the arrays that describe the batch to attention and cache.
void StepExecutor::describe(const StepInput &input) {
  size_t row = 0;
  blockCount = 0;
  size_t columns = static_cast<size_t>(cache.maxPagesPerSequence());
  for (size_t s = 0; s < input.sequences.size(); ++s) {
    const StepSequence &part = input.sequences[s];
    std::span<const int32_t> pages = cache.pages(part.sequence);
    std::copy(pages.begin(), pages.end(), &pageTable[s * columns]);
    int64_t position = cache.length(part.sequence);
    for (int64_t i = 0; i < part.rows; ++i, ++row) {
      positions[row] = static_cast<int32_t>(position + i);
      rowSequence[row] = static_cast<int32_t>(s);
      if (i % config.blockRows != 0)
        continue;
      size_t block = static_cast<size_t>(blockCount++);
      blocks[2 * block] = static_cast<int32_t>(row);
      blocks[2 * block + 1] =
          static_cast<int32_t>(std::min(config.blockRows, part.rows - i));
    }
  }
}

BoundProgram *StepExecutor::choose(int64_t rows) {
  for (BoundProgram &program : programs)
    if (program.program().minRows <= rows && rows <= program.program().maxRows)
      return &program;
  return nullptr; // checkModel saw that every number of rows has one
}

std::span<std::byte> StepExecutor::inputNamed(std::string_view name,
                                              const StepInput &input) {
  auto bytes = [](auto &array, size_t count) {
    auto *data = const_cast<int32_t *>(array.data());
    return std::as_writable_bytes(std::span(data, count));
  };
  size_t rows = input.tokens.size();
  if (name == "tokens")
    return bytes(input.tokens, rows);
  if (name == "positions")
    return bytes(positions, rows);
  if (name == "row_sequence")
    return bytes(rowSequence, rows);
  if (name == "rows")
    return bytes(input.rows, input.rows.size());
  if (name == "page_table")
    return bytes(pageTable,
                 input.sequences.size() *
                     static_cast<size_t>(cache.maxPagesPerSequence()));
  return bytes(blocks, 2 * static_cast<size_t>(blockCount));
}

int64_t StepExecutor::symbolNamed(char name, const StepInput &input) const {
  switch (name) {
  case 'T':
    return static_cast<int64_t>(input.tokens.size());
  case 'R':
    return static_cast<int64_t>(input.rows.size());
  case 'S':
    return static_cast<int64_t>(input.sequences.size());
  case 'P':
    return cache.maxPagesPerSequence();
  case 'B':
    return blockCount;
  default: // N; checkModel lets no other pass
    return cache.poolPages();
  }
}

Status StepExecutor::run(const StepInput &input, std::span<float> logits) {
  LLMC_CHECK(check(input));
  LLMC_CHECK(model.weights->beforeStep(model.weightCheck->isDone()));
  for (const StepSequence &part : input.sequences)
    LLMC_CHECK(cache.reserve(part.sequence, part.rows));
  describe(input);

  BoundProgram *bound = choose(static_cast<int64_t>(input.tokens.size()));
  if (!bound)
    return Error{Code::Internal, "no program takes this number of rows", "",
                 "", ""};
  const Program &program = bound->program();
  for (size_t i = 0; i < program.symbols.size(); ++i)
    symbols[i] = symbolNamed(program.symbols[i][0], input);
  LLMC_CHECK(bound->setSymbols(
      std::span<const int64_t>(symbols).first(program.symbols.size())));

  ProgramMemory &memory = memories[static_cast<size_t>(bound - &programs[0])];
  memory.arena = arena.bytes();
  memory.cache = {cache.base(), static_cast<size_t>(cache.poolPages() *
                                                    cache.pageBytes())};
  for (size_t i = 0; i < program.inputs.size(); ++i)
    memory.inputs[i] = inputNamed(program.inputs[i].name, input);
  memory.outputs[0] = std::as_writable_bytes(logits);
  LLMC_CHECK(bound->setMemory(memory));

  bound->run(model.kernels, *model.threads, observer);
  for (const StepSequence &part : input.sequences)
    cache.advance(part.sequence, part.rows);
  return Status::ok();
}

} // namespace llmc

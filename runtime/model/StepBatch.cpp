#include "runtime/model/StepBatch.h"

#include <algorithm>

namespace llmc {

StepBatch::StepBatch(const DecoderConfig &config, KvCache &cache)
    : config(config), cache(cache) {
  size_t chunk = static_cast<size_t>(config.chunk);
  positions.resize(chunk);
  rowSequence.resize(chunk);
  blocks.resize(2 * chunk);
  counters.resize(chunk * static_cast<size_t>(config.cache.kvHeads));
  pageTable.resize(static_cast<size_t>(
      std::min(cache.maxSequences(), config.chunk) *
      cache.maxPagesPerSequence()));
}

Status StepBatch::check(const StepInput &input) const {
  int64_t rows = 0;
  for (const StepSequence &part : input.sequences)
    rows += part.rows;
  if (input.tokens.empty() ||
      static_cast<int64_t>(input.tokens.size()) > config.chunk ||
      rows != static_cast<int64_t>(input.tokens.size()) ||
      input.rows.size() > input.tokens.size() ||
      (!input.choices.empty() && input.choices.size() != input.rows.size()) ||
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

Status StepBatch::reserve(const StepInput &input) {
  for (const StepSequence &part : input.sequences)
    LLMC_CHECK(cache.reserve(part.sequence, part.rows));
  return Status::ok();
}

void StepBatch::describe(const StepInput &input) {
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

std::span<const std::byte> StepBatch::input(std::string_view name,
                                            const StepInput &input) const {
  auto bytes = [](const auto &array, size_t count) {
    return std::as_bytes(std::span(array.data(), count));
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
  if (name == "choices")
    return std::as_bytes(input.choices);
  if (name == "counters")
    return bytes(counters, static_cast<size_t>(blockCount * config.cache.kvHeads));
  if (name == "page_table")
    return bytes(pageTable,
                 input.sequences.size() *
                     static_cast<size_t>(cache.maxPagesPerSequence()));
  return bytes(blocks, 2 * static_cast<size_t>(blockCount));
}

int64_t StepBatch::symbol(char name, const StepInput &input) const {
  switch (name) {
  case 'T':
    return static_cast<int64_t>(input.tokens.size());
  case 'R':
    return static_cast<int64_t>(input.rows.size());
  case 'C':
    return static_cast<int64_t>(input.choices.size());
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

void StepBatch::advance(const StepInput &input) {
  for (const StepSequence &part : input.sequences)
    cache.advance(part.sequence, part.rows);
}

} // namespace llmc

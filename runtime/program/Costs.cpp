#include "runtime/program/Costs.h"

#include "runtime/program/Values.h"

#include <algorithm>

namespace llmc {

namespace {

uint64_t sum(uint64_t a, uint64_t b) {
  uint64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? UINT64_MAX : result;
}

uint64_t product(int64_t a, int64_t b) {
  uint64_t result = 0;
  return __builtin_mul_overflow(static_cast<uint64_t>(std::max<int64_t>(a, 0)),
                                static_cast<uint64_t>(std::max<int64_t>(b, 0)), &result)
             ? UINT64_MAX
             : result;
}

/// What the rows of all sequences see under a window (0: none), as pairs of a
/// row and a position, and as positions that any row of a sequence sees.
struct Seen {
  uint64_t pairs = 0, positions = 0;
};

Seen seenBy(std::span<const CostSequence> sequences, int64_t window) {
  Seen seen;
  for (const CostSequence &part : sequences) {
    int64_t last = part.cached + part.rows;
    // Rows whose whole past is within the window see one position more each.
    int64_t growing = window > 0 ? std::clamp<int64_t>(window - part.cached, 0, part.rows)
                                 : part.rows;
    seen.pairs = sum(seen.pairs, product(growing, part.cached) +
                                     product(growing, growing + 1) / 2);
    seen.pairs = sum(seen.pairs, product(part.rows - growing, window));
    seen.positions = sum(
        seen.positions,
        static_cast<uint64_t>(window > 0 ? std::min(last, window + part.rows - 1) : last));
  }
  return seen;
}

class Counter {
public:
  Counter(const Model &model, const Program &program, const DecoderConfig *config,
          std::span<const CostSequence> sequences)
      : model(model), program(program), config(config), sequences(sequences),
        values(program.values.size()) {}

  Result<std::vector<LaunchCost>> run(std::span<const int64_t> symbols) {
    LLMC_CHECK(evaluateValues(program, symbols, values));
    std::vector<LaunchCost> costs;
    for (const Launch &launch : program.launches)
      costs.push_back(count(launch));
    return costs;
  }

private:
  uint64_t bytesOf(const Buffer &buffer) const {
    uint64_t bytes = static_cast<uint64_t>(elementBytes(buffer.type));
    for (ValueId extent : buffer.shape) {
      uint64_t length = static_cast<uint64_t>(std::max<int64_t>(values[extent], 0));
      if (__builtin_mul_overflow(bytes, length, &bytes))
        return UINT64_MAX;
    }
    return bytes;
  }

  LaunchCost count(const Launch &launch) const {
    const KernelWork &work = model.kernels[launch.kernel].work;
    LaunchCost result;
    uint32_t counted = 0;
    while (lookupOf(work, counted) != work.lookups.end())
      ++counted;
    if (counted < launch.buffers.size())
      if (const Buffer &first = program.buffers[launch.buffers[counted]]; !first.shape.empty())
        result.rows = values[first.shape[0]];
    // Of no rows, as intermediate chunks ask of the logits, nothing is read.
    if (result.rows <= 0 || values[launch.tiles] <= 0)
      return result;
    Seen seen = work.positionOperations > 0 ? seenBy(sequences, work.window) : Seen();
    Cost &cost = result.cost;
    cost.operations = sum(product(result.rows, work.rowOperations),
                          product(static_cast<int64_t>(std::min<uint64_t>(seen.pairs, INT64_MAX)),
                                  work.positionOperations));
    for (uint32_t i = 0; i < launch.buffers.size(); ++i)
      addBuffer(cost, i, program.buffers[launch.buffers[i]], work, result.rows, seen);
    return result;
  }

  static std::vector<KernelWork::Lookup>::const_iterator lookupOf(const KernelWork &work,
                                                                  uint32_t argument) {
    return std::ranges::find(work.lookups, argument, &KernelWork::Lookup::buffer);
  }

  void addBuffer(Cost &cost, uint32_t argument, const Buffer &buffer, const KernelWork &work,
                 int64_t rows, const Seen &seen) const {
    auto lookup = lookupOf(work, argument);
    uint64_t bytes = lookup == work.lookups.end()
                         ? bytesOf(buffer)
                         : std::min(bytesOf(buffer), product(rows, lookup->rowBytes));
    switch (buffer.space) {
    case Buffer::Space::Weight:
      cost.weightBytes = sum(cost.weightBytes, bytes);
      break;
    case Buffer::Space::KeyCache:
    case Buffer::Space::ValueCache: {
      // What appends write is a row, and not a reading.
      if (!config || work.positionOperations == 0 || config->cache.page < 1)
        break;
      int64_t elements = buffer.space == Buffer::Space::KeyCache
                             ? config->cache.keyElements()
                             : config->cache.valueElements();
      cost.cacheBytes =
          sum(cost.cacheBytes,
              product(static_cast<int64_t>(std::min<uint64_t>(seen.positions, INT64_MAX)),
                      elements / config->cache.page * elementBytes(config->cacheType)));
      break;
    }
    default:
      cost.otherBytes = sum(cost.otherBytes, bytes);
    }
  }

  const Model &model;
  const Program &program;
  const DecoderConfig *config;
  std::span<const CostSequence> sequences;
  std::vector<int64_t> values; // [program.values]
};

int64_t symbolNamed(char name, const DecoderConfig &config,
                    std::span<const CostSequence> sequences, int64_t resultRows) {
  int64_t rows = 0, blocks = 0, pages = 0;
  for (const CostSequence &part : sequences) {
    rows += part.rows;
    blocks += (part.rows + config.blockRows - 1) / config.blockRows;
    pages = std::max(pages, config.cache.pagesFor(part.cached + part.rows));
  }
  switch (name) {
  case 'T':
    return rows;
  case 'R':
    return resultRows;
  case 'S':
    return static_cast<int64_t>(sequences.size());
  case 'P':
    return pages;
  case 'B':
    return blocks;
  case 'C': // The rows' logits are what is wanted.
    return 0;
  default: // N; checkModel lets no other pass
    return pages * static_cast<int64_t>(sequences.size());
  }
}

} // namespace

Cost &Cost::operator+=(const Cost &other) {
  operations = sum(operations, other.operations);
  weightBytes = sum(weightBytes, other.weightBytes);
  cacheBytes = sum(cacheBytes, other.cacheBytes);
  otherBytes = sum(otherBytes, other.otherBytes);
  return *this;
}

Result<std::vector<LaunchCost>>
launchCosts(const Model &model, const Program &program, const DecoderConfig *config,
            std::span<const int64_t> symbols, std::span<const CostSequence> sequences) {
  return Counter(model, program, config, sequences).run(symbols);
}

Result<std::vector<LaunchCost>>
stepCosts(const Model &model, const Module &module, std::span<const CostSequence> sequences,
          int64_t resultRows, const Program **taken) {
  int64_t rows = 0;
  for (const CostSequence &part : sequences)
    rows += part.rows;
  auto program = std::ranges::find_if(module.programs, [&](const Program &candidate) {
    return candidate.kind == Program::Kind::Step && candidate.minRows <= rows &&
           rows <= candidate.maxRows;
  });
  if (program == module.programs.end())
    return Error{Code::WrongModule, "no step takes so many rows", "module " + module.name,
                 std::to_string(rows) + " rows", "give fewer"};
  if (taken)
    *taken = &*program;
  std::vector<int64_t> symbols;
  for (const std::string &symbol : program->symbols)
    symbols.push_back(symbolNamed(symbol[0], module.decoder, sequences, resultRows));
  return launchCosts(model, *program, &module.decoder, symbols, sequences);
}

Result<Cost> stepCost(const Model &model, const Module &module,
                      std::span<const CostSequence> sequences, int64_t resultRows) {
  LLMC_TRY(std::vector<LaunchCost> launches,
           stepCosts(model, module, sequences, resultRows));
  Cost total;
  for (const LaunchCost &launch : launches)
    total += launch.cost;
  return total;
}

Result<Cost> promptCost(const Model &model, const Module &module, int64_t tokens,
                        int64_t chunk) {
  Cost total;
  for (int64_t done = 0; done < tokens;) {
    CostSequence part{done, std::min(chunk, tokens - done)};
    done += part.rows;
    LLMC_TRY(Cost step, stepCost(model, module, {&part, 1}, done == tokens ? 1 : 0));
    total += step;
  }
  return total;
}

uint64_t parameterCount(const Model &model) {
  uint64_t total = 0;
  for (const Weight &weight : model.weights)
    total = sum(total, weight.parameters);
  return total;
}

} // namespace llmc

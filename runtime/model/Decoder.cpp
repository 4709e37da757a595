#include "runtime/model/Decoder.h"

#include "runtime/cache/AvailableMemory.h"
#include "runtime/model/StepExecutor.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace llmc {

namespace {
/// Logits of more rows at once are not kept.
constexpr size_t logitsBytes = 64 << 20;
} // namespace

Status Decoder::complete(DecoderOptions &options, const DecoderConfig &config) {
  int64_t &context = options.maxContext, &chunk = options.chunk;
  context = context ? context : config.maxContext;
  chunk = chunk ? chunk : config.chunk;
  if (context < 1 || context > config.maxContext)
    return Error{Code::BadFlagValue, "the context is out of range",
                 "--context=" + std::to_string(context),
                 "the model was compiled for 1 to " +
                     std::to_string(config.maxContext) + " positions",
                 "give --context in that range, or compile with a larger "
                 "--max-context"};
  if (chunk < 1 || chunk > config.chunk)
    return Error{Code::BadFlagValue, "the chunk is out of range",
                 "--chunk=" + std::to_string(chunk),
                 "the model was compiled for chunks of 1 to " +
                     std::to_string(config.chunk) + " rows",
                 "give --chunk in that range, or leave it out"};
  return Status::ok();
}

namespace {

/// Pages that the first sequences of completed \p options need together, [i]: i + 1
/// of them; empty where all are at full context.
std::vector<int64_t> pagesTogether(const DecoderOptions &options, const CacheLayout &layout) {
  std::vector<int64_t> pages;
  for (int64_t length : options.lengths)
    pages.push_back(layout.pagesFor(std::clamp<int64_t>(length, 1, options.maxContext)));
  std::ranges::sort(pages, std::greater<>());
  if (pages.size() > static_cast<size_t>(options.maxSequences))
    pages.resize(static_cast<size_t>(options.maxSequences));
  std::partial_sum(pages.begin(), pages.end(), pages.begin());
  return pages;
}

Result<DecoderNeed> needOf(const DecoderConfig &config, const DecoderOptions &options,
                           std::span<const int64_t> pages) {
  DecoderNeed need;
  LLMC_TRY(need.pool, KvCache::poolShape(config.cache, config.cacheType, options.maxContext,
                                         options.maxSequences, pages.empty() ? 0 : pages.back()));
  need.sequences = options.maxSequences;
  need.pagesPerSequence = config.cache.pagesFor(options.maxContext);
  need.logitRows = std::min(options.maxSequences, config.chunk);
  return need;
}

} // namespace

Result<std::unique_ptr<Decoder>>
Decoder::create(LoadedModel &model, const DecoderOptions &given) {
  LLMC_TRY(const Module *module, model.find(Module::Kind::Decoder));
  const DecoderConfig &config = module->decoder;
  DecoderOptions options = given;
  LLMC_CHECK(complete(options, config));
  std::vector<int64_t> pages = pagesTogether(options, config.cache);
  LLMC_TRY(DecoderNeed need, needOf(config, options, pages));
  Accelerator *device = model.accelerator.get();
  if (options.fewer && pages.size() > 1) {
    int64_t room = availableMemory() - cacheMemoryMargin;
    if (device) {
      LLMC_TRY(room, device->cacheRoom(*module, need));
    }
    int64_t pageBytes = std::max<int64_t>(need.pool.pageBytes, 1);
    while (pages.size() > 1 && pages.back() > room / pageBytes)
      pages.pop_back();
    if (pages.size() < options.lengths.size())
      options.maxSequences =
          std::min(options.maxSequences, static_cast<int64_t>(pages.size()));
    LLMC_TRY(need, needOf(config, options, pages));
  }
  PageMemoryMaker makePages = makeHostPages;
  if (device) {
    LLMC_CHECK(device->prepare(*module, &need));
    makePages = [device](const PoolShape &shape) { return device->makePages(shape); };
  }
  LLMC_TRY(KvCache cache, KvCache::create(config.cache, config.cacheType, options.maxContext,
                                          options.maxSequences, makePages, need.pool.pages));
  std::unique_ptr<Decoder> decoder(
      new Decoder(model, *module, std::move(cache)));
  size_t chunk = static_cast<size_t>(options.chunk);
  decoder->chunk = options.chunk;
  if (model.accelerator) {
    LLMC_TRY(decoder->steps, model.accelerator->makeSteps(*module, decoder->pages));
  } else {
    LLMC_TRY(decoder->steps, StepExecutor::create(model, *module, decoder->pages));
  }
  decoder->batchTokens.resize(chunk);
  decoder->batchParts.resize(chunk);
  decoder->rowNumbers.resize(chunk);
  decoder->wantedRows.resize(chunk);
  decoder->owners.resize(chunk);
  decoder->positions.resize(chunk);
  decoder->choices.resize(chunk);
  decoder->nextTokens.resize(chunk);
  std::iota(decoder->rowNumbers.begin(), decoder->rowNumbers.end(), 0);
  LLMC_CHECK(
      decoder->ensureLogits(static_cast<size_t>(options.maxSequences)));
  return decoder;
}

Status Decoder::ensureLogits(size_t rows) {
  size_t bytes =
      rows * static_cast<size_t>(module.decoder.vocabulary) * sizeof(float);
  if (logits.bytes().size() >= bytes)
    return Status::ok();
  // The system may grant more than there is, and end the process later.
  if (int64_t free = availableMemory(); bytes > static_cast<uint64_t>(std::max<int64_t>(free, 0)))
    return Error{Code::OutOfMemory, "not enough memory for logits", "",
                 std::to_string(rows) + " rows take " + std::to_string(bytes) +
                     " bytes and there are " + std::to_string(free),
                 "use fewer sequences at once"};
  LLMC_TRY(logits, Memory::create(bytes, "logits"));
  return Status::ok();
}

std::string Decoder::moreContext(int64_t context, const DecoderConfig &config) {
  return context < config.maxContext
             ? "give a larger --context, up to the " +
                   std::to_string(config.maxContext) + " of the file"
             : "compile with a larger --max-context";
}

/// Whether all of a prompt fits, before its first chunk is computed.
Status Decoder::fits(int32_t sequence, size_t tokens) const {
  int64_t filled = pages.length(sequence);
  if (tokens > static_cast<uint64_t>(pages.maxContext() - filled))
    return Error{Code::PromptTooLong, "the prompt exceeds the context", "",
                 std::to_string(filled + static_cast<int64_t>(tokens)) +
                     " positions are wanted and there are " +
                     std::to_string(pages.maxContext()),
                 "shorten the prompt, or " +
                     moreContext(pages.maxContext(), module.decoder)};
  return Status::ok();
}

Status Decoder::goOn() const {
  if (cancelled && cancelled())
    return Error{Code::Interrupted, "interrupted", "", "", ""};
  return Status::ok();
}

Result<std::span<const float>>
Decoder::prefill(int32_t sequence, std::span<const int32_t> tokens) {
  if (tokens.empty())
    return Error{Code::MissingArgument, "the prompt is empty", "", "",
                 "give at least one token"};
  LLMC_CHECK(fits(sequence, tokens.size()));
  std::span<float> row = logits.as<float>().first(
      static_cast<size_t>(module.decoder.vocabulary));
  while (!tokens.empty()) {
    auto part = tokens.first(
        std::min(tokens.size(), static_cast<size_t>(chunk)));
    tokens = tokens.subspan(part.size());
    StepSequence rows = {sequence, static_cast<int64_t>(part.size())};
    int32_t last = static_cast<int32_t>(part.size() - 1);
    std::span<const int32_t> wanted(&last, tokens.empty() ? 1 : 0);
    LLMC_CHECK(steps->run({part, {&rows, 1}, wanted}, row));
    if (!tokens.empty())
      LLMC_CHECK(goOn());
  }
  LLMC_CHECK(model.weightCheck->wait());
  return std::span<const float>(row);
}

Result<std::span<const float>>
Decoder::decode(std::span<const NextToken> batch) {
  size_t vocabulary = static_cast<size_t>(module.decoder.vocabulary);
  LLMC_CHECK(ensureLogits(batch.size()));
  for (size_t begin = 0; begin < batch.size();) {
    size_t count = std::min(batch.size() - begin, static_cast<size_t>(chunk));
    for (size_t i = 0; i < count; ++i) {
      batchTokens[i] = batch[begin + i].token;
      batchParts[i] = {batch[begin + i].sequence, 1};
    }
    LLMC_CHECK(steps->run(
        {std::span<const int32_t>(batchTokens).first(count),
         std::span<const StepSequence>(batchParts).first(count),
         std::span<const int32_t>(rowNumbers).first(count)},
        logits.as<float>().subspan(begin * vocabulary, count * vocabulary)));
    begin += count;
  }
  LLMC_CHECK(model.weightCheck->wait());
  return std::span<const float>(
      logits.as<float>().first(batch.size() * vocabulary));
}

Status Decoder::check(std::span<const Continuation> parts) const {
  for (const Continuation &part : parts) {
    if (part.tokens.empty())
      return Error{Code::MissingArgument, "the prompt is empty", "", "",
                   "give at least one token"};
    LLMC_CHECK(fits(part.sequence, part.tokens.size()));
  }
  return Status::ok();
}

/// The step of at most \p most rows that is next.
void Decoder::pack(std::span<const Continuation> parts, Rows which, size_t most,
                   Progress &progress) {
  auto &[part, done, rows, sequences, wanted] = progress;
  rows = sequences = wanted = 0;
  while (part < parts.size() && rows < most) {
    auto tokens = parts[part].tokens.subspan(done);
    auto now = tokens.first(std::min(most - rows, tokens.size()));
    std::copy(now.begin(), now.end(), &batchTokens[rows]);
    batchParts[sequences++] = {parts[part].sequence,
                               static_cast<int64_t>(now.size())};
    int64_t filled = pages.length(parts[part].sequence);
    bool ends = now.size() == tokens.size();
    for (size_t i = which == Rows::Every ? 0 : now.size() - 1;
         i < now.size() && (which == Rows::Every || ends); ++i) {
      wantedRows[wanted] = static_cast<int32_t>(rows + i);
      positions[wanted] = filled + static_cast<int64_t>(i) + 1;
      owners[wanted++] = {part, done + i};
    }
    rows += now.size();
    done = ends ? 0 : done + now.size();
    part += ends;
  }
}

StepInput Decoder::packed(const Progress &progress) const {
  return {std::span<const int32_t>(batchTokens).first(progress.rows),
          std::span<const StepSequence>(batchParts).first(progress.sequences),
          std::span<const int32_t>(wantedRows).first(progress.wanted)};
}

Status Decoder::append(std::span<const Continuation> parts, Rows which,
                       const RowReceiver &take) {
  LLMC_CHECK(check(parts));
  size_t vocabulary = static_cast<size_t>(module.decoder.vocabulary);
  size_t most = static_cast<size_t>(chunk);
  if (which == Rows::Every)
    most = std::clamp<size_t>(logitsBytes / (vocabulary * sizeof(float)), 1,
                              most);
  Progress step;
  while (step.part < parts.size()) {
    pack(parts, which, most, step);
    LLMC_CHECK(ensureLogits(step.wanted));
    LLMC_CHECK(steps->run(packed(step),
                          logits.as<float>().first(step.wanted * vocabulary)));
    if (step.wanted > 0)
      LLMC_CHECK(model.weightCheck->wait());
    for (size_t i = 0; i < step.wanted; ++i)
      LLMC_CHECK(take(owners[i].part, owners[i].row,
                      logits.as<float>().subspan(i * vocabulary, vocabulary)));
    if (step.part < parts.size())
      LLMC_CHECK(goOn());
  }
  return Status::ok();
}

/// Whether the device can choose all that \p step wants.
bool Decoder::findChoices(const Progress &step, NextTokenChooser &chooser) {
  if (!steps->choosesTokens())
    return false;
  for (size_t i = 0; i < step.wanted; ++i) {
    auto choice = chooser.choice(owners[i].part, positions[i]);
    if (!choice)
      return false;
    choices[i] = *choice;
  }
  return true;
}

Status Decoder::next(std::span<const Continuation> parts, NextTokenChooser &chooser) {
  LLMC_CHECK(check(parts));
  size_t vocabulary = static_cast<size_t>(module.decoder.vocabulary);
  Progress step;
  while (step.part < parts.size()) {
    pack(parts, Rows::Last, static_cast<size_t>(chunk), step);
    LLMC_CHECK(ensureLogits(step.wanted));
    std::span<float> rows = logits.as<float>().first(step.wanted * vocabulary);
    StepInput input = packed(step);
    bool chosen = findChoices(step, chooser);
    if (chosen) {
      input.choices = std::span<const TokenChoice>(choices).first(step.wanted);
      LLMC_CHECK(steps->choose(input, std::span(nextTokens).first(step.wanted), rows));
    } else {
      LLMC_CHECK(steps->run(input, rows));
    }
    if (step.wanted > 0)
      LLMC_CHECK(model.weightCheck->wait());
    for (size_t i = 0; i < step.wanted; ++i) {
      int32_t token = nextTokens[i];
      if (!chosen || token == choice::noToken) {
        LLMC_TRY(token, chooser.choose(owners[i].part, positions[i],
                                       rows.subspan(i * vocabulary, vocabulary)));
      }
      LLMC_CHECK(chooser.take(owners[i].part, token));
    }
    if (step.part < parts.size())
      LLMC_CHECK(goOn());
  }
  return Status::ok();
}

Status Decoder::everyRow(
    int32_t sequence, std::span<const int32_t> tokens,
    const std::function<Status(size_t, std::span<const float>)> &take) {
  if (tokens.empty())
    return Status::ok();
  Continuation part = {sequence, tokens};
  return append({&part, 1}, Rows::Every,
                [&](size_t, size_t row, std::span<const float> logits) {
                  return take(row, logits);
                });
}

} // namespace llmc

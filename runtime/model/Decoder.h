/// A decoder as its users see it: sequences that take tokens and give logits.
#ifndef LLMC_RUNTIME_MODEL_DECODER_H
#define LLMC_RUNTIME_MODEL_DECODER_H

#include "runtime/model/StepExecutor.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace llmc {

struct DecoderOptions {
  int64_t maxContext = 0;   ///< Positions per sequence; 0: the model's.
  int64_t maxSequences = 1;
  int64_t chunk = 0;        ///< Rows of a prefill step; 0: the model's.
};

/// A token that continues a sequence.
struct NextToken {
  int32_t sequence = 0;
  int32_t token = 0;
};

/// One thread at a time. Errors of the steps: those of StepExecutor::run, and
/// ArtifactDamaged where the weights' check failed.
class Decoder {
public:
  /// Of the first decoder of \p model, which must outlive it. Errors:
  /// WrongModule, BadFlagValue, OutOfMemory.
  static Result<std::unique_ptr<Decoder>> create(LoadedModel &model,
                                                 const DecoderOptions &options);

  /// A new sequence's number; -1 where maxSequences are in use.
  int32_t start() { return pages.newSequence(); }
  KvCache &cache() { return pages; }
  const DecoderConfig &config() const { return module.decoder; }
  StepExecutor &executor() { return *steps; }

  /// Appends \p tokens (at least one) in chunks; the logits [vocabulary] that
  /// follow the last, valid until the next call.
  Result<std::span<const float>> prefill(int32_t sequence,
                                         std::span<const int32_t> tokens);

  /// Appends one token to each of several sequences; the logits
  /// [batch, vocabulary], valid until the next call.
  Result<std::span<const float>> decode(std::span<const NextToken> batch);

  /// Appends \p tokens and gives every row's logits [vocabulary] in order.
  Status everyRow(int32_t sequence, std::span<const int32_t> tokens,
                  const std::function<Status(size_t row, std::span<const float>)>
                      &take);

  /// Asked before every step but the first of a call; where it says true, the
  /// call ends with Interrupted. May be null.
  bool (*cancelled)() = nullptr;

private:
  Decoder(LoadedModel &model, const Module &module, KvCache cache)
      : model(model), module(module), pages(std::move(cache)) {}
  Status fits(int32_t sequence, size_t tokens) const;
  Status goOn() const;
  Status ensureLogits(size_t rows);

  LoadedModel &model;
  const Module &module;
  KvCache pages;
  std::unique_ptr<StepExecutor> steps;
  int64_t chunk = 0;
  Memory logits;                        // [rows, vocabulary] f32
  std::vector<int32_t> batchTokens;     // [chunk]
  std::vector<StepSequence> batchParts; // [chunk]
  std::vector<int32_t> rowNumbers;      // [chunk] 0, 1, 2 …
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_DECODER_H

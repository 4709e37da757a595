/// A decoder as its users see it: sequences that take tokens and give logits.
#ifndef LLMC_RUNTIME_MODEL_DECODER_H
#define LLMC_RUNTIME_MODEL_DECODER_H

#include "runtime/cache/KvCache.h"
#include "runtime/model/LoadedModel.h"
#include "runtime/model/Memory.h"
#include "runtime/model/StepRunner.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace llmc {

struct DecoderOptions {
  int64_t maxContext = 0;   ///< Positions per sequence; 0: the model's.
  int64_t maxSequences = 1;
  int64_t chunk = 0;        ///< Rows of a prefill step; 0: the model's.
  /// Positions that the texts need at most, of which any maxSequences may meet: the
  /// cache has room for the longest. Empty: for maxSequences of full context.
  std::vector<int64_t> lengths;
  /// Where memory lacks for maxSequences of `lengths`, take fewer, at least one;
  /// cache().maxSequences() tells.
  bool fewer = false;
};

/// A token that continues a sequence.
struct NextToken {
  int32_t sequence = 0;
  int32_t token = 0;
};

/// Tokens that continue a sequence.
struct Continuation {
  int32_t sequence = 0;
  std::span<const int32_t> tokens; ///< At least one.
};

/// Takes logits [vocabulary] of \p row of \p part; valid during the call.
using RowReceiver = std::function<Status(size_t part, size_t row,
                                         std::span<const float> logits)>;

/// Chooses the tokens that follow parts of Decoder::next.
class NextTokenChooser {
public:
  /// How the token after \p positions positions of the sequence is chosen; nothing
  /// where that takes more than its logits.
  virtual std::optional<TokenChoice> choice(size_t part, int64_t positions) = 0;
  /// The token for \p logits [vocabulary]: the one that choice() stands for.
  virtual Result<int32_t> choose(size_t part, int64_t positions,
                                 std::span<const float> logits) = 0;
  virtual Status take(size_t part, int32_t token) = 0;

protected:
  ~NextTokenChooser() = default;
};

/// One thread at a time. Errors of the steps: those of StepRunner::run, and
/// ArtifactDamaged where the weights' check failed.
class Decoder {
public:
  /// Puts the model's own in place of what is 0. Error: BadFlagValue.
  static Status complete(DecoderOptions &options, const DecoderConfig &config);
  /// Of the first decoder of \p model, which must outlive it. Errors:
  /// WrongModule, BadFlagValue, OutOfMemory; those of Accelerator::prepare.
  static Result<std::unique_ptr<Decoder>> create(LoadedModel &model,
                                                 const DecoderOptions &options);

  /// A new sequence's number; -1 where maxSequences are in use.
  int32_t start() { return pages.newSequence(); }
  KvCache &cache() { return pages; }
  const DecoderConfig &config() const { return module.decoder; }
  StepRunner &executor() { return *steps; }

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

  enum class Rows { Last, Every };
  /// Appends every part to its sequence (each sequence at most once), the rows
  /// of all parts packed into as few steps as their chunks allow, and gives the
  /// logits of each part's last row, or of every row, part by part. A row's
  /// bits do not depend on what shares its step. Errors: PromptTooLong before
  /// anything is computed; MissingArgument for a part without tokens.
  Status append(std::span<const Continuation> parts, Rows which,
                const RowReceiver &take);

  /// Appends every part as append() does and gives the token that follows each,
  /// part by part. Where the device chooses tokens and every row of a step has a
  /// choice, logits stay there; else they are chosen here, one row after another.
  /// Errors: those of append() and of \p chooser.
  Status next(std::span<const Continuation> parts, NextTokenChooser &chooser);

  /// Asked before every step but the first of a call; where it says true, the
  /// call ends with Interrupted. May be null.
  bool (*cancelled)() = nullptr;

  /// What makes room for more than \p context positions, as the half sentence of
  /// an advice.
  static std::string moreContext(int64_t context, const DecoderConfig &config);

private:
  Decoder(LoadedModel &model, const Module &module, KvCache cache)
      : model(model), module(module), pages(std::move(cache)) {}
  Status fits(int32_t sequence, size_t tokens) const;
  Status goOn() const;
  Status ensureLogits(size_t rows);
  /// How far append() or next() has come, and the step that is next.
  struct Progress {
    size_t part = 0, done = 0; // the first `done` tokens of `part` are appended
    size_t rows = 0, sequences = 0, wanted = 0;
  };
  Status check(std::span<const Continuation> parts) const;
  void pack(std::span<const Continuation> parts, Rows which, size_t most,
            Progress &progress);
  StepInput packed(const Progress &progress) const;
  bool findChoices(const Progress &progress, NextTokenChooser &chooser);

  LoadedModel &model;
  const Module &module;
  KvCache pages;
  std::unique_ptr<StepRunner> steps;
  int64_t chunk = 0;
  Memory logits;                        // [rows, vocabulary] f32
  std::vector<int32_t> batchTokens;     // [chunk]
  std::vector<StepSequence> batchParts; // [chunk]
  std::vector<int32_t> rowNumbers;      // [chunk] 0, 1, 2 …
  std::vector<int32_t> wantedRows;      // [chunk] of append's step
  struct Owner {
    size_t part, row;
  };
  std::vector<Owner> owners; // [chunk] of the wanted rows
  std::vector<int64_t> positions;    // [chunk] of their sequences, then
  std::vector<TokenChoice> choices;  // [chunk] for them
  std::vector<int32_t> nextTokens;   // [chunk] after them
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_DECODER_H

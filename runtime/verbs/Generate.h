/// The loop that continues one prompt.
#ifndef LLMC_RUNTIME_VERBS_GENERATE_H
#define LLMC_RUNTIME_VERBS_GENERATE_H

#include "runtime/model/Decoder.h"
#include "runtime/sampling/Sampler.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace llmc {

struct GenerateOptions {
  sampling::SamplingOptions sampling;
  int64_t maxTokens = 0;          ///< 0: until the context is full.
  std::vector<int32_t> eosTokens; ///< End the text and are not part of it.
};

/// Why a text ended.
enum class TextEnd { Eos, Length, Context, Stop, Interrupted };
std::string_view textEndName(TextEnd end);

struct Generation {
  std::vector<int32_t> tokens; ///< Without the prompt and the eos token.
  TextEnd end = TextEnd::Length;
  int64_t prefillTime = 0; ///< ns, until the first token is known.
  int64_t decodeTime = 0;  ///< ns, of decodeSteps steps with their sampling.
  int64_t decodeSteps = 0;
};

/// Takes each token as it comes; returns false to end the text before it.
using TokenReceiver = std::function<Result<bool>(int32_t token)>;

/// Continues \p prompt in a new sequence of \p decoder. The loop asks
/// interrupted() (Failure.h) before every step. Errors: those of the decoder,
/// of the sampler and of \p receive.
Result<Generation> generate(Decoder &decoder, std::span<const int32_t> prompt,
                            const GenerateOptions &options,
                            const TokenReceiver &receive);

/// The same in \p sequence, which already holds the first tokens of \p prompt:
/// only the others are read. Afterwards it holds the prompt and all tokens of
/// the text but perhaps the last.
Result<Generation> continueSequence(Decoder &decoder, int32_t sequence,
                                    std::span<const int32_t> prompt,
                                    const GenerateOptions &options,
                                    const TokenReceiver &receive);

/// A prompt of several that are continued at once.
struct BatchItem {
  std::vector<int32_t> prompt;
  GenerateOptions options;
};

/// Told of the texts of a batch as they grow.
class BatchReceiver {
public:
  /// As TokenReceiver, for the text of \p item.
  virtual Result<bool> token(size_t item, int32_t token) = 0;
  virtual Status ended(size_t item, Generation result) = 0;

protected:
  ~BatchReceiver() = default;
};

/// Continues every item, as many at once as \p decoder has places for
/// sequences: one step for all of them, and where a text ends the next prompt
/// takes its place. Each text is bit for bit that of generate() alone. An
/// interruption ends the texts in progress; later ones are not begun. Errors as
/// those of generate(), which end all.
Status generateBatch(Decoder &decoder, std::span<const BatchItem> items,
                     BatchReceiver &receiver);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_GENERATE_H

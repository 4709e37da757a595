#include "runtime/verbs/Generate.h"

#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"

#include <algorithm>

namespace llmc {

std::string_view textEndName(TextEnd end) {
  constexpr std::string_view names[] = {"eos", "length", "context", "stop",
                                        "interrupted"};
  return names[static_cast<size_t>(end)];
}

namespace {

/// The tokens of one text: a device's where mere numbers choose them.
class TextTokens final : public NextTokenChooser {
public:
  TextTokens(sampling::Sampler sampler, const std::vector<int32_t> &history)
      : sampler(std::move(sampler)), history(history) {}

  std::optional<TokenChoice> choice(size_t, int64_t positions) override {
    return sampler.choiceAt(0, static_cast<uint64_t>(positions));
  }
  Result<int32_t> choose(size_t, int64_t positions,
                         std::span<const float> logits) override {
    return sampler.sample(logits, 0, static_cast<uint64_t>(positions), history);
  }
  Status take(size_t, int32_t taken) override {
    token = taken;
    return Status::ok();
  }

  int32_t token = -1;

private:
  sampling::Sampler sampler;
  const std::vector<int32_t> &history;
};

} // namespace

Result<Generation> generate(Decoder &decoder, std::span<const int32_t> prompt,
                            const GenerateOptions &options,
                            const TokenReceiver &receive) {
  KvCache &cache = decoder.cache();
  int32_t sequence = decoder.start();
  if (sequence < 0)
    return Error{Code::Internal, "no sequence is free", "", "", ""};
  struct Release {
    KvCache &cache;
    int32_t sequence;
    ~Release() { cache.release(sequence); }
  } release{cache, sequence};
  return continueSequence(decoder, sequence, prompt, options, receive);
}

Result<Generation> continueSequence(Decoder &decoder, int32_t sequence,
                                    std::span<const int32_t> prompt,
                                    const GenerateOptions &options,
                                    const TokenReceiver &receive) {
  LLMC_TRY(sampling::Sampler sampler,
           sampling::Sampler::create(
               static_cast<int32_t>(decoder.config().vocabulary),
               options.sampling));
  KvCache &cache = decoder.cache();
  Generation result;
  int64_t room = cache.maxContext() - static_cast<int64_t>(prompt.size());
  // The last token needs no position of its own: nothing follows it.
  int64_t most = options.maxTokens > 0 ? options.maxTokens : INT64_MAX;
  std::vector<int32_t> history(prompt.begin(), prompt.end());
  history.reserve(static_cast<size_t>(cache.maxContext()) + 1);
  result.tokens.reserve(static_cast<size_t>(
      std::clamp<int64_t>(most, 0, std::max<int64_t>(room, 0) + 1)));

  TextTokens tokens(std::move(sampler), history);
  int64_t begin = monotonicNow();
  Continuation part = {sequence,
                       prompt.subspan(static_cast<size_t>(cache.length(sequence)))};
  LLMC_CHECK(decoder.next({&part, 1}, tokens));
  for (;;) {
    int64_t position = cache.length(sequence);
    int32_t token = tokens.token;
    int64_t now = monotonicNow();
    if (result.tokens.empty())
      result.prefillTime = now - begin;
    else
      result.decodeTime += now - begin;
    if (std::find(options.eosTokens.begin(), options.eosTokens.end(), token) !=
        options.eosTokens.end()) {
      result.end = TextEnd::Eos;
      return result;
    }
    LLMC_TRY(bool more, receive(token));
    if (!more) {
      result.end = TextEnd::Stop;
      return result;
    }
    result.tokens.push_back(token);
    history.push_back(token);
    if (static_cast<int64_t>(result.tokens.size()) >= most) {
      result.end = TextEnd::Length;
      return result;
    }
    if (position >= cache.maxContext()) {
      result.end = TextEnd::Context;
      return result;
    }
    if (interrupted()) {
      result.end = TextEnd::Interrupted;
      return result;
    }
    begin = monotonicNow();
    part.tokens = {&token, 1};
    LLMC_CHECK(decoder.next({&part, 1}, tokens));
    ++result.decodeSteps;
  }
}

} // namespace llmc

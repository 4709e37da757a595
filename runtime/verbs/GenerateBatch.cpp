#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"
#include "runtime/verbs/Generate.h"

#include <algorithm>

namespace llmc {

namespace {

/// A text in progress.
struct Active {
  size_t item = 0;
  int32_t sequence = 0;
  std::vector<int32_t> history; // prompt and text
  size_t appended = 0;          // of it, in the cache
  int64_t admitted = 0;
  Generation result;
  bool done = false;
};

class Batch final : public NextTokenChooser {
public:
  Batch(Decoder &decoder, sampling::Sampler sampler,
        std::span<const BatchItem> items, BatchReceiver &receiver)
      : decoder(decoder), sampler(std::move(sampler)), items(items),
        receiver(receiver) {}
  ~Batch() {
    for (const Active &text : active)
      decoder.cache().release(text.sequence);
  }

  Status run() {
    while (admit()) {
      LLMC_CHECK(step());
      bool stop = interrupted();
      LLMC_CHECK(sweep(stop));
      if (stop)
        return Status::ok();
    }
    return Status::ok();
  }

private:
  /// Fills the places; false where nothing is left to do.
  bool admit() {
    while (next < items.size() &&
           static_cast<int64_t>(active.size()) < decoder.cache().maxSequences()) {
      Active text;
      text.item = next;
      text.sequence = decoder.start();
      if (text.sequence < 0)
        break;
      text.history = items[next++].prompt;
      text.admitted = monotonicNow();
      active.push_back(std::move(text));
    }
    return !active.empty();
  }

  Status step() {
    parts.clear();
    for (const Active &text : active)
      parts.push_back({text.sequence,
                       std::span<const int32_t>(text.history).subspan(text.appended)});
    begin = monotonicNow();
    return decoder.next(parts, *this);
  }

  std::optional<TokenChoice> choice(size_t part, int64_t positions) override {
    // Settings that are refused are told of by choose().
    if (!sampler.setOptions(items[active[part].item].options.sampling))
      return std::nullopt;
    return sampler.choiceAt(0, static_cast<uint64_t>(positions));
  }

  Result<int32_t> choose(size_t part, int64_t positions,
                         std::span<const float> logits) override {
    LLMC_CHECK(sampler.setOptions(items[active[part].item].options.sampling));
    return sampler.sample(logits, 0, static_cast<uint64_t>(positions),
                          active[part].history);
  }

  Status take(size_t part, int32_t token) override {
    Active &text = active[part];
    const GenerateOptions &options = items[text.item].options;
    KvCache &cache = decoder.cache();
    int64_t position = cache.length(text.sequence);
    int64_t now = monotonicNow();
    if (text.appended == 0) {
      text.result.prefillTime = now - text.admitted;
    } else {
      text.result.decodeTime += now - begin;
      ++text.result.decodeSteps;
    }
    text.appended = text.history.size();
    auto end = [&](TextEnd why) {
      text.result.end = why;
      text.done = true;
      return Status::ok();
    };
    if (std::find(options.eosTokens.begin(), options.eosTokens.end(), token) !=
        options.eosTokens.end())
      return end(TextEnd::Eos);
    LLMC_TRY(bool more, receiver.token(text.item, token));
    if (!more)
      return end(TextEnd::Stop);
    text.result.tokens.push_back(token);
    text.history.push_back(token);
    // The last token needs no position of its own: nothing follows it.
    if (options.maxTokens > 0 &&
        static_cast<int64_t>(text.result.tokens.size()) >= options.maxTokens)
      return end(TextEnd::Length);
    if (position >= cache.maxContext())
      return end(TextEnd::Context);
    return Status::ok();
  }

  /// Gives the places of finished texts back; \p stop ends all.
  Status sweep(bool stop) {
    size_t kept = 0;
    for (size_t i = 0; i < active.size(); ++i) {
      Active &text = active[i];
      if (stop && !text.done)
        text.result.end = TextEnd::Interrupted;
      if (!stop && !text.done) {
        if (kept != i)
          active[kept] = std::move(text);
        ++kept;
        continue;
      }
      decoder.cache().release(text.sequence);
      ended.push_back({text.item, std::move(text.result)});
    }
    active.resize(kept);
    for (auto &[item, result] : ended)
      LLMC_CHECK(receiver.ended(item, std::move(result)));
    ended.clear();
    return Status::ok();
  }

  Decoder &decoder;
  sampling::Sampler sampler;
  std::span<const BatchItem> items;
  BatchReceiver &receiver;
  size_t next = 0;
  std::vector<Active> active;
  int64_t begin = 0; // of the step
  std::vector<Continuation> parts; // of the step
  std::vector<std::pair<size_t, Generation>> ended;
};

} // namespace

Status generateBatch(Decoder &decoder, std::span<const BatchItem> items,
                     BatchReceiver &receiver) {
  LLMC_TRY(sampling::Sampler sampler,
           sampling::Sampler::create(
               static_cast<int32_t>(decoder.config().vocabulary), {}));
  return Batch(decoder, std::move(sampler), items, receiver).run();
}

} // namespace llmc

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

class Batch {
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
    int64_t begin = monotonicNow();
    return decoder.append(parts, Decoder::Rows::Last,
                          [&](size_t part, size_t, std::span<const float> logits) {
                            return take(active[part], logits, begin);
                          });
  }

  Status take(Active &text, std::span<const float> logits, int64_t begin) {
    const GenerateOptions &options = items[text.item].options;
    KvCache &cache = decoder.cache();
    int64_t position = cache.length(text.sequence);
    LLMC_CHECK(sampler.setOptions(options.sampling));
    LLMC_TRY(int32_t token,
             sampler.sample(logits, 0, static_cast<uint64_t>(position), text.history));
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

#include "runtime/verbs/RunPrompts.h"

#include "runtime/cache/AvailableMemory.h"
#include "runtime/verbs/Answer.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace llmc {

namespace {

/// The flags as a line changes them.
RunFlags flagsFor(const RunFlags &flags, const FilePrompt &prompt) {
  RunFlags result = flags;
  auto take = [](auto &to, const auto &from) {
    if (from)
      to = *from;
  };
  take(result.maxTokens, prompt.maxTokens);
  take(result.sampling.seed, prompt.seed);
  take(result.sampling.topK, prompt.topK);
  take(result.sampling.temperature, prompt.temperature);
  take(result.sampling.topP, prompt.topP);
  take(result.sampling.minP, prompt.minP);
  take(result.sampling.repetitionPenalty, prompt.repetitionPenalty);
  take(result.stops, prompt.stops);
  return result;
}

Result<std::vector<int32_t>> tokensOf(const Session &session,
                                      const FilePrompt &prompt) {
  std::vector<int32_t> tokens;
  if (prompt.ids)
    tokens = *prompt.ids;
  else {
    LLMC_TRY(tokens, session.encode(prompt.text, session.mostPromptBytes()));
  }
  for (int32_t token : tokens)
    if (token < 0 || token >= session.config->vocabulary)
      return Error{Code::BadTokenId, "a token is outside the vocabulary", "",
                   "token " + std::to_string(token) + "; the vocabulary has " +
                       std::to_string(session.config->vocabulary),
                   "give ids of this model's own tokenizer"};
  int64_t context = session.context;
  if (static_cast<int64_t>(tokens.size()) > context)
    return Error{Code::PromptTooLong, "the prompt exceeds the context", "",
                 std::to_string(tokens.size()) +
                     " positions are wanted and there are " +
                     std::to_string(context),
                 "shorten the prompt, or " + session.moreContext()};
  return tokens;
}

Error atLine(Error error, const FilePrompt &prompt, const std::string &file) {
  error.where = placeOf(file, prompt.line) +
                (error.where.empty() ? "" : ", " + error.where);
  return error;
}

/// Bytes of cache where the longest texts meet, \p places at once.
int64_t cacheNeed(const KvCache &cache, const std::vector<int64_t> &lengths,
                  int64_t places) {
  std::vector<int64_t> pages;
  for (int64_t length : lengths)
    pages.push_back(cache.layout().pagesFor(length));
  std::sort(pages.begin(), pages.end(), std::greater<>());
  pages.resize(std::min(pages.size(), static_cast<size_t>(places)));
  int64_t bytes = 0;
  if (__builtin_mul_overflow(std::accumulate(pages.begin(), pages.end(), int64_t(0)),
                             cache.pageBytes(), &bytes))
    return INT64_MAX;
  return bytes;
}

Status tellMemory(const RunFlags &flags, Session &session,
                  std::span<const BatchItem> items) {
  const KvCache &cache = session.decoder->cache();
  std::vector<int64_t> lengths = textLengths(session, items);
  int64_t wanted = placesFor(items.size(), flags.batch);
  int64_t places = cache.maxSequences();
  int64_t need = cacheNeed(cache, lengths, places);
  // A device has looked at its own memory.
  int64_t free = session.model->accelerator ? INT64_MAX : availableMemory();
  if (need > free)
    return Error{Code::OutOfMemory, "not enough memory for the batch", "",
                 std::to_string(places) + (places == 1 ? " text" : " texts at once") +
                     " may need " + formatBytes(static_cast<uint64_t>(need)) +
                     " of cache and there are " +
                     formatBytes(static_cast<uint64_t>(free)),
                 "give fewer tokens with -n, or a smaller --context"};
  if (places < wanted)
    report("note: " + std::to_string(wanted) + " texts at once may need " +
           formatBytes(static_cast<uint64_t>(cacheNeed(cache, lengths, wanted))) +
           " of cache, more than there is room for; " + std::to_string(places) +
           " at once, with up to " + formatBytes(static_cast<uint64_t>(need)) + "\n");
  if (flags.execution.verbose || stderrIsTerminal())
    report(std::to_string(items.size()) + " prompts, " +
           std::to_string(places) + " at once; cache for them up to " +
           formatBytes(static_cast<uint64_t>(need)) + "\n");
  return Status::ok();
}

/// Keeps texts until those before them are complete.
class Answers final : public BatchReceiver {
public:
  Answers(const RunFlags &flags, const Session &session,
          std::span<const FilePrompt> prompts, std::span<const BatchItem> items)
      : flags(flags), session(session), prompts(prompts), items(items),
        texts(prompts.size()) {}

  Result<bool> token(size_t item, int32_t token) override {
    Text &text = texts[item];
    if (!text.answer)
      text.answer.emplace(session, items[item].prompt,
                          prompts[item].stops ? *prompts[item].stops : flags.stops,
                          prompts[item].ids.has_value());
    return text.answer->take(token, text.written);
  }

  Status ended(size_t item, Generation result) override {
    Text &text = texts[item];
    if (result.end == TextEnd::Interrupted)
      return Status::ok();
    if (text.answer)
      text.answer->finish(text.written);
    text.answer.reset();
    const FilePrompt &prompt = prompts[item];
    tokens += result.tokens.size();
    text.written =
        flags.json
            ? answerJson(static_cast<int64_t>(item),
                         prompt.ids ? nullptr : &prompt.text,
                         prompt.ids ? nullptr : &text.written,
                         items[item].prompt, result)
            : (prompt.ids ? joinIds(items[item].prompt) : prompt.text) +
                  text.written + "\n";
    text.complete = true;
    for (; next < texts.size() && texts[next].complete; ++next) {
      // From the first answer on, an interruption ends between two steps.
      deferInterrupts();
      LLMC_CHECK(print(texts[next].written));
      std::string().swap(texts[next].written);
    }
    return Status::ok();
  }

  size_t tokens = 0; ///< Of all complete texts.

private:
  struct Text {
    std::optional<Answer> answer;
    std::string written;
    bool complete = false;
  };
  const RunFlags &flags;
  const Session &session;
  std::span<const FilePrompt> prompts;
  std::span<const BatchItem> items;
  std::vector<Text> texts;
  size_t next = 0; // the first that is not printed
};

} // namespace

Result<std::vector<int32_t>> promptTokens(const Session &session,
                                          const FilePrompt &prompt,
                                          const std::string &file) {
  Result<std::vector<int32_t>> tokens = tokensOf(session, prompt);
  if (!tokens)
    return atLine(tokens.takeError(), prompt, file);
  return tokens;
}

int64_t placesFor(size_t prompts, int64_t batch) {
  return std::clamp<int64_t>(static_cast<int64_t>(prompts), 1, batch);
}

std::vector<int64_t> textLengths(const Session &session, std::span<const BatchItem> items) {
  std::vector<int64_t> lengths;
  for (const BatchItem &item : items) {
    auto prompt = static_cast<int64_t>(item.prompt.size());
    int64_t most = item.options.maxTokens;
    // The last token needs no position of its own: nothing follows it.
    int64_t length = most > 0 && most <= session.context - prompt ? prompt + most - 1
                                                                  : session.context;
    lengths.push_back(std::max<int64_t>(length, 1));
  }
  return lengths;
}

Result<std::vector<BatchItem>> batchItems(const RunFlags &flags, const Session &session,
                                          std::span<const FilePrompt> prompts) {
  std::vector<BatchItem> items;
  for (const FilePrompt &prompt : prompts) {
    LLMC_TRY(std::vector<int32_t> tokens,
             promptTokens(session, prompt, flags.prompts));
    GenerateOptions options = flagsFor(flags, prompt).options(session);
    if (Status status = sampling::checkOptions(options.sampling); !status)
      return atLine(status.takeError(), prompt, flags.prompts);
    items.push_back({std::move(tokens), std::move(options)});
  }
  return items;
}

Status runPrompts(const RunFlags &flags, Session &session,
                  std::span<const FilePrompt> prompts, std::span<const BatchItem> items) {
  LLMC_CHECK(tellMemory(flags, session, items));
  Answers answers(flags, session, prompts, items);
  int64_t begin = monotonicNow();
  LLMC_CHECK(generateBatch(*session.decoder, items, answers));
  if (flags.execution.verbose)
    report(std::to_string(answers.tokens) + " tokens written at " +
           formatReal(perSecond(static_cast<int64_t>(answers.tokens),
                                monotonicNow() - begin), 1) +
           " per second in all\n");
  return interrupted() ? Status(interruptedError()) : Status::ok();
}

} // namespace llmc

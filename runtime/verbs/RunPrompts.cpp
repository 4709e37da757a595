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
    if (token < 0 || token >= session.decoder->config().vocabulary)
      return Error{Code::BadTokenId, "a token is outside the vocabulary", "",
                   "token " + std::to_string(token) + "; the vocabulary has " +
                       std::to_string(session.decoder->config().vocabulary),
                   "give ids of this model's own tokenizer"};
  int64_t context = session.decoder->cache().maxContext();
  if (static_cast<int64_t>(tokens.size()) > context)
    return Error{Code::PromptTooLong, "the prompt exceeds the context", "",
                 std::to_string(tokens.size()) +
                     " positions are wanted and there are " +
                     std::to_string(context),
                 "shorten the prompt, or compile with a larger --max-context"};
  return tokens;
}

Error atLine(Error error, const FilePrompt &prompt, const std::string &file) {
  error.where = placeOf(file, prompt.line) +
                (error.where.empty() ? "" : ", " + error.where);
  return error;
}

/// Bytes of cache where the longest texts meet, \p places at once.
int64_t cacheNeed(KvCache &cache, std::span<const BatchItem> items,
                  int64_t places) {
  std::vector<int64_t> pages;
  for (const BatchItem &item : items) {
    auto prompt = static_cast<int64_t>(item.prompt.size());
    int64_t most = item.options.maxTokens;
    int64_t length = most > 0 && most <= cache.maxContext() - prompt
                         ? prompt + most - 1
                         : cache.maxContext();
    pages.push_back(cache.layout().pagesFor(length));
  }
  std::sort(pages.begin(), pages.end(), std::greater<>());
  pages.resize(std::min(pages.size(), static_cast<size_t>(places)));
  // No overflow: the cache has reserved as many pages as address space.
  return std::accumulate(pages.begin(), pages.end(), int64_t(0)) *
         cache.pageBytes();
}

Status tellMemory(const RunFlags &flags, Session &session,
                  std::span<const BatchItem> items) {
  KvCache &cache = session.decoder->cache();
  int64_t places = cache.maxSequences();
  int64_t need = cacheNeed(cache, items, places);
  int64_t free = availableMemory();
  if (need > free)
    return Error{Code::OutOfMemory, "not enough memory for the batch", "",
                 std::to_string(places) + " texts at once may need " +
                     formatBytes(static_cast<uint64_t>(need)) +
                     " of cache and there are " +
                     formatBytes(static_cast<uint64_t>(free)),
                 "give a smaller --batch, or fewer tokens with -n"};
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

Status runPrompts(const RunFlags &flags, Session &session,
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

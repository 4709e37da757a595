#include "runtime/verbs/Chat.h"

#include "runtime/sampling/StopMatcher.h"
#include "runtime/verbs/Failure.h"

#include <algorithm>

namespace llmc {

using chat::ChatPrompt;
using chat::Message;

Result<Chat> Chat::create(Session &session, GenerateOptions options,
                          const std::vector<std::string> &stops) {
  LLMC_CHECK(session.needTokenizer());
  auto section = session.model->artifact.chatTemplate();
  if (section.empty())
    return Error{Code::NoTemplate, "the file has no chat template",
                 session.model->artifact.path(),
                 "there was none beside the model when it was compiled, and "
                 "another model's would not fit",
                 "put the model's chat_template.jinja or tokenizer_config.json "
                 "beside it and compile it again; run continues plain text"};
  LLMC_TRY(chat::ChatTemplate form, chat::ChatTemplate::load(section));
  Chat made(session, std::move(form), std::move(options));
  made.stops = stops;
  std::time_t now = std::time(nullptr);
  ::localtime_r(&now, &made.begun);
  made.learnTurnEnd();
  return made;
}

Result<ChatPrompt> Chat::render(std::span<const Message> turns,
                                bool opensAnswer) const {
  return form.render(turns, opensAnswer, begun);
}

/// Looks at what the template puts between an answer and the next question.
void Chat::learnTurnEnd() {
  const Message turns[] = {
      {"user", "question"}, {"assistant", "answer"}, {"user", "question"}};
  Result<ChatPrompt> prompt = render(turns, false);
  if (!prompt)
    return;
  const auto &data = prompt->data;
  size_t at = 0;
  while (at < data.size() &&
         prompt->text.substr(data[at].first, data[at].second - data[at].first) !=
             "answer")
    ++at;
  if (at + 1 >= data.size())
    return;
  std::string between = prompt->text.substr(
      data[at].second, data[at + 1].first - data[at].second);
  Result<std::vector<int32_t>> ids =
      session->tokenizer->encodeChat(between, {});
  if (!ids)
    return;
  auto special =
      std::find_if(ids->begin(), ids->end(), [&](int32_t id) {
        return session->tokenizer->isSpecial(id);
      });
  if (special != ids->end()) {
    options.eosTokens.push_back(*special);
    return;
  }
  // White space alone stands in answers too.
  if (size_t end = between.find_last_not_of(" \t\r\n"); end != between.npos)
    stops.push_back(between.substr(0, end + 1));
}

void Chat::reset(std::string prompt) {
  system = std::move(prompt);
  messages.clear();
}

Result<size_t> Chat::keepCommon(std::span<const int32_t> prompt) {
  KvCache &cache = session->decoder->cache();
  if (sequence < 0)
    sequence = session->decoder->start();
  if (sequence < 0)
    return Error{Code::Internal, "no sequence is free", "", "", ""};
  // Templates may rewrite earlier turns, and an answer may be cut into other
  // tokens when it is read again. The last token is always computed: its logits
  // are wanted.
  size_t common = size_t(std::mismatch(cached.begin(), cached.end(),
                                       prompt.begin(), prompt.end())
                             .first -
                         cached.begin());
  common = std::min(common, prompt.size() - 1);
  cache.truncate(sequence, int64_t(common));
  cached.resize(common);
  return common;
}

Result<ChatAnswer>
Chat::ask(std::string question,
          const std::function<Status(std::string_view)> &take) {
  std::vector<Message> turns;
  if (!system.empty())
    turns.push_back({"system", system});
  turns.insert(turns.end(), messages.begin(), messages.end());
  turns.push_back({"user", question});
  LLMC_TRY(ChatPrompt prompt, render(turns, true));
  ChatAnswer answer;
  LLMC_TRY(answer.prompt,
           session->tokenizer->encodeChat(prompt.text, prompt.data));
  if (answer.prompt.empty())
    return Error{Code::TemplateFailed, "the chat template gives no text", "", "",
                 "use `run`, or report the template"};
  Decoder &decoder = *session->decoder;
  KvCache &cache = decoder.cache();
  if (int64_t(answer.prompt.size()) > cache.maxContext())
    return Error{Code::PromptTooLong, "the conversation exceeds the context", "",
                 std::to_string(answer.prompt.size()) +
                     " positions are wanted and there are " +
                     std::to_string(cache.maxContext()),
                 "/reset begins a new conversation; for longer ones, " +
                     session->moreContext()};
  LLMC_TRY(answer.reused, keepCommon(answer.prompt));

  tokenizer::StreamDecoder stream(*session->tokenizer, answer.prompt);
  sampling::StopMatcher matcher(stops);
  auto give = [&](const std::string &part) -> Status {
    answer.text += part;
    return part.empty() ? Status::ok() : take(part);
  };
  Result<Generation> result = continueSequence(
      decoder, sequence, answer.prompt, options,
      [&](int32_t token) -> Result<bool> {
        LLMC_CHECK(give(matcher.push(stream.push(token))));
        return !matcher.stopped();
      });
  cached = answer.prompt;
  if (result)
    cached.insert(cached.end(), result->tokens.begin(), result->tokens.end());
  // After an error, and for the last token, the cache holds less.
  cached.resize(std::min(cached.size(), size_t(cache.length(sequence))));
  cache.truncate(sequence, int64_t(cached.size()));
  if (!result)
    return result.takeError();
  answer.generation = std::move(*result);
  LLMC_CHECK(give(matcher.push(stream.flush())));
  LLMC_CHECK(give(matcher.flush()));
  messages.push_back({"user", std::move(question)});
  messages.push_back({"assistant", answer.text});
  return answer;
}

} // namespace llmc

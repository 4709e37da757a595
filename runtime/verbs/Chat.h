/// A conversation with a model: turns in, answers out, the cache kept.
#ifndef LLMC_RUNTIME_VERBS_CHAT_H
#define LLMC_RUNTIME_VERBS_CHAT_H

#include "runtime/template/ChatTemplate.h"
#include "runtime/verbs/Generate.h"
#include "runtime/verbs/Session.h"

#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace llmc {

/// What a turn gave.
struct ChatAnswer {
  std::string text;
  std::vector<int32_t> prompt; ///< Ids of the whole conversation before it.
  size_t reused = 0;           ///< Of these, how many the cache held already.
  Generation generation;
};

class Chat {
public:
  /// Errors: WrongModule (no tokenizer), NoTemplate, and those of
  /// ChatTemplate::load.
  static Result<Chat> create(Session &session, GenerateOptions options,
                             const std::vector<std::string> &stops);

  /// Asks \p question and gives each part of the answer to \p take as it comes.
  /// An answer that interrupted() cuts short stays in the conversation as far
  /// as it came; where there is an error, the conversation is as it was before.
  /// Errors: those of rendering, encoding, generate() and \p take.
  Result<ChatAnswer> ask(std::string question,
                         const std::function<Status(std::string_view)> &take);

  /// Begins a new conversation, with this system prompt (empty: none).
  void reset(std::string system);
  const std::string &systemPrompt() const { return system; }
  size_t turns() const { return messages.size() / 2; }

private:
  Chat(Session &session, chat::ChatTemplate form, GenerateOptions options)
      : session(&session), form(std::move(form)), options(std::move(options)) {}
  /// Adds what ends a turn in this template: a token, or a text to stop at.
  void learnTurnEnd();
  Result<chat::ChatPrompt> render(std::span<const chat::Message> messages,
                                  bool opensAnswer) const;
  /// Truncates the cache to what \p prompt begins with; how much that is.
  Result<size_t> keepCommon(std::span<const int32_t> prompt);

  Session *session;
  chat::ChatTemplate form;
  GenerateOptions options;
  std::vector<std::string> stops;
  std::string system;
  std::vector<chat::Message> messages; ///< Without the system prompt.
  std::tm begun = {};                  ///< When the chat began.
  int32_t sequence = -1;
  std::vector<int32_t> cached; ///< The ids that the cache holds.
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_CHAT_H

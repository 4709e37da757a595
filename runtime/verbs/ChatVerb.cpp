#include "runtime/support/Json.h"
#include "runtime/verbs/Chat.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"
#include "runtime/verbs/LineInput.h"
#include "runtime/verbs/SamplingFlags.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/Verbs.h"

#include <optional>

namespace llmc {

namespace {

struct ChatFlags {
  ExecutionFlags execution;
  SamplingFlags sampling;
  std::string system;
  int64_t maxTokens = 0;
  std::vector<std::string> stops;
  bool json = false;

  void add(Arguments &arguments) {
    arguments.flags = {
        {"system", 0, "TEXT", "what the model is told before the conversation", &system},
        {"max-tokens", 'n', "N", "tokens of an answer at most (default 0: until it ends)", &maxTokens, 0, true},
        {"stop", 0, "TEXT", "end an answer before TEXT; may be given several times", &stops},
        {"json", 0, "", "print each answer as a line of JSON", &json},
    };
    sampling.add(arguments);
    execution.add(arguments);
  }
};

constexpr std::string_view helpText =
    "/reset          begin a new conversation\n"
    "/system TEXT    begin a new one with this system prompt (none: without)\n"
    "/help           show this text\n"
    "/exit           end the chat, as Ctrl-D does\n"
    "//TEXT          ask /TEXT\n"
    "Ctrl-C          stop the answer\n";

std::string answerJson(const Chat &chat, const std::string &question,
                       const ChatAnswer &answer) {
  JsonWriter json;
  json.beginObject().member("version", 1).member("turn", int64_t(chat.turns()));
  json.member("question", question).member("text", answer.text);
  auto ids = [&](std::string_view name, std::span<const int32_t> list) {
    json.key(name).beginArray();
    for (int32_t id : list)
      json.value(id);
    json.end();
  };
  ids("promptTokens", answer.prompt);
  json.member("reusedTokens", uint64_t(answer.reused));
  ids("tokens", answer.generation.tokens);
  json.member("end", textEndName(answer.generation.end))
      .member("timeToFirstTokenMs",
              static_cast<double>(answer.generation.prefillTime) / 1e6)
      .member("decodeMs",
              static_cast<double>(answer.generation.decodeTime) / 1e6);
  return json.end().text() + "\n";
}

/// Reads lines and answers them until there are no more.
class ChatLoop {
public:
  /// \p moreContext: of the session.
  ChatLoop(Chat &chat, const ChatFlags &flags, std::string moreContext)
      : chat(chat), flags(flags), moreContext(std::move(moreContext)) {}

  Status run() {
    if (input.isTerminal())
      report("/help lists the commands, Ctrl-D ends the chat\n");
    bool asked = false; // Ctrl-C was pressed and nothing typed since.
    for (std::string line;;) {
      // One that came when the last answer was whole must not cut the next.
      if (interrupted() && !forgetInterrupt())
        return interruptedError();
      LLMC_TRY(LineInput::End end, input.read("> ", line));
      if (end == LineInput::End::EndOfInput ||
          (end == LineInput::End::Interrupt && asked))
        return Status::ok();
      asked = end == LineInput::End::Interrupt;
      if (asked) {
        report("Ctrl-C again or Ctrl-D ends the chat\n");
        continue;
      }
      if (line.find_first_not_of(" \t") == line.npos)
        continue;
      if (line == "/exit" || line == "/quit")
        return Status::ok();
      if (line.starts_with("//"))
        line.erase(0, 1);
      else if (command(line))
        continue;
      LLMC_CHECK(turn(line));
    }
  }

private:
  /// False where \p line is no command but for the model.
  bool command(const std::string &line) {
    if (line[0] != '/')
      return false;
    std::string_view word = std::string_view(line).substr(0, line.find(' '));
    if (word == "/help") {
      report(helpText);
    } else if (word == "/reset") {
      chat.reset(chat.systemPrompt());
      report("a new conversation begins\n");
    } else if (word == "/system") {
      size_t text = line.find_first_not_of(' ', word.size());
      chat.reset(text == line.npos ? "" : line.substr(text));
      report(text == line.npos
                 ? "a new conversation begins, without a system prompt\n"
                 : "a new conversation begins, with this system prompt\n");
    } else {
      constexpr std::string_view names[] = {"/help", "/reset", "/system",
                                            "/exit"};
      std::string_view meant = nearest(word, names);
      report("there is no command " + std::string(word) +
             (meant.empty()
                  ? "; /help lists them, and // in front asks the model"
                  : "; did you mean " + std::string(meant) + "?") +
             "\n");
    }
    return true;
  }

  Status turn(const std::string &question) {
    if (input.takeInterrupt()) {
      report("^C\nstopped before the answer began; the question is taken back\n");
      return Status::ok();
    }
    Result<ChatAnswer> answer =
        chat.ask(question, [&](std::string_view part) {
          return flags.json ? Status::ok() : print(part);
        });
    if (!answer && answer.error().code == Code::Interrupted &&
        forgetInterrupt()) {
      report("stopped before the answer began; the question is taken back\n");
      return Status::ok();
    }
    if (!answer) {
      // Only whoever sits there can do something about it.
      bool canGoOn = input.isTerminal() &&
                     (answer.error().code == Code::PromptTooLong ||
                      answer.error().code == Code::TemplateFailed ||
                      answer.error().code == Code::TemplateLimit);
      if (!canGoOn)
        return answer.takeError();
      report(answer.error().render());
      return Status::ok();
    }
    LLMC_CHECK(print(flags.json ? answerJson(chat, question, *answer) : "\n"));
    switch (answer->generation.end) {
    case TextEnd::Context:
      report("the context is full, the answer was cut short: /reset begins a "
             "new conversation; for longer ones, " +
             moreContext + "\n");
      break;
    case TextEnd::Interrupted:
      if (!forgetInterrupt())
        return interruptedError();
      if (input.isTerminal())
        report("(stopped)\n");
      break;
    default:
      break;
    }
    return Status::ok();
  }

  Chat &chat;
  const ChatFlags &flags;
  std::string moreContext;
  LineInput input;
};

} // namespace

Status runChat(Invocation &invocation) {
  ChatFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  LLMC_TRY(Session session, Session::open(invocation.file, flags.execution));
  GenerateOptions options;
  options.sampling = flags.sampling.over(session.decoder->config().defaults);
  options.maxTokens = flags.maxTokens;
  options.eosTokens = session.eosTokens();
  LLMC_TRY(Chat chat, Chat::create(session, std::move(options), flags.stops));
  chat.reset(flags.system);
  return ChatLoop(chat, flags, session.moreContext()).run();
}

} // namespace llmc

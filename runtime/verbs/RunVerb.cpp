#include "runtime/sampling/StopMatcher.h"
#include "runtime/support/Json.h"
#include "runtime/support/OutputFile.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"
#include "runtime/verbs/Generate.h"
#include "runtime/verbs/SamplingFlags.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/Trace.h"
#include "runtime/verbs/Verbs.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace llmc {

namespace {

struct RunFlags {
  ExecutionFlags execution;
  std::string prompt;
  std::optional<int64_t> maxTokens;
  SamplingFlags sampling;
  std::vector<std::string> stops;
  std::string ids, trace;
  bool json = false;

  void add(Arguments &arguments);
};

/// Tokens of a text where nothing else is said.
constexpr int64_t defaultMaxTokens = 256;

void RunFlags::add(Arguments &arguments) {
  arguments.flags = {
      {"max-tokens", 'n', "N", "tokens to generate at most (default 256; 0: until the context is full)", &maxTokens, 0, "LLMC_MAX_TOKENS"},
  };
  sampling.add(arguments);
  const Arguments::Flag others[] = {
      {"stop", 0, "TEXT", "end the text before TEXT; may be given several times", &stops},
      {"ids", 0, "LIST", "the prompt as token ids, 1,403,407; prints ids", &ids},
      {"json", 0, "", "print text, tokens and timings as JSON", &json},
      {"trace", 0, "FILE", "write the time of every kernel for Perfetto", &trace},
  };
  arguments.flags.insert(arguments.flags.end(), std::begin(others), std::end(others));
  execution.add(arguments);
  arguments.positionals = {
      {"PROMPT", "the text to continue; - reads it from stdin", &prompt, false}};
}

/// Stops reading beyond \p most bytes (0: no limit): encode() refuses those.
Result<std::string> readStdin(size_t most) {
  std::string text;
  char piece[65536];
  while (size_t count = std::fread(piece, 1, sizeof piece, stdin)) {
    text.append(piece, count);
    // A line break at the end does not count.
    if (most > 0 && text.size() > most + 1)
      return text;
    if (text.size() > (1u << 31))
      return Error{Code::TooLarge, "the prompt is too long", "stdin",
                   "it has more than 2 GiB", "shorten it"};
  }
  if (std::ferror(stdin))
    return Error{Code::CannotRead, "cannot read the prompt", "stdin",
                 std::strerror(errno), "give it in quotes instead"};
  // The line break at the end of a file is not meant.
  if (text.ends_with('\n'))
    text.pop_back();
  return text;
}

std::string joined(std::span<const int32_t> ids) {
  std::string text;
  for (int32_t id : ids)
    text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

void addIds(JsonWriter &json, std::string_view name,
            std::span<const int32_t> ids) {
  json.key(name).beginArray();
  for (int32_t id : ids)
    json.value(id);
  json.end();
}

double perSecond(int64_t count, int64_t nanoseconds) {
  return nanoseconds > 0 ? 1e9 * static_cast<double>(count) /
                               static_cast<double>(nanoseconds)
                         : 0;
}

std::string toJson(const RunFlags &flags, const std::string &text,
                   std::span<const int32_t> prompt, const Generation &result) {
  JsonWriter json;
  json.beginObject().member("version", 1);
  if (flags.ids.empty())
    json.member("prompt", flags.prompt).member("text", text);
  addIds(json, "promptTokens", prompt);
  addIds(json, "tokens", result.tokens);
  json.member("end", textEndName(result.end))
      .member("timeToFirstTokenMs",
              static_cast<double>(result.prefillTime) / 1e6)
      .member("promptTokensPerSecond",
              perSecond(static_cast<int64_t>(prompt.size()),
                        result.prefillTime))
      .member("tokensPerSecond",
              perSecond(result.decodeSteps, result.decodeTime));
  return json.end().text() + "\n";
}

/// Tokens to stdout as they come: text up to a stop string, or ids.
class Printer {
public:
  Printer(const RunFlags &flags, const Session &session,
          std::span<const int32_t> prompt)
      : flags(flags), stops(flags.stops) {
    if (session.tokenizer && flags.ids.empty())
      stream.emplace(*session.tokenizer, prompt);
  }

  Result<bool> take(int32_t token) {
    if (!stream) {
      if (!flags.json)
        LLMC_CHECK(print("," + std::to_string(token)));
      return true;
    }
    LLMC_CHECK(give(stops.push(stream->push(token))));
    return !stops.stopped();
  }

  Status finish() {
    if (!stream)
      return Status::ok();
    LLMC_CHECK(give(stops.push(stream->flush())));
    return give(stops.flush());
  }

  std::string text; ///< All that was given out, for JSON.

private:
  Status give(const std::string &part) {
    text += part;
    return flags.json || part.empty() ? Status::ok() : print(part);
  }

  const RunFlags &flags;
  sampling::StopMatcher stops;
  std::optional<tokenizer::StreamDecoder> stream;
};

Result<std::vector<int32_t>> promptTokens(RunFlags &flags,
                                          const Session &session) {
  if (!flags.ids.empty())
    return parseIds(flags.ids);
  if (flags.prompt == "-" || (flags.prompt.empty() && ::isatty(0) == 0)) {
    LLMC_TRY(flags.prompt, readStdin(session.mostPromptBytes()));
  }
  return session.encode(flags.prompt, session.mostPromptBytes());
}

} // namespace

Status runRun(Invocation &invocation) {
  RunFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  if (!flags.ids.empty() && !flags.prompt.empty())
    return Error{Code::BadFlagValue, "there are two prompts", "--ids",
                 "a prompt is text or ids", "leave one out"};

  if (!flags.trace.empty())
    LLMC_CHECK(keepApart(flags.trace, {&invocation.file, 1}));

  LLMC_TRY(Session session, Session::open(invocation.file, flags.execution));
  LLMC_TRY(std::vector<int32_t> prompt, promptTokens(flags, session));
  std::optional<Trace> trace;
  if (!flags.trace.empty())
    session.decoder->executor().observer =
        &trace.emplace(session.model->artifact.model());

  GenerateOptions options;
  options.sampling = flags.sampling.over(session.decoder->config().defaults);
  options.maxTokens = flags.maxTokens.value_or(defaultMaxTokens);
  options.eosTokens = session.eosTokens();
  Printer printer(flags, session, prompt);
  bool begun = false;
  Result<Generation> result =
      generate(*session.decoder, prompt, options, [&](int32_t token) {
        // Nothing is printed before the first token is sure; from then on an
        // interruption ends the text between two tokens.
        deferInterrupts();
        if (!begun && !flags.json)
          if (Status status = print(flags.ids.empty() ? flags.prompt
                                                      : joined(prompt));
              !status)
            return Result<bool>(status.takeError());
        begun = true;
        return printer.take(token);
      });
  if (!result)
    return result.takeError();
  LLMC_CHECK(printer.finish());
  LLMC_CHECK(print(flags.json ? toJson(flags, printer.text, prompt, *result)
                              : std::string("\n")));
  if (trace)
    LLMC_CHECK(trace->write(flags.trace));
  if (flags.execution.verbose)
    report(std::to_string(prompt.size()) + " tokens read in " +
           formatReal(static_cast<double>(result->prefillTime) / 1e6, 1) +
           " ms, " + std::to_string(result->tokens.size()) + " written at " +
           formatReal(perSecond(result->decodeSteps, result->decodeTime), 1) +
           " per second, end: " + std::string(textEndName(result->end)) + "\n");
  if (result->end == TextEnd::Interrupted)
    return interruptedError();
  return Status::ok();
}

} // namespace llmc

#include "runtime/support/OutputFile.h"
#include "runtime/verbs/Answer.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"
#include "runtime/verbs/LoadWords.h"
#include "runtime/verbs/RunFlags.h"
#include "runtime/verbs/RunPrompts.h"
#include "runtime/verbs/Trace.h"
#include "runtime/verbs/Verbs.h"

#include <unistd.h>

namespace llmc {

namespace {

Result<std::vector<int32_t>> promptTokens(RunFlags &flags,
                                          const Session &session) {
  if (!flags.ids.empty())
    return parseIds(flags.ids);
  if (flags.prompt == "-" || (flags.prompt.empty() && ::isatty(0) == 0)) {
    LLMC_TRY(flags.prompt, readStdin(session.mostPromptBytes()));
  }
  return session.encode(flags.prompt, session.mostPromptBytes());
}

Status runOne(RunFlags &flags, Session &session, const BatchItem &item) {
  const std::vector<int32_t> &prompt = item.prompt;
  bool asIds = !flags.ids.empty();
  Answer answer(session, prompt, flags.stops, asIds);
  std::string text; // all that was given out, for JSON
  bool begun = false;
  Result<Generation> result =
      generate(*session.decoder, prompt, item.options, [&](int32_t token) {
        // Nothing is printed before the first token is sure; from then on an
        // interruption ends the text between two tokens.
        deferInterrupts();
        std::string piece;
        if (!begun && !flags.json)
          piece = asIds ? joinIds(prompt) : flags.prompt;
        begun = true;
        bool more = answer.take(token, flags.json ? text : piece);
        if (!piece.empty())
          if (Status status = print(piece); !status)
            return Result<bool>(status.takeError());
        return Result<bool>(more);
      });
  if (!result) {
    // The error stands on a line of its own.
    if (begun && !flags.json)
      (void)static_cast<bool>(print("\n"));
    return result.takeError();
  }
  std::string rest;
  answer.finish(flags.json ? text : rest);
  LLMC_CHECK(print(flags.json
                       ? answerJson(-1, asIds ? nullptr : &flags.prompt,
                                    asIds ? nullptr : &text, prompt, *result)
                       : rest + "\n"));
  if (flags.execution.verbose)
    report(std::to_string(prompt.size()) + " tokens read in " +
           formatReal(static_cast<double>(result->prefillTime) / 1e6, 1) +
           " ms, " + std::to_string(result->tokens.size()) + " written at " +
           formatReal(perSecond(result->decodeSteps, result->decodeTime), 1) +
           " per second, end: " + std::string(textEndName(result->end)) +
           "\nweights " + describeLoading(session.model->loadReport()) + "\n");
  if (result->end == TextEnd::Interrupted)
    return interruptedError();
  return Status::ok();
}

} // namespace

Status runRun(Invocation &invocation) {
  RunFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  if (int(!flags.ids.empty()) + int(!flags.prompt.empty()) +
          int(!flags.prompts.empty()) > 1)
    return Error{Code::BadFlagValue, "there are two prompts",
                 flags.prompts.empty() ? "--ids" : "--prompts",
                 "a prompt is text or ids, or a file has them", "leave one out"};
  if (!flags.trace.empty()) {
    LLMC_CHECK(keepApart(flags.trace, std::vector{invocation.file, flags.prompts}));
    LLMC_CHECK(OutputFile::check(flags.trace));
  }

  std::vector<FilePrompt> prompts;
  if (!flags.prompts.empty()) {
    LLMC_TRY(prompts, readPrompts(flags.prompts));
  }
  std::vector<BatchItem> items;
  auto plan = [&](const Session &session, DecoderOptions &options) -> Status {
    // Once: standard input can be read no second time.
    if (items.empty() && flags.prompts.empty()) {
      LLMC_TRY(std::vector<int32_t> prompt, promptTokens(flags, session));
      items.push_back({std::move(prompt), flags.options(session)});
    } else if (items.empty()) {
      LLMC_TRY(items, batchItems(flags, session, prompts));
    }
    options.lengths = textLengths(session, items);
    options.fewer = true;
    return Status::ok();
  };
  LLMC_TRY(Session session,
           Session::open(invocation.file, flags.execution,
                         placesFor(prompts.size(), flags.batch), plan));
  std::optional<Trace> trace;
  if (!flags.trace.empty())
    session.decoder->executor().observer =
        &trace.emplace(session.model->view());
  LLMC_CHECK(flags.prompts.empty() ? runOne(flags, session, items.front())
                                   : runPrompts(flags, session, prompts, items));
  if (trace)
    LLMC_CHECK(trace->write(flags.trace, session.model->loadReport()));
  return Status::ok();
}

} // namespace llmc

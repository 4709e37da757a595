#include "runtime/cache/AvailableMemory.h"
#include "runtime/verbs/BenchReport.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Verbs.h"

#include <algorithm>

namespace llmc {

namespace {

constexpr int64_t mostRuns = 1000000;
/// Of so many sequences the cache is for what they take; more are refused anyway.
constexpr int64_t mostSequences = 1 << 16;

struct BenchFlags {
  ExecutionFlags execution;
  BenchPlan plan; // counts of 0 are chosen by the context
  bool kernels = false;
  std::string format = "text";
  bool json = false, csv = false;

  void add(Arguments &arguments) {
    arguments.flags = {
        {"prompt-tokens", 'p', "N", "tokens of the prompt (default 512 or half the context)", &plan.promptTokens, 1},
        {"tokens", 'n', "N", "tokens to decode (default 64 or a quarter of the context)", &plan.tokens, 1},
        {"batch", 'b', "N", "sequences decoded together (default 1)", &plan.batch, 1, true},
        {"repeat", 'r', "N", "runs; the median is told (default 5)", &plan.repeat, 1},
        {"kernels", 'k', "", "tell the time by operator", &kernels},
        {"format", 0, "NAME", "text, table (markdown), csv or json (default text)", &format},
        {"csv", 0, "", "the same as --format=csv", &csv},
        {"json", 0, "", "the same as --format=json", &json},
    };
    execution.add(arguments);
  }

  Status check() {
    constexpr std::string_view formats[] = {"text", "table", "csv", "json"};
    if (std::ranges::find(formats, format) == std::end(formats))
      return Error{Code::BadFlagValue, "there is no such format", "--format=" + format, "",
                   "use text, table, csv or json"};
    if (json)
      format = "json";
    else if (csv)
      format = "csv";
    if (plan.repeat > mostRuns)
      return Error{Code::BadFlagValue, "there are too many runs",
                   "--repeat=" + std::to_string(plan.repeat),
                   "the limit is " + std::to_string(mostRuns), "give fewer"};
    return execution.check();
  }
};

/// Chooses what was not given, and checks that all fits the context.
Status complete(BenchPlan &plan, const Session &session) {
  int64_t context = session.context;
  int64_t given = std::max(plan.promptTokens, plan.tokens);
  std::string where;
  for (auto [flag, tokens] : {std::pair("--prompt-tokens=", plan.promptTokens),
                              std::pair("--tokens=", plan.tokens)})
    if (tokens > 0)
      where += (where.empty() ? "" : " ") + (flag + std::to_string(tokens));
  if (plan.promptTokens == 0)
    plan.promptTokens = std::clamp<int64_t>(std::min(context / 2, context - plan.tokens), 1, 512);
  if (plan.tokens == 0)
    plan.tokens = std::clamp<int64_t>(std::min(context / 4, context - plan.promptTokens), 1, 64);
  if (given <= context && plan.promptTokens + plan.tokens <= context)
    return Status::ok();
  return Error{Code::BadFlagValue, "prompt and tokens exceed the context",
               std::move(where),
               "there are " + std::to_string(context) + " positions for both",
               "give fewer, or " + session.moreContext()};
}

/// Before anything is computed: what the cache would only find after a while.
Status tellMemory(const BenchFlags &flags, Session &session) {
  const BenchPlan &plan = flags.plan;
  int64_t need = benchMemory(session, plan);
  // A device has looked at its own memory.
  int64_t free = session.model->accelerator ? INT64_MAX : availableMemory();
  std::string what = std::to_string(plan.batch) +
                     (plan.batch == 1 ? " sequence of " : " sequences of ") +
                     std::to_string(plan.promptTokens + plan.tokens) + " positions";
  std::string memory = formatBytes(static_cast<uint64_t>(need)) + " of cache and logits";
  if (need > free)
    return Error{Code::OutOfMemory, "not enough memory for the batch",
                 "--batch=" + std::to_string(plan.batch),
                 what + " take " + memory + " and there are " +
                     formatBytes(static_cast<uint64_t>(free)),
                 "give a smaller --batch, or fewer tokens with -p and -n"};
  if (flags.execution.verbose || stderrIsTerminal())
    report("bench of " + what + ", " + std::to_string(plan.repeat) +
           (plan.repeat == 1 ? " run" : " runs") + " and one to warm up; " + memory + "\n");
  return Status::ok();
}

} // namespace

Status runBench(Invocation &invocation) {
  BenchFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  LLMC_CHECK(flags.check());
  BenchPlan &plan = flags.plan;
  PeakMemory peak;
  auto lengths = [&](const Session &session, DecoderOptions &options) -> Status {
    LLMC_CHECK(complete(plan, session));
    if (plan.batch <= mostSequences)
      options.lengths.assign(static_cast<size_t>(plan.batch), plan.promptTokens + plan.tokens);
    return Status::ok();
  };
  LLMC_TRY(Session session,
           Session::open(invocation.file, flags.execution, plan.batch, lengths));
  plan.chunk = flags.execution.chunk ? flags.execution.chunk : session.decoder->config().chunk;

  LLMC_CHECK(tellMemory(flags, session));

  std::optional<OperatorTimes> times;
  if (flags.kernels)
    times.emplace(session.model->view());
  LLMC_TRY(BenchResult result, measureBench(session, plan, peak, times ? &*times : nullptr));
  BenchReport report{session, plan, result, times ? &*times : nullptr};
  return print(flags.format == "json"    ? report.json()
               : flags.format == "csv"   ? report.csv()
               : flags.format == "table" ? report.table()
                                         : report.text());
}

} // namespace llmc

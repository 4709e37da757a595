#include "runtime/support/Json.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/Verbs.h"

#include <algorithm>
#include <map>

namespace llmc {

namespace {

struct BenchFlags {
  ExecutionFlags execution;
  int64_t promptTokens = 0; // 0: chosen by the context
  int64_t tokens = 0;
  int64_t batch = 1;
  int64_t repeat = 5;
  bool kernels = false;
  bool json = false;

  void add(Arguments &arguments) {
    arguments.flags = {
        {"prompt-tokens", 'p', "N", "tokens of the prompt (default 512 or half the context)", &promptTokens, 1},
        {"tokens", 'n', "N", "tokens to decode (default 64 or a quarter of the context)", &tokens, 1},
        {"batch", 'b', "N", "sequences decoded together (default 1)", &batch, 1},
        {"repeat", 'r', "N", "runs; the median is told (default 5)", &repeat, 1},
        {"kernels", 'k', "", "tell the time by operator", &kernels},
        {"json", 0, "", "print JSON", &json},
    };
    execution.add(arguments);
  }
};

/// Median and extremes of one measure over the runs.
struct Spread {
  std::vector<double> numbers;

  void add(double number) {
    numbers.insert(std::upper_bound(numbers.begin(), numbers.end(), number),
                   number);
  }
  double median() const {
    size_t n = numbers.size();
    return n % 2 ? numbers[n / 2]
                 : (numbers[n / 2 - 1] + numbers[n / 2]) / 2;
  }
  std::string text() const {
    return formatReal(median(), 2) + "  (" + formatReal(numbers.front(), 2) +
           " to " + formatReal(numbers.back(), 2) + ")";
  }
  void write(JsonWriter &json, std::string_view name) const {
    json.key(name)
        .beginObject()
        .member("median", median())
        .member("least", numbers.front())
        .member("most", numbers.back())
        .end();
  }
};

/// Time by operator, apart for prefill and decode.
class OperatorTimes final : public LaunchObserver {
public:
  explicit OperatorTimes(const Model &model) : model(model) {}
  void launched(const Program &program, size_t launch, int64_t begin,
                int64_t end) override {
    const Kernel &kernel = model.kernels[program.launches[launch].kernel];
    auto &entry = times[phase][kernel.op.empty() ? kernel.name : kernel.op];
    entry.first += end - begin;
    ++entry.second;
  }
  size_t phase = 0;
  /// Per phase and operator: nanoseconds and launches.
  std::map<std::string, std::pair<int64_t, int64_t>> times[2];

private:
  const Model &model;
};

struct Measures {
  Spread timeToFirstToken; // ms
  Spread promptRate;       // tokens per second
  Spread decodeRate;
};

Status measure(Session &session, const BenchFlags &flags, Measures &measures,
               OperatorTimes *times) {
  Decoder &decoder = *session.decoder;
  auto vocabulary = static_cast<uint64_t>(decoder.config().vocabulary);
  std::vector<int32_t> prompt(static_cast<size_t>(flags.promptTokens));
  // Any tokens do; these do not repeat early.
  uint64_t state = 1;
  for (int32_t &token : prompt) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    token = static_cast<int32_t>((state >> 33) % vocabulary);
  }

  if (times)
    times->phase = 0;
  std::vector<NextToken> batch;
  int64_t begin = monotonicNow();
  for (int64_t i = 0; i < flags.batch; ++i) {
    int32_t sequence = decoder.start();
    if (auto logits = decoder.prefill(sequence, prompt); !logits)
      return logits.takeError();
    batch.push_back({sequence, prompt[0]});
    if (i == 0)
      measures.timeToFirstToken.add(static_cast<double>(monotonicNow() - begin) / 1e6);
  }
  double seconds = static_cast<double>(monotonicNow() - begin) / 1e9;
  measures.promptRate.add(
      static_cast<double>(flags.promptTokens * flags.batch) / seconds);

  if (times)
    times->phase = 1;
  begin = monotonicNow();
  for (int64_t i = 0; i < flags.tokens; ++i) {
    for (NextToken &next : batch)
      next.token = prompt[static_cast<size_t>(i) % prompt.size()];
    auto logits = decoder.decode(batch);
    if (!logits)
      return logits.takeError();
  }
  seconds = static_cast<double>(monotonicNow() - begin) / 1e9;
  measures.decodeRate.add(static_cast<double>(flags.tokens * flags.batch) /
                          seconds);
  for (const NextToken &next : batch)
    decoder.cache().release(next.sequence);
  return Status::ok();
}

std::string describeTimes(const OperatorTimes &times) {
  std::string text;
  constexpr const char *phases[] = {"prompt", "decode"};
  for (size_t phase = 0; phase < 2; ++phase) {
    int64_t total = 0;
    std::vector<std::pair<int64_t, std::string>> rows;
    for (const auto &[op, entry] : times.times[phase]) {
      total += entry.first;
      rows.push_back({entry.first, op});
    }
    std::sort(rows.rbegin(), rows.rend());
    text += std::string(phases[phase]) + " by operator\n";
    for (const auto &[time, op] : rows) {
      std::string line = "  " + op;
      line.resize(std::max<size_t>(line.size() + 1, 24), ' ');
      text += line + formatReal(100.0 * static_cast<double>(time) / static_cast<double>(std::max<int64_t>(total, 1)), 1) +
              " %  " + formatReal(static_cast<double>(time) / 1e6, 2) + " ms in " +
              std::to_string(times.times[phase].at(op).second) + " launches\n";
    }
  }
  return text;
}

std::string toJson(const Session &session, const BenchFlags &flags,
                   const Measures &measures, const OperatorTimes *times) {
  const Model &header = session.model->artifact.model();
  JsonWriter json;
  json.beginObject()
      .member("version", 1)
      .member("model", header.name)
      .member("quantization", header.quantization)
      .member("level", header.images[session.model->image].level)
      .member("threads", session.model->threads->threads())
      .member("promptTokens", flags.promptTokens)
      .member("tokens", flags.tokens)
      .member("batch", flags.batch)
      .member("runs", flags.repeat);
  measures.timeToFirstToken.write(json, "timeToFirstTokenMs");
  measures.promptRate.write(json, "promptTokensPerSecond");
  measures.decodeRate.write(json, "tokensPerSecond");
  if (times) {
    constexpr const char *phases[] = {"promptOperatorsMs", "decodeOperatorsMs"};
    for (size_t phase = 0; phase < 2; ++phase) {
      json.key(phases[phase]).beginObject();
      for (const auto &[op, entry] : times->times[phase])
        json.member(op, static_cast<double>(entry.first) / 1e6);
      json.end();
    }
  }
  return json.end().text() + "\n";
}

} // namespace

Status runBench(Invocation &invocation) {
  BenchFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  LLMC_TRY(Session session,
           Session::open(invocation.file, flags.execution, flags.batch));
  int64_t context = session.decoder->cache().maxContext();
  if (flags.promptTokens == 0)
    flags.promptTokens = std::clamp<int64_t>(context / 2, 1, 512);
  if (flags.tokens == 0)
    flags.tokens = std::clamp<int64_t>(context / 4, 1, 64);

  std::optional<OperatorTimes> times;
  Measures warm, measures;
  // The first run touches memory for the first time.
  LLMC_CHECK(measure(session, flags, warm, nullptr));
  if (flags.kernels)
    session.decoder->executor().observer =
        &times.emplace(session.model->artifact.model());
  for (int64_t i = 0; i < flags.repeat; ++i)
    LLMC_CHECK(measure(session, flags, measures, times ? &*times : nullptr));
  if (flags.json)
    return print(toJson(session, flags, measures, times ? &*times : nullptr));
  return print("prompt of " + std::to_string(flags.promptTokens) + " tokens, " +
               std::to_string(flags.tokens) + " decoded, batch " +
               std::to_string(flags.batch) + ", median of " +
               std::to_string(flags.repeat) + " (least to most)\n" +
               "time to first token, ms  " + measures.timeToFirstToken.text() +
               "\nprompt, tokens/s         " + measures.promptRate.text() +
               "\ndecode, tokens/s         " + measures.decodeRate.text() +
               "\n" + (times ? describeTimes(*times) : ""));
}

} // namespace llmc

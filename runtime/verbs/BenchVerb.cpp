#include "runtime/support/Json.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/MachineRates.h"
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
  std::string format = "text";
  bool json = false;

  void add(Arguments &arguments) {
    arguments.flags = {
        {"prompt-tokens", 'p', "N", "tokens of the prompt (default 512 or half the context)", &promptTokens, 1},
        {"tokens", 'n', "N", "tokens to decode (default 64 or a quarter of the context)", &tokens, 1},
        {"batch", 'b', "N", "sequences decoded together (default 1)", &batch, 1},
        {"repeat", 'r', "N", "runs; the median is told (default 5)", &repeat, 1},
        {"kernels", 'k', "", "tell the time by operator", &kernels},
        {"format", 0, "NAME", "text, table (markdown), csv or json (default text)", &format},
        {"json", 0, "", "the same as --format=json", &json},
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
  std::vector<double> stepTimes; // ms, of all decode steps of all runs
  uint64_t ownBytes = 0;         // most seen behind a run
  double bandwidth = 0;          // bytes per second
  uint64_t bandwidthBytes = 0;   // that were read to measure it
  std::optional<double> joulesPerToken;
  std::string whyNoEnergy;

  /// Of the steps; \p share in [0, 1]. The nearest rank.
  double percentile(double share) const {
    if (stepTimes.empty())
      return 0;
    std::vector<double> sorted = stepTimes;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
  }
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
    int64_t stepBegin = monotonicNow();
    auto logits = decoder.decode(batch);
    if (!logits)
      return logits.takeError();
    measures.stepTimes.push_back(static_cast<double>(monotonicNow() - stepBegin) / 1e6);
  }
  seconds = static_cast<double>(monotonicNow() - begin) / 1e9;
  measures.decodeRate.add(static_cast<double>(flags.tokens * flags.batch) /
                          seconds);
  measures.ownBytes = std::max(measures.ownBytes, ownMemory());
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
  json.key("interTokenMs")
      .beginObject()
      .member("p50", measures.percentile(0.5))
      .member("p90", measures.percentile(0.9))
      .member("p99", measures.percentile(0.99))
      .end()
      .member("memoryBytes", measures.ownBytes)
      .member("fileBytes", session.model->artifact.fileSize())
      .member("readBytesPerSecond", measures.bandwidth)
      .member("readBytesMeasured", measures.bandwidthBytes);
  if (measures.joulesPerToken)
    json.member("joulesPerToken", *measures.joulesPerToken);
  else
    json.member("whyNoEnergy", measures.whyNoEnergy);
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

/// A row per test, as tables of such measurements are laid out.
std::string toRows(const Session &session, const BenchFlags &flags,
                   const Measures &measures) {
  bool csv = flags.format == "csv";
  const Model &header = session.model->artifact.model();
  auto row = [&](std::initializer_list<std::string> cells) {
    std::string text = csv ? "" : "|";
    for (const std::string &cell : cells) {
      std::string safe;
      // The model's name is whatever its file says.
      for (char c : cell)
        safe += csv && c == '"' ? std::string("\"\"")
                : !csv && c == '|' ? std::string("\\|")
                : static_cast<unsigned char>(c) < ' ' ? std::string(" ")
                                                       : std::string(1, c);
      text += csv ? (text.empty() ? "\"" : ",\"") + safe + "\"" : " " + safe + " |";
    }
    return text + "\n";
  };
  auto test = [&](const std::string &name, const Spread &rate) {
    return row({header.name, header.quantization,
                csv ? std::to_string(session.model->artifact.fileSize())
                    : formatBytes(session.model->artifact.fileSize()),
                header.images[session.model->image].level,
                std::to_string(session.model->threads->threads()),
                std::to_string(flags.batch), name, formatReal(rate.median(), 2),
                formatReal(rate.numbers.front(), 2), formatReal(rate.numbers.back(), 2)});
  };
  std::string text = row({"model", "type", "size", "level", "threads", "batch", "test",
                          "tokens/s", "least", "most"});
  if (!csv)
    text += "| --- | --- | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: |\n";
  return text + test("pp" + std::to_string(flags.promptTokens), measures.promptRate) +
         test("tg" + std::to_string(flags.tokens), measures.decodeRate);
}

/// The rest of the machine's part, behind the runs.
void measureMachine(Session &session, Measures &measures) {
  const Artifact &artifact = session.model->artifact;
  if (artifact.weightsSection() >= artifact.sections().size())
    return;
  auto weights = artifact.sectionBytes(artifact.weightsSection());
  weights = weights.first(std::min<size_t>(weights.size(), size_t(1) << 30));
  measures.bandwidthBytes = weights.size();
  measures.bandwidth = readBandwidth(*session.model->threads, weights);
}

} // namespace

Status runBench(Invocation &invocation) {
  BenchFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  constexpr std::string_view formats[] = {"text", "table", "csv", "json"};
  if (std::ranges::find(formats, flags.format) == std::end(formats))
    return Error{Code::BadFlagValue, "there is no such format",
                 "--format=" + flags.format, "", "use text, table, csv or json"};
  flags.json |= flags.format == "json";
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
  std::optional<uint64_t> energy = Energy::read(measures.whyNoEnergy);
  for (int64_t i = 0; i < flags.repeat; ++i)
    LLMC_CHECK(measure(session, flags, measures, times ? &*times : nullptr));
  std::optional<uint64_t> after = Energy::read(measures.whyNoEnergy);
  // A counter that began anew says nothing.
  if (energy && after && *after >= *energy)
    measures.joulesPerToken =
        static_cast<double>(*after - *energy) / 1e6 /
        static_cast<double>(flags.repeat * flags.batch * (flags.promptTokens + flags.tokens));
  measureMachine(session, measures);
  if (!flags.json && flags.format != "text")
    return print(toRows(session, flags, measures));
  if (flags.json)
    return print(toJson(session, flags, measures, times ? &*times : nullptr));
  return print("prompt of " + std::to_string(flags.promptTokens) + " tokens, " +
               std::to_string(flags.tokens) + " decoded, batch " +
               std::to_string(flags.batch) + ", median of " +
               std::to_string(flags.repeat) + " (least to most)\n" +
               "time to first token, ms  " + measures.timeToFirstToken.text() +
               "\nprompt, tokens/s         " + measures.promptRate.text() +
               "\ndecode, tokens/s         " + measures.decodeRate.text() +
               "\nbetween tokens, ms       " + formatReal(measures.percentile(0.5), 3) +
               " p50, " + formatReal(measures.percentile(0.9), 3) + " p90, " +
               formatReal(measures.percentile(0.99), 3) + " p99" +
               "\nmemory                   " + formatBytes(measures.ownBytes) +
               " and the file, " + formatBytes(session.model->artifact.fileSize()) +
               "\nread bandwidth           " + formatReal(measures.bandwidth / 1e9, 1) +
               " GB/s over " + formatBytes(measures.bandwidthBytes) + " of weights" +
               "\nenergy                   " +
               (measures.joulesPerToken
                    ? formatReal(*measures.joulesPerToken, 3) + " J per token, prompt and decode"
                    : "not measured: " + measures.whyNoEnergy) +
               "\n" + (times ? describeTimes(*times) : ""));
}

} // namespace llmc

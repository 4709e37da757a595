#include "runtime/verbs/BenchReport.h"

#include "runtime/support/Json.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/LoadWords.h"

#include <algorithm>

namespace llmc {

namespace {

constexpr std::string_view peakMemoryCounts = "RssAnon + RssShmem, without mapped files";

constexpr const char *phaseNames[] = {"prompt", "decode"};

std::string spreadText(const Spread &spread) {
  return formatReal(spread.median(), 2) + "  (" + formatReal(spread.least(), 2) + " to " +
         formatReal(spread.most(), 2) + ")";
}

std::string percentText(double share) { return formatReal(100 * share, 1) + " %"; }

/// `1.24 G` of \p number.
std::string scaled(double number) {
  constexpr const char *prefixes[] = {"", " k", " M", " G", " T", " P"};
  size_t step = 0;
  for (; number >= 1000 && step + 1 < std::size(prefixes); ++step)
    number /= 1000;
  return formatReal(number, step > 0 ? 2 : 0) + prefixes[step];
}

std::string describeTimes(const OperatorTimes &times) {
  std::string text;
  for (size_t phase = 0; phase < OperatorTimes::phases; ++phase) {
    int64_t total = 0;
    std::vector<std::pair<int64_t, std::string>> rows;
    for (const auto &[op, entry] : times.times[phase]) {
      total += entry.nanoseconds;
      rows.push_back({entry.nanoseconds, op});
    }
    std::sort(rows.rbegin(), rows.rend());
    text += std::string(phaseNames[phase]) + " by operator\n";
    for (const auto &[time, op] : rows) {
      std::string line = "  " + op;
      line.resize(std::max<size_t>(line.size() + 1, 24), ' ');
      text += line +
              percentText(static_cast<double>(time) /
                          static_cast<double>(std::max<int64_t>(total, 1))) +
              "  " + formatReal(static_cast<double>(time) / 1e6, 2) + " ms in " +
              std::to_string(times.times[phase].at(op).launches) + " launches\n";
    }
  }
  return text;
}

void writeSpread(JsonWriter &json, std::string_view name, const Spread &spread) {
  json.key(name)
      .beginObject()
      .member("median", spread.median())
      .member("least", spread.least())
      .member("most", spread.most())
      .end();
}

constexpr std::string_view noLimits = "not measured on a GPU";

/// What both rows of a table have in common, and what is each one's own.
struct Row {
  std::string test;
  const Spread &rate;
  bool isDecode;
};

/// The cells of a row, one after another.
class Cells {
public:
  explicit Cells(bool csv) : csv(csv) {}
  void add(std::string_view cell) {
    std::string safe;
    // The model's name is whatever its file says.
    for (char c : cell)
      safe += csv && c == '"'                     ? std::string("\"\"")
              : !csv && c == '|'                  ? std::string("\\|")
              : static_cast<unsigned char>(c) < ' ' ? std::string(" ")
                                                  : std::string(1, c);
    line += csv ? (line.empty() ? "\"" : ",\"") + safe + "\""
                : (line.empty() ? "| " : " ") + safe + " |";
  }
  std::string text() const { return line + "\n"; }

private:
  bool csv;
  std::string line;
};

std::string rows(const BenchReport &report, bool csv) {
  const auto &[session, plan, result, times] = report;
  const Model &model = session.model->view();
  auto number = [&](double value, int decimals) {
    return csv ? formatReal(value, 6) : formatReal(value, decimals);
  };
  auto whole = [&](double value) {
    return csv ? formatReal(value, 0) : scaled(value);
  };
  Cells head(csv);
  for (const char *name :
       {"model", "type", "size", "params", "level", "threads", "batch", "test", "tokens/s",
        "least", "most", "first ms", "p50 ms", "p90 ms", "p99 ms", "FLOP/s", "of limit"})
    head.add(name);
  head.add(csv ? "peak memory bytes (RssAnon + RssShmem)" : "peak memory");
  head.add("J/token");
  if (csv)
    for (const char *name :
         {"why no J/token", "FLOP/token", "bytes/token", "limit", "limit how", "runs"})
      head.add(name);
  std::string text = head.text();
  if (!csv)
    text += "| --- | --- | ---: | ---: | --- | ---: | ---: | --- |" +
            std::string(" ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  for (const Row &row : {Row{"pp" + std::to_string(plan.promptTokens), result.promptRate, false},
                         Row{"tg" + std::to_string(plan.tokens), result.decodeRate, true}}) {
    Cells cells(csv);
    uint64_t size = session.model->artifact.fileSize();
    cells.add(model.name);
    cells.add(model.quantization);
    cells.add(csv ? std::to_string(size) : formatBytes(size));
    cells.add(whole(static_cast<double>(parameterCount(model))));
    cells.add(session.model->processor());
    cells.add(std::to_string(session.model->threads->threads()));
    cells.add(std::to_string(plan.batch));
    cells.add(row.test);
    cells.add(number(row.rate.median(), 2));
    cells.add(number(row.rate.least(), 2));
    cells.add(number(row.rate.most(), 2));
    cells.add(row.isDecode ? "" : number(result.timeToFirstToken.median(), 2));
    for (double share : {0.5, 0.9, 0.99})
      cells.add(row.isDecode ? number(result.percentile(share), 3) : "");
    cells.add(whole(row.isDecode ? result.decodeOperationsPerSecond()
                                 : result.promptOperationsPerSecond()));
    double share = row.isDecode ? result.bandwidthShare() : result.matrixShare();
    cells.add(!session.hasLimits() ? "" : csv ? formatReal(share, 6) : percentText(share));
    cells.add(csv ? std::to_string(result.peakBytes) : formatBytes(result.peakBytes));
    if (result.joulesPerToken)
      cells.add(number(*result.joulesPerToken, 3));
    else
      cells.add(csv ? "" : "none: " + result.whyNoEnergy);
    if (csv) {
      cells.add(result.whyNoEnergy);
      const TokenCost &cost = row.isDecode ? result.decode : result.prompt;
      cells.add(whole(cost.operations));
      cells.add(whole(cost.bytes()));
      double limit = row.isDecode ? result.bandwidth : result.matrix.operationsPerSecond;
      cells.add(session.hasLimits() ? whole(limit) : "");
      cells.add(!session.hasLimits() ? std::string(noLimits)
                : row.isDecode       ? "bytes/s, read of weights"
                                     : "FLOP/s, " + std::string(result.matrix.how));
      cells.add(std::to_string(plan.repeat));
    }
    text += cells.text();
  }
  return text;
}

/// The lines of what the schedule computes and reads.
template <typename Line>
void describeCosts(const BenchResult &r, bool hasLimits, Line line) {
  auto share = [&](double of, const char *what) {
    return hasLimits ? ", " + percentText(of) + what : std::string();
  };
  line("prompt, FLOP/s", scaled(r.promptOperationsPerSecond()) + " (" +
                             scaled(r.prompt.operations) + " a token)" +
                             share(r.matrixShare(), " of the matrix rate"));
  line("decode, FLOP/s", scaled(r.decodeOperationsPerSecond()) + " (" +
                             scaled(r.decode.operations) + " a token)");
  line("decode, read",
       formatBytes(static_cast<uint64_t>(r.decode.bytes())) + " a token (weights " +
           formatBytes(static_cast<uint64_t>(r.decode.weightBytes)) + ", cache " +
           formatBytes(static_cast<uint64_t>(r.decode.cacheBytes)) + "): " +
           formatReal(r.decodeBytesPerSecond() / 1e9, 1) + " GB/s" +
           share(r.bandwidthShare(), " of the read bandwidth"));
}

} // namespace

std::string BenchReport::text() const {
  const Model &model = session.model->view();
  const BenchResult &r = result;
  std::string out;
  auto line = [&](std::string label, const std::string &what) {
    label.resize(25, ' ');
    out += label + what + "\n";
  };
  out = "prompt of " + std::to_string(plan.promptTokens) + " tokens, " +
        std::to_string(plan.tokens) + " decoded, batch " + std::to_string(plan.batch) +
        ", median of " + std::to_string(plan.repeat) + " (least to most)\n";
  line("time to first token, ms", spreadText(r.timeToFirstToken));
  line("prompt, tokens/s", spreadText(r.promptRate));
  line("decode, tokens/s", spreadText(r.decodeRate));
  line("between tokens, ms", formatReal(r.percentile(0.5), 3) + " p50, " +
                                 formatReal(r.percentile(0.9), 3) + " p90, " +
                                 formatReal(r.percentile(0.99), 3) + " p99");
  if (!r.hasCosts())
    line("FLOP/s", "not known: the file was compiled without these figures");
  else
    describeCosts(r, session.hasLimits(), line);
  if (session.hasLimits()) {
    line("matrix rate", scaled(r.matrix.operationsPerSecond) + "FLOP/s (" +
                            std::string(r.matrix.how) + ")");
    line("read bandwidth", formatReal(r.bandwidth / 1e9, 1) + " GB/s over " +
                               formatBytes(r.bandwidthBytes) + " of weights");
    line("weights", describeLoading(session.model->loadReport()));
  } else {
    line("device", session.model->processor());
    line("limits", std::string(noLimits));
  }
  line("peak memory", formatBytes(r.peakBytes) + ", private and shared (" +
                          std::string(peakMemoryCounts) + ")");
  line("file", formatBytes(session.model->artifact.fileSize()));
  line("parameters", scaled(static_cast<double>(parameterCount(model))));
  line("energy", r.joulesPerToken
                     ? formatReal(*r.joulesPerToken, 3) + " J per token, prompt and decode"
                     : "not measured: " + r.whyNoEnergy);
  return out + (times ? describeTimes(*times) : "");
}

std::string BenchReport::table() const { return rows(*this, false); }
std::string BenchReport::csv() const { return rows(*this, true); }

std::string BenchReport::json() const {
  const Model &model = session.model->view();
  JsonWriter json;
  json.beginObject()
      .member("version", 1)
      .member("model", model.name)
      .member("quantization", model.quantization)
      .member("level", session.model->processor())
      .member("threads", session.model->threads->threads())
      .member("promptTokens", plan.promptTokens)
      .member("tokens", plan.tokens)
      .member("batch", plan.batch)
      .member("chunk", plan.chunk)
      .member("runs", plan.repeat)
      .member("parameters", parameterCount(model))
      .member("fileBytes", session.model->artifact.fileSize());
  writeSpread(json, "timeToFirstTokenMs", result.timeToFirstToken);
  writeSpread(json, "promptTokensPerSecond", result.promptRate);
  writeSpread(json, "tokensPerSecond", result.decodeRate);
  json.key("interTokenMs")
      .beginObject()
      .member("p50", result.percentile(0.5))
      .member("p90", result.percentile(0.9))
      .member("p99", result.percentile(0.99))
      .end();
  auto cost = [&](std::string_view name, const TokenCost &token, double perSecond) {
    json.key(name)
        .beginObject()
        .member("flopPerToken", token.operations)
        .member("flopPerSecond", perSecond)
        .member("weightBytesPerToken", token.weightBytes)
        .member("cacheBytesPerToken", token.cacheBytes);
  };
  cost("prompt", result.prompt, result.promptOperationsPerSecond());
  if (session.hasLimits())
    json.member("matrixShare", result.matrixShare());
  json.end();
  cost("decode", result.decode, result.decodeOperationsPerSecond());
  json.member("readBytesPerSecond", result.decodeBytesPerSecond());
  if (session.hasLimits())
    json.member("bandwidthShare", result.bandwidthShare());
  json.end();
  if (session.hasLimits())
    json.member("matrixFlopPerSecond", result.matrix.operationsPerSecond)
        .member("matrixRateHow", result.matrix.how)
        .member("readBytesPerSecond", result.bandwidth)
        .member("readBytesMeasured", result.bandwidthBytes);
  else
    json.member("whyNoLimits", noLimits);
  json.member("peakMemoryBytes", result.peakBytes).member("peakMemoryCounts", peakMemoryCounts);
  if (session.hasLimits())
    writeLoading(json, session.model->loadReport());
  if (result.joulesPerToken)
    json.member("joulesPerToken", *result.joulesPerToken);
  else
    json.member("whyNoEnergy", result.whyNoEnergy);
  if (times) {
    constexpr const char *names[] = {"promptOperatorsMs", "decodeOperatorsMs"};
    for (size_t phase = 0; phase < OperatorTimes::phases; ++phase) {
      json.key(names[phase]).beginObject();
      for (const auto &[op, entry] : times->times[phase])
        json.member(op, static_cast<double>(entry.nanoseconds) / 1e6);
      json.end();
    }
  }
  return json.end().text() + "\n";
}

} // namespace llmc

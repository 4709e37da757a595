#include "runtime/support/Json.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/InputText.h"
#include "runtime/verbs/ProgressLine.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/Verbs.h"

#include <algorithm>
#include <cmath>

namespace llmc {

namespace {

/// Bytes that take a noticeable time to tokenize.
constexpr size_t longText = 1 << 20;

/// -log of the probability of \p token under \p logits [vocabulary].
double surprise(std::span<const float> logits, int32_t token) {
  float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(static_cast<double>(logit) - largest);
  return std::log(sum) + largest - logits[static_cast<size_t>(token)];
}

/// The sum over a text, window by window of the context; the first token of a
/// window has nothing before it and is not judged.
struct Evaluation {
  std::vector<double> surprises; // one per judged token
  std::vector<int32_t> tokens;
  double sum = 0;

  Status run(Session &session, std::span<const int32_t> text, ProgressLine &line);

private:
  void tell(size_t done, size_t total, int64_t begin, ProgressLine &line) const;
};

/// `eval 12 % at 3456 tokens/s, perplexity 4.3 so far, 3.2 s left`.
void Evaluation::tell(size_t done, size_t total, int64_t begin, ProgressLine &line) const {
  if (!line.isDue() || surprises.empty())
    return;
  int64_t time = std::max<int64_t>(monotonicNow() - begin, 1);
  auto part = static_cast<double>(done), all = static_cast<double>(total);
  line.show("eval " + formatReal(100 * part / all, 0) + " % at " +
            formatReal(1e9 * part / static_cast<double>(time), 0) + " tokens/s, perplexity " +
            formatReal(std::exp(sum / static_cast<double>(surprises.size())), 2) + " so far" +
            timeLeft(part, all, time));
}

Status Evaluation::run(Session &session, std::span<const int32_t> text, ProgressLine &line) {
  size_t total = text.size();
  int64_t begin = monotonicNow();
  Decoder &decoder = *session.decoder;
  auto context = static_cast<size_t>(decoder.cache().maxContext());
  while (text.size() > 1) {
    auto window = text.first(std::min(context, text.size()));
    int32_t sequence = decoder.start();
    LLMC_CHECK(decoder.everyRow(
        sequence, window, [&](size_t row, std::span<const float> logits) {
          if (row + 1 < window.size()) {
            surprises.push_back(surprise(logits, window[row + 1]));
            tokens.push_back(window[row + 1]);
            sum += surprises.back();
          }
          tell(total - text.size() + row + 1, total, begin, line);
          return Status::ok();
        }));
    decoder.cache().release(sequence);
    text = text.subspan(window.size());
  }
  return Status::ok();
}

} // namespace

Status runEval(Invocation &invocation) {
  ExecutionFlags execution;
  std::string textFile, ids;
  bool perToken = false, json = false;
  Arguments arguments;
  arguments.flags = {
      {"text", 0, "FILE", "the text to judge; - reads it from stdin", &textFile},
      {"ids", 0, "LIST", "token ids instead of a text", &ids},
      {"per-token", 0, "", "print a line per token: id and -log p", &perToken},
      {"json", 0, "", "print JSON", &json},
  };
  execution.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  if (textFile.empty() == ids.empty())
    return Error{Code::MissingArgument, "there must be one text", "",
                 "either --text or --ids is needed", "--text=story.txt"};

  LLMC_TRY(Session session, Session::open(invocation.file, execution));
  std::vector<int32_t> tokens;
  ProgressLine line;
  if (ids.empty()) {
    LLMC_TRY(InputText input, InputText::read(textFile));
    std::string_view text = input.text();
    if (text.size() > longText)
      line.showNow("eval: " + formatBytes(text.size()) + " of text become tokens");
    LLMC_TRY(tokens, session.encode(text));
  } else {
    LLMC_TRY(tokens, parseIds(ids));
  }
  if (tokens.size() < 2)
    return Error{Code::MissingArgument, "the text is too short",
                 ids.empty() ? textFile : "--ids",
                 "a token is judged by those before it: two are needed",
                 "give a longer text"};
  Evaluation evaluation;
  LLMC_CHECK(evaluation.run(session, tokens, line));
  line.clear();
  auto count = static_cast<double>(evaluation.surprises.size());
  double mean = count > 0 ? evaluation.sum / count : 0;

  if (json) {
    JsonWriter out;
    out.beginObject()
        .member("version", 1)
        .member("tokens", uint64_t(evaluation.surprises.size()))
        .member("meanNegativeLogLikelihood", mean)
        .member("perplexity", std::exp(mean));
    if (perToken) {
      out.key("negativeLogLikelihoods").beginArray();
      for (double number : evaluation.surprises)
        out.value(number);
      out.end();
    }
    return print(out.end().text() + "\n");
  }
  std::string text;
  if (perToken)
    for (size_t i = 0; i < evaluation.surprises.size(); ++i)
      text += std::to_string(evaluation.tokens[i]) + "\t" +
              formatReal(evaluation.surprises[i], 6) + "\n";
  return print(text + "perplexity " + formatReal(std::exp(mean), 4) +
               " (-log p " + formatReal(mean, 6) + ", " +
               std::to_string(evaluation.surprises.size()) + " tokens)\n");
}

} // namespace llmc

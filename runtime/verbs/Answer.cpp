#include "runtime/verbs/Answer.h"

#include "runtime/support/Json.h"

namespace llmc {

Answer::Answer(const Session &session, std::span<const int32_t> prompt,
               const std::vector<std::string> &stops, bool asIds)
    : stops(stops) {
  if (session.tokenizer && !asIds)
    stream.emplace(*session.tokenizer, prompt);
}

bool Answer::take(int32_t token, std::string &piece) {
  if (!stream) {
    piece += "," + std::to_string(token);
    return true;
  }
  piece += stops.push(stream->push(token));
  return !stops.stopped();
}

void Answer::finish(std::string &piece) {
  if (!stream)
    return;
  piece += stops.push(stream->flush());
  piece += stops.flush();
}

std::string joinIds(std::span<const int32_t> ids) {
  std::string text;
  for (int32_t id : ids)
    text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

double perSecond(int64_t count, int64_t nanoseconds) {
  return nanoseconds > 0 ? 1e9 * static_cast<double>(count) /
                               static_cast<double>(nanoseconds)
                         : 0;
}

std::string answerJson(int64_t index, const std::string *prompt,
                       const std::string *text,
                       std::span<const int32_t> promptIds,
                       const Generation &result) {
  JsonWriter json;
  auto addIds = [&](std::string_view name, std::span<const int32_t> ids) {
    json.key(name).beginArray();
    for (int32_t id : ids)
      json.value(id);
    json.end();
  };
  json.beginObject().member("version", 1);
  if (index >= 0)
    json.member("index", index);
  if (prompt && text)
    json.member("prompt", *prompt).member("text", *text);
  addIds("promptTokens", promptIds);
  addIds("tokens", result.tokens);
  json.member("end", textEndName(result.end))
      .member("timeToFirstTokenMs",
              static_cast<double>(result.prefillTime) / 1e6)
      .member("promptTokensPerSecond",
              perSecond(static_cast<int64_t>(promptIds.size()),
                        result.prefillTime))
      .member("tokensPerSecond",
              perSecond(result.decodeSteps, result.decodeTime));
  return json.end().text() + "\n";
}

} // namespace llmc

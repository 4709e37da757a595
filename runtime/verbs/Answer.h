/// What `run` says of a text: pieces as tokens come, and the JSON at its end.
#ifndef LLMC_RUNTIME_VERBS_ANSWER_H
#define LLMC_RUNTIME_VERBS_ANSWER_H

#include "runtime/sampling/StopMatcher.h"
#include "runtime/verbs/Generate.h"
#include "runtime/verbs/Session.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace llmc {

/// Tokens to text up to a stop string, or to ids behind commas.
class Answer {
public:
  /// \p asIds: the prompt came as ids. \p prompt is only read here.
  Answer(const Session &session, std::span<const int32_t> prompt,
         const std::vector<std::string> &stops, bool asIds);

  /// Appends to \p piece what can be given out; false ends the text.
  bool take(int32_t token, std::string &piece);
  void finish(std::string &piece);

private:
  sampling::StopMatcher stops;
  std::optional<tokenizer::StreamDecoder> stream;
};

/// `1,403,407`.
std::string joinIds(std::span<const int32_t> ids);
double perSecond(int64_t count, int64_t nanoseconds);

/// A line of JSON. \p prompt and \p text are null where ids came and go;
/// \p index is negative where there is one prompt only.
std::string answerJson(int64_t index, const std::string *prompt,
                       const std::string *text,
                       std::span<const int32_t> promptIds,
                       const Generation &result);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_ANSWER_H

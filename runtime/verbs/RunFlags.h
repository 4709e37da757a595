/// The flags of `run`, and what they say about one text.
#ifndef LLMC_RUNTIME_VERBS_RUNFLAGS_H
#define LLMC_RUNTIME_VERBS_RUNFLAGS_H

#include "runtime/verbs/Generate.h"
#include "runtime/verbs/SamplingFlags.h"
#include "runtime/verbs/Session.h"

#include <optional>
#include <string>
#include <vector>

namespace llmc {

struct RunFlags {
  ExecutionFlags execution;
  std::string prompt;
  std::optional<int64_t> maxTokens;
  SamplingFlags sampling;
  std::vector<std::string> stops;
  std::string ids, trace;
  std::string prompts; ///< A file of prompts; empty: there is one.
  int64_t batch = 8;   ///< Of those, how many at once.
  bool json = false;

  void add(Arguments &arguments);
  /// Over the model's own defaults.
  GenerateOptions options(const Session &session) const;
};

/// All of stdin, which ends a text with a line break that is not meant. Stops
/// reading beyond \p most bytes (0: no limit): whoever asked refuses those.
/// Errors: TooLarge, CannotRead.
Result<std::string> readStdin(size_t most);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_RUNFLAGS_H

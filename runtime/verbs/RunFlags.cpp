#include "runtime/verbs/RunFlags.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace llmc {

namespace {
/// Tokens of a text where nothing else is said.
constexpr int64_t defaultMaxTokens = 256;
} // namespace

void RunFlags::add(Arguments &arguments) {
  arguments.flags = {
      {"max-tokens", 'n', "N", "tokens to generate at most (default 256; 0: until the context is full)", &maxTokens, 0, true},
  };
  sampling.add(arguments);
  const Arguments::Flag others[] = {
      {"stop", 0, "TEXT", "end the text before TEXT; may be given several times", &stops},
      {"ids", 0, "LIST", "the prompt as token ids, 1,403,407; prints ids", &ids},
      {"prompts", 0, "FILE", "continue every line of FILE (- is stdin), or every JSON line: {\"prompt\" or \"ids\", \"n\", \"seed\", ...}", &prompts},
      {"batch", 'b', "N", "prompts of --prompts computed together (default 8)", &batch, 1, true},
      {"json", 0, "", "print text, tokens and timings as JSON", &json},
      {"trace", 0, "FILE", "write the time of every kernel for Perfetto", &trace},
  };
  arguments.flags.insert(arguments.flags.end(), std::begin(others), std::end(others));
  execution.add(arguments);
  arguments.positionals = {
      {"PROMPT", "the text to continue; - reads it from stdin", &prompt, false}};
}

GenerateOptions RunFlags::options(const Session &session) const {
  GenerateOptions options;
  options.sampling = sampling.over(session.config->defaults);
  options.maxTokens = maxTokens.value_or(defaultMaxTokens);
  options.eosTokens = session.eosTokens();
  return options;
}

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

} // namespace llmc

/// The verbs that run a model: of `./model.bin VERB …` and `llmc VERB FILE …`.
#ifndef LLMC_RUNTIME_VERBS_VERBS_H
#define LLMC_RUNTIME_VERBS_VERBS_H

#include "runtime/support/Error.h"
#include "runtime/verbs/Arguments.h"

#include <span>
#include <string>
#include <string_view>

namespace llmc {

struct Verb;

/// One invocation of a verb.
struct Invocation {
  const Verb *verb = nullptr;
  std::string program; ///< As the user writes it: `llmc`, `./story.bin`.
  /// The model.bin; where it is empty, the first positional names it.
  std::string file;
  /// What errors call the file; empty: by its path.
  std::string fileName;
  std::span<const std::string_view> words; ///< Behind the verb.

  /// What the environment gave, after parse.
  std::vector<Arguments::Setting> settings = {};

  /// Adds FILE where it is needed, and parses. False where --help was asked
  /// for and has been printed: the verb then returns.
  Result<bool> parse(Arguments &arguments);
};

struct Verb {
  std::string_view name;
  std::string_view summary; ///< One line.
  /// What follows program (and file) in each example, a line each.
  std::string_view examples;
  bool takesFile = true;
  Status (*run)(Invocation &invocation);
};

/// In the order in which help lists them.
std::span<const Verb> runTimeVerbs();
const Verb *findVerb(std::string_view name);

/// Runs \p invocation; prints its error. Returns the process's exit code.
int runVerb(Invocation invocation);

/// The main function of a model.bin: \p program is its argv[0], \p self a path
/// that surely leads to it, \p words what stands behind it on the command line.
/// Without a verb the words are run's.
int modelMain(std::string program, std::string self,
              std::span<const std::string_view> words);

/// A list with names and summaries, for `--help`.
std::string describeVerbs();
inline constexpr std::string_view versionText = "llmc 0.1.0";

// One per file <Name>Verb.cpp.
Status runRun(Invocation &invocation);
Status runChat(Invocation &invocation);
Status runBench(Invocation &invocation);
Status runInspect(Invocation &invocation);
Status runVerify(Invocation &invocation);
Status runEval(Invocation &invocation);
Status runLogits(Invocation &invocation);
Status runInfer(Invocation &invocation);
Status runDoctor(Invocation &invocation);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_VERBS_H

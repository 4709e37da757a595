#include "runtime/verbs/Verbs.h"

#include "runtime/verbs/Console.h"

namespace llmc {

namespace {

constexpr Verb verbs[] = {
    {"run", "continue a prompt",
     "\"Once upon a time\"\n"
     "-n 100 --temperature=0.8 --seed=7 \"Once upon a time\"\n"
     "--ids=1,403,407 --json\n"
     "- < prompt.txt\n",
     true, runRun},
    {"bench", "measure speed of prompt and decode",
     "\n-p 512 -n 128 --threads=4\n--kernels --json\n", true, runBench},
    {"inspect", "show what is in the file",
     "\n--schedule\n--memory\n--json\n", true, runInspect},
    {"verify", "compare every byte with its checksum", "\n--json\n", true,
     runVerify},
    {"eval", "perplexity of a text",
     "--text=story.txt\n--text=story.txt --per-token\n", true, runEval},
    {"logits", "write the logits of a prompt as .npy or .pb",
     "--ids=1,403,407 --out=logits.npy\n--text=\"Once\" --step --out=logits.npy\n",
     true, runLogits},
    {"infer", "run a graph on tensors",
     "x=x.npy mask=mask.npy --out-dir=results\n"
     "input_0.pb --expect=output_0.pb\n"
     "x=x.pb --out=y=y.pb\n",
     true, runInfer},
    {"doctor", "show what this machine offers", "\n--json\n", false, runDoctor},
};

/// `./model.bin run` or `llmc run FILE`, as examples spell it.
std::string spelling(const Invocation &invocation) {
  std::string text = invocation.program + " " +
                     std::string(invocation.verb->name);
  if (invocation.file.empty() && invocation.verb->takesFile)
    text += " model.bin";
  return text;
}

std::string helpText(const Invocation &invocation, const Arguments &arguments) {
  const Verb &verb = *invocation.verb;
  std::string text = std::string(verb.name) + ": " + std::string(verb.summary) +
                     "\n\nExamples:\n";
  std::string_view examples = verb.examples;
  while (!examples.empty()) {
    size_t end = examples.find('\n');
    text += "  " + spelling(invocation) + (end > 0 ? " " : "") +
            std::string(examples.substr(0, end)) + "\n";
    examples.remove_prefix(end + 1);
  }
  text += "\nUsage: " + invocation.program + " " + std::string(verb.name) +
          arguments.usage() + "\n";
  if (std::string flags = arguments.describeFlags(); !flags.empty())
    text += "\nFlags:\n" + flags;
  return text;
}

} // namespace

std::span<const Verb> runTimeVerbs() { return verbs; }

const Verb *findVerb(std::string_view name) {
  for (const Verb &verb : verbs)
    if (verb.name == name)
      return &verb;
  return nullptr;
}

std::string describeVerbs() {
  std::string text;
  for (const Verb &verb : verbs) {
    std::string line = "  " + std::string(verb.name);
    line.resize(12, ' ');
    text += line + std::string(verb.summary) + "\n";
  }
  return text;
}

Result<bool> Invocation::parse(Arguments &arguments) {
  // The usage line shows FILE only where the user writes it.
  std::string given;
  if (file.empty() && verb->takesFile)
    arguments.positionals.insert(arguments.positionals.begin(),
                                 {"FILE", "the model.bin", &given, true});
  LLMC_CHECK(arguments.parse(words));
  if (arguments.help) {
    LLMC_CHECK(print(helpText(*this, arguments)));
    return false;
  }
  if (file.empty())
    file = given;
  return true;
}

int runVerb(const Verb &verb, std::string program, std::string file,
            std::span<const std::string_view> words) {
  explainFatalEvents();
  Invocation invocation{&verb, std::move(program), std::move(file), words};
  Status status = verb.run(invocation);
  if (status)
    return static_cast<int>(Exit::Ok);
  if (status.error().code != Code::Interrupted)
    report(status.error().render());
  return static_cast<int>(status.error().exit());
}

int modelMain(std::string program, std::string self,
              std::span<const std::string_view> words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" ||
      words[0] == "help") {
    std::string text =
        "A language model compiled by llmc.\n\nExamples:\n  " + program +
        " \"Once upon a time\"\n  " + program + " inspect\n\nVerbs (without one: run):\n" +
        describeVerbs() + "\n" + program + " VERB --help tells more.\n";
    // Without any word nothing was asked for that stdout could answer.
    if (words.empty()) {
      report(text);
      return static_cast<int>(Exit::Usage);
    }
    return print(text) ? 0 : static_cast<int>(Exit::IoError);
  }
  if (words[0] == "--version" || words[0] == "version")
    return print(std::string(versionText) + "\n") ? 0 : static_cast<int>(Exit::IoError);
  if (const Verb *verb = findVerb(words[0]))
    return runVerb(*verb, std::move(program), std::move(self), words.subspan(1));
  return runVerb(*findVerb("run"), std::move(program), std::move(self), words);
}

} // namespace llmc

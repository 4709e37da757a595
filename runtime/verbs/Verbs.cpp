#include "runtime/verbs/Verbs.h"

#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"

#include <unistd.h>
#include <vector>

namespace llmc {

namespace {

constexpr Verb verbs[] = {
    {"run", "continue a prompt",
     "\"Once upon a time\"\n"
     "-n 100 --temperature=0.8 --seed=7 \"Once upon a time\"\n"
     "--ids=1,403,407 --json\n"
     "- < prompt.txt\n"
     "--prompts=prompts.txt --batch=8 --json\n",
     true, runRun},
    {"chat", "talk with the model, turn by turn",
     "\n--system=\"Answer briefly.\"\n--json < questions.txt\n", true, runChat},
    {"bench", "measure speed of prompt and decode",
     "\n-p 512 -n 128 --threads=4\n--kernels --json\n--batch=8 --format=table\n", true, runBench},
    {"inspect", "show what is in the file",
     "\n--schedule\n--memory\n--report=report.html --measure\n--json\n", true, runInspect},
    {"verify", "compare every byte with its checksum", "\n--json\n", true,
     runVerify},
    {"eval", "perplexity of a text",
     "--text=story.txt\n--text=story.txt --per-token\n", true, runEval},
    {"logits", "write the logits of a prompt as .npy or .pb",
     "--ids=1,403,407 --out=logits.npy\n--text=\"Once\" --step --out=logits.npy\n"
     "--ids=1,403 --ids=1,407 --batch=2 --last --out=logits.npy\n",
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
  settings = arguments.fromEnvironment;
  return true;
}

namespace {

/// The path of a program that was called by \p program: found along PATH where
/// that names no folder.
std::string pathOf(const std::string &program, const std::string &self) {
  if (program.find('/') != std::string::npos)
    return program;
  char path[4096];
  ssize_t count = ::readlink(self.c_str(), path, sizeof path);
  return count > 0 ? std::string(path, static_cast<size_t>(count)) : program;
}

/// A model.bin finds itself by a name that tells its user nothing.
void rename(Error &error, const std::string &path, const std::string &name) {
  for (std::string *text : {&error.what, &error.where, &error.why, &error.fix})
    for (size_t at = 0; (at = text->find(path, at)) != std::string::npos;
         at += name.size())
      text->replace(at, path.size(), name);
}

/// Words that ask a model.bin for what only llmc does.
Error compilersVerb(std::string_view verb, const std::string &program) {
  return {Code::UnknownVerb, "a model.bin does not " + std::string(verb), program,
          "it holds what runs the model; `llmc` compiles and explains",
          "llmc " + std::string(verb) +
              (verb == "compile" ? " model.onnx -o model.bin" : " LLMC-E201") +
              "; for a prompt that begins so: run \"" + std::string(verb) +
              " ...\""};
}

/// A lone word that looks like a verb is a prompt all the same; whoever sees it
/// on a terminal is told.
void suggestVerb(std::span<const std::string_view> words,
                 const std::string &program) {
  std::vector<std::string_view> names;
  for (const Verb &verb : verbs)
    names.push_back(verb.name);
  std::string_view meant = words.size() == 1 ? nearest(words[0], names) : "";
  if (!meant.empty() && stderrIsTerminal())
    report("note: `" + std::string(words[0]) + "` is taken as a prompt; the verb is " +
           program + " " + std::string(meant) + "\n");
}

/// The exit code of an answer that is \p text.
int answer(const std::string &text) {
  Status status = print(text);
  return status ? static_cast<int>(Exit::Ok) : fail(status.error(), /*json=*/false);
}

} // namespace

int runVerb(Invocation invocation) {
  bool json = wantsJson(invocation.words);
  catchFatalEvents(json);
  std::string given = invocation.file;
  Status status = invocation.verb->run(invocation);
  if (status)
    return static_cast<int>(Exit::Ok);
  nameVariables(status.error(), invocation.settings);
  if (!given.empty() && !invocation.fileName.empty())
    rename(status.error(), given, invocation.fileName);
  return fail(status.error(), json);
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
    return answer(text);
  }
  if (words[0] == "--version" || words[0] == "version")
    return answer(std::string(versionText) + "\n");
  if (words[0] == "compile" || words[0] == "explain")
    return fail(compilersVerb(words[0], program), wantsJson(words));
  std::string name = pathOf(program, self);
  if (const Verb *verb = findVerb(words[0]))
    return runVerb({verb, program, self, name, words.subspan(1)});
  suggestVerb(words, program);
  return runVerb({findVerb("run"), program, self, name, words});
}

} // namespace llmc

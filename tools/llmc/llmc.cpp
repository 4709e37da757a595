/// The compiler's executable: finds the verb and hands over.
#include "runtime/verbs/Arguments.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"
#include "runtime/verbs/Verbs.h"
#include "tools/llmc/Signals.h"
#include "tools/llmc/Verbs.h"

namespace llmc {

namespace {

std::string helpText() {
  return "llmc turns a language model into one executable and runs it.\n\n"
         "Examples:\n"
         "  llmc compile model.onnx -o model.bin\n"
         "  ./model.bin \"Once upon a time\"\n"
         "  llmc explain LLMC-E201\n\n"
         "Verbs:\n"
         "  compile   turn a model into a model.bin\n" +
         describeVerbs() +
         "  explain   tell what an error code means\n"
         "  help      print this text, or a verb's\n\n"
         "llmc VERB --help tells more. A model.bin takes the verbs that run it "
         "itself.\n";
}

Error unknownVerb(std::string_view word) {
  std::vector<std::string_view> names = {"compile", "explain", "help",
                                         "--version", "--help"};
  for (const Verb &verb : runTimeVerbs())
    names.push_back(verb.name);
  std::string_view meant = nearest(word, names);
  return {Code::UnknownVerb, "there is no verb " + std::string(word), "", "",
          meant.empty() ? "llmc --help lists the verbs"
                        : "did you mean " + std::string(meant) + "?"};
}

int dispatch(std::span<const std::string_view> words) {
  std::string_view word = words[0];
  std::span<const std::string_view> rest = words.subspan(1);
  if (word == "compile")
    return compileMain(rest);
  if (word == "explain")
    return explainMain(rest);
  if (const Verb *verb = findVerb(word))
    return runVerb({verb, "llmc", "", "", rest});
  return fail(unknownVerb(word), wantsJson(rest));
}

int mainOf(std::span<const std::string_view> words) {
  auto answer = [](const std::string &text) {
    Status status = print(text);
    return status ? static_cast<int>(Exit::Ok) : fail(status.error(), false);
  };
  if (words.empty()) {
    report(helpText());
    return static_cast<int>(Exit::Usage);
  }
  if (words[0] == "--version" || words[0] == "version")
    return answer(std::string(versionText) + "\n");
  bool wantsHelp =
      words[0] == "help" || words[0] == "--help" || words[0] == "-h";
  if (!wantsHelp)
    return dispatch(words);
  if (words.size() == 1)
    return answer(helpText());
  const std::string_view asked[] = {words[1], "--help"};
  return dispatch(asked);
}

} // namespace

} // namespace llmc

int main(int argc, char **argv) {
  llmc::keepStandardFiles();
  llmc::installSignalHandlers(argc, argv);
  std::vector<std::string_view> words(argv + (argc > 0), argv + argc);
  return llmc::mainOf(words);
}

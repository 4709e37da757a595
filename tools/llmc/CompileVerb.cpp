#include "tools/llmc/Verbs.h"

#include "compiler/Compiler.h"
#include "passes/Passes.h"
#include "runtime/support/Json.h"
#include "runtime/verbs/Arguments.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"
#include "tools/llmc/CompileArguments.h"
#include "tools/llmc/Progress.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

namespace llmc {

namespace {

/// Hands `--mlir-…` to MLIR, which obeys when a context or pass manager is
/// made.
Status applyMlirFlags(const std::vector<std::string> &flags) {
  if (flags.empty())
    return Status::ok();
  // Flags such as --mlir-print-ir-after name passes.
  registerLlmcPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  std::vector<std::string_view> known;
  for (const auto &entry : llvm::cl::getRegisteredOptions())
    known.push_back(entry.first);
  std::vector<const char *> words = {"llmc"};
  for (const std::string &flag : flags) {
    std::string_view name = flag;
    name = name.substr(2, name.find('=') - 2);
    if (std::ranges::find(known, name) == known.end()) {
      std::string_view meant = nearest(name, known);
      return Error{Code::UnknownFlag, "there is no flag --" + std::string(name),
                   "", "",
                   meant.empty() ? "llmc compile --help lists the flags"
                                 : "did you mean --" + std::string(meant) + "?"};
    }
    words.push_back(flag.c_str());
  }
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (llvm::cl::ParseCommandLineOptions(static_cast<int>(words.size()),
                                        words.data(), "", &stream))
    return Status::ok();
  while (message.ends_with('\n'))
    message.pop_back();
  return Error{Code::BadFlagValue, "MLIR does not take a flag as it is written", "",
               message, "write its value behind `=`"};
}

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// What was found and made, for stderr.
std::string describe(const CompileOptions &options,
                     const CompileSummary &summary) {
  std::string text;
  auto line = [&](const char *label, const std::string &body) {
    if (!body.empty())
      text += std::string(label) + body + "\n";
  };
  line("used     ", joined(summary.files));
  line("found    ", joined(summary.report));
  if (summary.kernels > 0)
    line("kernels  ", std::to_string(summary.kernels) + " for " +
                          joined(summary.targets) + " (" +
                          std::to_string(summary.kernelsCached) + " cached, " +
                          std::to_string(summary.kernelsGenerated) +
                          " generated)");
  if (options.emit == EmitStage::Artifact) {
    std::string activations =
        summary.arenaBytes
            ? formatBytes(static_cast<uint64_t>(*summary.arenaBytes)) +
                  " of activations"
            : "activations as large as the inputs ask for";
    line("memory   ",
         summary.cacheBytesPerToken == 0
             ? activations
             : activations + ", " +
                   formatBytes(
                       static_cast<uint64_t>(summary.cacheBytesPerToken)) +
                   " of cache per token");
    line("wrote    ", options.output + ": " + formatBytes(summary.fileBytes) +
                          ", " + formatBytes(summary.weightBytes) +
                          " of it weights, in " +
                          formatReal(summary.seconds, 2) + " s");
  }
  for (const std::string &note : summary.notes)
    line("note     ", note);
  return text;
}

void addList(JsonWriter &json, std::string_view name,
             const std::vector<std::string> &words) {
  json.key(name).beginArray();
  for (const std::string &word : words)
    json.value(word);
  json.end();
}

std::string toJson(const CompileOptions &options,
                   const CompileSummary &summary) {
  JsonWriter json;
  json.beginObject().member("version", 1).member("output", options.output);
  addList(json, "files", summary.files);
  addList(json, "found", summary.report);
  addList(json, "notes", summary.notes);
  addList(json, "targets", summary.targets);
  json.member("kernels", summary.kernels)
      .member("kernelsCached", summary.kernelsCached)
      .member("kernelsGenerated", summary.kernelsGenerated)
      .member("weightBytes", summary.weightBytes)
      .member("fileBytes", summary.fileBytes)
      .member("cacheBytesPerToken", summary.cacheBytesPerToken)
      .member("seconds", summary.seconds);
  if (summary.arenaBytes)
    json.member("arenaBytes", *summary.arenaBytes);
  return json.end().text() + "\n";
}

Status printPipeline(const CompileArguments &arguments) {
  PipelineNames names = pipelineNames(arguments.options);
  if (arguments.json) {
    JsonWriter json;
    json.beginObject().member("version", 1);
    addList(json, "passes", names.decoder);
    addList(json, "graphPasses", names.graph);
    return print(json.end().text() + "\n");
  }
  // A line each; behind an empty line those of a graph that is no decoder.
  std::string text;
  for (const std::string &name : names.decoder)
    text += name + "\n";
  text += "\n";
  for (const std::string &name : names.graph)
    text += name + "\n";
  return print(text);
}

Status compile(CompileArguments &arguments) {
  LLMC_CHECK(applyMlirFlags(arguments.mlirFlags));
  if (arguments.printPipeline)
    return printPipeline(arguments);
  CompileOptions &options = arguments.options;
  Progress progress(arguments.verbose);
  options.progress = [&](const CompileProgress &now) { progress.update(now); };
  Result<CompileSummary> summary = compileModel(options);
  progress.finish();
  if (!summary)
    return summary.takeError();
  // Whoever reads the IR or the JSON asked for nothing else.
  if (arguments.verbose ||
      (!arguments.json && options.emit == EmitStage::Artifact))
    report(describe(options, *summary));
  return arguments.json ? print(toJson(options, *summary)) : Status::ok();
}

} // namespace

int compileMain(std::span<const std::string_view> words) {
  Result<CompileArguments> arguments = parseCompileArguments(words);
  bool json = wantsJson(words);
  if (!arguments)
    return fail(arguments.error(), json);
  Status status = arguments->help.empty() ? compile(*arguments)
                                          : print(arguments->help);
  return status ? static_cast<int>(Exit::Ok) : fail(status.error(), json);
}

} // namespace llmc

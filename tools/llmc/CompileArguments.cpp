// The only file of the tool that is built with exceptions: CLI11 throws them.
#include "tools/llmc/CompileArguments.h"

#include "compiler/Compiler.h"
#include "runtime/format/CacheLayout.h"
#include "runtime/format/CheckModel.h"
#include "runtime/verbs/Arguments.h"
#include "tools/llmc/TargetList.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace llmc {

namespace {

constexpr std::string_view introduction =
    R"(compile: turn a language model into one executable

Examples:
  llmc compile model.onnx -o model.bin
  llmc compile exported-model/ -o model.bin --max-context=32k
  llmc compile model.onnx -o model.bin --dtype=bf16 --quantize=w8
  llmc compile model.onnx --emit=llm | less
  llmc compile model.onnx -o model.bin --dump-stages=stages

The folder of the model is searched for config.json, generation_config.json,
genai_config.json, tokenizer.json and external data.

Usage: llmc compile [FLAGS] FILE|FOLDER -o FILE

Flags:
)";
constexpr std::string_view afterword = R"(
A variable in the environment stands for its flag where that is not given.
MLIR's own flags (--mlir-print-ir-after-all, --mlir-timing ...) are taken too.
)";

struct StageName {
  std::string_view name;
  EmitStage stage;
};
constexpr std::array<StageName, 7> stageNames = {{
    {"onnx", EmitStage::Onnx},
    {"llm", EmitStage::Llm},
    {"rt", EmitStage::Rt},
    {"kernels", EmitStage::Kernels},
    {"llvm", EmitStage::Llvm},
    {"asm", EmitStage::Assembly},
    {"ptx", EmitStage::Ptx},
}};
constexpr uint64_t mostJobs = 1024; // as many as threads at run time
constexpr std::string_view dtypeNames[] = {"f32", "f16", "bf16"};
constexpr std::string_view cacheTypeNames[] = {"f32", "bf16", "f16", "int8"};
constexpr std::string_view quantizeNames[] = {
    "w8", "w8a8", "w4g32", "w4g64", "w4g128", "w8g32", "w8g128"};

/// The flags as text; they are checked here rather than in CLI11 so that a
/// value means the same, and is refused in the same words, as at run time.
struct RawFlags {
  std::vector<std::string> inputs, targets;
  std::string emit, cacheType, maxContext, chunk, attentionSplit, maxMemory,
      jobs;
  bool noCache = false;
};

Error badValue(std::string flag, std::string_view value, std::string why,
               std::string fix) {
  return {Code::BadFlagValue, "the value of a flag cannot be used",
          std::move(flag),
          (value.empty() ? "it " : "`" + std::string(value) + "` ") +
              std::move(why),
          std::move(fix)};
}

/// Parses a count or a size from 1 to \p limit; an empty text leaves \p target.
template <typename T>
Status takeSize(const char *flag, const std::string &text, T &target,
                uint64_t limit = INT64_MAX) {
  limit = std::min<uint64_t>(limit, std::numeric_limits<T>::max());
  if (text.empty())
    return Status::ok();
  std::optional<int64_t> number = parseInteger(text);
  if (!number)
    return badValue(flag, text, "is no whole number",
                    "write a number, with K, M, G or T (or KiB ... TiB) behind it "
                    "for powers of 1024");
  if (*number < 1 || static_cast<uint64_t>(*number) > limit)
    return badValue(flag, text, "is out of range",
                    "give a number from 1 to " + std::to_string(limit));
  target = static_cast<T>(*number);
  return Status::ok();
}

/// Takes whole pages of the cache; an empty \p text leaves \p target.
Status takeSplit(const std::string &text, int64_t &target) {
  std::optional<int64_t> number = parseInteger(text);
  std::string fix = "give a multiple of " + std::to_string(cachePage) + " up to " +
                    std::to_string(mostAttentionSplit);
  if (number && (*number < 1 || *number > mostAttentionSplit))
    return badValue("--attention-split", text, "is out of range", std::move(fix));
  if (number && *number % cachePage)
    return badValue("--attention-split", text, "is no multiple of a page of the cache",
                    std::move(fix));
  return takeSize("--attention-split", text, target);
}

Status checkName(const char *flag, std::string_view value,
                 std::span<const std::string_view> names) {
  if (value.empty() || std::ranges::find(names, value) != names.end())
    return Status::ok();
  std::string list;
  for (std::string_view name : names)
    list += (list.empty() ? "" : ", ") + std::string(name);
  std::string_view meant = nearest(value, names);
  return badValue(flag, value, "is not one of " + list,
                  meant.empty() ? "choose one of them"
                                : "did you mean " + std::string(meant) + "?");
}

void addOptions(CLI::App &app, CompileArguments &out, RawFlags &raw) {
  CompileOptions &options = out.options;
  app.add_option("FILE", raw.inputs, "an .onnx file, or a folder that holds one")
      ->type_name("")
      ->allow_extra_args(false);
  auto text = [&](const char *names, std::string &to, const char *help,
                  const char *value, const char *variable = "") {
    app.add_option(names, to, help)->type_name(value)->envname(variable);
  };
  auto flag = [&](const char *names, bool &to, const char *help) {
    app.add_flag(names, to, help);
  };
  text("-o,--output", options.output,
       "the file to write; with --emit it may be - for stdout", "FILE");
  app.add_option("--target", raw.targets,
                 "what to make code for: CPU levels, e.g. x86-64-v3,x86-64-v4, or "
                 "cpu for all that differ for the model (default); GPUs by "
                 "architecture or name: sm_80, sm_90a, a100, h200; e.g. cpu,h200")
      ->type_name("LIST")
      ->allow_extra_args(false)
      ->envname("LLMC_TARGET");
  text("--dtype", options.dtype,
       "keep weights as f32, f16 or bf16 (default: what the model holds); what 8- or "
       "4-bit weights are multiplied with is rounded to f16 or bf16 only where this "
       "says so (w8a8: to bytes)",
       "TYPE", "LLMC_DTYPE");
  text("--quantize", options.quantize,
       "w8: 8 bits, a scale per output; w8a8: products of bytes, the fastest "
       "prompts; w4g32, w4g64, w4g128, w8g32, w8g128: 4 "
       "or 8 bits, a scale per group of inputs (default: none)", "SCHEME",
       "LLMC_QUANTIZE");
  text("--kv-cache-dtype", raw.cacheType,
       "keep keys and values as f32, bf16, f16 or int8 (a scale per position "
       "and head; a quarter of f32's memory); default: bf16 or f16 where all "
       "weights are or --dtype says it, else f32", "TYPE", "LLMC_KV_CACHE_DTYPE");
  text("--max-context", raw.maxContext,
       "tokens of prompt and continuation (default: the model's)", "N",
       "LLMC_MAX_CONTEXT");
  text("--chunk", raw.chunk, "tokens of a prefill step (default 128, on GPUs 1024)", "N",
       "LLMC_CHUNK");
  text("--attention-split", raw.attentionSplit,
       "positions of a piece of the cache in attention (default: chosen)", "N",
       "LLMC_ATTENTION_SPLIT");
  text("--max-memory", raw.maxMemory, "memory for the compile (default: no limit)",
       "SIZE", "LLMC_MAX_MEMORY");
  text("-j,--jobs", raw.jobs, "worker processes (default: one per core)", "N",
       "LLMC_JOBS");
  flag("--strict", options.strict,
       "refuse a model with a hot operator that was not recognised");
  flag("--verify-each", options.verifyEach,
       "evaluate the program after every pass and compare");
  text("--dump-stages", options.dumpStages,
       "write the program after every pass into this folder", "DIR");
  text("--emit", raw.emit,
       "stop there and print it: onnx, llm, rt, kernels, llvm, asm or ptx", "STAGE");
  flag("--print-pipeline", out.printPipeline, "list the passes and stop");
  flag("--no-cache", raw.noCache, "generate every kernel anew");
  flag("--json", out.json, "print the summary, or the error, as JSON");
  flag("-v,--verbose", out.verbose, "tell each phase and its time");
}

/// In the form in which the verbs that run a model show theirs.
std::string helpText(const CLI::App &app) {
  std::string text(introduction);
  for (const CLI::Option *option : app.get_options()) {
    if (option->get_positional())
      continue;
    std::string left = "      ";
    if (!option->get_snames().empty())
      left = "  -" + option->get_snames()[0] + ", ";
    left += "--" + option->get_lnames()[0];
    if (std::string value = option->get_type_name(); !value.empty())
      left += "=" + value;
    left.resize(std::max<size_t>(left.size() + 2, 26), ' ');
    text += left + option->get_description();
    if (std::string variable = option->get_envname(); !variable.empty())
      text += " [" + variable + "]";
    text += "\n";
  }
  return text + std::string(afterword);
}

/// The error of words that no option took.
Error unknownWord(const CLI::App &app, const std::string &word) {
  if (word.size() < 2 || word[0] != '-')
    return {Code::UnknownFlag, "there is one argument too many", word,
            "compile takes one model", "llmc compile --help shows examples"};
  std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const CLI::Option *option : app.get_options())
    for (const std::string &longName : option->get_lnames())
      known.push_back("--" + longName);
  std::vector<std::string_view> names(known.begin(), known.end());
  std::string_view meant =
      name.starts_with("--") ? nearest(name, names) : std::string_view();
  return {Code::UnknownFlag, "there is no flag " + name, "", "",
          meant.empty() ? "llmc compile --help lists the flags"
                        : "did you mean " + std::string(meant) + "?"};
}

/// A word of the command line that CLI11 itself refused.
Error fromParseError(const CLI::ParseError &error) {
  Code code = error.get_name() == "ArgumentMismatch" ||
                      error.get_name() == "RequiredError"
                  ? Code::MissingArgument
                  : Code::BadFlagValue;
  return {code, "the command line cannot be used", "", error.what(),
          "llmc compile --help shows examples"};
}

/// No flag and no name of a file may be empty: what a script left out would be
/// taken for the default.
Status checkNotEmpty(std::span<const std::string_view> words) {
  for (std::string_view word : words)
    if (word.empty() || (word.starts_with("--") && word.ends_with("=")))
      return badValue(std::string(word.substr(0, word.size() - !word.empty())),
                      "", "is empty", "give a value, or leave the flag out");
  return Status::ok();
}

Status finish(CompileArguments &out, const RawFlags &raw) {
  CompileOptions &options = out.options;
  options.cache = !raw.noCache;
  LLMC_CHECK(takeSize("--max-context", raw.maxContext, options.maxContext,
                      largestContext));
  LLMC_CHECK(takeSize("--chunk", raw.chunk, options.chunk, largestChunk));
  LLMC_CHECK(takeSplit(raw.attentionSplit, options.attentionSplit));
  LLMC_CHECK(takeSize("--max-memory", raw.maxMemory, options.maxMemory));
  LLMC_CHECK(takeSize("--jobs", raw.jobs, options.jobs, mostJobs));
  LLMC_CHECK(takeTargets(raw.targets, options.targets));
  LLMC_CHECK(checkName("--dtype", options.dtype, dtypeNames));
  LLMC_CHECK(checkName("--kv-cache-dtype", raw.cacheType, cacheTypeNames));
  options.cacheType = raw.cacheType == "int8" ? "i8" : raw.cacheType;
  LLMC_CHECK(checkName("--quantize", options.quantize, quantizeNames));
  std::vector<std::string_view> stages;
  for (const StageName &row : stageNames) {
    stages.push_back(row.name);
    if (raw.emit == row.name)
      options.emit = row.stage;
  }
  LLMC_CHECK(checkName("--emit", raw.emit, stages));
  // The code of one level is asked for by naming it alone.
  if (options.targets.size() == 1)
    options.level = options.targets[0];

  if (out.printPipeline)
    return Status::ok();
  if (raw.inputs.empty())
    return Error{Code::MissingArgument, "the model is missing", "",
                 "compile needs an .onnx file or a folder that holds one",
                 "llmc compile model.onnx -o model.bin"};
  options.input = raw.inputs[0];
  if (options.emit != EmitStage::Artifact) {
    if (options.output.empty())
      options.output = "-";
    if (out.json && options.output == "-")
      return badValue("--json", raw.emit, "is printed to stdout too",
                      "name a file by -o");
    return Status::ok();
  }
  if (options.output.empty())
    return Error{Code::MissingArgument, "the output file is missing", "",
                 "compile writes a file",
                 "add -o model.bin"};
  if (options.output == "-")
    return badValue("-o", "-", "is stdout, where a model.bin cannot go",
                    "name a file");
  return Status::ok();
}

/// The flags that the environment gave: CLI11 does not tell.
std::vector<Arguments::Setting>
settingsOf(const CLI::App &app, std::span<const std::string_view> words) {
  std::vector<Arguments::Setting> settings;
  for (const CLI::Option *option : app.get_options()) {
    if (option->get_envname().empty() || option->count() == 0)
      continue;
    std::string flag = "--" + option->get_lnames()[0];
    bool isGiven = std::ranges::any_of(words, [&](std::string_view word) {
      return word.substr(0, word.find('=')) == flag ||
             std::ranges::any_of(option->get_snames(), [&](const std::string &letter) {
               return word.starts_with("-" + letter);
             });
    });
    if (!isGiven)
      settings.push_back({flag, option->get_envname()});
  }
  return settings;
}

/// Arguments as CLI11 wants them, `--mlir-…` taken out.
std::vector<std::string> splitWords(std::span<const std::string_view> words,
                                    std::vector<std::string> &mlirFlags) {
  std::vector<std::string> rest;
  for (std::string_view word : words)
    (word.starts_with("--mlir-") ? mlirFlags : rest).emplace_back(word);
  // CLI11 takes them from the back.
  std::ranges::reverse(rest);
  return rest;
}

} // namespace

Result<CompileArguments>
parseCompileArguments(std::span<const std::string_view> words) {
  CompileArguments out;
  RawFlags raw;
  std::vector<Arguments::Setting> settings;
  LLMC_CHECK(checkNotEmpty(words));
  try {
    CLI::App app("", "llmc compile");
    app.set_help_flag("-h,--help", "print this text and stop");
    app.allow_extras();
    addOptions(app, out, raw);
    try {
      app.parse(splitWords(words, out.mlirFlags));
    } catch (const CLI::CallForHelp &) {
      out.help = helpText(app);
      return out;
    } catch (const CLI::ParseError &error) {
      return fromParseError(error);
    }
    if (std::vector<std::string> extras = app.remaining(); !extras.empty())
      return unknownWord(app, extras[0]);
    settings = settingsOf(app, words);
  } catch (const std::exception &error) {
    return Error{Code::Internal, "the command line could not be read", "",
                 error.what(),
                 "please report it with the command line"};
  }
  if (Status status = finish(out, raw); !status) {
    nameVariables(status.error(), settings);
    return status.takeError();
  }
  return out;
}

} // namespace llmc

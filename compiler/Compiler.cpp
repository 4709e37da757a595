/// llmc compile, from files to a file: read, import, optimise, generate, write.
#include "compiler/Compilation.h"

#include "dialects/kernel/KernelOps.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/rt/RtOps.h"
#include "frontends/onnx/builder/BuildModule.h"
#include "runtime/support/OutputFile.h"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <unistd.h>

using namespace mlir;

namespace llmc {

/// Where the model's configuration says nothing of a context.
static constexpr int64_t defaultContext = 2048;
static constexpr int64_t defaultChunk = 128;

DialectRegistry Compilation::registry() {
  DialectRegistry registry;
  for (const codegen::Target *target : codegen::allTargets())
    target->registerDialects(registry);
  registry.insert<onnx::OnnxDialect, llm::LlmDialect, kernel::KernelDialect,
                  rt::RtDialect, func::FuncDialect>();
  return registry;
}

/// Files of which the tokenizer has no more than the special tokens.
static bool saysSpecialTokens(const std::string &file) {
  return file == "generation_config.json" || file == "genai_config.json" ||
         file == "config.json" || file == "special_tokens_map.json";
}

Status Compilation::read() {
  report("read");
  LLMC_CHECK(chooseTargets());
  LLMC_TRY(folder, openModelFolder(options.input));
  LLMC_TRY(source, onnx::readModel(folder.model));
  if (source->graph.outputs.empty())
    return Error{Code::BadModel, "the graph has no output", folder.model,
                 "nothing would be computed",
                 "export the model with the outputs that are wanted"};
  summary.files.push_back(folder.model + " (graph)");
  for (size_t i = 1; i < source->files.size(); ++i)
    summary.files.push_back(source->files[i].path + " (weights)");
  llvm::append_range(summary.files, folder.files);
  if (folder.hasTokenizer) {
    auto read = tokenizer::readTokenizer(folder.folder);
    if (read)
      tokens = *std::move(read);
    else if (tokenizer::hasNamedVocabulary(folder.folder))
      tokenizerError = read.takeError();
    else
      summary.notes.push_back("no tokenizer beside the model can be read (" +
                              read.error().where + ": " + read.error().why +
                              "): it takes token ids (--ids), no text");
    for (size_t i = 0; tokens && i < tokens->files.size(); ++i)
      summary.files.push_back(
          tokens->files[i] +
          (saysSpecialTokens(tokens->files[i]) ? " (special tokens)"
                                               : " (tokenizer)"));
    if (tokens) {
      llvm::append_range(summary.notes, tokens->notes);
      LLMC_TRY(chat::ReadTemplate form, chat::readTemplate(folder.folder));
      chatTemplate = std::move(form.model);
      if (chatTemplate)
        summary.files.push_back(form.file + " (chat template)");
      llvm::append_range(summary.notes, form.notes);
    }
  } else {
    summary.notes.push_back("no tokenizer.json beside the model: it takes token "
                            "ids (--ids), no text");
  }
  LLMC_TRY(generation, readGenerationSettings(folder.folder));
  if (!generation.file.empty())
    summary.files.push_back(generation.file + " (generation)");
  LLMC_CHECK(checkOutput());
  if (options.maxContext > largestContext)
    return Error{Code::BadFlagValue, "the context is too long", "--max-context",
                 std::to_string(options.maxContext) + " is above " +
                     std::to_string(largestContext),
                 "give a smaller number"};
  if (folder.contextError && !options.maxContext)
    return *folder.contextError;
  pipeline.maxContext = options.maxContext   ? options.maxContext
                        : folder.maxContext ? folder.maxContext
                                            : defaultContext;
  if (folder.maxContext && pipeline.maxContext > folder.maxContext)
    summary.notes.push_back(
        "--max-context=" + std::to_string(pipeline.maxContext) +
        " is beyond the " + std::to_string(folder.maxContext) +
        " that the model was made for");
  pipeline.chunk = std::min<int64_t>(
      options.chunk ? options.chunk : defaultChunk, pipeline.maxContext);
  pipeline.deviceChunk =
      options.chunk ? pipeline.chunk
                    : std::min(pipeline.deviceChunk, pipeline.maxContext);
  if (options.chunk > pipeline.chunk)
    summary.notes.push_back("--chunk=" + std::to_string(options.chunk) +
                            " is cut to the context of " +
                            std::to_string(pipeline.chunk));
  pipeline.attentionSplit = options.attentionSplit;
  pipeline.dtype = options.dtype;
  pipeline.quantize = options.quantize;
  pipeline.cacheType = options.cacheType;
  return Status::ok();
}

/// The output must not take the place of a file that is read, and can be
/// written: the work of minutes would be lost.
Status Compilation::checkOutput() const {
  std::vector<std::filesystem::path> files;
  for (const auto &file : source->files)
    files.emplace_back(file.path);
  // The others are told as "NAME (what for)", some without their folder.
  for (const std::string &told : summary.files) {
    std::string name = told.substr(0, told.rfind(" ("));
    files.emplace_back(name);
    files.push_back(std::filesystem::path(folder.folder) / name);
  }
  for (const std::filesystem::path &file : files) {
    std::error_code code;
    if (std::filesystem::equivalent(file, options.output, code) && !code)
      return Error{Code::CannotCreate,
                   "the output would replace a file of the model",
                   options.output, "", "name another output"};
  }
  bool isStdout = options.output.empty() || options.output == "-";
  return isStdout ? Status::ok() : OutputFile::check(options.output);
}

Status Compilation::import() {
  report("import");
  LLMC_TRY(module, onnx::buildModule(context, *source));
  return emitIfWanted(EmitStage::Onnx);
}

Status Compilation::emitText(const std::string &text) {
  emitted = true;
  if (options.output.empty() || options.output == "-") {
    for (size_t done = 0; done < text.size();) {
      ssize_t count = ::write(1, text.data() + done, text.size() - done);
      if (count < 0)
        return Error{Code::CannotWrite, "stdout cannot be written", "",
                     std::strerror(errno), ""};
      done += count;
    }
    return Status::ok();
  }
  LLMC_TRY(OutputFile file, OutputFile::create(options.output, text.size()));
  LLMC_CHECK(file.append(std::as_bytes(std::span(text))));
  return file.commit(false);
}

Status Compilation::emitIfWanted(EmitStage stage) {
  if (options.emit != stage)
    return Status::ok();
  std::string text;
  llvm::raw_string_ostream stream(text);
  bool isScheduled = stage == EmitStage::Rt || stage == EmitStage::Kernels;
  ModuleOp ir = isScheduled ? scheduleOf(printed) : *module;
  if (stage == EmitStage::Kernels) {
    for (auto function : ir.getOps<func::FuncOp>())
      if (function->hasAttr(kernel::entryAttr)) {
        function->print(stream);
        stream << "\n\n";
      }
  } else {
    OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(64);
    ir->print(stream, flags);
    stream << "\n";
  }
  return emitText(text);
}

Result<CompileSummary> Compilation::run() {
  auto start = std::chrono::steady_clock::now();
  LLMC_CHECK(read());
  LLMC_CHECK(import());
  if (!emitted)
    LLMC_CHECK(optimise());
  if (!emitted)
    LLMC_CHECK(generate());
  if (!emitted)
    LLMC_CHECK(write());
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  summary.seconds = seconds.count();
  return std::move(summary);
}

Result<CompileSummary> compileModel(const CompileOptions &options) {
  return Compilation(options).run();
}

std::vector<std::string> targetNames() {
  std::vector<std::string> names{allCpuLevels};
  for (const codegen::Target *target : codegen::allTargets())
    for (llvm::StringRef level : target->levels())
      names.push_back(level.str());
  for (const GpuFigures &gpu : gpuTable())
    names.push_back(gpu.name.str());
  return names;
}

PipelineNames pipelineNames(const CompileOptions &options) {
  PipelineOptions pipeline;
  pipeline.dtype = options.dtype;
  pipeline.quantize = options.quantize;
  pipeline.cacheType = options.cacheType;
  PipelineNames names;
  for (const PipelineStep &step : cpuPipeline(pipeline))
    names.decoder.push_back(step.name);
  for (const PipelineStep &step : graphPipeline())
    names.graph.push_back(step.name);
  return names;
}

} // namespace llmc

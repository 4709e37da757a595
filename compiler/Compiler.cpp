/// llmc compile, from files to a file: read, import, optimise, generate, write.
#include "compiler/Compiler.h"

#include "codegen/Generate.h"
#include "codegen/llvm/Image.h"
#include "compiler/ModelFolder.h"
#include "compiler/PackWeights.h"
#include "compiler/Recognition.h"
#include "compiler/RunPipeline.h"
#include "compiler/TranslateSchedule.h"
#include "compiler/VerifyEach.h"
#include "dialects/kernel/KernelOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/rt/RtOps.h"
#include "frontends/onnx/builder/BuildModule.h"
#include "frontends/onnx/reader/OnnxReader.h"
#include "frontends/tokenizer/TokenizerReader.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "runtime/support/OutputFile.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace mlir;

namespace llmc {

/// Where the model's configuration says nothing of a context.
static constexpr int64_t defaultContext = 2048;
static constexpr int64_t defaultChunk = 128;
/// Tables of positions are evaluated and stored for every position.
static constexpr int64_t largestContext = int64_t(1) << 24;

namespace {
class Compilation {
public:
  explicit Compilation(const CompileOptions &options)
      : options(options), context(registry(), MLIRContext::Threading::DISABLED),
        log(context) { pipeline.attentionSplit = options.attentionSplit; }
  Result<CompileSummary> run();

private:
  static DialectRegistry registry();
  Status read();
  Status import();
  Status optimise();
  Status optimiseAsGraph(OwningOpRef<ModuleOp> graph, const Error &reason);
  Status emitText(const std::string &text);
  Status emitIfWanted(EmitStage stage);
  Status generate();
  Status checkMemory();
  Status checkOutput() const;
  Status limitContext();
  Status write();
  void report(const char *phase, uint64_t done = 0, uint64_t total = 0) {
    if (options.progress)
      options.progress({phase, done, total});
  }

  const CompileOptions &options;
  MLIRContext context;
  DiagnosticLog log;
  CompileSummary summary;
  ModelFolder folder;
  std::optional<onnx::Model> source;
  std::optional<tokenizer::ReadTokenizer> tokens;
  std::optional<Error> tokenizerError; ///< It matters to decoders alone.
  OwningOpRef<ModuleOp> module;
  PipelineOptions pipeline;
  std::vector<codegen::KernelImage> images;
  bool emitted = false;
  bool isGraph = false; ///< Not a decoder: `infer` alone runs it.
};
} // namespace

DialectRegistry Compilation::registry() {
  DialectRegistry registry;
  for (const codegen::Target *target : codegen::allTargets())
    target->registerDialects(registry);
  registry.insert<onnx::OnnxDialect, llm::LlmDialect, kernel::KernelDialect,
                  rt::RtDialect, func::FuncDialect>();
  return registry;
}

Status Compilation::read() {
  report("read");
  LLMC_TRY(folder, openModelFolder(options.input));
  LLMC_TRY(source, onnx::readModel(folder.model));
  summary.files.push_back(folder.model + " (graph)");
  for (size_t i = 1; i < source->files.size(); ++i)
    summary.files.push_back(source->files[i].path + " (weights)");
  llvm::append_range(summary.files, folder.files);
  if (folder.hasTokenizer) {
    auto read = tokenizer::readTokenizer(folder.folder);
    if (read)
      tokens = *std::move(read);
    else
      tokenizerError = read.takeError();
    for (size_t i = 0; tokens && i < tokens->files.size(); ++i)
      summary.files.push_back(tokens->files[i] + " (tokenizer)");
    if (tokens)
      llvm::append_range(summary.notes, tokens->notes);
  } else {
    summary.notes.push_back("no tokenizer.json beside the model: it takes token "
                            "ids (--ids), no text");
  }
  LLMC_CHECK(checkOutput());
  if (options.maxContext > largestContext)
    return Error{Code::BadFlagValue, "the context is too long", "--max-context",
                 std::to_string(options.maxContext) + " is above " +
                     std::to_string(largestContext),
                 "give a smaller number"};
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
  pipeline.dtype = options.dtype;
  pipeline.quantize = options.quantize;
  return Status::ok();
}

/// A table of positions bounds the context, whatever is asked for.
Status Compilation::limitContext() {
  auto limit = (*module)->getAttrOfType<IntegerAttr>("llm.max_positions");
  if (!limit || limit.getInt() >= pipeline.maxContext)
    return Status::ok();
  if (options.maxContext > limit.getInt())
    return Error{Code::BadFlagValue, "the context is too long for the model",
                 "--max-context",
                 "its table of positions has " +
                     std::to_string(limit.getInt()) + " rows",
                 "give --max-context=" + std::to_string(limit.getInt()) +
                     " or less"};
  pipeline.maxContext = limit.getInt();
  return Status::ok();
}

/// The output must not take the place of a file that is read.
Status Compilation::checkOutput() const {
  std::error_code code;
  for (const auto &file : source->files)
    if (std::filesystem::equivalent(file.path, options.output, code) && !code)
      return Error{Code::CannotCreate,
                   "the output would replace a file of the model",
                   options.output, "", "name another output"};
  return Status::ok();
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
  if (stage == EmitStage::Kernels) {
    for (auto function : module->getOps<func::FuncOp>())
      if (function->hasAttr(kernel::entryAttr)) {
        function->print(stream);
        stream << "\n\n";
      }
  } else {
    OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(64);
    module->print(stream, flags);
    stream << "\n";
  }
  return emitText(text);
}

Status Compilation::optimise() {
  report("optimise");
  // The passes change the module before they know whether it is a decoder.
  OwningOpRef<ModuleOp> plain;
  if (!options.strict)
    plain = module->clone();
  VerifyEach verifier;
  if (options.verifyEach)
    LLMC_CHECK(verifier.begin(*module));
  int64_t attention = countAttention(*module);
  std::vector<PipelineStep> steps = decoderPipeline(pipeline);
  auto after = [&](const PipelineStep &step, ModuleOp ir) -> Status {
    if (failed(verify(ir)))
      return Error{Code::Internal, "the pass " + step.name + " made invalid IR",
                   "", log.errors().empty() ? "" : log.errors().back(),
                   "please report this with the model's graph"};
    if (options.verifyEach)
      LLMC_CHECK(verifier.check(step, ir));
    if (step.name == "llmc-raise-map") {
      std::string plain;
      llm::AttentionOp first;
      ir.walk([&](llm::AttentionOp op) { first = op; });
      if (!first) {
        for (const std::string &remark : log.remarks())
          plain += (plain.empty() ? "" : "\n") + remark;
        return Error{Code::NotADecoder,
                     "the graph was not recognised as a decoder", folder.model,
                     plain.empty() ? "it has no attention" : plain,
                     "`llmc infer` runs any graph"};
      }
      for (const Recognised &entry : recognised(ir, attention)) {
        summary.report.push_back(entry.text());
        if (entry.found < entry.total)
          plain += (plain.empty() ? "" : ", ") + entry.text();
      }
      if (options.strict && !plain.empty()) {
        for (const std::string &remark : log.remarks())
          plain += "\n" + remark;
        return Error{Code::StrictPlain, "a hot operator stayed plain",
                     folder.model, plain,
                     "compile without --strict, or report the graph"};
      }
    }
    if (step.stage == "quant")
      return emitIfWanted(EmitStage::Llm);
    return Status::ok();
  };
  Status status = runPipeline(*module, steps, options.dumpStages, log, after);
  if (!status && status.error().code == Code::NotADecoder && plain)
    return optimiseAsGraph(std::move(plain), status.error());
  LLMC_CHECK(std::move(status));
  if (tokenizerError)
    return *tokenizerError;
  LLMC_CHECK(limitContext());
  LLMC_CHECK(emitIfWanted(EmitStage::Rt));
  return emitIfWanted(EmitStage::Kernels);
}

/// Any graph runs, if not as a decoder: one plain kernel per operator.
Status Compilation::optimiseAsGraph(OwningOpRef<ModuleOp> graph,
                                    const Error &reason) {
  module = std::move(graph);
  isGraph = true;
  summary.report.clear();
  std::string why = reason.why.substr(0, reason.why.find('\n'));
  summary.notes.push_back("not recognised as a decoder" +
                          (why.empty() ? "" : " (" + why + ")") +
                          ": only `infer` runs it, with plain kernels");
  if (tokenizerError)
    summary.notes.push_back("tokenizer.json cannot be used (" + tokenizerError->why +
                            "), and a graph needs none: it was left away");
  if (!options.quantize.empty() || !options.dtype.empty())
    summary.notes.push_back("the weights of a graph stay as they are: --dtype "
                            "and --quantize were not applied");
  size_t before = log.errors().size();
  std::vector<PipelineStep> steps = graphPipeline();
  auto after = [&](const PipelineStep &step, ModuleOp ir) -> Status {
    if (failed(verify(ir)))
      return Error{Code::Internal, "the pass " + step.name + " made invalid IR",
                   "", log.errors().empty() ? "" : log.errors().back(),
                   "please report this with the model's graph"};
    return Status::ok();
  };
  std::string folderOfStages =
      options.dumpStages.empty() ? "" : options.dumpStages + "/graph";
  Status status = runPipeline(*module, steps, folderOfStages, log, after);
  if (!status && log.errors().size() > before) {
    Error error = status.takeError();
    error.code = Code::UnsupportedOps;
    error.what = "the graph is no decoder, and has operators without a kernel";
    error.where = folder.model;
    error.why.clear();
    for (size_t i = before; i < log.errors().size(); ++i)
      error.why += (i > before ? "\n" : "") + log.errors()[i];
    error.fix = "`compile --strict` says why it is no decoder";
    return error;
  }
  LLMC_CHECK(std::move(status));
  LLMC_CHECK(emitIfWanted(EmitStage::Rt));
  return emitIfWanted(EmitStage::Kernels);
}

Status Compilation::generate() {
  std::vector<std::string> levels = options.targets;
  if (levels.empty())
    for (const codegen::Target *target : codegen::allTargets())
      for (llvm::StringRef level : target->levels())
        levels.push_back(level.str());
  for (const std::string &level : levels)
    LLMC_CHECK(codegen::targetOfLevel(level));
  if (options.emit == EmitStage::Llvm || options.emit == EmitStage::Assembly) {
    OpBuilder builder(&context);
    OwningOpRef<ModuleOp> kernels(ModuleOp::create(builder.getUnknownLoc()));
    for (auto function : module->getOps<func::FuncOp>())
      if (function->hasAttr(kernel::entryAttr))
        kernels->push_back(function->clone());
    LLMC_TRY(std::string text,
             codegen::generateHere(
                 *kernels, options.level.empty() ? levels.back() : options.level,
                 options.emit == EmitStage::Llvm
                     ? codegen::EmitKind::LlvmIr
                     : codegen::EmitKind::Assembly));
    return emitText(text);
  }
  codegen::GenerateOptions generation;
  generation.jobs = options.jobs;
  generation.cache = options.cache;
  generation.progress = [&](size_t done, size_t total) {
    report("kernels", done, total);
  };
  codegen::GenerateStatistics statistics;
  LLMC_TRY(auto objects, codegen::generateKernels(*module, levels, generation,
                                                  &statistics));
  for (const std::string &level : levels) {
    LLMC_TRY(auto image, codegen::linkImage(objects, level));
    images.push_back(std::move(image));
  }
  summary.targets = levels;
  summary.kernelsCached = statistics.cached;
  summary.kernelsGenerated = statistics.generated;
  return Status::ok();
}

/// The executable in front of a model.bin: beside this one.
static Result<MappedFile> openStub(const std::string &given) {
  std::string path = given;
  if (path.empty()) {
    std::error_code code;
    path = (std::filesystem::read_symlink("/proc/self/exe", code).parent_path() /
            "llmc-stub")
               .string();
  }
  auto file = MappedFile::open(path);
  if (!file) {
    file.error().what = "the runtime that becomes the front of model.bin is "
                        "missing";
    file.error().fix = "build or install llmc-stub beside llmc";
  }
  return file;
}

/// Memory that belongs to this process alone (RssAnon and RssShmem), in bytes:
/// mapped files are not counted, the system can drop them.
static uint64_t privateMemory() {
  std::ifstream status("/proc/self/status");
  uint64_t total = 0;
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:"))
      total += std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10);
  return total * 1024;
}

/// Beside what is there now: the panels of one weight while it is packed.
Status Compilation::checkMemory() {
  uint64_t panels = 0;
  for (auto weight : module->getOps<llm::WeightOp>()) {
    auto type = cast<RankedTensorType>(weight.getType());
    panels = std::max<uint64_t>(
        panels, (type.getRank() ? type.getDimSize(0) : 1) * 16 * 12);
  }
  uint64_t needed = privateMemory() + panels + (uint64_t(16) << 20);
  if (options.maxMemory == 0 || needed <= options.maxMemory)
    return Status::ok();
  return Error{Code::MemoryBudget, "the compile needs more memory than it may",
               folder.model,
               "it needs " + std::to_string((needed >> 20) + 1) +
                   " MiB; --max-memory allows " +
                   std::to_string(options.maxMemory >> 20) + " MiB",
               "give --max-memory=" + std::to_string((needed >> 20) + 1) + "M"};
}

Status Compilation::write() {
  report("weights");
  LLMC_CHECK(checkMemory());
  ArtifactContent content;
  LLMC_TRY(MappedFile stub, openStub(options.stub));
  content.stub = stub.bytes();
  Model &model = content.model;
  model.name = folder.name;
  model.producer = "llmc 0.1.0";
  model.quantization = options.quantize.empty() ? "f32" : options.quantize;
  model.report = summary.report;

  std::vector<std::span<const std::byte>> files;
  for (const auto &file : source->files)
    files.push_back(file.bytes);
  WeightPacker packer(*module, files);
  std::vector<llm::WeightOp> weights(module->getOps<llm::WeightOp>().begin(),
                                     module->getOps<llm::WeightOp>().end());
  for (llm::WeightOp weight : weights) {
    LLMC_TRY(Weight entry, packer.describe(weight));
    summary.weightBytes += entry.bytes;
    model.weights.push_back(std::move(entry));
  }
  Module decoder;
  decoder.name = "decoder";
  LLMC_CHECK(translateSchedule(*module, model, decoder));
  if (isGraph) {
    decoder.name = "graph";
    decoder.kind = Module::Kind::Graph;
    model.quantization = "as in the model";
  } else {
    decoder.decoder.maxContext = pipeline.maxContext;
  }
  if (tokens && !isGraph) {
    decoder.decoder.bosToken = tokens->model.bosId;
    decoder.decoder.eosTokens.assign(tokens->model.eosIds.begin(),
                                     tokens->model.eosIds.end());
  }
  for (const Program &program : decoder.programs)
    if (const llmc::Value &arena = program.values[program.arenaBytes];
        arena.kind == llmc::Value::Kind::Constant)
      summary.arenaBytes = std::max(summary.arenaBytes, arena.number);
  summary.cacheBytesPerToken = decoder.decoder.cache.pageElements() *
                               elementBytes(decoder.decoder.cacheType) /
                               std::max<int64_t>(decoder.decoder.cache.page, 1);
  summary.kernels = model.kernels.size();
  model.modules.push_back(std::move(decoder));

  for (const codegen::KernelImage &image : images) {
    llvm::StringMap<uint64_t> offsets;
    for (const codegen::ImageEntry &entry : image.entries)
      offsets[entry.kernel] = entry.offset;
    KernelImage description;
    description.level = image.level;
    for (const Kernel &kernel : model.kernels)
      description.entries.push_back(offsets.lookup(kernel.name));
    model.images.push_back(std::move(description));
    content.images.push_back(std::as_bytes(std::span(image.bytes)));
  }
  std::vector<std::byte> tokenizer;
  if (tokens) {
    tokenizer = tokenizer::serialize(tokens->model);
    content.tokenizer = tokenizer;
  }
  uint64_t done = 0;
  content.weights = [&](size_t index, WeightSink &sink) -> Status {
    report("weights", done, summary.weightBytes);
    LLMC_CHECK(packer.pack(weights[index], sink));
    auto entry = packer.describe(weights[index]);
    done += entry ? entry->bytes : 0;
    return Status::ok();
  };
  LLMC_CHECK(writeArtifact(options.output, std::move(content)));
  std::error_code code;
  summary.fileBytes = std::filesystem::file_size(options.output, code);
  return Status::ok();
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

std::vector<std::string> pipelineNames(const CompileOptions &options) {
  PipelineOptions pipeline;
  pipeline.dtype = options.dtype;
  pipeline.quantize = options.quantize;
  std::vector<std::string> names;
  for (const PipelineStep &step : decoderPipeline(pipeline))
    names.push_back(step.name);
  return names;
}

} // namespace llmc

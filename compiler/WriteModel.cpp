/// The end of a compile: kernels become machine code, and all parts one file.
#include "compiler/Compilation.h"

#include "compiler/PackWeights.h"
#include "compiler/TranslateSchedule.h"
#include "compiler/pack/ReadAhead.h"
#include "dialects/kernel/KernelOps.h"
#include "runtime/template/TemplateFormat.h"

#include <filesystem>
#include <fstream>
#include <thread>

using namespace mlir;

namespace llmc {

/// The kernels of one schedule as text: of the level that was asked for alone, or
/// of the most capable.
Status Compilation::emitCode() {
  std::string level = options.level == allCpuLevels ? "" : options.level;
  if (level.empty() && options.emit == EmitStage::Ptx)
    return Error{Code::BadFlagValue, "PTX is the code of one GPU level", "--emit",
                 "--target does not name one alone",
                 "give --target=sm_80, say, beside --emit=ptx"};
  ModuleOp from = scheduleOf(level);
  if (level.empty())
    level = codegen::usefulLevels(from).back();
  LLMC_TRY(const codegen::Target *target, codegen::targetOfLevel(level));
  if (options.emit == EmitStage::Ptx && !target->isDevice())
    return Error{Code::BadFlagValue, "PTX is the code of one GPU level", "--emit",
                 level + " is a level of the CPU",
                 "give --target=sm_80, say, beside --emit=ptx"};
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> kernels(ModuleOp::create(builder.getUnknownLoc()));
  for (auto function : from.getOps<func::FuncOp>())
    if (function->hasAttr(kernel::entryAttr))
      kernels->push_back(function->clone());
  LLMC_TRY(std::string text,
           codegen::generateHere(*kernels, level,
                                 options.emit == EmitStage::Llvm
                                     ? codegen::EmitKind::LlvmIr
                                     : codegen::EmitKind::Assembly));
  return emitText(text);
}

Status Compilation::generate() {
  if (options.emit == EmitStage::Llvm ||
      options.emit == EmitStage::Assembly || options.emit == EmitStage::Ptx)
    return emitCode();
  codegen::GenerateOptions generation;
  generation.jobs = options.jobs;
  generation.cache = options.cache;
  generation.progress = [&](size_t done, size_t total) {
    report("kernels", done, total);
  };
  auto count = [&](const codegen::GenerateStatistics &statistics) {
    summary.kernelsCached += statistics.cached;
    summary.kernelsGenerated += statistics.generated;
  };
  codegen::GenerateStatistics statistics;
  if (hasCpu) {
    std::vector<std::string> levels = cpuLevels;
    if (levels.empty())
      levels = codegen::usefulLevels(*module);
    LLMC_TRY(auto objects, codegen::generateKernels(*module, levels, generation,
                                                    &statistics));
    count(statistics);
    for (const std::string &level : levels) {
      LLMC_TRY(auto image, codegen::linkImage(objects, level));
      images.push_back(std::move(image));
    }
    summary.targets = levels;
  }
  std::string ptxas = devices.empty() ? "" : codegen::findPtxas();
  for (DeviceSchedule &device : devices) {
    LLMC_TRY(auto objects,
             codegen::generateKernels(*device.module, {device.level},
                                      generation, &statistics));
    count(statistics);
    LLMC_TRY(device.code, codegen::joinPtx(objects, device.level));
    if (!ptxas.empty())
      LLMC_CHECK(codegen::assemble(device.code, ptxas));
    summary.targets.push_back(device.level);
  }
  if (!devices.empty() && ptxas.empty())
    summary.notes.push_back("no ptxas was found: kernels for GPUs are PTX alone, "
                            "which the driver compiles at the first start");
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

/// How many threads may pack weights, given what is there now: each has two
/// pieces in memory.
Result<unsigned> Compilation::packingThreads() {
  uint64_t piece = 0;
  for (auto weight : module->getOps<llm::WeightOp>())
    piece = std::max(piece, WeightPacker::largestPiece(weight));
  unsigned threads =
      options.jobs ? options.jobs : std::thread::hardware_concurrency();
  threads = std::max(threads, 1u);
  if (options.maxMemory == 0)
    return threads;
  uint64_t needed = privateMemory() + 2 * piece + (uint64_t(16) << 20);
  if (needed <= options.maxMemory)
    return static_cast<unsigned>(std::min<uint64_t>(
        threads, 1 + (options.maxMemory - needed) / (2 * piece + 1)));
  return Error{Code::MemoryBudget, "the compile needs more memory than it may",
               folder.model,
               "it needs " + std::to_string((needed >> 20) + 1) +
                   " MiB; --max-memory allows " +
                   std::to_string(options.maxMemory >> 20) + " MiB",
               "give --max-memory=" + std::to_string((needed >> 20) + 1) + "M"};
}

/// `pytorch 2.8.0, ONNX IR 8, opset 17`. The file may say anything of itself, and
/// what it says is printed on terminals.
static std::string describeSource(const onnx::Model &source) {
  std::string text = source.producerName;
  if (!source.producerVersion.empty())
    text += (text.empty() ? "" : " ") + source.producerVersion;
  if (text.size() > 120)
    text.resize(120);
  for (char &c : text)
    if (c < ' ' || c > '~')
      c = '?';
  text += (text.empty() ? "ONNX IR " : ", ONNX IR ") + std::to_string(source.irVersion);
  if (std::optional<int64_t> opset = source.opsetVersion(""))
    text += ", opset " + std::to_string(*opset);
  return text;
}

Status Compilation::write() {
  report("weights");
  // No more processes are forked from here on.
  LLMC_TRY(unsigned threads, packingThreads());
  ArtifactContent content;
  LLMC_TRY(MappedFile stub, openStub(options.stub));
  content.stub = stub.bytes();
  Model &model = content.model;
  model.name = folder.name;
  model.producer = "llmc 0.1.0";
  model.source = describeSource(*source);
  model.quantization = !options.quantize.empty() ? options.quantize
                       : !options.dtype.empty()  ? options.dtype
                                                 : "f32";
  model.report = summary.report;

  std::vector<std::span<const std::byte>> files;
  for (const auto &file : source->files)
    files.push_back(file.bytes);
  WeightPacker packer(*module, files, threads);
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
    decoder.decoder.defaults = generation.defaults;
    llvm::append_range(summary.notes, generation.notes);
  }
  if (tokens && !isGraph) {
    decoder.decoder.bosToken = tokens->model.bosId;
    decoder.decoder.eosTokens.assign(tokens->model.eosIds.begin(),
                                     tokens->model.eosIds.end());
  }
  for (const Program &program : decoder.programs)
    if (const llmc::Value &arena = program.values[program.arenaBytes];
        arena.kind == llmc::Value::Kind::Constant)
      summary.arenaBytes =
          std::max(summary.arenaBytes.value_or(0), arena.number);
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
  std::vector<std::byte> tokenizer, form;
  if (tokens) {
    tokenizer = tokenizer::serialize(tokens->model);
    content.tokenizer = tokenizer;
  }
  if (chatTemplate) {
    form = chat::serializeTemplate(*chatTemplate);
    content.chatTemplate = form;
  }
  std::vector<std::span<const std::byte>> reads;
  std::vector<size_t> readsUpTo; // with each weight, and all before it
  for (llm::WeightOp weight : weights) {
    llvm::append_range(reads, packer.reads(weight));
    readsUpTo.push_back(reads.size());
  }
  pack::ReadAhead readAhead(std::move(reads));
  uint64_t done = 0;
  content.weights = [&](size_t index, WeightSink &sink) -> Status {
    readAhead.reach(readsUpTo[index]);
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

} // namespace llmc

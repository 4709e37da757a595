/// The end of a compile: all parts become one file.
#include "compiler/Compilation.h"

#include "compiler/PackWeights.h"
#include "compiler/TranslateSchedule.h"
#include "compiler/pack/ReadAhead.h"
#include "runtime/template/TemplateFormat.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

using namespace mlir;

namespace llmc {

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
  for (auto weight : scheduleOf("").getOps<llm::WeightOp>())
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

/// Where each kernel begins in an image.
static KernelImage describeImage(const codegen::KernelImage &image,
                                 const std::vector<Kernel> &kernels) {
  llvm::StringMap<uint64_t> offsets;
  for (const codegen::ImageEntry &entry : image.entries)
    offsets[entry.kernel] = entry.offset;
  KernelImage description;
  description.level = image.level;
  for (const Kernel &kernel : kernels)
    description.entries.push_back(offsets.lookup(kernel.name));
  return description;
}

/// The entries of a GPU's code, in the order of its kernels.
static DeviceImage describeDevice(const codegen::PtxModule &code,
                                  std::vector<Kernel> kernels) {
  llvm::StringMap<const codegen::PtxEntry *> entries;
  for (const codegen::PtxEntry &entry : code.entries)
    entries[entry.kernel] = &entry;
  DeviceImage image;
  image.target = code.level;
  for (Kernel &kernel : kernels) {
    const codegen::PtxEntry &entry = *entries.lookup(kernel.name);
    DeviceKernel described;
    described.kernel = std::move(kernel);
    described.entry = entry.symbol;
    described.sharedBytes = entry.figures.sharedBytes;
    described.rowsPerBlock = entry.figures.rowsPerBlock;
    described.matrix = entry.matrix;
    described.tensors = entry.figures.tensors;
    described.registers = entry.registers;
    described.spillBytes = entry.spillBytes;
    image.blockThreads = entry.figures.blockThreads;
    image.kernels.push_back(std::move(described));
  }
  return image;
}

/// A vocabulary may be smaller than the model's table, which is padded; of a
/// larger one some tokens cannot be used.
static void noteTokensBeyond(const std::vector<std::string> &tokens,
                             int64_t rows, std::vector<std::string> &notes) {
  size_t beyond = 0, first = 0;
  for (size_t id = tokens.size(); id > static_cast<size_t>(rows); --id)
    if (!tokens[id - 1].empty())
      ++beyond, first = id - 1;
  if (beyond > 0)
    notes.push_back("the tokenizer has " + std::to_string(beyond) +
                    " tokens beyond the " + std::to_string(rows) +
                    " of the model, from " + std::to_string(first) + " (`" +
                    tokens[first] + "`) on: a text with one of them is refused");
}

/// The decoder, or the graph: its programs, and the kernels that they launch.
Status Compilation::addModule(Model &model) {
  Module result;
  result.name = isGraph ? "graph" : "decoder";
  result.kind = isGraph ? Module::Kind::Graph : Module::Kind::Decoder;
  if (hasCpu) {
    LLMC_TRY(TranslatedSchedule cpu, translateSchedule(*module, model));
    result.programs = std::move(cpu.programs);
    result.decoder = cpu.decoder;
    model.kernels = std::move(cpu.kernels);
    for (const codegen::KernelImage &image : images)
      model.images.push_back(describeImage(image, model.kernels));
    summary.kernels = model.kernels.size();
  }
  for (size_t i = 0; i < devices.size(); ++i) {
    LLMC_TRY(TranslatedSchedule own, translateSchedule(*devices[i].module, model));
    if (!hasCpu && i == 0)
      result.decoder = own.decoder;
    summary.kernels = std::max<uint64_t>(summary.kernels, own.kernels.size());
    model.devices.push_back(
        describeDevice(devices[i].code, std::move(own.kernels)));
    result.schedules.push_back({static_cast<uint32_t>(i), own.decoder.chunk,
                                own.decoder.blockRows,
                                std::move(own.programs)});
  }
  DecoderConfig &decoder = result.decoder;
  if (!isGraph) {
    decoder.maxContext = pipeline.maxContext;
    decoder.defaults = generation.defaults;
    llvm::append_range(summary.notes, generation.notes);
  }
  if (tokens && !isGraph) {
    decoder.bosToken = tokens->model.bosId;
    decoder.eosTokens.assign(tokens->model.eosIds.begin(),
                             tokens->model.eosIds.end());
    noteTokensBeyond(tokens->model.tokens, decoder.vocabulary, summary.notes);
  }
  auto countArena = [&](const std::vector<Program> &programs) {
    for (const Program &program : programs)
      if (const llmc::Value &arena = program.values[program.arenaBytes];
          arena.kind == llmc::Value::Kind::Constant)
        summary.arenaBytes =
            std::max(summary.arenaBytes.value_or(0), arena.number);
  };
  countArena(result.programs);
  for (const auto &schedule : result.schedules)
    countArena(schedule.programs);
  summary.cacheBytesPerToken = decoder.cache.pageElements() *
                               elementBytes(decoder.cacheType) /
                               std::max<int64_t>(decoder.cache.page, 1);
  model.modules.push_back(std::move(result));
  return Status::ok();
}

/// Weights that launches of \p program read whole: not rows of a table.
static void noteReads(const Program &program, llvm::function_ref<const Kernel &(uint32_t)> kernelAt,
                      std::vector<bool> &isRead) {
  for (const Launch &launch : program.launches) {
    const Kernel &kernel = kernelAt(launch.kernel);
    for (auto [i, id] : llvm::enumerate(launch.buffers)) {
      const Buffer &buffer = program.buffers[id];
      bool isLookup = llvm::any_of(kernel.work.lookups, [i = i](const KernelWork::Lookup &lookup) {
        return lookup.buffer == i;
      });
      if (buffer.space == Buffer::Space::Weight && !isLookup)
        isRead[buffer.index] = true;
    }
  }
}

/// The types or schemes of what a step reads, the one of most parameters first, as
/// far as a tenth of its bytes has them: `w4g32`, `w4g32 + f32`. A table of which
/// a token takes a row may be the largest weight, and says nothing of speed.
static std::string describeTypes(const Model &model, ArrayRef<std::string> types) {
  std::vector<bool> isRead(model.weights.size());
  const llmc::Module &first = model.modules.front();
  for (const Program &program : first.programs)
    noteReads(program, [&](uint32_t i) -> const Kernel & { return model.kernels[i]; }, isRead);
  for (const DeviceSchedule &schedule : first.schedules)
    for (const Program &program : schedule.programs)
      noteReads(program,
                [&](uint32_t i) -> const Kernel & {
                  return model.devices[schedule.device].kernels[i].kernel;
                },
                isRead);
  struct Amount {
    uint64_t parameters = 0, bytes = 0;
  };
  std::map<std::string_view, Amount> amounts;
  uint64_t all = 0;
  for (auto [weight, type, read] : llvm::zip(model.weights, types, isRead)) {
    if (!read)
      continue;
    amounts[type].parameters += weight.parameters;
    amounts[type].bytes += weight.bytes;
    all += weight.bytes;
  }
  std::vector<std::pair<std::string_view, Amount>> order(amounts.begin(), amounts.end());
  llvm::stable_sort(order, [](const auto &a, const auto &b) {
    return a.second.parameters > b.second.parameters;
  });
  std::string text;
  for (const auto &[type, amount] : order)
    if (text.empty() || amount.bytes >= all / 10)
      text += (text.empty() ? "" : " + ") + std::string(type);
  return text.empty() ? "f32" : text;
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
  model.report = summary.report;

  std::vector<std::span<const std::byte>> files;
  for (const auto &file : source->files)
    files.push_back(file.bytes);
  ModuleOp first = scheduleOf("");
  std::vector<std::string> types; // or scheme, of each weight
  WeightPacker packer(first, files, threads);
  std::vector<llm::WeightOp> weights(first.getOps<llm::WeightOp>().begin(),
                                     first.getOps<llm::WeightOp>().end());
  for (llm::WeightOp weight : weights) {
    LLMC_TRY(Weight entry, packer.describe(weight));
    summary.weightBytes += entry.bytes;
    types.push_back(weight.getScheme().empty() ? std::string(elementTypeName(entry.type))
                                               : weight.getScheme().str());
    model.weights.push_back(std::move(entry));
  }
  LLMC_CHECK(addModule(model));
  model.quantization = model.modules.front().kind == llmc::Module::Kind::Graph
                           ? "as in the model"
                           : describeTypes(model, types);
  for (const codegen::KernelImage &image : images)
    content.images.push_back(std::as_bytes(std::span(image.bytes)));
  for (const DeviceBuild &device : devices)
    content.devices.push_back(
        {device.code.text, std::as_bytes(std::span(device.code.cubin))});
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

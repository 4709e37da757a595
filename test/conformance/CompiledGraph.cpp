#include "test/conformance/CompiledGraph.h"

#include "codegen/Generate.h"
#include "codegen/llvm/Image.h"
#include "compiler/PackWeights.h"
#include "compiler/Pipelines.h"
#include "compiler/RunPipeline.h"
#include "compiler/TranslateSchedule.h"
#include "dialects/kernel/KernelDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "runtime/format/Writer.h"

#include <unistd.h>

using namespace mlir;

namespace llmc::test {

std::string hostLevel() {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
             ? "x86-64-v4"
             : "x86-64-v3";
}

static Error unsupported(const DiagnosticLog &log) {
  std::string why;
  for (const std::string &line : log.errors())
    why += (why.empty() ? "" : "; ") + line;
  return {Code::UnsupportedOps, "the graph cannot be lowered", "", why, ""};
}

static Status lower(ModuleOp module) {
  DiagnosticLog log(*module.getContext());
  std::vector<PipelineStep> steps = graphPipeline();
  Status status = runPipeline(
      module, steps, "", log,
      [](const PipelineStep &step, ModuleOp ir) -> Status {
        if (failed(verify(ir)))
          return Error{Code::Internal, step.name + " made invalid IR", "", "", ""};
        return Status::ok();
      });
  if (!status && status.error().code == Code::Internal && log.errors().size() &&
      status.error().what.find("invalid") == std::string::npos)
    return unsupported(log);
  if (!status && log.errors().size())
    status.error().why = log.errors().back();
  return status;
}

/// Every kernel alone, in this process: no workers, no cache.
static Result<codegen::KernelImage> generate(ModuleOp module) {
  std::string level = hostLevel();
  std::vector<codegen::KernelObject> objects;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(kernel::entryAttr))
      continue;
    OpBuilder builder(module.getContext());
    OwningOpRef<ModuleOp> alone(ModuleOp::create(builder.getUnknownLoc()));
    alone->push_back(function.clone());
    std::string name = function.getSymName().str();
    LLMC_TRY(std::string object, codegen::generateHere(
                                     *alone, level, codegen::EmitKind::Object));
    objects.push_back({name, level, name, std::move(object)});
  }
  return codegen::linkImage(objects, level);
}

Result<std::unique_ptr<CompiledGraph>>
CompiledGraph::make(ModuleOp module, const onnx::Model &source) {
  LLMC_CHECK(lower(module));
  LLMC_TRY(codegen::KernelImage image, generate(module));

  ArtifactContent content;
  Model &model = content.model;
  model.name = "conformance";
  std::vector<std::span<const std::byte>> files;
  for (const auto &file : source.files)
    files.push_back(file.bytes);
  WeightPacker packer(module, files);
  std::vector<llm::WeightOp> weights(module.getOps<llm::WeightOp>().begin(),
                                     module.getOps<llm::WeightOp>().end());
  for (llm::WeightOp weight : weights) {
    LLMC_TRY(Weight entry, packer.describe(weight));
    model.weights.push_back(std::move(entry));
  }
  Module graph;
  graph.name = "graph";
  graph.kind = Module::Kind::Graph;
  LLMC_TRY(TranslatedSchedule schedule, translateSchedule(module, model));
  graph.programs = std::move(schedule.programs);
  model.kernels = std::move(schedule.kernels);
  model.modules.push_back(std::move(graph));
  KernelImage description;
  description.level = image.level;
  for (const Kernel &kernel : model.kernels)
    for (const codegen::ImageEntry &entry : image.entries)
      if (entry.kernel == kernel.name)
        description.entries.push_back(entry.offset);
  model.images.push_back(std::move(description));
  content.images.push_back(std::as_bytes(std::span(image.bytes)));
  content.weights = [&](size_t index, WeightSink &sink) {
    return packer.pack(weights[index], sink);
  };
  std::unique_ptr<CompiledGraph> made(new CompiledGraph);
  const char *folder = std::getenv("TMPDIR");
  made->path = std::string(folder ? folder : "/tmp") + "/llmc-conformance-" +
               std::to_string(::getpid()) + ".bin";
  LLMC_CHECK(writeArtifact(made->path, std::move(content)));
  LLMC_TRY(made->loaded, LoadedModel::open(made->path, 1));
  LLMC_TRY(made->executor, GraphExecutor::create(*made->loaded));
  return std::move(made);
}

CompiledGraph::~CompiledGraph() {
  if (!path.empty())
    ::unlink(path.c_str());
}

} // namespace llmc::test

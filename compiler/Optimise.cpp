/// The middle of a compile: the passes, of a decoder or else of any graph.
#include "compiler/Compilation.h"

#include "compiler/Recognition.h"
#include "compiler/VerifyEach.h"
#include "dialects/llm/LlmOps.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/IR/Verifier.h"
#include "passes/support/Regions.h"

using namespace mlir;

namespace llmc {

/// A table of positions bounds the context, whatever is asked for, and so does
/// the fixed length of a cache's buffer.
Status Compilation::limitContext() {
  auto limit = (*module)->getAttrOfType<IntegerAttr>("llm.max_positions");
  if (!limit || limit.getInt() >= pipeline.maxContext)
    return Status::ok();
  if (options.maxContext > limit.getInt())
    return Error{Code::BadFlagValue, "the context is too long for the model",
                 "--max-context",
                 "its table of positions, or the buffer of its cache, ends "
                 "at " + std::to_string(limit.getInt()),
                 "give --max-context=" + std::to_string(limit.getInt()) +
                     " or less"};
  pipeline.maxContext = limit.getInt();
  return Status::ok();
}

/// Heads are whole lanes of 4 bytes of a type that was asked for.
Status Compilation::checkCacheType(ModuleOp ir) const {
  auto step = ir.lookupSymbol<func::FuncOp>("step");
  int64_t lane = options.cacheType == "i8" ? 4
                 : options.cacheType == "bf16" || options.cacheType == "f16"
                     ? 2
                     : 1;
  if (!step)
    return Status::ok();
  for (Type argument : step.getArgumentTypes())
    if (auto cache = dyn_cast<llm::KvCacheType>(argument);
        cache && cache.getHeadDim() % lane)
      return Error{Code::BadFlagValue, "the cache cannot be of this type",
                   "--kv-cache-dtype",
                   "it takes heads whose width is a multiple of " +
                       std::to_string(lane) + ", and the model's are " +
                       std::to_string(cache.getHeadDim()) + " wide",
                   "leave the flag away, or give --kv-cache-dtype=f32"};
  return Status::ok();
}

/// The IR behind every pass is valid, or the pass is named.
static Status checkValid(const PipelineStep &step, ModuleOp ir,
                         const DiagnosticLog &log) {
  if (succeeded(verify(ir)))
    return Status::ok();
  return Error{Code::Internal, "the pass " + step.name + " made invalid IR", "",
               log.errors().empty() ? "" : log.errors().back(),
               "please report this with the model's graph"};
}

/// What --target names: levels of the CPU, "cpu" for all that differ, GPUs.
Status Compilation::chooseTargets() {
  bool allLevels = options.targets.empty();
  for (const std::string &name : options.targets) {
    if (name == allCpuLevels) {
      allLevels = true;
      continue;
    }
    const GpuFigures *gpu = findGpu(name);
    std::string level = gpu ? gpu->level.str() : name;
    LLMC_TRY(const codegen::Target *target, codegen::targetOfLevel(level));
    if (!target->isDevice()) {
      cpuLevels.push_back(level);
      continue;
    }
    auto same = llvm::find_if(devices, [&](const DeviceBuild &device) {
      return device.level == level;
    });
    if (same == devices.end())
      devices.push_back({level, gpu, {}, {}});
    else if (same->gpu != gpu)
      return Error{Code::BadTarget, "two GPUs have the same code", "--target",
                   same->gpu->name.str() + " and " + gpu->name.str() +
                       " both run " + level + ", of which a file holds one",
                   "name one of them: its code runs on the other as well"};
  }
  const GpuFigures *gpu = findGpu(options.level);
  printed = gpu ? gpu->level.str() : options.level;
  if (printed == allCpuLevels)
    printed.clear();
  hasCpu = allLevels || !cpuLevels.empty();
  if (allLevels)
    cpuLevels.clear();
  return Status::ok();
}

static std::string joined(const std::vector<std::string> &lines,
                          const char *separator) {
  std::string text;
  for (const std::string &line : lines)
    text += (text.empty() ? "" : separator) + line;
  return text;
}

/// Behind the last pass that raises: what was found, and whether that is a
/// decoder. \p attention counts the graph's attentions before.
Status Compilation::reportRecognition(ModuleOp ir, int64_t attention) {
  llm::AttentionOp first;
  ir.walk([&](llm::AttentionOp op) {
    first = op;
    return WalkResult::interrupt();
  });
  if (!first) {
    std::string why = joined(log.remarks(), "\n");
    return Error{Code::NotADecoder,
                 "the graph was not recognised as a decoder", folder.model,
                 why.empty() ? "it has no attention" : why,
                 "`llmc infer` runs any graph"};
  }
  std::vector<std::string> plain;
  for (const Recognised &entry : recognised(ir, attention)) {
    summary.report.push_back(entry.text());
    if (entry.found < entry.total)
      plain.push_back(entry.text());
  }
  if (!options.strict || plain.empty())
    return Status::ok();
  std::string why = joined(plain, ", ");
  if (!log.remarks().empty())
    why += "\n" + joined(log.remarks(), "\n");
  return Error{Code::StrictPlain, "a hot operator stayed plain", folder.model,
               why, "compile without --strict, or report the graph"};
}

/// Says of which weights --quantize changes nothing.
void Compilation::noteQuantized(ModuleOp ir) {
  if (options.quantize.empty())
    return;
  llvm::SmallPtrSet<Operation *, 32> all;
  llvm::StringMap<int64_t> arrived;
  ir.walk([&](llm::LinearOp linear) {
    llm::WeightOp weight = weightOf(linear.getWeight());
    if (weight && all.insert(weight).second && !weight.getScheme().empty())
      ++arrived[weight.getScheme()];
  });
  std::vector<std::string> schemes;
  int64_t count = 0;
  for (const auto &entry : arrived) {
    schemes.push_back(entry.first().str());
    count += entry.second;
  }
  if (count == 0)
    return;
  llvm::sort(schemes);
  summary.notes.push_back(
      std::to_string(count) + " of " + std::to_string(all.size()) +
      " weights of linears are quantized in the model (" +
      joined(schemes, ", ") + ") and stay as they are; --quantize=" +
      options.quantize +
      (count < int64_t(all.size()) ? " is for the others" : " has none to change"));
}

Status Compilation::optimise() {
  report("optimise");
  // The passes change the module before they know whether it is a decoder.
  OwningOpRef<ModuleOp> plain;
  if (!options.strict)
    plain = module->clone();
  VerifyEach verifier;
  // A graph that is no decoder may lack what the sample needs: no error yet.
  Status sampled = options.verifyEach ? verifier.begin(*module) : Status::ok();
  int64_t attention = countAttention(*module);
  std::vector<PipelineStep> steps =
      hasCpu ? cpuPipeline(pipeline) : decoderPipeline(pipeline);
  std::vector<std::string> unevaluated;
  auto after = [&](const PipelineStep &step, ModuleOp ir) -> Status {
    LLMC_CHECK(checkValid(step, ir, log));
    if (options.verifyEach && sampled) {
      LLMC_TRY(bool evaluated, verifier.check(step, ir));
      if (!evaluated)
        unevaluated.push_back(step.name);
    }
    if (step.name == "llmc-raise-map") {
      LLMC_CHECK(reportRecognition(ir, attention));
      noteQuantized(ir);
      LLMC_CHECK(std::move(sampled));
    }
    if (step.name == "llmc-raise-step")
      LLMC_CHECK(checkCacheType(ir));
    if (step.stage != "layout")
      return Status::ok();
    for (DeviceBuild &device : devices)
      device.module = ir.clone();
    return emitIfWanted(EmitStage::Llm);
  };
  Status status = runPipeline(*module, steps, options.dumpStages, log, after);
  if (!status && status.error().code == Code::NotADecoder && plain)
    return optimiseAsGraph(std::move(plain), status.error());
  LLMC_CHECK(std::move(status));
  if (tokenizerError)
    return *tokenizerError;
  if (options.verifyEach)
    summary.notes.push_back(
        "--verify-each evaluated " +
        std::to_string(steps.size() - unevaluated.size()) + " of " +
        std::to_string(steps.size()) + " passes; behind " +
        joined(unevaluated, ", ") + " there are kernels, which it cannot");
  LLMC_CHECK(limitContext());
  LLMC_CHECK(scheduleDevices());
  LLMC_CHECK(emitIfWanted(EmitStage::Rt));
  return emitIfWanted(EmitStage::Kernels);
}

ModuleOp Compilation::scheduleOf(StringRef level) {
  for (DeviceBuild &device : devices)
    if (device.level == level || !hasCpu)
      return *device.module;
  return *module;
}

/// Each GPU has programs and kernels of its own, over the same weights.
Status Compilation::scheduleDevices() {
  for (DeviceBuild &device : devices) {
    std::vector<PipelineStep> steps = schedulePipeline(pipeline, device.gpu);
    auto after = [&](const PipelineStep &step, ModuleOp ir) {
      return checkValid(step, ir, log);
    };
    std::string stages = options.dumpStages.empty()
                             ? ""
                             : options.dumpStages + "/" + device.level;
    LLMC_CHECK(runPipeline(*device.module, steps, stages, log, after));
  }
  return Status::ok();
}

/// Any graph runs, if not as a decoder: one plain kernel per operator.
Status Compilation::optimiseAsGraph(OwningOpRef<ModuleOp> graph,
                                    const Error &reason) {
  module = std::move(graph);
  isGraph = true;
  if (!hasCpu)
    return Error{Code::BadTarget, "a graph that is no decoder runs on the CPU alone",
                 folder.model, reason.why, "name a CPU level in --target"};
  if (!devices.empty())
    summary.notes.push_back("a graph that is no decoder runs on the CPU alone");
  devices.clear();
  summary.report.clear();
  std::string why = reason.why.substr(0, reason.why.find('\n'));
  summary.notes.push_back("not recognised as a decoder" +
                          (why.empty() ? "" : " (" + why + ")") +
                          ": only `infer` runs it, with plain kernels");
  if (tokenizerError)
    summary.notes.push_back("tokenizer.json cannot be used (" +
                            tokenizerError->why +
                            "), and a graph needs none: it was left away");
  if (!options.quantize.empty() || !options.dtype.empty())
    summary.notes.push_back("the weights of a graph stay as they are: --dtype "
                            "and --quantize were not applied");
  if (!options.cacheType.empty())
    summary.notes.push_back("a graph keeps no cache: --kv-cache-dtype was not "
                            "applied");
  if (options.verifyEach)
    summary.notes.push_back("--verify-each evaluated no pass: a graph becomes "
                            "kernels in its first");
  size_t before = log.errors().size();
  std::vector<PipelineStep> steps = graphPipeline();
  auto after = [&](const PipelineStep &step, ModuleOp ir) {
    return checkValid(step, ir, log);
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

} // namespace llmc

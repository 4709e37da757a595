/// Kernels become machine code: images for the CPU, PTX for GPUs.
#include "compiler/Compilation.h"

#include "dialects/kernel/KernelOps.h"

using namespace mlir;

namespace llmc {

/// The kernels of one schedule as text: of the level that was asked for alone, or
/// of the most capable.
Status Compilation::emitCode() {
  std::string level = printed;
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
  if (target->isDevice() && options.emit != EmitStage::Llvm) {
    // As it is in the file: each kernel has limits of its own.
    codegen::GenerateOptions generation;
    generation.jobs = options.jobs;
    generation.cache = options.cache;
    LLMC_TRY(auto objects, codegen::generateKernels(from, {level}, generation));
    LLMC_TRY(auto code, codegen::joinPtx(objects, level));
    return emitText(code.text);
  }
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

/// Says where a GPU multiplies without matrix units, which take no f32.
void Compilation::notePlainProducts(DeviceBuild &device) {
  if (!options.dtype.empty())
    return;
  int64_t plain = 0, all = 0;
  for (const codegen::PtxEntry &entry : device.code.entries) {
    auto kernel = device.module->lookupSymbol<func::FuncOp>(entry.kernel);
    auto family = kernel ? kernel->getAttrOfType<StringAttr>("kernel.family")
                         : StringAttr();
    if (!family || family.getValue() != "linear")
      continue;
    ++all;
    plain += entry.matrix.empty();
  }
  if (plain > 0)
    summary.notes.push_back(std::to_string(plain) + " of " + std::to_string(all) +
                            " kernels of linears for " + device.level +
                            " multiply f32, as matrix units do not: "
                            "--dtype=bf16 uses them");
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
  for (DeviceBuild &device : devices) {
    LLMC_TRY(auto objects,
             codegen::generateKernels(*device.module, {device.level},
                                      generation, &statistics));
    count(statistics);
    LLMC_TRY(device.code, codegen::joinPtx(objects, device.level));
    notePlainProducts(device);
    if (!ptxas.empty())
      LLMC_CHECK(codegen::assemble(device.code, ptxas));
    summary.targets.push_back(device.level);
  }
  if (!devices.empty() && ptxas.empty())
    summary.notes.push_back("no ptxas was found: kernels for GPUs are PTX alone, "
                            "which the driver compiles at the first start");
  return Status::ok();
}

} // namespace llmc

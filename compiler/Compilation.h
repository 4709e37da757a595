/// One compile in progress: what Compiler.cpp reads, Optimise.cpp turns into
/// programs, and WriteModel.cpp into a file.
#ifndef LLMC_COMPILER_COMPILATION_H
#define LLMC_COMPILER_COMPILATION_H

#include "codegen/Generate.h"
#include "codegen/llvm/Image.h"
#include "codegen/nvptx/PtxModule.h"
#include "compiler/Compiler.h"
#include "compiler/GenerationSettings.h"
#include "compiler/ModelFolder.h"
#include "compiler/RunPipeline.h"
#include "frontends/onnx/reader/OnnxReader.h"
#include "frontends/template/TemplateReader.h"
#include "frontends/tokenizer/TokenizerReader.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>

namespace llmc {

class Compilation {
public:
  explicit Compilation(const CompileOptions &options)
      : options(options),
        context(registry(), mlir::MLIRContext::Threading::DISABLED),
        log(context) {}
  Result<CompileSummary> run();

private:
  /// Programs and kernels of a decoder for one GPU architecture.
  struct DeviceBuild {
    std::string level; ///< "sm_80"
    const GpuFigures *gpu = nullptr; ///< What choices are made for.
    mlir::OwningOpRef<mlir::ModuleOp> module;
    codegen::PtxModule code;
  };

  static mlir::DialectRegistry registry();
  Status read();
  Status import();
  Status chooseTargets();
  Status optimise();
  Status scheduleDevices();
  Status optimiseAsGraph(mlir::OwningOpRef<mlir::ModuleOp> graph,
                         const Error &reason);
  Status reportRecognition(mlir::ModuleOp ir, int64_t attention);
  void noteQuantized(mlir::ModuleOp ir);
  Status emitText(const std::string &text);
  Status emitIfWanted(EmitStage stage);
  /// The module of a level's schedule; of the CPU where it is no GPU's.
  mlir::ModuleOp scheduleOf(llvm::StringRef level);
  Status emitCode();
  Status generate();
  Result<unsigned> packingThreads();
  Status checkOutput() const;
  Status limitContext();
  /// Error: BadFlagValue where heads do not fit the cache's type.
  Status checkCacheType(mlir::ModuleOp ir) const;
  void notePlainProducts(DeviceBuild &device);
  Status addModule(Model &model);
  Status write();
  void report(const char *phase, uint64_t done = 0, uint64_t total = 0) {
    if (options.progress)
      options.progress({phase, done, total});
  }

  const CompileOptions &options;
  mlir::MLIRContext context;
  DiagnosticLog log;
  CompileSummary summary;
  ModelFolder folder;
  std::optional<onnx::Model> source;
  std::optional<tokenizer::ReadTokenizer> tokens;
  std::optional<chat::TemplateModel> chatTemplate;
  GenerationSettings generation;
  std::optional<Error> tokenizerError; ///< It matters to decoders alone.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  PipelineOptions pipeline;
  std::string printed; ///< The level whose code --emit prints; empty: none named.
  bool hasCpu = true;                 ///< Programs for the CPU are wanted,
  std::vector<std::string> cpuLevels; ///< for these; empty: all that differ.
  std::vector<DeviceBuild> devices; ///< Asked for.
  std::vector<codegen::KernelImage> images;
  bool emitted = false;
  bool isGraph = false; ///< Not a decoder: `infer` alone runs it.
};

} // namespace llmc

#endif // LLMC_COMPILER_COMPILATION_H

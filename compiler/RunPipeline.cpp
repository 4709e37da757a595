#include "compiler/RunPipeline.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace llmc {

/// The node that a location names, and its place: `node_name (model.onnx:12)`.
static std::string describe(Location location) {
  std::string name, file;
  location->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner); named && name.empty())
      name = named.getName().str();
    if (auto line = dyn_cast<FileLineColLoc>(inner); line && file.empty())
      file = llvm::formatv("{0}:{1}", line.getFilename().getValue(),
                           line.getLine());
    return WalkResult::advance();
  });
  if (name.empty())
    return file;
  return file.empty() ? "node " + name : "node " + name + " (" + file + ")";
}

DiagnosticLog::DiagnosticLog(MLIRContext &context) : context(context) {
  handler = context.getDiagEngine().registerHandler([this](Diagnostic &d) {
    std::string where = describe(d.getLocation());
    std::string line = where.empty() ? d.str() : where + ": " + d.str();
    if (d.getSeverity() == DiagnosticSeverity::Error)
      errorLines.push_back(std::move(line));
    else
      remarkLines.push_back(std::move(line));
    return success();
  });
}

DiagnosticLog::~DiagnosticLog() {
  context.getDiagEngine().eraseHandler(handler);
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(64);
  module->print(stream, flags);
  return text;
}

static Status writeText(const std::string &path, const std::string &text) {
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (!code) {
    stream << text;
    stream.flush();
    code = stream.error();
    stream.clear_error();
  }
  if (code)
    return Error{Code::CannotWrite, "a stage could not be written", path,
                 code.message(), "check the folder of --dump-stages"};
  return Status::ok();
}

static Error failedPass(const PipelineStep &step, const DiagnosticLog &log) {
  std::string why;
  for (const std::string &line : log.errors())
    why += (why.empty() ? "" : "\n") + line;
  if (step.stage != "raise")
    return Error{Code::Internal, "the pass " + step.name + " failed", "", why,
                 "please report this with the model's graph"};
  for (const std::string &line : log.remarks())
    why += "\n" + line;
  return Error{Code::NotADecoder,
               "the graph was not recognised as a decoder", "", why,
               "`llmc infer` runs any graph; --dump-stages=DIR shows how far "
               "recognition came"};
}

Status runPipeline(ModuleOp module, std::vector<PipelineStep> &steps,
                   const std::string &dumpFolder, DiagnosticLog &log,
                   const AfterPass &after) {
  std::string before;
  if (!dumpFolder.empty()) {
    // Only the last folder of the path, as `infer` does: the others may be typos.
    if (auto code = llvm::sys::fs::create_directory(dumpFolder))
      return Error{Code::CannotCreate, "the folder for stages cannot be made",
                   dumpFolder, code.message(),
                   "name one in a folder that exists and may be written"};
    before = print(module);
    LLMC_CHECK(writeText(dumpFolder + "/00-import.mlir", before));
  }
  // --mlir-timing reports over all passes at once.
  DefaultTimingManager timing;
  applyDefaultTimingManagerCLOptions(timing);
  TimingScope whole = timing.getRootScope();
  for (auto [index, step] : llvm::enumerate(steps)) {
    PassManager manager(module.getContext());
    // Fails where --mlir- flags were not asked for, which is no error.
    (void)applyPassManagerCLOptions(manager);
    manager.enableTiming(whole);
    manager.addPass(std::move(step.pass));
    if (failed(manager.run(module)))
      return failedPass(step, log);
    if (!dumpFolder.empty()) {
      std::string now = print(module);
      std::string path = llvm::formatv("{0}/{1,0+2}-{2}{3}.mlir", dumpFolder,
                                       index + 1, StringRef(step.name).substr(5),
                                       now == before ? "" : ".changed");
      LLMC_CHECK(writeText(path, now));
      before = std::move(now);
    }
    if (after)
      LLMC_CHECK(after(step, module));
  }
  return Status::ok();
}

} // namespace llmc

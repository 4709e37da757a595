/// What `llmc compile` is asked to do.
#ifndef LLMC_COMPILER_OPTIONS_H
#define LLMC_COMPILER_OPTIONS_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace llmc {

/// Where to stop and print instead of writing a model.bin.
enum class EmitStage { Artifact, Onnx, Llm, Rt, Kernels, Llvm, Assembly, Ptx };

/// One line of progress: a phase, and how much of it is done (0 of 0: unknown).
struct CompileProgress {
  std::string phase; ///< "read", "import", "optimise", "kernels", "weights"
  uint64_t done = 0;
  uint64_t total = 0;
};

/// What CompileOptions::attentionSplit is at most.
constexpr int64_t mostAttentionSplit = 16384;

/// Of --max-context: tables of positions are evaluated and stored for each.
inline constexpr int64_t largestContext = int64_t(1) << 24;

/// In CompileOptions::targets: every CPU level that differs for the model.
inline constexpr const char *allCpuLevels = "cpu";

struct CompileOptions {
  std::string input;  ///< An .onnx file or a folder that holds one.
  std::string output; ///< The model.bin, or the text of --emit; "-": stdout.
  std::vector<std::string> targets; ///< See targetNames(); empty: `cpu`.
  std::string dtype;    ///< "f32", "f16", "bf16"; empty: what the graph holds.
  std::string quantize; ///< "w8", "w4g32" …; empty: none.
  std::string cacheType; ///< "f32", "bf16", "f16", "i8"; empty: chosen (SelectCacheType).
  int64_t maxContext = 0; ///< 0: what the model's configuration says.
  int64_t chunk = 0;      ///< Rows of a prefill step; 0: 128, on GPUs 1024.
  /// Positions of a piece of the cache in attention, whose pieces are then
  /// shared by threads wherever there is room; 0: chosen (SelectSplits).
  int64_t attentionSplit = 0;
  uint64_t maxMemory = 0; ///< Bytes; 0: no limit.
  unsigned jobs = 0;      ///< Worker processes; 0: one per core.
  bool strict = false;
  bool verifyEach = false;
  bool cache = true;          ///< Use the kernel cache on disk.
  std::string dumpStages;     ///< Folder; empty: none.
  EmitStage emit = EmitStage::Artifact;
  /// Of --emit=rt, kernels, llvm and asm; empty: the highest of the CPU.
  std::string level;
  std::string stub;           ///< The executable in front; empty: beside llmc.
  /// Called often from the compiling thread; may be empty.
  std::function<void(const CompileProgress &)> progress;
};

/// What a compile found and made, for the report on stderr and for --json.
struct CompileSummary {
  std::vector<std::string> files;   ///< The files that were used, with roles.
  std::vector<std::string> report;  ///< "attention 5/5", "rope 5/5" …
  std::vector<std::string> notes;   ///< What the user should know, a line each.
  std::vector<std::string> targets; ///< Levels in the file.
  uint64_t kernels = 0;             ///< Distinct kernels.
  uint64_t kernelsCached = 0, kernelsGenerated = 0; ///< Over all levels.
  uint64_t weightBytes = 0, fileBytes = 0;
  std::optional<int64_t> arenaBytes; ///< None where inputs' sizes decide it.
  int64_t cacheBytesPerToken = 0;
  double seconds = 0;
};

} // namespace llmc

#endif // LLMC_COMPILER_OPTIONS_H

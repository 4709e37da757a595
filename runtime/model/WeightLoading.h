/// Decides where weights are read from, and sees to it while steps run.
#ifndef LLMC_RUNTIME_MODEL_WEIGHTLOADING_H
#define LLMC_RUNTIME_MODEL_WEIGHTLOADING_H

#include "runtime/cpu/ThreadPool.h"
#include "runtime/format/Artifact.h"
#include "runtime/model/CopyPlan.h"
#include "runtime/model/LoadMachine.h"
#include "runtime/model/LoadPolicy.h"
#include "runtime/model/WeightCopy.h"
#include "runtime/program/WeightPlaces.h"
#include "runtime/support/Error.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace llmc {

struct LoadOptions {
  LoadMode mode = LoadMode::Auto;
  LoadMachine *machine = nullptr; ///< null: the machine itself.
};

/// What was decided and done so far.
struct LoadReport {
  LoadMode mode = LoadMode::Auto;
  uint64_t copiedBytes = 0;       ///< That steps read from 2 MiB pages.
  bool isWhole = false;           ///< All that launches read is copied.
  std::optional<ReadRates> rates; ///< The last measured.
  bool onDevice = false;          ///< An accelerator has them.
  std::string note;               ///< Why a copy that was wanted is not there.

  /// `device`, `map`, `copy`, or `both` while or where a part only is copied.
  std::string_view from() const;
};

/// With LoadMode::Auto nothing is done before the first result is out; then the
/// map is measured (twice where it seems slow), and where it is slow the weights
/// are copied, in order of use, while steps go on. All but the copying itself
/// happens in beforeStep.
class WeightLoading {
public:
  /// Copies all with LoadMode::Copy where there is room. \p artifact and
  /// \p threads must outlive this. Errors: ArtifactDamaged, CannotRead.
  static Result<std::unique_ptr<WeightLoading>>
  create(const Artifact &artifact, ThreadPool &threads,
         const LoadOptions &options);

  const WeightPlaces &places() const { return where; }
  /// Whether every block was compared with its hash as it was copied.
  bool hasCheckedAll() const { return checkedAll; }

  /// Call it between steps, on the thread that runs them; weights may move.
  /// \p checked: the weights' check is done. Errors, for what was found while
  /// copying: ArtifactDamaged, CannotRead.
  Status beforeStep(bool checked) {
    if (stage == Stage::Settled || !checked)
      return Status::ok();
    return advance();
  }
  /// Goes on until nothing more will change. Errors: as above.
  Status settle(bool checked);

  LoadReport report() const;
  /// The weights section as far as it is in one place: the copy, if all of it
  /// is there, or the map.
  std::span<const std::byte> bytes() const;

private:
  enum class Stage { Measuring, Copying, Settled };

  WeightLoading(const Artifact &artifact, ThreadPool &threads,
                const LoadOptions &options);
  Status advance();
  void measure();
  Status copyAll();
  bool prepareCopy(bool everyBlock);
  void beginCopy();
  Status followCopy();
  void adoptCopied();
  void stay(std::string why);
  std::span<const std::byte> mapped() const {
    return artifact.sectionBytes(artifact.weightsSection());
  }

  const Artifact &artifact;
  ThreadPool &threads;
  LoadOptions options;
  ThisMachine realMachine;
  LoadMachine &machine;
  WeightPlaces where;
  Stage stage = Stage::Settled;
  std::vector<ReadRates> measured;
  CopyPlan plan;
  std::unique_ptr<FileBlocks> source;
  std::unique_ptr<WeightCopy> copy; // before `source` and `where` when it ends
  size_t moved = 0;                 // of the plan's moves
  size_t adopted = 0;               // of the plan's blocks
  bool checkedAll = false;
  std::string note;
};

} // namespace llmc

#endif // LLMC_RUNTIME_MODEL_WEIGHTLOADING_H

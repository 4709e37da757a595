#include "runtime/model/WeightLoading.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace llmc {

namespace {
/// Blocks that are copied ahead of the steps: 256 MiB, more than a step's time
/// suffices to copy.
constexpr size_t piece = 128;
} // namespace

std::string_view LoadReport::from() const {
  if (onDevice)
    return "device";
  return copiedBytes == 0 ? "map" : isWhole ? "copy" : "both";
}

WeightLoading::WeightLoading(const Artifact &artifact, ThreadPool &threads,
                             const LoadOptions &options)
    : artifact(artifact), threads(threads), options(options),
      machine(options.machine ? *options.machine
                              : static_cast<LoadMachine &>(realMachine)),
      where(artifact) {}

Result<std::unique_ptr<WeightLoading>>
WeightLoading::create(const Artifact &artifact, ThreadPool &threads,
                      const LoadOptions &options) {
  std::unique_ptr<WeightLoading> loading(
      new WeightLoading(artifact, threads, options));
  if (artifact.weightsSection() >= artifact.sections().size() ||
      loading->mapped().empty())
    return loading;
  if (options.mode == LoadMode::Copy)
    LLMC_CHECK(loading->copyAll());
  else if (options.mode == LoadMode::Auto &&
           loading->mapped().size() >= leastProbedBytes)
    loading->stage = Stage::Measuring;
  return loading;
}

void WeightLoading::stay(std::string why) {
  stage = Stage::Settled;
  char rate[64] = "";
  if (!measured.empty())
    std::snprintf(rate, sizeof rate, ", which gives %.0f %% of memory's rate",
                  100 * measured.back().map / measured.back().memory);
  note = moved > 0 ? "some weights stay in the map of the file"
                   : "the weights stay in the map of the file";
  note += rate + (": " + why);
}

/// Plan, source and memory; false, and why in the note, where there is no room.
bool WeightLoading::prepareCopy(bool everyBlock) {
  plan = planCopy(artifact.model(), mapped().size(), everyBlock);
  uint64_t bytes = plan.blocks.size() * hashBlockBytes;
  CopyRoom room = machine.room();
  if (std::string why = whyNotCopy(bytes, room); !why.empty()) {
    stay(std::move(why));
    return false;
  }
  source = std::make_unique<FileBlocks>(artifact, dropsCache(bytes, room));
  auto made = WeightCopy::create(*source, mapped().size(), plan.blocks,
                                 std::max(piece, plan.largestStep()));
  if (!made) {
    stay(made.error().why);
    return false;
  }
  copy = *std::move(made);
  return true;
}

Status WeightLoading::copyAll() {
  if (!prepareCopy(/*everyBlock=*/true))
    return Status::ok();
  if (Status status = copy->copyNow(threads); !status) {
    copy.reset();
    if (status.error().code != Code::OutOfMemory)
      return status;
    stay(status.error().why);
    return Status::ok();
  }
  adoptCopied();
  checkedAll = true;
  return Status::ok();
}

void WeightLoading::measure() {
  std::optional<ReadRates> rates = machine.measure(threads, mapped());
  if (!rates) {
    // Where there is no memory to measure, there is none for a copy.
    stage = Stage::Settled;
    return;
  }
  measured.push_back(*rates);
  switch (judge(measured)) {
  case Verdict::MeasureAgain:
    return;
  case Verdict::Stay:
    stage = Stage::Settled;
    return;
  case Verdict::Copy:
    beginCopy();
  }
}

void WeightLoading::beginCopy() {
  if (!prepareCopy(/*everyBlock=*/false))
    return;
  if (Status status = copy->start(); !status) {
    copy.reset();
    stay(status.error().why);
    return;
  }
  stage = Stage::Copying;
}

void WeightLoading::adoptCopied() {
  size_t copied = copy->copied();
  for (; moved < plan.moves.size() && plan.moves[moved].ready <= copied; ++moved) {
    size_t weight = plan.moves[moved].weight;
    where.move(weight, copy->base() + artifact.model().weights[weight].offset);
  }
  // Blocks of a weight that has not moved are still read from the map.
  if (moved == plan.moves.size())
    adopted = copied;
  else if (moved > 0)
    adopted = plan.moves[moved - 1].ready;
  copy->adopt(adopted);
}

Status WeightLoading::followCopy() {
  // In this order: nothing is copied once it has ended.
  bool ended = copy->hasEnded();
  adoptCopied();
  if (!ended)
    return Status::ok();
  copy->finish();
  const Status &outcome = copy->outcome();
  // A damaged file stays one: no later step runs either.
  if (!outcome && outcome.error().code != Code::OutOfMemory)
    return outcome;
  stage = Stage::Settled;
  if (!outcome)
    stay(outcome.error().why);
  return Status::ok();
}

Status WeightLoading::advance() {
  if (stage == Stage::Measuring)
    measure();
  else
    LLMC_CHECK(followCopy());
  return Status::ok();
}

Status WeightLoading::settle(bool checked) {
  while (checked && stage != Stage::Settled) {
    LLMC_CHECK(advance());
    if (stage == Stage::Copying) {
      timespec moment = {0, 1000000};
      ::nanosleep(&moment, nullptr);
    }
  }
  return Status::ok();
}

LoadReport WeightLoading::report() const {
  LoadReport report;
  report.mode = options.mode;
  report.copiedBytes = adopted * hashBlockBytes;
  report.isWhole = copy && moved == plan.moves.size();
  if (!measured.empty())
    report.rates = measured.back();
  report.note = note;
  return report;
}

std::span<const std::byte> WeightLoading::bytes() const {
  if (copy && moved == plan.moves.size() &&
      adopted == blockCount(mapped().size()))
    return {copy->base(), mapped().size()};
  return mapped();
}

} // namespace llmc

#include "runtime/verbs/report/ReportCommand.h"

#include "runtime/cpu/CpuLevel.h"
#include "runtime/support/OutputFile.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/ProgressLine.h"
#include "runtime/verbs/report/Measure.h"
#include "runtime/verbs/report/Parts.h"

#include <algorithm>
#include <map>

namespace llmc::page {

/// Of a machine's limits, in 1e9 per second.
static constexpr RealRange limitRange{0, 1e9, /*excludesLeast=*/true};

void ReportFlags::add(Arguments &arguments) {
  arguments.flags.push_back({"report", 'r', "FILE", "write a page about the file (report.html)", &path,
                             INT64_MIN, false, "report.html"});
  arguments.flags.push_back({"measure", 0, "", "report: run some steps and show times of kernels", &measure});
  arguments.flags.push_back({"threads", 't', "N", "report: threads to measure with", &threads, 1, true});
  arguments.flags.push_back({"bandwidth", 0, "GB/S", "report: the machine's, instead of measuring it", &bandwidth, INT64_MIN, false, {}, limitRange});
  arguments.flags.push_back({"flops", 0, "GFLOP/S", "report: the machine's, instead of measuring it", &operations, INT64_MIN, false, {}, limitRange});
  arguments.flags.push_back({"extent", 0, "N", "report: what open extents of a graph are (16)", &extent, 1});
}

Status ReportFlags::check() const {
  if (threads > 1024)
    return Error{Code::BadFlagValue, "there are too many threads", "--threads=" + std::to_string(threads),
                 "the limit is 1024", "give fewer, or leave the flag out"};
  if (path.empty() && (measure || bandwidth || operations))
    return Error{Code::MissingArgument, "there is no report to write", "",
                 "--measure, --bandwidth and --flops are about a report", "add --report=FILE.html"};
  return Status::ok();
}

namespace {

/// The type of most of the weights' bytes.
ElementType mainType(const Model &model) {
  std::map<ElementType, uint64_t> bytes;
  for (const Weight &weight : model.weights)
    bytes[weight.type] += weight.bytes;
  auto most = std::ranges::max_element(bytes, {}, [](const auto &entry) { return entry.second; });
  return most == bytes.end() ? ElementType::F32 : most->first;
}

/// Limits that are not given are measured, for the image that would run here.
Result<MachineLimits> limitsOf(const Model &model, const ReportFlags &flags, ThreadPool *threads) {
  MachineLimits limits;
  limits.source = "as given";
  if (!flags.bandwidth || !flags.operations || flags.measure) {
    std::unique_ptr<ThreadPool> own;
    if (!threads) {
      LLMC_TRY(own, ThreadPool::create(flags.threads ? unsigned(flags.threads) : usableThreads()));
      threads = own.get();
    }
    // A file for other machines is looked at all the same.
    Result<size_t> image = chooseImage(model.images, cpuFeatures());
    LLMC_TRY(limits, measureLimits(*threads, image ? model.images[*image].level : "", mainType(model)));
  }
  if (flags.bandwidth && flags.operations && flags.measure)
    limits.source = "as given; what caches give is measured";
  else if (flags.bandwidth && !flags.operations)
    limits.source = "the bandwidth as given, the rest " + limits.source;
  else if (flags.operations && !flags.bandwidth)
    limits.source = "the rate as given, the rest " + limits.source;
  if (flags.bandwidth) {
    limits.bytesPerSecond = 1e9 * *flags.bandwidth;
    // Another machine's caches are not known; what runs here has these.
    if (!flags.measure)
      limits.sets.clear();
  }
  if (flags.operations)
    limits.operationsPerSecond = 1e9 * *flags.operations;
  return limits;
}

Status write(const Subject &subject, const std::string &path) {
  std::string page = writePage(subject);
  LLMC_TRY(OutputFile output, OutputFile::create(path, page.size()));
  LLMC_CHECK(output.append(std::as_bytes(std::span(page))));
  LLMC_CHECK(output.commit(/*executable=*/false));
  report("wrote    " + path + ": " + formatBytes(page.size()) + "\n");
  return Status::ok();
}

} // namespace

Status writeReport(const std::string &file, const std::string &shownName, const ReportFlags &flags) {
  ProgressLine line;
  line.showNow("inspect: measuring what the machine gives");
  if (!flags.measure) {
    LLMC_TRY(Artifact artifact, Artifact::open(file));
    Subject subject{artifact, shownName, {}, {}, {}, {}, flags.extent};
    LLMC_TRY(subject.points, stepPoints(artifact.model(), flags.extent));
    LLMC_TRY(subject.limits, limitsOf(artifact.model(), flags, nullptr));
    line.clear();
    return write(subject, flags.path);
  }
  LLMC_TRY(std::unique_ptr<LoadedModel> model, LoadedModel::open(file, unsigned(flags.threads)));
  Subject subject{model->artifact, shownName, {}, {}, {}, {}, flags.extent};
  LLMC_TRY(subject.points, stepPoints(subject.model(), flags.extent));
  LLMC_CHECK(model->weightCheck->wait());
  LLMC_TRY(subject.limits, limitsOf(subject.model(), flags, model->threads.get()));
  line.showNow("inspect: running steps for the times of kernels");
  if (Status status = measureTimes(*model, subject.points); !status) {
    // What a graph asks of its inputs may not be met by zeros of one extent.
    if (status.error().code != Code::BadTensor && status.error().code != Code::OutOfMemory)
      return status;
    subject.whyNoTimes = status.error().what + " (" + status.error().where + "): " + status.error().why;
    line.clear();
    report("note: no times: " + subject.whyNoTimes + "\n");
  }
  // Other programs' work may have come between: the better of two counts.
  LLMC_TRY(MachineLimits again, limitsOf(subject.model(), flags, model->threads.get()));
  subject.limits.takeBetter(again);
  unsigned threads = model->threads->threads();
  subject.machine = cpuFeatures().brand + ", " + subject.model().images[model->image].level + ", " +
                    std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  line.clear();
  return write(subject, flags.path);
}

} // namespace llmc::page

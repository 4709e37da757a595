#include "runtime/verbs/report/Measure.h"

#include "runtime/cache/AvailableMemory.h"
#include "runtime/model/Decoder.h"
#include "runtime/model/GraphExecutor.h"
#include "runtime/model/Memory.h"
#include "runtime/program/Values.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/MachineRates.h"
#include "runtime/verbs/MatrixRate.h"

#include <algorithm>
#include <ranges>

namespace llmc::page {

/// Sets to read again and again: from what first caches hold to more than most
/// last ones do.
static constexpr size_t smallestSet = 64 << 10, largestSet = 64 << 20;

Result<MachineLimits> measureLimits(ThreadPool &threads, std::string_view level, ElementType type) {
  auto bytes = static_cast<size_t>(std::clamp<int64_t>(availableMemory() / 4, 1 << 20, 512 << 20));
  LLMC_TRY(Memory memory, Memory::create(bytes, "memory to read"));
  // Pages that were never written are all the same one.
  std::ranges::fill(memory.bytes(), std::byte(1));
  MachineLimits limits;
  limits.bytesPerSecond = readBandwidth(threads, memory.bytes());
  for (size_t set = smallestSet; set <= std::min(largestSet, bytes / 2); set *= 4)
    limits.sets.push_back({static_cast<double>(set),
                           readBandwidth(threads, memory.bytes().first(set))});
  // A set that is disturbed while it is read does not lower the smaller ones.
  double most = limits.bytesPerSecond;
  for (MachineLimits::Set &set : std::views::reverse(limits.sets))
    most = set.bytesPerSecond = std::max(set.bytesPerSecond, most);
  MatrixRate rate = matrixRate(threads, level, type);
  limits.operationsPerSecond = rate.operationsPerSecond;
  limits.source = "measured with " + std::to_string(threads.threads()) +
                  (threads.threads() == 1 ? " thread" : " threads") + ": reading " +
                  formatBytes(bytes) + " of memory, and " + std::string(rate.how);
  return limits;
}

namespace {

/// Times of every launch of one program.
class LaunchTimes final : public LaunchObserver {
public:
  explicit LaunchTimes(const Program &program)
      : program(program), times(program.launches.size()) {}

  void launched(const Program &told, size_t launch, int64_t begin, int64_t end) override {
    if (&told == &program)
      times[launch].push_back(static_cast<double>(end - begin));
  }

  std::vector<double> medians() {
    std::vector<double> result;
    for (std::vector<double> &list : times) {
      if (list.empty())
        return {};
      auto middle = list.begin() + static_cast<std::ptrdiff_t>(list.size() / 2);
      std::nth_element(list.begin(), middle, list.end());
      result.push_back(*middle);
    }
    return result;
  }

private:
  const Program &program;
  std::vector<std::vector<double>> times; // [launches, steps]
};

constexpr int passes = 4; // the first is not counted
constexpr int decodeSteps = 8;

Status measureDecoder(LoadedModel &model, std::span<StepPoint> points) {
  const Module &module = model.artifact.model().modules[points[0].module];
  int64_t positions = 0, most = 1;
  for (const StepPoint &point : points) {
    positions = std::max(positions, point.cached + point.rows + decodeSteps);
    most = std::max(most, point.rows);
  }
  DecoderOptions options;
  options.maxContext = std::min(positions + points.size() * static_cast<size_t>(most),
                                static_cast<size_t>(module.decoder.maxContext));
  LLMC_TRY(std::unique_ptr<Decoder> decoder, Decoder::create(model, options));
  LLMC_CHECK(model.weightCheck->wait());
  // Any tokens do; these do not repeat early.
  std::vector<int32_t> tokens(static_cast<size_t>(most));
  uint64_t state = 1;
  for (int32_t &token : tokens) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    token = static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(module.decoder.vocabulary));
  }
  std::vector<LaunchTimes> times;
  for (const StepPoint &point : points)
    times.emplace_back(module.programs[point.program]);
  for (int pass = 0; pass < passes; ++pass) {
    int32_t sequence = decoder->start();
    for (size_t i = 0; i < points.size(); ++i) {
      decoder->executor().observer = pass > 0 ? &times[i] : nullptr;
      std::span<const int32_t> rows(tokens.data(), static_cast<size_t>(points[i].rows));
      for (int step = 0; step < (rows.size() == 1 ? decodeSteps : 1); ++step)
        if (decoder->cache().length(sequence) + points[i].rows <= decoder->cache().maxContext())
          if (auto logits = decoder->prefill(sequence, rows); !logits)
            return logits.takeError();
    }
    decoder->cache().release(sequence);
    // What is done behind the first tokens is no part of a step's time.
    if (pass == 0)
      LLMC_CHECK(model.weights->settle(model.weightCheck->isDone()));
  }
  for (size_t i = 0; i < points.size(); ++i)
    points[i].times = times[i].medians();
  return Status::ok();
}

Status measureGraph(LoadedModel &model, StepPoint &point) {
  LLMC_TRY(std::unique_ptr<GraphExecutor> graph, GraphExecutor::create(model));
  const Program &program = graph->program();
  std::vector<int64_t> symbols(program.symbols.size(), point.rows), values(program.values.size());
  LLMC_CHECK(evaluateValues(program, symbols, values));
  std::vector<Tensor> inputs;
  for (const Argument &input : program.inputs) {
    Tensor tensor{input.type, {}, {}};
    int64_t bytes = elementBytes(input.type);
    for (ValueId extent : input.shape) {
      tensor.shape.push_back(values[extent]);
      if (values[extent] < 0 || __builtin_mul_overflow(bytes, values[extent], &bytes) ||
          bytes > availableMemory())
        return Error{Code::OutOfMemory, "not enough memory for inputs of this size",
                     "input " + input.name, "", "give a smaller --extent"};
    }
    tensor.data.resize(static_cast<size_t>(bytes));
    inputs.push_back(std::move(tensor));
  }
  LaunchTimes times(program);
  for (int pass = 0; pass < passes; ++pass) {
    graph->observer = pass > 0 ? &times : nullptr;
    if (auto results = graph->run(inputs); !results)
      return results.takeError();
  }
  point.times = times.medians();
  return Status::ok();
}

} // namespace

Status measureTimes(LoadedModel &model, std::vector<StepPoint> &points) {
  const std::vector<Module> &modules = model.artifact.model().modules;
  // Only the first module of either kind can be run.
  for (Module::Kind kind : {Module::Kind::Decoder, Module::Kind::Graph}) {
    auto module = std::ranges::find(modules, kind, &Module::kind);
    auto number = static_cast<size_t>(module - modules.begin());
    auto first = std::ranges::find(points, number, &StepPoint::module);
    if (module == modules.end() || first == points.end())
      continue;
    auto last = std::find_if(first, points.end(),
                             [&](const StepPoint &point) { return point.module != number; });
    if (kind == Module::Kind::Decoder)
      LLMC_CHECK(measureDecoder(model, {first, last}));
    else
      LLMC_CHECK(measureGraph(model, *first));
  }
  return Status::ok();
}

} // namespace llmc::page

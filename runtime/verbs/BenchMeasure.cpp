#include "runtime/verbs/BenchMeasure.h"

#include "runtime/verbs/Console.h"
#include "runtime/verbs/EnergyMeter.h"
#include "runtime/verbs/MachineRates.h"
#include "runtime/verbs/ProgressLine.h"

#include <algorithm>

namespace llmc {

void Spread::add(double number) {
  numbers.insert(std::upper_bound(numbers.begin(), numbers.end(), number), number);
}

double Spread::median() const {
  size_t n = numbers.size();
  return n % 2 ? numbers[n / 2] : (numbers[n / 2 - 1] + numbers[n / 2]) / 2;
}

void OperatorTimes::launched(const Program &program, size_t launch, int64_t begin,
                             int64_t end) {
  const Kernel &kernel = model.kernels[program.launches[launch].kernel];
  Entry &entry = times[phase][kernel.op.empty() ? kernel.name : kernel.op];
  entry.nanoseconds += end - begin;
  ++entry.launches;
}

double BenchResult::percentile(double share) const {
  if (stepTimes.empty())
    return 0;
  std::vector<double> sorted = stepTimes;
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
}

double BenchResult::matrixShare() const {
  return matrix.operationsPerSecond > 0
             ? promptOperationsPerSecond() / matrix.operationsPerSecond
             : 0;
}

double BenchResult::bandwidthShare() const {
  return bandwidth > 0 ? decodeBytesPerSecond() / bandwidth : 0;
}

namespace {

/// Any tokens do; these do not repeat early.
std::vector<int32_t> somePrompt(int64_t tokens, int64_t vocabulary) {
  std::vector<int32_t> prompt(static_cast<size_t>(tokens));
  uint64_t state = 1;
  for (int32_t &token : prompt) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    token = static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(vocabulary));
  }
  return prompt;
}

double millisecondsSince(int64_t begin) {
  return static_cast<double>(monotonicNow() - begin) / 1e6;
}

/// A step as greedy generation asks for it: of a device that chooses tokens only
/// these come back. On the CPU logits are all that is computed.
class AnyToken final : public NextTokenChooser {
public:
  std::optional<TokenChoice> choice(size_t, int64_t) override { return TokenChoice(); }
  Result<int32_t> choose(size_t, int64_t, std::span<const float>) override { return 0; }
  Status take(size_t, int32_t) override { return Status::ok(); }
};

/// The runs, and where they are for who looks on.
class Runner {
public:
  Runner(Session &session, const BenchPlan &plan, OperatorTimes *times)
      : decoder(*session.decoder), plan(plan), times(times),
        prompt(somePrompt(plan.promptTokens, decoder.config().vocabulary)) {}

  /// Once more; the first run is not among those of the plan.
  Status run(BenchResult &result) {
    if (times)
      times->phase = 0;
    if (runs == 0)
      line.showNow("bench: warming up");
    if (runs == 1)
      counted = monotonicNow();
    tell("prompt", 0, plan.batch, 0, promptShare);
    std::vector<Continuation> batch;
    AnyToken any;
    int64_t begin = monotonicNow();
    for (int64_t i = 0; i < plan.batch; ++i) {
      batch.push_back({decoder.start(), prompt});
      LLMC_CHECK(decoder.next({&batch.back(), 1}, any));
      if (i == 0)
        result.timeToFirstToken.add(millisecondsSince(begin));
      tell("prompt", i + 1, plan.batch, 0, promptShare);
    }
    double promptTime = millisecondsSince(begin);
    result.promptRate.add(static_cast<double>(plan.promptTokens * plan.batch) * 1e3 / promptTime);

    if (times)
      times->phase = 1;
    begin = monotonicNow();
    for (int64_t i = 0; i < plan.tokens; ++i) {
      for (Continuation &next : batch)
        next.tokens = std::span<const int32_t>(prompt).subspan(
            static_cast<size_t>(i) % prompt.size(), 1);
      int64_t stepBegin = monotonicNow();
      LLMC_CHECK(decoder.next(batch, any));
      result.stepTimes.push_back(millisecondsSince(stepBegin));
      tell("step", i + 1, plan.tokens, promptShare, 1 - promptShare);
    }
    double decodeTime = millisecondsSince(begin);
    result.decodeRate.add(static_cast<double>(plan.tokens * plan.batch) * 1e3 / decodeTime);
    promptShare = promptTime / (promptTime + decodeTime);
    for (const Continuation &next : batch)
      decoder.cache().release(next.sequence);
    ++runs;
    return Status::ok();
  }

  ProgressLine line;

private:
  /// `bench: run 2 of 5, step 12 of 64, 3.2 s left`; \p before and \p share are
  /// of a run, of what is done and of what is named.
  void tell(const char *what, int64_t done, int64_t of, double before, double share) {
    if (!line.isDue())
      return;
    std::string text = "bench: ";
    text += runs == 0 ? "warming up"
                      : "run " + std::to_string(runs) + " of " + std::to_string(plan.repeat);
    text += std::string(", ") + what + " " + std::to_string(done) + " of " + std::to_string(of);
    if (runs > 0) {
      double part = before + share * static_cast<double>(done) / static_cast<double>(of);
      text += timeLeft(static_cast<double>(runs - 1) + part, static_cast<double>(plan.repeat),
                       monotonicNow() - counted);
    }
    line.show(text);
  }

  Decoder &decoder;
  const BenchPlan &plan;
  OperatorTimes *times;
  std::vector<int32_t> prompt;
  int64_t runs = 0;         // complete ones
  int64_t counted = 0;      // when the first that counts began
  double promptShare = 0.5; // of a run's time
};

TokenCost shared(const Cost &cost, double tokens) {
  return {static_cast<double>(cost.operations) / tokens,
          static_cast<double>(cost.weightBytes) / tokens,
          static_cast<double>(cost.cacheBytes) / tokens};
}

/// All steps that give a token to each sequence behind \p cached positions.
Result<Cost> decodeCost(const Model &model, const Module &module, const BenchPlan &plan,
                        int64_t cached) {
  Cost total;
  for (int64_t done = 0; done < plan.batch;) {
    int64_t count = std::min(plan.chunk, plan.batch - done);
    std::vector<CostSequence> parts(static_cast<size_t>(count), {cached, 1});
    LLMC_TRY(Cost step, stepCost(model, module, parts, count));
    total += step;
    done += count;
  }
  return total;
}

/// The type of the weights that most operations of a prompt's first chunk go
/// through.
Result<ElementType> matrixTypeOf(const Model &model, const Module &module,
                                 const BenchPlan &plan) {
  CostSequence part{0, std::min(plan.chunk, plan.promptTokens)};
  const Program *program = nullptr;
  LLMC_TRY(std::vector<LaunchCost> costs, stepCosts(model, module, {&part, 1}, 1, &program));
  std::map<ElementType, double> operations;
  for (size_t i = 0; i < costs.size(); ++i)
    for (BufferId id : program->launches[i].buffers)
      if (const Buffer &buffer = program->buffers[id];
          buffer.space == Buffer::Space::Weight && costs[i].cost.operations > 0) {
        operations[buffer.type] += static_cast<double>(costs[i].cost.operations);
        break;
      }
  auto most = std::ranges::max_element(operations, {}, &std::pair<const ElementType, double>::second);
  return most == operations.end() ? ElementType::F32 : most->first;
}

/// What the schedule says; a file of an older compiler says nothing.
Status countCosts(const Session &session, const BenchPlan &plan, BenchResult &result) {
  const Model &model = session.model->view();
  LLMC_TRY(const Module *module, session.model->find(Module::Kind::Decoder));
  LLMC_TRY(Cost prompt, promptCost(model, *module, plan.promptTokens, plan.chunk));
  result.prompt = shared(prompt, static_cast<double>(plan.promptTokens));
  // A step costs more with each position: the mean over the run is that of its
  // two steps in the middle.
  int64_t before = plan.promptTokens + (plan.tokens - 1) / 2;
  LLMC_TRY(Cost lower, decodeCost(model, *module, plan, before));
  LLMC_TRY(Cost upper, decodeCost(model, *module, plan, plan.promptTokens + plan.tokens / 2));
  lower += upper;
  result.decode = shared(lower, 2 * static_cast<double>(plan.batch));
  LLMC_TRY(result.matrixType, matrixTypeOf(model, *module, plan));
  return Status::ok();
}

/// The better of what is known and what the machine does now: others may use it
/// too, now more and now less.
void measureMachine(Session &session, BenchResult &result) {
  if (!session.hasLimits())
    return;
  const Artifact &artifact = session.model->artifact;
  ThreadPool &threads = *session.model->threads;
  MatrixRate matrix = matrixRate(
      threads, session.model->processor(), result.matrixType);
  if (matrix.operationsPerSecond >= result.matrix.operationsPerSecond)
    result.matrix = matrix;
  if (artifact.weightsSection() >= artifact.sections().size())
    return;
  std::span<const std::byte> weights = session.model->weights->bytes();
  weights = weights.first(std::min<size_t>(weights.size(), size_t(1) << 30));
  result.bandwidthBytes = weights.size();
  result.bandwidth = std::max(result.bandwidth, readBandwidth(threads, weights));
}

} // namespace

int64_t benchMemory(Session &session, const BenchPlan &plan) {
  KvCache &cache = session.decoder->cache();
  int64_t bytes = 0, logits = 0;
  if (__builtin_mul_overflow(cache.layout().pagesFor(plan.promptTokens + plan.tokens),
                             cache.pageBytes(), &bytes) ||
      __builtin_mul_overflow(session.decoder->config().vocabulary, int64_t(sizeof(float)),
                             &logits) ||
      __builtin_add_overflow(bytes, logits, &bytes) ||
      __builtin_mul_overflow(bytes, plan.batch, &bytes))
    return INT64_MAX;
  return bytes;
}

Result<BenchResult> measureBench(Session &session, const BenchPlan &plan, PeakMemory &peak,
                                 OperatorTimes *times) {
  BenchResult warm, result;
  LLMC_CHECK(countCosts(session, plan, result));
  Runner runner(session, plan, times);
  LLMC_CHECK(runner.run(warm));
  LLMC_CHECK(session.model->weights->settle(session.model->weightCheck->isDone()));
  peak.pause();
  measureMachine(session, result);
  session.decoder->executor().observer = times;
  EnergyMeter energy;
  for (int64_t i = 0; i < plan.repeat; ++i) {
    LLMC_CHECK(runner.run(result));
    energy.sample();
    peak.sample();
  }
  session.decoder->executor().observer = nullptr;
  result.peakBytes = peak.bytes();
  if (auto joules = energy.joules())
    result.joulesPerToken =
        *joules / (static_cast<double>(plan.repeat) *
                   static_cast<double>(plan.batch * (plan.promptTokens + plan.tokens)));
  result.whyNoEnergy = energy.whyNot();
  measureMachine(session, result);
  return result;
}

} // namespace llmc

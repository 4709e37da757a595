#include "runtime/verbs/report/StepPoints.h"

#include <algorithm>
#include <map>

namespace llmc::page {

double StepPoint::setBytes() const {
  double far = 0, near = 0;
  for (const LaunchCost &launch : costs) {
    far += static_cast<double>(launch.cost.weightBytes) + static_cast<double>(launch.cost.cacheBytes);
    near = std::max(near, static_cast<double>(launch.cost.otherBytes));
  }
  return far + near;
}

std::string StepPoint::text(const Model &model) const {
  const Module &owner = model.modules[module];
  if (owner.kind == Module::Kind::Graph)
    return owner.programs[program].symbols.empty() ? "the graph"
                                                   : "open extents of " + std::to_string(rows);
  return (rows == 1 ? "1 row" : std::to_string(rows) + " rows") +
         (cached > 0 ? " behind " + std::to_string(cached) + " positions" : " of a prompt");
}

namespace {

/// The program of \p module that a step of \p rows rows takes.
size_t programFor(const Module &module, int64_t rows) {
  for (size_t i = 0; i < module.programs.size(); ++i)
    if (module.programs[i].minRows <= rows && rows <= module.programs[i].maxRows)
      return i;
  return module.programs.size();
}

Status addDecoder(const Model &model, size_t number, std::vector<StepPoint> &points) {
  const Module &module = model.modules[number];
  int64_t context = module.decoder.maxContext;
  int64_t chunk = std::clamp<int64_t>(module.decoder.chunk, 1, std::max<int64_t>(context / 2, 1));
  std::vector<StepPoint> wanted = {{number, programFor(module, chunk), chunk, 0, {}, {}}};
  for (size_t i = 0; i < module.programs.size(); ++i) {
    int64_t rows = module.programs[i].minRows <= 1 ? 1 : module.programs[i].maxRows;
    bool fits = rows <= context - chunk && programFor(module, rows) == i;
    if (fits && (i != wanted[0].program || (rows == 1 && chunk > 1)))
      wanted.push_back({number, i, rows, chunk, {}, {}});
  }
  for (StepPoint &point : wanted) {
    if (point.program >= module.programs.size())
      continue;
    CostSequence part{point.cached, point.rows};
    LLMC_TRY(point.costs, stepCosts(model, module, {&part, 1}, 1));
    points.push_back(std::move(point));
  }
  return Status::ok();
}

} // namespace

Result<std::vector<StepPoint>> stepPoints(const Model &model, int64_t extent) {
  std::vector<StepPoint> points;
  for (size_t i = 0; i < model.modules.size(); ++i) {
    const Module &module = model.modules[i];
    if (module.kind == Module::Kind::Decoder) {
      LLMC_CHECK(addDecoder(model, i, points));
      continue;
    }
    for (size_t j = 0; j < module.programs.size(); ++j) {
      const Program &program = module.programs[j];
      std::vector<int64_t> symbols(program.symbols.size(), extent);
      StepPoint point{i, j, extent, 0, {}, {}};
      LLMC_TRY(point.costs, launchCosts(model, program, nullptr, symbols, {}));
      points.push_back(std::move(point));
    }
  }
  return points;
}

std::vector<KernelShare> kernelShares(const Program &program, const StepPoint &point) {
  std::vector<KernelShare> shares;
  std::map<uint32_t, size_t> places;
  for (size_t i = 0; i < program.launches.size(); ++i) {
    uint32_t kernel = program.launches[i].kernel;
    auto [place, isNew] = places.try_emplace(kernel, shares.size());
    if (isNew)
      shares.push_back({kernel, 0, {}, 0});
    KernelShare &share = shares[place->second];
    ++share.launches;
    share.cost += point.costs[i].cost;
    if (i < point.times.size())
      share.time += point.times[i];
  }
  return shares;
}

} // namespace llmc::page

#include "runtime/model/CopyPlan.h"

#include "runtime/format/Sections.h"

#include <algorithm>

namespace llmc {

namespace {

/// Weights that launches read, each once.
std::vector<size_t> weightsInOrderOfUse(const Model &model) {
  std::vector<size_t> order;
  std::vector<bool> seen(model.weights.size());
  auto take = [&](const Program &program) {
    for (const Launch &launch : program.launches)
      for (BufferId id : launch.buffers) {
        const Buffer &buffer = program.buffers[id];
        if (buffer.space != Buffer::Space::Weight || seen[buffer.index])
          continue;
        seen[buffer.index] = true;
        order.push_back(buffer.index);
      }
  };
  for (Module::Kind kind : {Module::Kind::Decoder, Module::Kind::Graph})
    for (const Module &module : model.modules)
      if (module.kind == kind)
        for (const Program &program : module.programs)
          take(program);
  return order;
}

} // namespace

size_t CopyPlan::largestStep() const {
  size_t largest = 0, before = 0;
  for (const Move &move : moves) {
    largest = std::max(largest, move.ready - before);
    before = move.ready;
  }
  return largest;
}

CopyPlan planCopy(const Model &model, uint64_t sectionBytes, bool everyBlock) {
  CopyPlan plan;
  std::vector<size_t> readyAt(blockCount(sectionBytes)); // 0: not in the plan
  auto add = [&](uint64_t block) {
    if (readyAt[block] == 0) {
      plan.blocks.push_back(block);
      readyAt[block] = plan.blocks.size();
    }
    return readyAt[block];
  };
  for (size_t weight : weightsInOrderOfUse(model)) {
    const Weight &entry = model.weights[weight];
    if (entry.bytes == 0)
      continue;
    size_t ready = 0;
    for (uint64_t block = entry.offset / hashBlockBytes;
         block <= (entry.offset + entry.bytes - 1) / hashBlockBytes; ++block)
      ready = std::max(ready, add(block));
    plan.moves.push_back({weight, ready});
  }
  if (everyBlock)
    for (uint64_t block = 0; block < readyAt.size(); ++block)
      add(block);
  std::stable_sort(plan.moves.begin(), plan.moves.end(),
                   [](const CopyPlan::Move &a, const CopyPlan::Move &b) {
                     return a.ready < b.ready;
                   });
  return plan;
}

} // namespace llmc

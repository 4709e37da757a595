#include "runtime/sim/execute/Grid.h"

#include <algorithm>
#include <deque>

namespace llmc::sim {
namespace {

/// Warp instructions of a block before another has its turn.
constexpr uint64_t kSlice = uint64_t(1) << 22;

} // namespace

std::unique_ptr<Block> Grid::take() {
  if (idle.empty())
    return std::make_unique<Block>();
  auto block = std::move(idle.back());
  idle.pop_back();
  return block;
}

std::optional<Fault> Grid::run(const Launch &launch, uint64_t resident,
                               uint64_t limit) {
  uint64_t blocks = uint64_t(launch.grid[0]) * launch.grid[1] * launch.grid[2];
  uint64_t next = 0, stuckInTurn = 0;
  std::deque<std::unique_ptr<Block>> waiting;
  total = 0;
  while (next < blocks || !waiting.empty()) {
    std::unique_ptr<Block> block;
    // New blocks first: what is set aside probably waits for one of them.
    if (next < blocks && waiting.size() < std::max<uint64_t>(resident, 1)) {
      block = take();
      block->begin(launch, next++);
    } else {
      block = std::move(waiting.front());
      waiting.pop_front();
    }
    uint64_t before = block->executed();
    Block::Outcome outcome =
        block->run(std::min(kSlice, limit - std::min(limit, total) + 1));
    total += block->executed() - before;
    if (outcome == Block::Outcome::Finished) {
      stuckInTurn = 0;
      idle.push_back(std::move(block));
      continue;
    }
    stuckInTurn = outcome == Block::Outcome::Stuck ? stuckInTurn + 1 : 0;
    bool full = next == blocks || waiting.size() + 1 >= resident;
    if (outcome == Block::Outcome::Stuck && full &&
        stuckInTurn > 4 * (waiting.size() + 1))
      block->reportDeadlock();
    else if (outcome != Block::Outcome::Faulted && total > limit)
      block->raise(block->warps[0], kNone, FaultKind::Limit,
                   "the launch took more than " + std::to_string(limit) +
                       " warp instructions");
    else if (outcome != Block::Outcome::Faulted) {
      waiting.push_back(std::move(block));
      continue;
    }
    Fault fault = block->fault();
    idle.push_back(std::move(block));
    return fault;
  }
  return std::nullopt;
}

} // namespace llmc::sim

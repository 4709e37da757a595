#include "runtime/sim/execute/AsyncState.h"

#include "runtime/sim/execute/Block.h"

#include <algorithm>

namespace llmc::sim {

void AsyncState::commit(Warp &warp) {
  for (unsigned lane = 0; lane < kLanes; ++lane)
    queues[warp.index].committed[lane] += warp.active >> lane & 1;
}

void AsyncState::wait(Block &block, Warp &warp, uint32_t leave, bool all) {
  CopyQueue &queue = queues[warp.index];
  block.tick(warp);
  std::erase_if(queue.copies, [&](const CopyQueue::Copy &copy) {
    if (!(warp.active >> copy.lane & 1))
      return false;
    bool done =
        all || uint64_t(copy.group) + leave < queue.committed[copy.lane];
    if (done)
      block.shared.complete(block.mark(warp, copy.lane), copy.offset,
                            copy.bytes);
    return done;
  });
}

} // namespace llmc::sim

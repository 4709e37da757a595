#include "runtime/sim/execute/AsyncState.h"

#include "runtime/sim/execute/Block.h"

#include <algorithm>

namespace llmc::sim {

void AsyncState::begin(size_t warps) {
  copies.assign(warps, {});
  stores.assign(warps, {});
  operands.assign(warps, {});
  products.assign(warps, {});
  mbarriers.clear();
}

void AsyncState::waitCopies(Block &block, Warp &warp, uint32_t leave,
                            bool all) {
  block.tick(warp);
  copies[warp.index].wait(warp.active, leave, all,
                          [&](const FlightQueue::Part &part) {
                            block.shared.complete(block.mark(warp, part.lane),
                                                  part.offset, part.bytes);
                          });
}

bool AsyncState::keep(Warp &warp, unsigned lane, FlightQueue &queue,
                      uint32_t offset, uint32_t bytes) {
  if (queue.isFull()) {
    warp.block->raise(warp, lane, FaultKind::Limit,
                      "the warp has " + std::to_string(queue.parts.size()) +
                          " reads of shared memory in flight and has waited "
                          "for none");
    return false;
  }
  queue.add(offset, bytes, lane);
  return true;
}

void AsyncState::waitStores(Block &block, Warp &warp, uint32_t leave) {
  block.tick(warp);
  stores[warp.index].wait(
      warp.active, leave, false, [&](const FlightQueue::Part &part) {
        block.shared.completeRead(block.mark(warp, part.lane), part.offset,
                                  part.bytes);
      });
}

void AsyncState::waitProducts(Block &block, Warp &warp, uint32_t leave) {
  block.tick(warp);
  FlightQueue &queue = operands[warp.index];
  std::erase_if(products[warp.index], [&](const Product &product) {
    return uint64_t(product.group) + leave < queue.committed[0];
  });
  warp.inFlight = !products[warp.index].empty();
  queue.wait(1, leave, false, [&](const FlightQueue::Part &part) {
    block.shared.completeRead(block.mark(warp, kManyLanes), part.offset,
                              part.bytes);
  });
}

bool AsyncState::allows(Block &block, Warp &warp, const Inst &inst) {
  if (isWgmma(inst))
    return true;
  const auto &code = block.launch->program->code;
  const Inst *next = &inst + 1;
  const Slot *end = next < code.data() + code.size()
                        ? next->operand
                        : block.launch->program->operands.data() +
                              block.launch->program->operands.size();
  for (const Product &product : products[warp.index])
    for (const Slot *slot = inst.operand; slot < end; ++slot)
      if (*slot >= product.first && *slot <= product.last &&
          std::binary_search(product.registers.begin(), product.registers.end(),
                             *slot)) {
        block.raise(warp, kNone, FaultKind::AsyncUse,
                    "the instruction touches an accumulator of a wgmma that "
                    "was not waited for");
        return false;
      }
  return true;
}

} // namespace llmc::sim

/// Decides where one launch rotates queries and keys and writes keys and values
/// to the cache:
///
///   %k = llm.rope %k0, … ; %c = llm.kv_append %cache, %k, %v
///   %q = llm.rope %q0, … ; %y = llm.attention %q, %c
///   ->
///   the ropes get `kernel.rotated`, the append `kernel.rotates`
///
/// On a GPU a launch costs microseconds whatever it does, and a decode step of a
/// small model is all launches. Both rotations must be by the same tables, whole
/// heads of the cache's width, read by nothing else, and the queries must be
/// there before the append.
#include "passes/Passes.h"
#include "passes/schedule/StepLowering.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTAPPEND
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Weights are got anew by each reader.
static bool isSameTable(Value a, Value b) {
  if (a == b)
    return true;
  auto left = a.getDefiningOp<llm::GetWeightOp>();
  auto right = b.getDefiningOp<llm::GetWeightOp>();
  return left && right && left.getName() == right.getName();
}

static bool isSameRotation(llm::RopeOp a, llm::RopeOp b) {
  return a.getPositions() == b.getPositions() && isSameTable(a.getCos(), b.getCos()) &&
         isSameTable(a.getSin(), b.getSin()) && a.getHeadDim() == b.getHeadDim() &&
         a.getRotaryDim() == b.getRotaryDim() &&
         a.getPairing() == b.getPairing();
}

/// The one attention that reads the cache behind `append`.
static llm::AttentionOp readerOf(llm::KvAppendOp append) {
  llm::AttentionOp reader;
  for (Operation *user : append.getResult().getUsers()) {
    auto attention = dyn_cast<llm::AttentionOp>(user);
    if (!attention)
      continue;
    if (reader)
      return {};
    reader = attention;
  }
  return reader;
}

namespace {
struct SelectAppend : llmc::impl::SelectAppendBase<SelectAppend> {
  void runOnOperation() override {
    getOperation().walk([](llm::KvAppendOp append) {
      llm::AttentionOp attention = readerOf(append);
      if (!attention)
        return;
      auto query = attention.getQuery().getDefiningOp<llm::RopeOp>();
      auto key = append.getKey().getDefiningOp<llm::RopeOp>();
      if (!query || !key || !query->hasOneUse() || !key->hasOneUse() ||
          !isSameRotation(query, key))
        return;
      Operation *input = query.getInput().getDefiningOp();
      if (input && (input->getBlock() != append->getBlock() ||
                    !input->isBeforeInBlock(append)))
        return;
      auto mark = UnitAttr::get(append.getContext());
      append->setAttr(rotatesAttr, mark);
      query->setAttr(rotatedAttr, mark);
      key->setAttr(rotatedAttr, mark);
    });
  }
};
} // namespace

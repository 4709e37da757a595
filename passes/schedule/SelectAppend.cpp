/// Decides where one launch rotates queries and keys and writes keys and values
/// to the cache:
///
///   %k = llm.rope %k0, … ; %c = llm.kv_append %cache, %k, %v
///   %q = llm.rope %q0, … ; %y = llm.attention %q, %c
///   ->
///   the ropes get `kernel.rotated`, the append `kernel.rotates`; where both ropes
///   read an llm.rms_norm, these get `kernel.normalized` and are done there as well
///
/// On a GPU a launch costs microseconds whatever it does, and a decode step of a
/// small model is all launches. Both rotations must be by the same tables, whole
/// heads of the cache's width, read by nothing else, and the queries must be
/// there before the append. Norms must be alike, of heads or of whole rows, and
/// read by nothing else; a norm of only one stays a launch.
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

/// The norm that `rope` alone reads, of its heads or of its whole row.
static llm::RmsNormOp normOf(llm::RopeOp rope) {
  auto norm = rope.getInput().getDefiningOp<llm::RmsNormOp>();
  if (!norm || !norm->hasOneUse() ||
      (norm.getHeads() != 1 && norm.getHeads() != rope.getHeads()) ||
      norm.getInput().getType() != norm.getType() ||
      norm->getBlock() != rope->getBlock())
    return {};
  return norm;
}

static bool isSameNorm(llm::RmsNormOp a, llm::RmsNormOp b) {
  return a && b && a.getEpsilon() == b.getEpsilon() &&
         a.getOffset() == b.getOffset();
}

/// Whether `value` is there before `op` of the same block.
static bool isBefore(Value value, Operation *op) {
  Operation *producer = value.getDefiningOp();
  return !producer || (producer->getBlock() == op->getBlock() &&
                       producer->isBeforeInBlock(op));
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
      if (!isBefore(query.getInput(), append))
        return;
      auto mark = UnitAttr::get(append.getContext());
      auto queryNorm = normOf(query), keyNorm = normOf(key);
      if (isSameNorm(queryNorm, keyNorm)) {
        queryNorm->setAttr(normalizedAttr, mark);
        keyNorm->setAttr(normalizedAttr, mark);
      }
      append->setAttr(rotatesAttr, mark);
      query->setAttr(rotatedAttr, mark);
      key->setAttr(rotatedAttr, mark);
    });
  }
};
} // namespace

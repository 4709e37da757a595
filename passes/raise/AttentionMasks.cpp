/// What the masks of a proposed attention let a row see, found by evaluating
/// them alone: far back, where running the whole attention would take long.
#include "passes/raise/AttentionProposal.h"

#include "passes/support/OnnxMatch.h"

#include <cmath>

using namespace mlir;

namespace llmc {

/// Of tensors that are evaluated to look at masks alone.
static constexpr int64_t probedElements = int64_t(1) << 20;
/// Positions that a row has before it when its window is looked for.
static constexpr int64_t farBack = int64_t(1) << 15;
/// Where a mask cannot be looked at so far back (it is square), windows up to
/// this are found; larger ones are taken for none.
static constexpr int64_t largestSquare = 4096;
/// What is added to a score that does not count is less than this.
static constexpr double masked = -1e3;

bool AttentionProposal::isSeen(const Mask &mask, const reference::Tensor &value,
                               int64_t index) {
  return value.isFloat() ? value.getDouble(index) > masked
                         : (value.getInt(index) != 0) == mask.seenWhere;
}

/// How many positions the row behind \p past others sees: the last ones, all
/// of them counted as 0. None where the masks cannot be evaluated or show a row
/// anything else. What they show behind the row is left to the comparison.
std::optional<int64_t> AttentionProposal::seenBy(int64_t past) {
  if (past >= capacity.value_or(past + 1))
    return std::nullopt;
  probe.begin(probe.hasPast() ? ProbeSizes{1, 1, past}
                              : ProbeSizes{1, past + 1, 0});
  SmallVector<bool> seen(past + 1, true);
  for (const Mask &mask : masks) {
    auto value = probe.evaluate(mask.value);
    if (failed(value) || value->rank() == 0 || value->numElements() == 0)
      return std::nullopt;
    int64_t columns = value->shape().back();
    if (keyBuffer ? columns < past + 1 : columns != past + 1)
      return std::nullopt;
    // The last row of the last head: heads that differ fail the comparison.
    int64_t first = value->numElements() - columns;
    for (int64_t i = 0; i <= past; ++i)
      seen[i] = seen[i] && isSeen(mask, *value, first + i);
  }
  int64_t window = 0;
  while (window <= past && seen[past - window])
    ++window;
  if (llvm::is_contained(ArrayRef(seen).drop_back(window), true))
    return std::nullopt;
  return window > past ? 0 : window;
}

std::optional<int64_t> AttentionProposal::windowOfMasks() {
  if (masks.empty())
    return 0;
  probe.setLimit(probedElements);
  std::optional<int64_t> window;
  // Masks are often made square and then cut, or lie in a table.
  lookedBack = std::min(farBack, capacity.value_or(farBack));
  for (int64_t least = std::min<int64_t>(lookedBack, 16); lookedBack >= least;
       lookedBack /= 2)
    if ((window = seenBy(lookedBack - 1)))
      break;
  probe.setLimit(0);
  if (!window || masks.empty())
    return window;
  for (int64_t larger : largerWindows()) {
    auto farther = seenBy(larger + 2);
    if (!farther)
      break;
    window = farther;
  }
  return window;
}

/// Integers that the masks are computed with, in ascending order, where they
/// are beyond what was looked at and not too far: each may be a window.
SmallVector<int64_t> AttentionProposal::largerWindows() {
  SmallVector<int64_t> found;
  SmallVector<Value> worklist;
  for (const Mask &mask : masks)
    worklist.push_back(mask.value);
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    if (auto scalar = scalarConstant(next)) {
      double size = std::abs(*scalar);
      if (size == std::floor(size) && size > double(lookedBack) &&
          size <= largestSquare)
        found.push_back(int64_t(size));
    }
    if (Operation *op = next.getDefiningOp())
      llvm::append_range(worklist, op->getOperands());
  }
  llvm::sort(found);
  return found;
}

} // namespace llmc

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
/// Larger constants are none that a window depends on.
static constexpr int64_t largestWindow = int64_t(1) << 24;
/// What stands for a large constant, and what is then looked back at.
static constexpr int64_t standIns[] = {9, 13}, backForStandIns = 63;
/// Where a row sees anything else than the last positions.
static constexpr int64_t noWindow = -1;
/// What is added to a score that does not count is less than this.
static constexpr double masked = -1e3;

bool AttentionProposal::isSeen(const Mask &mask, const reference::Tensor &value,
                               int64_t index) {
  return value.isFloat() ? value.getDouble(index) > masked
                         : (value.getInt(index) != 0) == mask.seenWhere;
}

/// How many positions the row behind \p past others sees: the last ones, all
/// of them counted as 0; or noWindow. None where the masks cannot be evaluated.
/// What they show behind the row is left to the comparison.
/// \p standIn, where given, takes the place of a constant that masks read.
std::optional<int64_t>
AttentionProposal::seenBy(int64_t past, Value constant, int64_t standIn) {
  if (past >= capacity.value_or(past + 1))
    return std::nullopt;
  probe.begin(probe.hasPast() ? ProbeSizes{1, 1, past}
                              : ProbeSizes{1, past + 1, 0});
  if (constant)
    probe.bind(constant, reference::Tensor::splat(
                             rankedType(constant).getElementType(),
                             rankedType(constant).getShape(), double(standIn)));
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
    return noWindow;
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
  // The last row of a chunk sees as many as behind a window; others do not.
  if (window && *window > 0 &&
      seenBy(lookedBack - 2) != (*window < lookedBack - 1 ? *window : 0))
    window = noWindow;
  if (window == 0)
    window = largerWindow();
  probe.setLimit(0);
  return window == noWindow ? std::nullopt : window;
}

/// The window of masks that show all of what was looked at: they depend on it by
/// an integer that they are computed with. With small numbers in its place, the
/// windows of two tell how. 0 where no such integer matters; noWindow where the
/// masks depend on one in another way.
int64_t AttentionProposal::largerWindow() {
  int64_t window = 0;
  for (Value constant : largeConstants()) {
    double value = *scalarConstant(constant);
    std::optional<int64_t> seen[2];
    for (unsigned i : {0, 1})
      seen[i] = seenBy(backForStandIns, constant,
                       value < 0 ? -standIns[i] : standIns[i]);
    // An extent rather than a number, or one without effect.
    if (!seen[0] || !seen[1] || (*seen[0] == 0 && *seen[1] == 0))
      continue;
    if (*seen[0] <= 0 || *seen[1] - *seen[0] != standIns[1] - standIns[0])
      return noWindow;
    int64_t found = int64_t(std::abs(value)) + *seen[0] - standIns[0];
    window = window ? std::min(window, found) : found;
  }
  return window;
}

/// Integers that the masks are computed with, beyond what was looked at.
SmallVector<Value> AttentionProposal::largeConstants() {
  SmallVector<Value> found, worklist;
  for (const Mask &mask : masks)
    worklist.push_back(mask.value);
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    if (auto scalar = scalarConstant(next)) {
      double size = std::abs(*scalar);
      if (size == std::floor(size) && size >= double(lookedBack) &&
          size <= double(largestWindow) && rankedType(next).hasStaticShape())
        found.push_back(next);
    }
    if (Operation *op = next.getDefiningOp())
      llvm::append_range(worklist, op->getOperands());
  }
  return found;
}

} // namespace llmc

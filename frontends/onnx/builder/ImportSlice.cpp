/// Slice: its bounds in ONNX's clamped, negative-from-the-end form become one
/// start, one step and one extent per dimension.
///
/// With symbols not every clamp can be decided. What a well-formed graph means
/// is then taken for granted and recorded for the run time to check: a start
/// lies within the dimension, an end does not exceed it.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// One dimension of a slice.
struct Cut {
  AffineExpr start;
  AffineExpr extent;
  int64_t step = 1;
};

/// Exact rules for constants.
Cut constantCut(NodeContext &n, int64_t extent, int64_t start, int64_t end,
                int64_t step) {
  // From here on no sum can overflow: bounds are brought near the extent.
  auto near = [&](int64_t at) {
    at = std::clamp<int64_t>(at, -extent - 1, 2 * extent + 1);
    return at < 0 ? at + extent : at;
  };
  int64_t from = near(start), to = near(end), count = 0;
  if (step > 0) {
    from = std::clamp<int64_t>(from, 0, extent);
    to = std::clamp<int64_t>(to, 0, extent);
    count = to > from ? (to - from - 1) / step + 1 : 0;
  } else {
    from = std::clamp<int64_t>(from, -1, extent - 1);
    to = std::clamp<int64_t>(to, -1, extent - 1);
    int64_t back = step == INT64_MIN ? INT64_MAX : -step;
    count = from > to ? (from - to - 1) / back + 1 : 0;
  }
  return {n.number(count ? from : 0), n.number(count), step};
}

/// A bound counted from the front. A symbolic bound that is at most 0 counts
/// from the end: if it were 0 nothing would be left.
AffineExpr fromFront(NodeContext &n, AffineExpr bound, AffineExpr extent) {
  auto most = upperBound(bound);
  if (!most || *most > 0 || constantExtent(bound) == 0)
    return bound;
  if (*most == 0)
    (void)n.state.symbols.assumeNonNegative(subExtents(n.number(-1), bound));
  return addExtents(bound, extent);
}

/// A value beyond every dimension: how exporters write "to the end".
bool isBeyond(AffineExpr bound) {
  auto constant = constantExtent(bound);
  return constant && *constant >= INT32_MAX;
}

/// `bound` within [0, extent], as far as that is known; the rest is assumed.
AffineExpr within(NodeContext &n, AffineExpr bound, AffineExpr extent) {
  if (isBeyond(bound) || atMost(extent, bound) == std::optional(true))
    return extent;
  if (atMost(bound, n.number(0)) == std::optional(true))
    return n.number(0);
  AffineExpr room = subExtents(extent, bound);
  if (!room || !n.state.symbols.assumeNonNegative(bound) ||
      !n.state.symbols.assumeNonNegative(room))
    return {};
  return bound;
}

std::optional<Cut> symbolicCut(NodeContext &n, AffineExpr extent,
                               AffineExpr start, AffineExpr end, int64_t step) {
  Cut cut;
  cut.step = step;
  AffineExpr length;
  if (step > 0) {
    cut.start = within(n, fromFront(n, start, extent), extent);
    AffineExpr stop = within(n, fromFront(n, end, extent), extent);
    if (!cut.start || !stop)
      return std::nullopt;
    length = subExtents(stop, cut.start);
  } else {
    AffineExpr last = subExtents(extent, n.number(1));
    AffineExpr from = fromFront(n, start, extent);
    cut.start = isBeyond(from) || atMost(last, from) == std::optional(true)
                    ? last
                    : from;
    auto endValue = constantExtent(end);
    AffineExpr stop = endValue && *endValue <= -INT32_MAX
                          ? n.number(-1)
                          : fromFront(n, end, extent);
    if (atMost(stop, n.number(-1)) == std::optional(true))
      stop = n.number(-1);
    length = subExtents(cut.start, stop);
  }
  if (!length)
    return std::nullopt;
  auto most = upperBound(length);
  if (most && *most <= 0) {
    cut.extent = n.number(0);
    return cut;
  }
  cut.extent = ceilDivExtents(length, n.number(step > 0            ? step
                                               : step == INT64_MIN ? INT64_MAX
                                                                   : -step));
  return cut;
}

/// What Slice is given, per listed axis.
struct Bounds {
  Contents starts, ends;
  SmallVector<int64_t> axes, steps;
};

std::optional<Bounds> boundsOf(NodeContext &n) {
  Bounds bounds;
  if (n.version < 10) {
    auto starts = n.intsAttr("starts"), ends = n.intsAttr("ends");
    auto axes = n.intsAttr("axes");
    for (int64_t start : starts.value_or(SmallVector<int64_t>()))
      bounds.starts.push_back(n.number(start));
    for (int64_t end : ends.value_or(SmallVector<int64_t>()))
      bounds.ends.push_back(n.number(end));
    if (axes)
      bounds.axes = *axes;
  } else {
    if (!n.has(1) || !n.has(2)) {
      (void)n.fail(Code::BadModel, "starts or ends are missing");
      return std::nullopt;
    }
    auto starts = n.extentInput(1, "a start");
    auto ends = starts ? n.extentInput(2, "an end") : std::nullopt;
    if (!ends)
      return std::nullopt;
    bounds.starts = *starts;
    bounds.ends = *ends;
    for (auto [i, list] :
         {std::pair(3u, &bounds.axes), std::pair(4u, &bounds.steps)})
      if (n.has(i)) {
        auto given = n.constantInput(i, i == 3 ? "axes" : "a step");
        if (!given)
          return std::nullopt;
        *list = *given;
      }
  }
  size_t count = bounds.starts.size();
  if (!n.has(3) && bounds.axes.empty())
    bounds.axes = n.firstAxes(count);
  if (!n.has(4))
    bounds.steps.assign(count, 1);
  if (bounds.ends.size() != count || bounds.axes.size() != count ||
      bounds.steps.size() != count) {
    (void)n.mismatch("starts, ends, axes and steps differ in length");
    return std::nullopt;
  }
  return bounds;
}

/// The contents of a sliced vector; null where they are not known.
Value slicedContents(NodeContext &n, const Cut &cut) {
  auto contents = n.contentsOf(n.in(0));
  auto start = constantExtent(cut.start), extent = constantExtent(cut.extent);
  if (!contents || !start || !extent || n.rank(0) != 1)
    return {};
  Contents part;
  for (int64_t i = 0; i < *extent; ++i)
    part.push_back((*contents)[*start + i * cut.step]);
  return n.materialize(part, n.number(*extent), n.elem(0));
}

LogicalResult sliceOp(NodeContext &n) {
  auto bounds = boundsOf(n);
  if (!bounds || !n.axesOf(bounds->axes, n.rank(0)))
    return failure();
  Dims dims = n.dims(0), result = dims;
  SmallVector<AffineExpr> starts(dims.size(), n.number(0));
  SmallVector<int64_t> steps(dims.size(), 1);
  Cut cut;
  for (size_t i = 0; i < bounds->axes.size(); ++i) {
    int64_t axis = bounds->axes[i], step = bounds->steps[i];
    axis += axis < 0 ? n.rank(0) : 0;
    if (step == 0)
      return n.mismatch("a step must not be 0");
    auto extent = constantExtent(dims[axis]);
    auto start = constantExtent(bounds->starts[i]);
    auto end = constantExtent(bounds->ends[i]);
    if (extent && start && end) {
      cut = constantCut(n, *extent, *start, *end, step);
    } else {
      auto found =
          symbolicCut(n, dims[axis], bounds->starts[i], bounds->ends[i], step);
      if (!found || !found->extent)
        return n.mismatch("the bounds " + n.describe(bounds->starts[i]) +
                          " to " + n.describe(bounds->ends[i]) +
                          " do not fit the extent " + n.describe(dims[axis]));
      cut = *found;
    }
    starts[axis] = cut.start;
    steps[axis] = cut.step;
    result[axis] = cut.extent;
  }
  if (bounds->axes.size() == 1)
    if (Value folded = slicedContents(n, cut))
      return n.set(0, folded);
  RankedTensorType type = n.tensor(result, n.elem(0));
  bool whole = type == n.in(0).getType() &&
               llvm::all_of(steps, [](int64_t step) { return step == 1; });
  if (whole)
    return n.set(0, n.in(0));
  return n.set(0, n.emit<SliceOp>(type, n.in(0), n.mapOf(starts), steps));
}

} // namespace

ArrayRef<OpRow> sliceOps() {
  static const OpRow rows[] = {{"", "Slice", 1, 5, sliceOp}};
  return rows;
}

} // namespace llmc::onnx

/// Operators that read or write at indices.
#include "frontends/onnx/builder/Arithmetic.h"
#include "frontends/onnx/builder/NodeContext.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

bool isIndex(Type type) { return type.isInteger(32) || type.isInteger(64); }

LogicalResult requireIndices(NodeContext &n, unsigned i) {
  if (isIndex(n.elem(i)))
    return success();
  return n.fail(Code::UnsupportedType, "indices must be int32 or int64");
}

/// Gather from a vector of known contents; null where they are not known.
Value gatheredContents(NodeContext &n) {
  auto contents = n.contentsOf(n.in(0));
  auto indices = n.integersIn(n.in(1));
  if (!contents || !indices || n.rank(0) != 1)
    return {};
  int64_t count = contents->size();
  Contents picked;
  for (int64_t index : *indices) {
    index += index < 0 ? count : 0;
    if (index < 0 || index >= count)
      return {};
    picked.push_back((*contents)[index]);
  }
  return n.materialize(picked, n.dims(1), n.elem(0));
}

LogicalResult gatherOp(NodeContext &n) {
  if (n.rank(0) == 0)
    return n.mismatch("it takes data of rank 1 at least");
  auto axis = n.axisOf(n.intAttr("axis", 0), n.rank(0));
  if (!axis || failed(requireIndices(n, 1)))
    return failure();
  if (Value folded = gatheredContents(n))
    return n.set(0, folded);
  Dims dims = n.dims(0), indices = n.dims(1), result;
  auto extent = constantExtent(dims[*axis]);
  if (auto known = n.integersIn(n.in(1)); known && extent)
    for (int64_t index : *known)
      if (index < -*extent || index >= *extent)
        return n.mismatch("index " + Twine(index) + " is outside of " +
                          Twine(*extent));
  result.append(dims.begin(), dims.begin() + *axis);
  result.append(indices);
  result.append(dims.begin() + *axis + 1, dims.end());
  return n.set(0, n.emit<GatherOp>(n.tensor(result, n.elem(0)), n.in(0),
                                   n.in(1), *axis));
}

LogicalResult gatherElementsOp(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", 0), n.rank(0));
  if (!axis || failed(requireIndices(n, 1)))
    return failure();
  if (n.rank(0) != n.rank(1))
    return n.mismatch("data and indices differ in rank");
  return n.set(0, n.emit<GatherElementsOp>(n.tensor(n.dims(1), n.elem(0)),
                                           n.in(0), n.in(1), *axis));
}

LogicalResult gatherNdOp(NodeContext &n) {
  int64_t batch = n.intAttr("batch_dims", 0);
  Dims data = n.dims(0), indices = n.dims(1);
  if (failed(requireIndices(n, 1)))
    return failure();
  if (data.empty() || indices.empty())
    return n.mismatch("it takes tensors of rank 1 at least");
  auto depth = constantExtent(indices.back());
  if (!depth)
    return n.unsupported("the length of an index depends on symbols");
  if (batch < 0 || batch >= static_cast<int64_t>(indices.size()) ||
      *depth < 0 || *depth > static_cast<int64_t>(data.size()) - batch)
    return n.mismatch("an index of " + Twine(*depth) +
                      " does not fit the data");
  for (int64_t i = 0; i < batch; ++i)
    if (!n.equate(data[i], indices[i], "batch extents"))
      return failure();
  Dims result(indices.begin(), indices.end() - 1);
  result.append(data.begin() + batch + *depth, data.end());
  return n.set(0, n.emit<GatherNdOp>(n.tensor(result, n.elem(0)), n.in(0),
                                     n.in(1), batch));
}

/// The reduction of a scatter; nullopt with a problem recorded.
std::optional<std::string> reductionOf(NodeContext &n) {
  std::string reduction = n.stringAttr("reduction", "none");
  for (const char *known : {"none", "add", "mul", "max", "min"})
    if (reduction == known)
      return reduction;
  (void)n.unsupported("reduction = " + reduction, Remedy::NewerOpset);
  return std::nullopt;
}

LogicalResult scatterElementsOp(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", 0), n.rank(0));
  auto reduction = reductionOf(n);
  if (!axis || !reduction || failed(requireIndices(n, 1)))
    return failure();
  if (n.elem(0) != n.elem(2))
    return n.fail(Code::UnsupportedType, "the element types differ");
  if (n.rank(0) != n.rank(1) || n.rank(1) != n.rank(2))
    return n.mismatch("data, indices and updates differ in rank");
  for (auto [index, update] : llvm::zip(n.dims(1), n.dims(2)))
    if (!n.equate(index, update, "extents of indices and updates"))
      return failure();
  return n.set(0, n.emit<ScatterElementsOp>(n.tensor(n.dims(0), n.elem(0)),
                                            n.in(0), n.in(1), n.in(2), *axis,
                                            *reduction));
}

LogicalResult scatterNdOp(NodeContext &n) {
  auto reduction = reductionOf(n);
  if (!reduction || failed(requireIndices(n, 1)))
    return failure();
  if (n.elem(0) != n.elem(2))
    return n.fail(Code::UnsupportedType, "the element types differ");
  Dims data = n.dims(0), indices = n.dims(1), updates = n.dims(2);
  auto depth = indices.empty() ? std::nullopt : constantExtent(indices.back());
  if (!depth)
    return n.unsupported("the length of an index depends on symbols");
  if (*depth < 0 || *depth > static_cast<int64_t>(data.size()))
    return n.mismatch("an index of " + Twine(*depth) +
                      " does not fit the data");
  Dims expected(indices.begin(), indices.end() - 1);
  expected.append(data.begin() + *depth, data.end());
  if (expected.size() != updates.size())
    return n.mismatch("the updates should be of rank " +
                      Twine(expected.size()));
  for (auto [a, b] : llvm::zip(expected, updates))
    if (!n.equate(a, b, "extents of the updates"))
      return failure();
  return n.set(0, n.emit<ScatterNdOp>(n.tensor(data, n.elem(0)), n.in(0),
                                      n.in(1), n.in(2), *reduction));
}

LogicalResult tensorScatterOp(NodeContext &n) {
  std::string mode = n.stringAttr("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return n.unsupported("mode = " + mode, Remedy::NewerOpset);
  auto axis = n.axisOf(n.intAttr("axis", -2), n.rank(0));
  if (!axis)
    return failure();
  if (n.elem(0) != n.elem(1))
    return n.fail(Code::UnsupportedType, "the element types differ");
  if (n.rank(0) != n.rank(1) || *axis == 0)
    return n.mismatch("cache and update differ in rank, or axis is the batch");
  Dims cache = n.dims(0), update = n.dims(1);
  for (int64_t i = 0; i < n.rank(0); ++i)
    if (i != *axis && !n.equate(cache[i], update[i], "extents"))
      return failure();
  if (n.has(2)) {
    if (n.rank(2) != 1 || failed(requireIndices(n, 2)))
      return n.mismatch("write_indices must be one index per batch row");
    if (!n.equate(n.dims(2)[0], cache[0], "batch extents"))
      return failure();
  }
  return n.set(0, n.emit<TensorScatterOp>(n.tensor(cache, n.elem(0)), n.in(0),
                                          n.in(1), n.inOrNone(2), *axis,
                                          mode == "circular"));
}

LogicalResult oneHotOp(NodeContext &n) {
  auto axis = n.axisOf(n.intAttr("axis", -1), n.rank(0) + 1);
  if (!axis)
    return failure();
  auto depth = n.extentInput(1, "depth");
  if (!depth)
    return failure();
  if (depth->size() != 1 || n.rank(2) != 1 ||
      !n.equate(n.dims(2)[0], n.number(2), "the number of values and 2"))
    return n.mismatch("depth must be a scalar and values two elements");
  Dims dims = n.dims(0);
  dims.insert(dims.begin() + *axis, depth->front());
  return n.set(0, n.emit<OneHotOp>(n.tensor(dims, n.elem(2)), n.in(0),
                                   n.reshape(n.in(1), {}), n.in(2), *axis));
}

/// NonZero has as many results as its data has non-zeros: known for constants.
LogicalResult nonZeroOp(NodeContext &n) {
  auto values = n.integersIn(n.in(0));
  if (!values)
    return n.unsupported("its extent depends on values", Remedy::DataShape);
  ArrayRef<int64_t> shape = n.typeOf(n.in(0)).getShape();
  SmallVector<SmallVector<int64_t>> found(shape.size());
  for (auto [flat, value] : llvm::enumerate(*values)) {
    if (!value)
      continue;
    int64_t rest = flat;
    for (size_t axis = shape.size(); axis-- > 0;) {
      found[axis].push_back(rest % shape[axis]);
      rest /= shape[axis];
    }
  }
  Contents contents;
  for (const auto &row : found)
    for (int64_t index : row)
      contents.push_back(n.number(index));
  size_t count = found.empty() ? 0 : found.front().size();
  if (Value folded =
          n.materialize(contents, {n.number(shape.size()), n.number(count)},
                        n.builder.getI64Type()))
    return n.set(0, folded);
  return n.unsupported("its extent depends on values", Remedy::DataShape);
}

} // namespace

ArrayRef<OpRow> indexingOps() {
  static const OpRow rows[] = {
      {"", "Gather", 2, 2, gatherOp},
      {"", "GatherElements", 2, 2, gatherElementsOp},
      {"", "GatherND", 2, 2, gatherNdOp},
      {"", "Scatter", 3, 3, scatterElementsOp},
      {"", "ScatterElements", 3, 3, scatterElementsOp},
      {"", "ScatterND", 3, 3, scatterNdOp},
      {"", "TensorScatter", 2, 3, tensorScatterOp},
      {"", "OneHot", 3, 3, oneHotOp},
      {"", "NonZero", 1, 1, nonZeroOp},
  };
  return rows;
}

} // namespace llmc::onnx

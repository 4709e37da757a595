/// Einsum as transposes, reshapes, sums and matrix products.
///
/// Operands are taken in pairs from the left. In a pair every label is one of:
/// batch (in both, needed later), summed (in both, not needed later), left or
/// right (in one, needed later), or dropped (in one, not needed: summed first).
/// Then left is brought to [batch, left, summed], right to [batch, summed,
/// right], and one matrix product does the rest.
#include "frontends/onnx/builder/NodeContext.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace llmc::onnx {

namespace {

/// Letters of the equation; the dimensions of an ellipsis count from the right
/// and are 1, 2, … (no letters).
using Labels = SmallVector<int>;

/// A tensor with a label for each dimension.
struct Term {
  Value value;
  Labels labels;
};

bool has(const Labels &labels, int label) {
  return llvm::is_contained(labels, label);
}

/// `ij` or `...ij` for a tensor of \p rank; nullopt where it does not fit.
std::optional<Labels> parseLabels(StringRef text, int64_t rank) {
  size_t dots = text.find("...");
  StringRef letters[2] = {text.take_front(dots),
                          dots == StringRef::npos ? "" : text.substr(dots + 3)};
  int64_t covered = rank - static_cast<int64_t>(letters[0].size()) -
                    static_cast<int64_t>(letters[1].size());
  if (covered < 0 || (covered > 0 && dots == StringRef::npos))
    return std::nullopt;
  Labels labels;
  for (char c : letters[0])
    labels.push_back(c);
  if (dots != StringRef::npos)
    for (int64_t i = covered; i > 0; --i)
      labels.push_back(static_cast<int>(i));
  for (char c : letters[1])
    labels.push_back(c);
  for (int label : labels)
    if (label > 64 && !llvm::isAlpha(static_cast<char>(label)))
      return std::nullopt;
  return labels;
}

/// Sums over the labels that \p needed lacks.
Term sumUnneeded(NodeContext &n, Term term, const Labels &needed) {
  SmallVector<int64_t> axes;
  Labels kept;
  Dims dims = n.dimsOf(term.value), result;
  for (auto [i, label] : llvm::enumerate(term.labels)) {
    if (!has(needed, label)) {
      axes.push_back(i);
      continue;
    }
    kept.push_back(label);
    result.push_back(dims[i]);
  }
  if (axes.empty())
    return term;
  return {n.emit<ReduceSumOp>(n.tensor(result, n.elemOf(term.value)),
                              term.value, axes, false),
          kept};
}

/// Transposes to the order of \p order, which holds the same labels.
Value ordered(NodeContext &n, const Term &term, const Labels &order) {
  SmallVector<int64_t> permutation;
  for (int label : order)
    permutation.push_back(llvm::find(term.labels, label) - term.labels.begin());
  return n.transpose(term.value, permutation);
}

AffineExpr extentOf(NodeContext &n, const Term &term, int label) {
  auto found = llvm::find(term.labels, label);
  return n.dimsOf(term.value)[found - term.labels.begin()];
}

/// The product of \p left and \p right, with the labels in \p needed only.
Term multiply(NodeContext &n, Term left, Term right, const Labels &needed) {
  Labels leftNeeds = needed, rightNeeds = needed;
  leftNeeds.append(right.labels);
  rightNeeds.append(left.labels);
  left = sumUnneeded(n, left, leftNeeds);
  right = sumUnneeded(n, right, rightNeeds);
  if (!left.value || !right.value)
    return {};
  Labels batch, summed, leftOnly, rightOnly;
  for (int label : left.labels)
    (!has(right.labels, label) ? leftOnly
     : has(needed, label)      ? batch
                               : summed)
        .push_back(label);
  for (int label : right.labels)
    if (!has(left.labels, label))
      rightOnly.push_back(label);

  // Extents that both have are equal, or 1 in one of them.
  auto spread = [&](Term &term, const Term &other) {
    Dims dims = n.dimsOf(term.value);
    for (auto [i, label] : llvm::enumerate(term.labels))
      if (has(other.labels, label) && constantExtent(dims[i]) == 1)
        dims[i] = extentOf(n, other, label);
    term.value = n.expand(term.value, dims);
    return !!term.value;
  };
  if (!spread(left, right) || !spread(right, left))
    return {};
  for (int label : right.labels)
    if (has(left.labels, label) &&
        !n.equate(extentOf(n, left, label), extentOf(n, right, label),
                  "extents of one label"))
      return {};

  auto extents = [&](const Term &term, const Labels &labels) {
    Dims dims;
    for (int label : labels)
      dims.push_back(extentOf(n, term, label));
    return dims;
  };
  Dims batchDims = extents(left, batch);
  AffineExpr inner = n.product(extents(left, summed));
  AffineExpr rows = n.product(extents(left, leftOnly));
  AffineExpr columns = n.product(extents(right, rightOnly));
  Labels leftOrder = batch, rightOrder = batch, resultOrder = batch;
  leftOrder.append(leftOnly);
  leftOrder.append(summed);
  rightOrder.append(summed);
  rightOrder.append(rightOnly);
  resultOrder.append(leftOnly);
  resultOrder.append(rightOnly);
  Dims leftDims = batchDims, rightDims = batchDims, result = batchDims;
  leftDims.append({rows, inner});
  rightDims.append({inner, columns});
  result.append(extents(left, leftOnly));
  result.append(extents(right, rightOnly));
  if (!inner || !rows || !columns)
    return {};
  Value product = n.matmul(n.reshape(ordered(n, left, leftOrder), leftDims),
                           n.reshape(ordered(n, right, rightOrder), rightDims));
  return {n.reshape(product, result), resultOrder};
}

/// The labels of the result where the equation names none: those of the
/// ellipsis, then every letter that occurs once, in alphabetical order.
Labels impliedResult(ArrayRef<Term> terms) {
  Labels all, result;
  for (const Term &term : terms)
    all.append(term.labels);
  for (int label = 64; label > 0; --label)
    if (has(all, label))
      result.push_back(label);
  for (int label = 'A'; label <= 'z'; ++label)
    if (llvm::count(all, label) == 1)
      result.push_back(label);
  return result;
}

LogicalResult einsumOp(NodeContext &n) {
  std::string text = n.stringAttr("equation", "");
  llvm::erase(text, ' ');
  auto [inputs, output] = StringRef(text).split("->");
  SmallVector<StringRef> parts;
  inputs.split(parts, ',');
  if (parts.size() != n.inputCount())
    return n.mismatch("the equation has another number of operands");
  SmallVector<Term> terms;
  int64_t ellipsis = 0;
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (!n.has(i) || n.elem(i) != n.elem(0))
      return n.fail(Code::UnsupportedType, "the element types differ");
    auto labels = parseLabels(part, n.rank(i));
    if (!labels)
      return n.mismatch("`" + Twine(part) + "` does not fit operand " +
                        Twine(i));
    Labels sorted = *labels;
    llvm::sort(sorted);
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      return n.unsupported("diagonals");
    for (int label : *labels)
      if (label <= 64)
        ellipsis = std::max<int64_t>(ellipsis, label);
    terms.push_back({n.in(i), *labels});
  }
  Labels wanted = impliedResult(terms);
  if (StringRef(text).contains("->")) {
    int64_t letters = output.size() - (output.contains("...") ? 3 : 0);
    auto labels =
        parseLabels(output, letters + (output.contains("...") ? ellipsis : 0));
    if (!labels)
      return n.mismatch("`" + Twine(output) + "` is no result");
    wanted = *labels;
  }
  Term total = terms.front();
  for (size_t i = 1; i < terms.size(); ++i) {
    Labels needed = wanted;
    for (size_t later = i + 1; later < terms.size(); ++later)
      needed.append(terms[later].labels);
    total = multiply(n, total, terms[i], needed);
    if (!total.value)
      return failure();
  }
  total = sumUnneeded(n, total, wanted);
  Labels left = total.labels, right = wanted;
  llvm::sort(left);
  llvm::sort(right);
  if (!total.value)
    return failure();
  if (left != right)
    return n.mismatch("the result has labels that no operand has");
  return n.set(0, ordered(n, total, wanted));
}

} // namespace

ArrayRef<OpRow> einsumOps() {
  static const OpRow rows[] = {{"", "Einsum", 1, 255, einsumOp}};
  return rows;
}

} // namespace llmc::onnx

/// Caches and attention of a step.
#include "passes/schedule/StepLowering.h"

#include "passes/support/Regions.h"

using namespace mlir;

namespace llmc {

std::pair<Value, Value> StepLowering::cacheBuffers(Value cache) {
  int64_t layer = cacheLayer.lookup(cache);
  auto &known = caches[layer];
  if (known.first)
    return known;
  Type element = cast<llm::KvCacheType>(cache.getType()).getElementType();
  int64_t dynamic = ShapedType::kDynamic, width = kernel::panelWidth;
  auto strided = [&](int64_t panels, int64_t length, auto stride) {
    SmallVector<int64_t> shape = {dynamic, layout.kvHeads, panels,
                                  length / layout.pair, width, layout.pair};
    shape.truncate(layout.rank());
    SmallVector<int64_t> strides;
    for (int i = 0; i < layout.rank(); ++i)
      strides.push_back(stride(i));
    return MemRefType::get(
        shape, element,
        StridedLayoutAttr::get(builder.getContext(), 0, strides));
  };
  auto keys = strided(layout.page / width, layout.keyDim(),
                      [&](int i) { return layout.keyStride(i); });
  auto values = strided(layout.valueDim() / width, layout.page,
                        [&](int i) { return layout.valueStride(i); });
  Value pages = symbol("N");
  known = {makeBuffer(builder, step.getLoc(), keys, rt::Space::KeyCache, pages,
                      "", layer),
           makeBuffer(builder, step.getLoc(), values, rt::Space::ValueCache,
                      pages, "", layer)};
  return known;
}

void StepLowering::lowerKvAppend(llm::KvAppendOp op) {
  cacheLayer[op.getResult()] = cacheLayer.lookup(op.getCache());
  if (op->hasAttr(rotatesAttr))
    return lowerRopeAppend(op);
  auto [keys, values] = cacheBuffers(op.getCache());
  int64_t dynamic = ShapedType::kDynamic;
  Value T = symbol("T");
  SmallVector<Value> args{
      memref(op.getKey()),
      memref(op.getValue()),
      input("row_sequence", {dynamic}, T),
      input("positions", {dynamic}, T),
      input("page_table", {dynamic, dynamic}, {symbol("S"), symbol("P")}),
      keys,
      values};
  launch(op, "kv_append", T, args,
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::KvAppendOp::create(b, b.getUnknownLoc(), a[0], a[1], a[2],
                                      a[3], a[4], a[5], a[6], begin, end,
                                      layout.headDim, layout.page);
         });
}

/// With the rotations of the keys and of the queries that read the cache, and
/// their norms (SelectAppend saw that they are there).
void StepLowering::lowerRopeAppend(llm::KvAppendOp op) {
  llm::AttentionOp attention;
  for (Operation *user : op.getResult().getUsers())
    if (auto found = dyn_cast<llm::AttentionOp>(user))
      attention = found;
  auto query = attention.getQuery().getDefiningOp<llm::RopeOp>();
  auto key = op.getKey().getDefiningOp<llm::RopeOp>();
  Value inputs[] = {query.getInput(), key.getInput()};
  SmallVector<llm::RmsNormOp, 2> norms;
  for (Value &rows : inputs)
    if (auto norm = rows.getDefiningOp<llm::RmsNormOp>();
        norm && norm->hasAttr(normalizedAttr)) {
      norms.push_back(norm);
      rows = norm.getInput();
    }
  auto [keys, values] = cacheBuffers(op.getCache());
  int64_t dynamic = ShapedType::kDynamic;
  Value T = symbol("T");
  SmallVector<Value> args{
      memref(inputs[0]),
      memref(inputs[1]),
      memref(op.getValue()),
      memref(query.getCos()),
      memref(query.getSin()),
      input("row_sequence", {dynamic}, T),
      input("positions", {dynamic}, T),
      input("page_table", {dynamic, dynamic}, {symbol("S"), symbol("P")}),
      keys,
      values,
      allocate(query.getResult())};
  size_t without = args.size();
  for (llm::RmsNormOp norm : norms)
    args.push_back(memref(norm.getScale()));
  llvm::APFloat zero(0.0f);
  llvm::APFloat epsilon = norms.empty() ? zero : norms[0].getEpsilon();
  llvm::APFloat offset = norms.empty() ? zero : norms[0].getOffset();
  launch(op, "rope_append", T, args,
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::RopeAppendOp::create(
               b, b.getUnknownLoc(), a[0], a[1], a[2], a[3], a[4], a[5], a[6],
               a[7], a[8], a[9], a[10], a.drop_front(without), begin, end,
               query.getHeads(), layout.headDim, layout.page,
               query.getRotaryDim(),
               query.getPairing() == llm::Pairing::Interleaved, epsilon, offset);
         });
}

/// What attention and attention_split read.
SmallVector<Value> StepLowering::attentionInputs(llm::AttentionOp op) {
  auto [keys, values] = cacheBuffers(op.getCache());
  int64_t dynamic = ShapedType::kDynamic;
  Value T = symbol("T");
  return {memref(op.getQuery()),
          input("row_sequence", {dynamic}, T),
          input("positions", {dynamic}, T),
          input("page_table", {dynamic, dynamic}, {symbol("S"), symbol("P")}),
          input("blocks", {dynamic, 2}, symbol("B")),
          keys,
          values};
}

void StepLowering::lowerAttention(llm::AttentionOp op) {
  int64_t split = attributeOr(op, "kernel.split", 4 * layout.page);
  if (int64_t slots = attributeOr(op, "kernel.split_slots", 0))
    return lowerSplitAttention(op, split, slots);
  SmallVector<Value> args = attentionInputs(op);
  args.push_back(allocate(op.getResult()));
  auto d0 = builder.getAffineDimExpr(0);
  Value tiles =
      shape(AffineMap::get(1, 0, d0 * layout.kvHeads), symbol("B"));
  launch(op, "attention", tiles, args,
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::AttentionOp::create(
               b, b.getUnknownLoc(), a[0], a[1], a[2], a[3], a[4], a[5], a[6],
               a[7], begin, end, op.getHeads(), layout.headDim, layout.page,
               split, op.getScale(), op.getWindow(), op.getSoftcap());
         });
}

/// The pieces of the cache as work for several threads, then their merging, by the
/// last of them or by a launch of its own.
void StepLowering::lowerSplitAttention(llm::AttentionOp op, int64_t split,
                                       int64_t slots) {
  Value T = symbol("T");
  int64_t heads = op.getHeads();
  auto pieces = [&](int64_t columns) {
    auto type = MemRefType::get({slots, ShapedType::kDynamic, columns},
                                builder.getF32Type());
    return makeBuffer(builder, op.getLoc(), type, rt::Space::Arena, T);
  };
  SmallVector<Value> found{pieces(heads), pieces(heads),
                           pieces(heads * layout.headDim)};
  int64_t shares = attributeOr(op, "kernel.split_shares", 0);
  SmallVector<Value> args = attentionInputs(op);
  args.append(found);
  size_t merging = args.size();
  if (shares)
    args.append({input("counters", {ShapedType::kDynamic, layout.kvHeads},
                       symbol("B")),
                 allocate(op.getResult())});
  auto d0 = builder.getAffineDimExpr(0);
  Value tiles =
      shares && layout.kvHeads * slots > shares
          ? constant(shares)
          : shape(AffineMap::get(1, 0, d0 * (layout.kvHeads * slots)), symbol("B"));
  launch(op, "attention_split", tiles, args,
         [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::AttentionSplitOp::create(
               b, b.getUnknownLoc(), a[0], a[1], a[2], a[3], a[4], a[5], a[6],
               a[7], a[8], a[9], a.drop_front(merging), begin, end, heads,
               layout.headDim, layout.page, split, op.getScale(),
               op.getWindow(), op.getSoftcap(), shares);
         });
  if (shares)
    return;
  found.push_back(input("positions", {ShapedType::kDynamic}, T));
  found.push_back(allocate(op.getResult()));
  launch(op, "attention_merge", shape(AffineMap::get(1, 0, d0 * heads), T),
         found, [&](OpBuilder &b, ValueRange a, Value begin, Value end) {
           kernel::AttentionMergeOp::create(
               b, b.getUnknownLoc(), a[0], a[1], a[2], a[3], a[4], begin, end,
               heads, layout.headDim, split, op.getWindow());
         });
}

} // namespace llmc

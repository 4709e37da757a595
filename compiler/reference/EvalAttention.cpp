/// RotaryEmbedding and the attention operators of ONNX and com.microsoft.
#include "compiler/reference/AttentionMath.h"
#include "compiler/reference/Call.h"
#include "compiler/reference/Strided.h"
#include "dialects/onnx/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

/// Reads an optional tensor as if broadcast to [B, H, S, L].
class Broadcast {
public:
  Broadcast(const Tensor &tensor, ArrayRef<int64_t> target) : tensor(tensor) {
    auto found = broadcastStrides(tensor.shape(), target);
    valid = !tensor || found.has_value();
    if (tensor && found)
      strides = *found;
  }
  bool fits() const { return valid; }
  double at(int64_t b, int64_t h, int64_t i, int64_t j) const {
    return tensor.getDouble(b * strides[0] + h * strides[1] + i * strides[2] +
                            j * strides[3]);
  }
  explicit operator bool() const { return bool(tensor); }

private:
  const Tensor &tensor;
  Shape strides;
  bool valid;
};

/// Past and new vectors one behind the other.
LogicalResult appendTo(const Tensor &past, Heads &now, Call &call) {
  if (!past)
    return success();
  std::optional<Heads> before = Heads::from(past, 0);
  if (!before || before->batch != now.batch || before->heads != now.heads ||
      before->width != now.width)
    return call.fail("the past does not fit the new keys and values");
  Heads all{now.batch, now.heads, before->length + now.length, now.width, {}};
  all.data.resize(all.batch * all.heads * all.length * all.width);
  for (int64_t b = 0; b < all.batch; ++b)
    for (int64_t h = 0; h < all.heads; ++h)
      for (int64_t i = 0; i < all.length; ++i)
        std::copy_n(i < before->length ? before->at(b, h, i)
                                       : now.at(b, h, i - before->length),
                    all.width, all.at(b, h, i));
  now = std::move(all);
  return success();
}

/// Gives result \p index, or nothing if it is omitted.
LogicalResult storeResult(unsigned index, const Heads &heads, bool rows,
                          Call &call) {
  if (isa<NoneType>(call.op->getResult(index).getType()))
    return success();
  Shape shape{heads.batch, heads.heads, heads.length, heads.width};
  if (rows)
    shape = {heads.batch, heads.length, heads.heads * heads.width};
  Tensor *result = call.create(index, shape);
  if (!result)
    return failure();
  heads.store(*result, rows);
  return success();
}

LogicalResult checkShapes(const Heads &query, const Heads &key,
                          const Heads &value, Call &call) {
  if (key.batch != query.batch || value.batch != query.batch ||
      key.width != query.width || value.length != key.length ||
      value.heads != key.heads || key.heads == 0 || query.heads % key.heads)
    return call.fail("query, key and value do not fit together");
  return success();
}

double scaleOr(APFloat scale, int64_t width) {
  double given = scale.convertToFloat();
  return given != 0 ? given : 1 / std::sqrt(double(width));
}

/// Rotary tables by row: [P, columns], or [B, S, columns] without positions.
class RotaryTables {
public:
  RotaryTables(const Tensor &cos, const Tensor &sin) : cos(cos), sin(sin) {}

  LogicalResult check(int64_t pairs, int64_t width, Call &call) const {
    if (!cos || !sin || !cos.isFloat() || cos.rank() < 2 ||
        cos.shape() != sin.shape() || cos.shape().back() < pairs ||
        pairs < 0 || 2 * pairs > width)
      return call.fail("the rotary tables do not have half of the rotated "
                       "elements as columns");
    return success();
  }

  LogicalResult apply(Heads &heads, int64_t pairs, bool interleaved,
                      llvm::function_ref<int64_t(int64_t, int64_t)> rowOf,
                      Call &call) const {
    int64_t columns = cos.shape().back();
    int64_t rows = columns ? cos.numElements() / columns : 0;
    std::vector<double> c(pairs), s(pairs);
    for (int64_t b = 0; b < heads.batch; ++b)
      for (int64_t i = 0; i < heads.length; ++i) {
        int64_t row = rowOf(b, i);
        if (row < 0 || row >= rows)
          return call.fail("position " + Twine(row) + " is beyond the " +
                           Twine(rows) + " rows of the rotary tables");
        cos.read(row * columns, 1, pairs, c.data());
        sin.read(row * columns, 1, pairs, s.data());
        for (int64_t h = 0; h < heads.heads; ++h)
          rotate(heads.at(b, h, i), pairs, c.data(), s.data(), interleaved);
      }
    return success();
  }

private:
  const Tensor &cos, &sin;
};

LogicalResult evalRotary(onnx::RotaryEmbeddingOp op, Call &call) {
  const Tensor &input = call[op.getInput()], &positions = call[op.getPositions()];
  const Tensor &cos = call[op.getCos()];
  std::optional<Heads> heads = Heads::from(input, int64_t(op.getNumHeads()));
  if (!heads)
    return call.fail("the input is neither [B, S, H * D] nor [B, H, S, D]");
  RotaryTables tables(cos, call[op.getSin()]);
  int64_t rotated = int64_t(op.getRotaryDim());
  int64_t pairs = (rotated ? rotated : heads->width) / 2;
  if (failed(tables.check(pairs, heads->width, call)))
    return failure();
  std::vector<int64_t> rows;
  if (positions)
    rows = positions.toInts();
  int64_t count = heads->batch * heads->length;
  bool offset = rows.size() == 1 && positions.rank() < 2;
  if (positions ? !offset && int64_t(rows.size()) != count
                : cos.rank() != 3 || cos.shape()[0] != heads->batch ||
                      cos.shape()[1] != heads->length)
    return call.fail("positions and tables do not fit the input");
  auto rowOf = [&](int64_t b, int64_t i) {
    int64_t index = b * heads->length + i;
    return offset ? rows[0] + i : positions ? rows[index] : index;
  };
  if (failed(tables.apply(*heads, pairs, op.getInterleaved(), rowOf, call)))
    return failure();
  return storeResult(0, *heads, input.rank() == 3, call);
}

LogicalResult evalAttention(onnx::AttentionOp op, Call &call) {
  auto query = Heads::from(call[op.getQuery()], int64_t(op.getQNumHeads()));
  auto key = Heads::from(call[op.getKey()], int64_t(op.getKvNumHeads()));
  auto value = Heads::from(call[op.getValue()], int64_t(op.getKvNumHeads()));
  if (!query || !key || !value)
    return call.fail("query, key and value are neither [B, S, H * D] nor "
                     "[B, H, S, D]");
  const Tensor &past = call[op.getPastKey()];
  int64_t offset = past && past.rank() == 4 ? past.shape()[2] : 0;
  if (failed(appendTo(past, *key, call)) ||
      failed(appendTo(call[op.getPastValue()], *value, call)) ||
      failed(checkShapes(*query, *key, *value, call)))
    return failure();
  // A mask may be shorter than the keys: what it does not reach is not seen.
  const Tensor &given = call[op.getMask()];
  int64_t reach = given && given.rank() && given.shape().back() != 1
                      ? given.shape().back()
                      : key->length;
  if (reach > key->length)
    return call.fail("the mask is longer than the keys");
  Broadcast mask(given, {query->batch, query->heads, query->length, reach});
  if (!mask.fits())
    return call.fail("the mask does not broadcast to the scores");
  std::vector<int64_t> lengths;
  if (const Tensor &nonpad = call[op.getNonpadKvSeqlen()])
    lengths = nonpad.toInts();
  if (!lengths.empty() && int64_t(lengths.size()) != query->batch)
    return call.fail("needs one length per batch element");
  bool boolean = given && !given.isFloat(), causal = op.getIsCausal();
  auto bias = [&](int64_t b, int64_t h, int64_t i, int64_t j) -> double {
    int64_t before = offset;
    if (!lengths.empty()) {
      if (j >= lengths[b])
        return -INFINITY;
      before = past ? offset : lengths[b] - query->length;
    }
    if ((causal && j > i + before) || j >= reach)
      return -INFINITY;
    double at = mask ? mask.at(b, h, i, j) : 0;
    return boolean ? (at != 0 ? 0 : -INFINITY) : at;
  };
  Heads result = attend(*query, *key, *value, scaleOr(op.getScale(), query->width),
                        op.getSoftcap().convertToFloat(), bias);
  if (failed(storeResult(1, *key, false, call)) ||
      failed(storeResult(2, *value, false, call)))
    return failure();
  return storeResult(0, result, call[op.getQuery()].rank() == 3, call);
}

LogicalResult evalMultiHead(onnx::MultiHeadAttentionOp op, Call &call) {
  int64_t count = int64_t(op.getNumHeads());
  auto query = Heads::from(call[op.getQuery()], count);
  auto key = Heads::from(call[op.getKey()], count);
  auto value = Heads::from(call[op.getValue()], count);
  if (!query || !key || !value)
    return call.fail("query, key and value are neither [B, S, H * D] nor "
                     "[B, H, S, D]");
  if (const Tensor &bias = call[op.getBias()]) {
    std::vector<double> shifts = bias.toDoubles();
    int64_t start = 0;
    auto add = [&](Heads &heads, const Tensor &source) {
      int64_t width = heads.heads * heads.width;
      if (start + width > int64_t(shifts.size()))
        return false;
      // Keys and values given by head were projected, and biased, before.
      for (int64_t e = 0; source.rank() == 3 && e < int64_t(heads.data.size()); ++e) {
        int64_t h = e / (heads.length * heads.width) % heads.heads;
        heads.data[e] += shifts[start + h * heads.width + e % heads.width];
      }
      start += width;
      return true;
    };
    if (!add(*query, call[op.getQuery()]) || !add(*key, call[op.getKey()]) ||
        !add(*value, call[op.getValue()]))
      return call.fail("the bias is too short");
  }
  const Tensor &past = call[op.getPastKey()];
  int64_t offset = past && past.rank() == 4 ? past.shape()[2] : 0;
  if (failed(appendTo(past, *key, call)) ||
      failed(appendTo(call[op.getPastValue()], *value, call)) ||
      failed(checkShapes(*query, *key, *value, call)))
    return failure();
  const Tensor &padding = call[op.getKeyPaddingMask()];
  if (padding && (padding.rank() != 2 || padding.shape()[0] != query->batch ||
                  padding.shape()[1] != key->length))
    return call.fail("the key padding mask is not [B, L]");
  Broadcast given(call[op.getAttentionBias()],
                  {query->batch, query->heads, query->length, key->length});
  if (!given.fits())
    return call.fail("the attention bias does not broadcast to the scores");
  double filter = op.getMaskFilterValue().convertToFloat();
  auto bias = [&](int64_t b, int64_t h, int64_t i, int64_t j) -> double {
    if (op.getUnidirectional() && j > i + offset)
      return -INFINITY;
    double shift = given ? given.at(b, h, i, j) : 0;
    if (padding && padding.getInt(b * key->length + j) == 0)
      shift += filter;
    return shift;
  };
  Heads result = attend(*query, *key, *value, scaleOr(op.getScale(), query->width),
                        0, bias);
  if (failed(storeResult(1, *key, false, call)) ||
      failed(storeResult(2, *value, false, call)))
    return failure();
  return storeResult(0, result, true, call);
}

/// Query, key and value of the operator, apart or packed into one.
LogicalResult splitGrouped(onnx::GroupQueryAttentionOp op, Heads &query,
                           Heads &key, Heads &value, Call &call) {
  const Tensor &first = call[op.getQuery()];
  int64_t heads = int64_t(op.getNumHeads()), kv = int64_t(op.getKvNumHeads());
  bool packed = !call[op.getKey()];
  int64_t parts = packed ? heads + 2 * kv : heads;
  if (heads <= 0 || kv <= 0 || heads > (1 << 20) || heads % kv || !first.isFloat() ||
      first.rank() != 3 || first.shape()[2] % parts)
    return call.fail("the query does not hold " + Twine(parts) + " heads");
  int64_t width = first.shape()[2] / parts;
  query = Heads::columns(first, 0, heads, width);
  if (packed) {
    key = Heads::columns(first, heads * width, kv, width);
    value = Heads::columns(first, (heads + kv) * width, kv, width);
    return success();
  }
  auto keys = Heads::from(call[op.getKey()], kv);
  auto values = Heads::from(call[op.getValue()], kv);
  if (!keys || !values)
    return call.fail("key and value are not [B, S, KV * D]");
  key = *keys;
  value = *values;
  if (key.length != query.length)
    return call.fail("key and query have different lengths");
  return checkShapes(query, key, value, call);
}

/// Result \p index: the past [B, KV, P, D] with the new rows of each batch
/// element written from its past length on. Returns it as it is stored.
FailureOr<Heads> present(unsigned index, const Tensor &past, const Heads &now,
                         ArrayRef<int64_t> starts, int64_t length, Call &call) {
  Tensor *result = call.create(index, {now.batch, now.heads, length, now.width});
  if (!result)
    return failure();
  Heads all{now.batch, now.heads, length, now.width, {}};
  all.data.assign(result->numElements(), 0);
  std::optional<Heads> before = Heads::from(past, 0);
  if (past && (!before || before->batch != now.batch ||
               before->heads != now.heads || before->width != now.width))
    return call.fail("the past does not fit the new keys and values");
  for (int64_t b = 0; b < now.batch; ++b)
    for (int64_t h = 0; h < now.heads; ++h) {
      for (int64_t i = 0; before && i < std::min(before->length, length); ++i)
        std::copy_n(before->at(b, h, i), now.width, all.at(b, h, i));
      for (int64_t i = 0; i < now.length; ++i)
        std::copy_n(now.at(b, h, i), now.width, all.at(b, h, starts[b] + i));
    }
  all.store(*result, false);
  all.data = result->toDoubles();
  return all;
}

LogicalResult evalGrouped(onnx::GroupQueryAttentionOp op, Call &call) {
  if (op.getWindowCache())
    return call.fail("keeps a cache of its window only");
  Heads query, key, value;
  if (failed(splitGrouped(op, query, key, value, call)))
    return failure();
  const Tensor &past = call[op.getPastKey()], &lengths = call[op.getSeqlensK()];
  const Tensor &total = call[op.getTotalLength()];
  if (lengths.numElements() != query.batch || total.numElements() != 1)
    return call.fail("needs one total length, and one length per batch element");
  int64_t longest = total.getInt(0), rows = query.length;
  int64_t buffer = past && past.rank() == 4 ? past.shape()[2] : 0;
  // The type may promise a longer buffer than the rows need.
  int64_t length = std::max(buffer, longest);
  if (Shape shape = call.typeShape(1); shape.size() == 4)
    length = std::max(length, shape[2]);
  // Prompts of a batch may be padded on the right, so they all start at 0.
  std::vector<int64_t> starts(query.batch, 0);
  for (int64_t b = 0; rows != longest && b < query.batch; ++b) {
    starts[b] = lengths.getInt(b) + 1 - rows;
    if (starts[b] < 0)
      return call.fail("sequence " + Twine(b) + " is shorter than its new rows");
  }
  for (int64_t start : starts)
    if (start + rows > length)
      return call.fail("rows do not fit the total length of " + Twine(length));
  if (op.getDoRotary()) {
    RotaryTables tables(call[op.getCos()], call[op.getSin()]);
    const Tensor &given = call[op.getPositions()];
    if (given && given.numElements() != query.batch * rows)
      return call.fail("positions are not [B, S]");
    int64_t pairs = call[op.getCos()].rank() ? call[op.getCos()].shape().back() : -1;
    auto rowOf = [&](int64_t b, int64_t i) {
      return given ? given.getInt(b * rows + i) : starts[b] + i;
    };
    if (failed(tables.check(pairs, query.width, call)) ||
        failed(tables.apply(query, pairs, op.getRotaryInterleaved(), rowOf, call)) ||
        failed(tables.apply(key, pairs, op.getRotaryInterleaved(), rowOf, call)))
      return failure();
  }
  auto keys = present(1, past, key, starts, length, call);
  auto values = present(2, call[op.getPastValue()], value, starts, length, call);
  if (failed(keys) || failed(values))
    return failure();
  const Tensor &shift = call[op.getBias()];
  int64_t reach = shift && shift.rank() ? shift.shape().back() : length;
  Broadcast given(shift, {query.batch, query.heads, rows, reach});
  if (!given.fits())
    return call.fail("the attention bias does not broadcast to the scores");
  int64_t window = int64_t(op.getLocalWindow());
  auto bias = [&](int64_t b, int64_t h, int64_t i, int64_t j) -> double {
    int64_t position = starts[b] + i;
    if (j > position || j >= reach || (window > 0 && j <= position - window))
      return -INFINITY;
    return given ? given.at(b, h, i, j) : 0;
  };
  Heads result = attend(query, *keys, *values, scaleOr(op.getScale(), query.width),
                        op.getSoftcap().convertToFloat(), bias);
  return storeResult(0, result, true, call);
}

} // namespace

void registerAttention(Registry &registry) {
  registry.add<onnx::RotaryEmbeddingOp>(evalRotary);
  registry.add<onnx::AttentionOp>(evalAttention);
  registry.add<onnx::MultiHeadAttentionOp>(evalMultiHead);
  registry.add<onnx::GroupQueryAttentionOp>(evalGrouped);
}

} // namespace llmc::reference

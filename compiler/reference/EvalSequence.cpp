/// The ops of the llm dialect that know of sequences: positions, RoPE, the
/// cache, attention. Rows are those of a batch descriptor where one is set
/// (a step); else [B, S, D] are B sequences, and [T, D] is one.
#include "compiler/reference/AttentionMath.h"
#include "compiler/reference/Call.h"
#include "compiler/reference/Strided.h"
#include "dialects/llm/LlmOps.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

/// Where the rows of a tensor belong.
struct Rows {
  std::vector<int64_t> sequence; // [rows]
  std::vector<int64_t> offset;   // [rows] position, or number among the new
  bool absolute = false;         // whether `offset` is a position
  int64_t perSequence = 0;       // number of new rows, where not absolute
};

FailureOr<Rows> rowsOf(const Tensor &tensor, Call &call) {
  Rows rows;
  if (!tensor || !tensor.isFloat() || tensor.rank() < 2)
    return call.fail("needs rows [T, D] or [B, S, D]");
  int64_t count = 1;
  for (int64_t extent : tensor.shape().drop_back())
    count *= extent;
  if (const std::optional<Batch> &batch = call.batch()) {
    if (int64_t(batch->rowSequence.size()) != count ||
        int64_t(batch->positions.size()) != count)
      return call.fail("the batch describes " + Twine(batch->positions.size()) +
                       " rows, not " + Twine(count));
    for (int64_t i = 0; i < count; ++i)
      if (batch->rowSequence[i] < 0 || batch->rowSequence[i] > (1 << 20) ||
          batch->positions[i] < 0)
        return call.fail("the batch has a negative or an absurd number");
    rows.sequence = batch->rowSequence;
    rows.offset = batch->positions;
    rows.absolute = true;
    return rows;
  }
  rows.perSequence = tensor.shape()[tensor.rank() - 2];
  for (int64_t i = 0; i < count; ++i) {
    rows.sequence.push_back(i / rows.perSequence);
    rows.offset.push_back(i % rows.perSequence);
  }
  return rows;
}

LogicalResult evalPositions(llm::PositionsOp op, Call &call) {
  Shape shape = call.typeShape(0);
  if (const std::optional<Batch> &batch = call.batch()) {
    if (shape.size() == 1 && shape[0] == -1)
      shape[0] = int64_t(batch->positions.size());
    Tensor *result =
        llvm::is_contained(shape, -1) ? nullptr : call.create(0, shape);
    if (!result || result->numElements() != int64_t(batch->positions.size()))
      return call.fail("the batch does not describe as many rows");
    result->write(0, 1, result->numElements(), batch->positions.data());
    return success();
  }
  auto known = call.knownShape(0);
  if (failed(known) || known->empty())
    return failed(known) ? failure() : call.fail("needs at least one dimension");
  if (!call.pastLength())
    return call.fail("the past length is not set");
  Tensor *result = call.create(0, *known);
  if (!result)
    return failure();
  for (int64_t i = 0; i < result->numElements(); ++i)
    result->setInt(i, *call.pastLength() + i % known->back());
  return success();
}

LogicalResult evalRope(llm::RopeOp op, Call &call) {
  const Tensor &input = call[op.getInput()], &positions = call[op.getPositions()];
  const Tensor &cos = call[op.getCos()], &sin = call[op.getSin()];
  int64_t heads = int64_t(op.getHeads()), width = int64_t(op.getHeadDim());
  int64_t pairs = int64_t(op.getRotaryDim()) / 2, columns = heads * width;
  if (!input || !input.isFloat() || input.rank() == 0 || heads <= 0 ||
      width <= 0 || input.shape().back() != columns || 2 * pairs > width)
    return call.fail("the input does not hold its heads");
  if (cos.rank() != 2 || cos.shape() != sin.shape() || cos.shape()[1] != pairs)
    return call.fail("the tables are not [P, rotary_dim / 2]");
  int64_t rows = input.numElements() / columns, known = positions.numElements();
  // Positions [S] serve every sequence of [B, S, D].
  if (known == 0 ? rows != 0 : rows % known != 0)
    return call.fail("has " + Twine(known) + " positions for " + Twine(rows) +
                     " rows");
  Tensor *result = call.create(0, input.shape());
  if (!result)
    return failure();
  std::vector<double> row(columns), c(pairs), s(pairs);
  bool interleaved = op.getPairing() == llm::Pairing::Interleaved;
  for (int64_t i = 0; i < rows; ++i) {
    int64_t position = positions.getInt(i % known);
    if (position < 0 || position >= cos.shape()[0])
      return call.fail("position " + Twine(position) + " is beyond the tables");
    cos.read(position * pairs, 1, pairs, c.data());
    sin.read(position * pairs, 1, pairs, s.data());
    input.read(i * columns, 1, columns, row.data());
    for (int64_t h = 0; h < heads; ++h)
      rotate(&row[h * width], pairs, c.data(), s.data(), interleaved);
    result->write(i * columns, 1, columns, row.data());
  }
  return success();
}

/// [B, KV, P, D] to one sequence per batch element, or back. Of a buffer, the
/// first positions as far as the past reaches.
LogicalResult evalCacheFrom(llm::CacheFromOp op, Call &call) {
  llm::KvCacheType type = op.getCache().getType();
  auto key = Heads::from(call[op.getKey()], 0);
  auto value = Heads::from(call[op.getValue()], 0);
  if (!key || !value || key->heads != type.getHeads() ||
      key->width != type.getHeadDim() || value->data.size() != key->data.size() ||
      call[op.getKey()].shape() != call[op.getValue()].shape())
    return call.fail("key and value are not [B, KV, P, D] of the cache's type");
  Cache cache;
  cache.sequences.resize(key->batch);
  auto element = elementOf(type.getElementType());
  if (!element || !isFloat(*element))
    return call.fail("the cache's element type is not supported");
  int64_t held = std::min(key->length, call.pastLength().value_or(key->length));
  for (int64_t b = 0; b < key->batch; ++b)
    for (int64_t i = 0; i < held; ++i)
      for (int64_t h = 0; h < key->heads; ++h)
        for (int64_t d = 0; d < key->width; ++d) {
          cache.sequences[b].keys.push_back(
              float(boundTo(*element, key->at(b, h, i)[d])));
          cache.sequences[b].values.push_back(
              float(boundTo(*element, value->at(b, h, i)[d])));
        }
  call.set(0, std::move(cache));
  return success();
}

LogicalResult evalCacheTo(llm::CacheToOp op, Call &call) {
  llm::KvCacheType type = op.getCache().getType();
  const Cache &cache = call.cache(op.getCache());
  int64_t heads = type.getHeads(), width = type.getHeadDim();
  int64_t columns = heads * width, batch = int64_t(cache.sequences.size());
  int64_t length = cache.length(0, columns), buffer = length;
  if (SmallVector<int64_t> shape = call.typeShape(0); shape.size() == 4)
    buffer = std::max(buffer, shape[2]);
  for (int64_t b = 0; b < batch; ++b)
    if (cache.length(b, columns) != length)
      return call.fail("the sequences have different lengths");
  for (unsigned part = 0; part < 2; ++part) {
    Tensor *result = call.create(part, {batch, heads, buffer, width});
    if (!result)
      return failure();
    for (int64_t b = 0; b < batch; ++b) {
      const auto &source = part ? cache.sequences[b].values : cache.sequences[b].keys;
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t i = 0; i < length; ++i)
          for (int64_t d = 0; d < width; ++d)
            result->setDouble(((b * heads + h) * buffer + i) * width + d,
                              source[i * columns + h * width + d]);
    }
  }
  return success();
}

/// Rounds `count` numbers to what a cache of i8 keeps of them: integers times one
/// scale, which is returned.
float roundToBytes(double *numbers, int64_t count) {
  float most = 0;
  for (int64_t i = 0; i < count; ++i)
    most = std::max(most, std::abs(float(numbers[i])));
  float scale = most / 127, inverse = most > 0 ? 127 / most : 0;
  for (int64_t i = 0; i < count; ++i) {
    float steps = std::nearbyint(float(numbers[i]) * inverse);
    numbers[i] = double(std::clamp(steps, -127.0f, 127.0f)) * scale;
  }
  return scale;
}

LogicalResult evalAppend(llm::KvAppendOp op, Call &call) {
  llm::KvCacheType type = op.getCache().getType();
  const Tensor &key = call[op.getKey()], &value = call[op.getValue()];
  int64_t columns = type.getHeads() * type.getHeadDim();
  auto element = elementOf(type.getElementType());
  auto rows = rowsOf(key, call);
  if (failed(rows))
    return failure();
  if (columns <= 0 || key.shape() != value.shape() || !element ||
      key.shape().back() != columns)
    return call.fail("key and value are not rows of the cache's type");
  Cache cache = call.cache(op.getCache());
  std::vector<int64_t> before; // lengths, to which numbers of new rows refer
  for (size_t s = 0; s < cache.sequences.size(); ++s)
    before.push_back(cache.length(s, columns));
  std::vector<double> keys(columns), values(columns);
  for (size_t i = 0; i < rows->sequence.size(); ++i) {
    size_t s = rows->sequence[i];
    if (s >= cache.sequences.size()) {
      cache.sequences.resize(s + 1);
      before.resize(s + 1, 0);
    }
    int64_t position = rows->offset[i] + (rows->absolute ? 0 : before[s]);
    // A step may write anew, but leaves no gap: rows come in ascending order.
    if (position > cache.length(s, columns))
      return call.fail("position " + Twine(position) + " of sequence " + Twine(s) +
                       " leaves a gap after " + Twine(cache.length(s, columns)));
    Cache::Sequence &sequence = cache.sequences[s];
    if (position == cache.length(s, columns)) {
      sequence.keys.resize((position + 1) * columns);
      sequence.values.resize((position + 1) * columns);
    }
    key.read(int64_t(i) * columns, 1, columns, keys.data());
    value.read(int64_t(i) * columns, 1, columns, values.data());
    if (!isFloat(*element)) {
      int64_t heads = type.getHeads(), width = type.getHeadDim();
      sequence.valueScales.resize(sequence.keys.size() / width);
      for (int64_t h = 0; h < heads; ++h) {
        roundToBytes(&keys[h * width], width);
        sequence.valueScales[position * heads + h] =
            roundToBytes(&values[h * width], width);
      }
      llvm::copy(keys, sequence.keys.begin() + position * columns);
      llvm::copy(values, sequence.values.begin() + position * columns);
      continue;
    }
    for (int64_t d = 0; d < columns; ++d) {
      sequence.keys[position * columns + d] = float(boundTo(*element, keys[d]));
      sequence.values[position * columns + d] = float(boundTo(*element, values[d]));
    }
  }
  call.set(0, std::move(cache));
  return success();
}

/// exp(score - largest) in place; returns their sum.
double softmaxWeights(std::vector<double> &scores) {
  double largest = *std::max_element(scores.begin(), scores.end()), sum = 0;
  for (double &score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  return sum;
}

LogicalResult evalAttention(llm::AttentionOp op, Call &call) {
  llm::KvCacheType type = op.getCache().getType();
  const Tensor &query = call[op.getQuery()];
  const Cache &cache = call.cache(op.getCache());
  int64_t heads = int64_t(op.getHeads()), kv = type.getHeads();
  int64_t width = type.getHeadDim(), columns = kv * width;
  auto rows = rowsOf(query, call);
  if (failed(rows))
    return failure();
  if (heads <= 0 || kv <= 0 || heads % kv || query.shape().back() != heads * width)
    return call.fail("the query does not hold its heads");
  Tensor *result = call.create(0, query.shape());
  if (!result)
    return failure();
  double scale = op.getScale().convertToFloat();
  double softcap = op.getSoftcap().convertToFloat();
  int64_t window = int64_t(op.getWindow());
  // What multiplies keys and values of bf16 or f16 is of that type too, what
  // multiplies bytes is of bf16.
  auto element = elementOf(type.getElementType());
  if (type.getElementType().isInteger(8))
    element = Element::BF16;
  bool pairs = element == Element::BF16 || element == Element::F16;
  auto rounded = [&](double x) { return pairs ? boundTo(*element, x) : x; };
  std::vector<double> q(heads * width), out(heads * width), scores;
  for (size_t i = 0; i < rows->sequence.size(); ++i) {
    size_t s = rows->sequence[i];
    int64_t length = cache.length(s, columns);
    int64_t position = rows->offset[i] +
                       (rows->absolute ? 0 : length - rows->perSequence);
    if (position < 0 || position >= length)
      return call.fail("position " + Twine(position) + " of sequence " + Twine(s) +
                       " is not in the cache");
    int64_t end = op.getBidirectional() ? length : position + 1;
    int64_t begin = window > 0 ? std::max<int64_t>(position - window + 1, 0) : 0;
    const Cache::Sequence &sequence = cache.sequences[s];
    query.read(int64_t(i) * heads * width, 1, heads * width, q.data());
    std::fill(out.begin(), out.end(), 0.0);
    for (int64_t h = 0; h < heads; ++h) {
      int64_t shared = h / (heads / kv) * width;
      scores.assign(end - begin, 0);
      for (int64_t j = begin; j < end; ++j) {
        double &score = scores[j - begin];
        const float *k = &sequence.keys[j * columns + shared];
        for (int64_t d = 0; d < width; ++d)
          score += rounded(q[h * width + d]) * k[d];
        score *= scale;
        if (softcap > 0)
          score = softcap * std::tanh(score / softcap);
      }
      double sum = softmaxWeights(scores);
      for (int64_t j = begin; j < end; ++j) {
        const float *v = &sequence.values[j * columns + shared];
        double factor = scores[j - begin];
        if (double unit = sequence.valueScales.empty()
                              ? 1
                              : sequence.valueScales[j * kv + shared / width])
          factor = rounded(factor * unit) / unit;
        for (int64_t d = 0; d < width; ++d)
          out[h * width + d] += factor * v[d];
      }
      for (int64_t d = 0; d < width; ++d)
        out[h * width + d] /= sum;
    }
    result->write(int64_t(i) * heads * width, 1, heads * width, out.data());
  }
  return success();
}

} // namespace

void registerSequence(Registry &registry) {
  registry.add<llm::PositionsOp>(evalPositions);
  registry.add<llm::RopeOp>(evalRope);
  registry.add<llm::EmptyCacheOp>([](llm::EmptyCacheOp op, Call &call) {
    call.set(0, Cache());
    return success();
  });
  registry.add<llm::CacheFromOp>(evalCacheFrom);
  registry.add<llm::CacheToOp>(evalCacheTo);
  registry.add<llm::KvAppendOp>(evalAppend);
  registry.add<llm::AttentionOp>(evalAttention);
}

} // namespace llmc::reference

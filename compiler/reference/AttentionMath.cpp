#include "compiler/reference/AttentionMath.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

Heads Heads::columns(const Tensor &tensor, int64_t first, int64_t heads,
                     int64_t width) {
  Heads result{tensor.shape()[0], heads, tensor.shape()[1], width, {}};
  result.data.resize(result.batch * heads * result.length * width);
  int64_t row = tensor.shape()[2];
  for (int64_t b = 0; b < result.batch; ++b)
    for (int64_t i = 0; i < result.length; ++i)
      for (int64_t h = 0; h < heads; ++h)
        tensor.read((b * result.length + i) * row + first + h * width, 1, width,
                    result.at(b, h, i));
  return result;
}

std::optional<Heads> Heads::from(const Tensor &tensor, int64_t heads) {
  if (!tensor || !tensor.isFloat())
    return std::nullopt;
  ArrayRef<int64_t> shape = tensor.shape();
  if (tensor.rank() == 4)
    return Heads{shape[0], shape[1], shape[2], shape[3], tensor.toDoubles()};
  if (tensor.rank() != 3 || heads <= 0 || shape[2] % heads)
    return std::nullopt;
  return columns(tensor, 0, heads, shape[2] / heads);
}

void Heads::store(Tensor &tensor, bool rows) const {
  if (!rows) {
    tensor.write(0, 1, int64_t(data.size()), data.data());
    return;
  }
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < length; ++i)
      for (int64_t h = 0; h < heads; ++h)
        tensor.write(((b * length + i) * heads + h) * width, 1, width,
                     at(b, h, i));
}

void softmaxVisible(MutableArrayRef<double> scores) {
  double top = -INFINITY, total = 0;
  for (double score : scores)
    top = std::fmax(top, score);
  for (double &score : scores) {
    score = std::isinf(top) && top < 0 ? 0 : std::exp(score - top);
    total += score;
  }
  for (double &score : scores)
    score = total > 0 || std::isnan(total) ? score / total : 0;
}

Heads attend(const Heads &query, const Heads &key, const Heads &value,
             double scale, double softcap,
             llvm::function_ref<double(int64_t, int64_t, int64_t, int64_t)> bias) {
  Heads result{query.batch, query.heads, query.length, value.width, {}};
  result.data.assign(result.batch * result.heads * result.length * result.width, 0);
  int64_t shared = query.heads / key.heads;
  std::vector<double> scores(key.length);
  for (int64_t b = 0; b < query.batch; ++b)
    for (int64_t h = 0; h < query.heads; ++h)
      for (int64_t i = 0; i < query.length; ++i) {
        const double *q = query.at(b, h, i);
        for (int64_t j = 0; j < key.length; ++j) {
          double shift = bias(b, h, i, j), score = 0;
          if (std::isinf(shift) && shift < 0) {
            scores[j] = shift;
            continue;
          }
          const double *k = key.at(b, h / shared, j);
          for (int64_t d = 0; d < query.width; ++d)
            score += q[d] * k[d];
          score *= scale;
          if (softcap > 0)
            score = softcap * std::tanh(score / softcap);
          scores[j] = score + shift;
        }
        softmaxVisible(scores);
        double *out = result.at(b, h, i);
        for (int64_t j = 0; j < key.length; ++j) {
          // What is not seen may hold anything, also NaN.
          if (scores[j] == 0)
            continue;
          const double *v = value.at(b, h / shared, j);
          for (int64_t d = 0; d < value.width; ++d)
            out[d] += scores[j] * v[d];
        }
      }
  return result;
}

void rotate(double *head, int64_t pairs, const double *cos, const double *sin,
            bool interleaved) {
  for (int64_t j = 0; j < pairs; ++j) {
    double &a = head[interleaved ? 2 * j : j];
    double &b = head[interleaved ? 2 * j + 1 : j + pairs];
    double first = a * cos[j] - b * sin[j];
    b = b * cos[j] + a * sin[j];
    a = first;
  }
}

} // namespace llmc::reference

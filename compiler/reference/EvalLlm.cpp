/// The row-wise ops of the llm dialect, and its weights.
#include "compiler/reference/Call.h"
#include "compiler/reference/EvalGroups.h"
#include "compiler/reference/MatMul.h"
#include "compiler/reference/Scalars.h"
#include "compiler/reference/Strided.h"
#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace llmc::reference {

namespace {

/// As the packer of weights quantizes: i8 per column, the largest magnitude at
/// 127; the numbers that result, in f32 whatever the weight's type.
Tensor quantizeColumns(const Tensor &matrix) {
  int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  Tensor result = matrix;
  std::vector<double> column(rows);
  for (int64_t n = 0; n < columns; ++n) {
    matrix.read(n, columns, rows, column.data());
    float largest = 0;
    for (double value : column)
      largest = std::max(largest, float(std::fabs(value)));
    float scale = largest / 127, inverse = largest > 0 ? 127 / largest : 0;
    for (double &value : column) {
      float steps = std::nearbyint(float(value) * inverse);
      value = double(std::clamp(steps, -127.f, 127.f)) * scale;
    }
    result.write(n, columns, rows, column.data());
  }
  return result;
}

/// The sources side by side, [K, sum of N], in f32 and times the factor. What
/// is no matrix counts as one row.
FailureOr<Tensor> joinSources(llm::WeightOp op, ArrayRef<int64_t> shape,
                              Call &call) {
  Type f32 = Float32Type::get(op.getContext());
  int64_t columns = shape.empty() ? 1 : shape.back();
  int64_t rows = columns ? countElements(shape, INT64_MAX).value_or(0) / columns : 0;
  if (failed(call.fits({rows, columns})))
    return failure();
  Tensor joined = Tensor::zeros(f32, {rows, columns});
  float factor = op.getFactor().convertToFloat();
  int64_t start = 0;
  std::vector<double> line, kept;
  unsigned index = 0;
  for (auto [reference, transposed] :
       llvm::zip(op.getSourcesAttr().getAsRange<SymbolRefAttr>(),
                 op.getTransposed())) {
    FailureOr<Tensor> source =
        op.getScales() ? dequantizeSource(op, index, call)
                       : call.weight(reference.getRootReference().getValue());
    if (failed(source))
      return failure();
    bool matrix = source->rank() == 2;
    int64_t own = matrix ? source->shape()[0] : 1;
    int64_t width = matrix ? source->shape()[1] : source->numElements();
    // More than two dimensions keep theirs: only a lone source can have them.
    if (!matrix && op.getSources()->size() == 1 && !transposed &&
        op.getColumns().empty()) {
      own = rows;
      width = columns;
    }
    if (transposed)
      std::swap(own, width);
    int64_t first = op.getFirstRow();
    auto taken = op.columnsOf(index++, width);
    if (!taken || first > own || own - first != rows ||
        own * width != source->numElements() || start + taken->size() > columns)
      return call.fail("@" + op.getSymName() + ": its sources do not make up "
                       "its type");
    line.resize(width);
    kept.resize(taken->size());
    for (int64_t k = first; k < own; ++k) {
      source->read(transposed ? k : k * width, transposed ? own : 1, width,
                   line.data());
      for (auto [i, value] : llvm::enumerate(kept))
        value = factor * float(line[taken->at(i)]);
      joined.write((k - first) * columns + start, 1, kept.size(), kept.data());
    }
    start += kept.size();
  }
  if (start != columns)
    return call.fail("@" + op.getSymName() + ": its sources have too few columns");
  return joined.reshaped(shape);
}

FailureOr<Tensor> loadWeight(llm::WeightOp op, Call &call) {
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!type || !type.hasStaticShape() || !elementOf(type.getElementType()))
    return call.fail("@" + op.getSymName() + " has an unsupported type");
  if (auto values = op.getValues()) {
    auto tensor = Tensor::fromElementsAttr(*values);
    if (!tensor || tensor->shape() != type.getShape())
      return call.fail("@" + op.getSymName() + ": its values are not of its type");
    return tensor->converted(type.getElementType());
  }
  FailureOr<Tensor> joined = joinSources(op, type.getShape(), call);
  if (failed(joined))
    return failure();
  if (llm::hasScaledColumns(op.getScheme()) && joined->rank() == 2)
    return quantizeColumns(*joined);
  if (auto groups = llm::parseGroupScheme(op.getScheme());
      groups && joined->rank() == 2)
    return op.getScales() ? *joined : quantizeGroups(*joined, *groups);
  if (!op.getScheme().empty())
    return call.fail("@" + op.getSymName() + " has the unknown scheme '" +
                     op.getScheme() + "'");
  return joined->converted(type.getElementType());
}

LogicalResult evalGetWeight(llm::GetWeightOp op, Call &call) {
  auto weight = call.lookup<llm::WeightOp>(op.getName());
  if (!weight)
    return call.fail("there is no weight @" + op.getName());
  if (std::optional<Tensor> known = call.remembered(weight)) {
    call.set(0, *known);
    return success();
  }
  FailureOr<Tensor> tensor = loadWeight(weight, call);
  if (failed(tensor))
    return failure();
  call.remember(weight, *tensor);
  call.set(0, *tensor);
  return success();
}

/// Rows of \p width elements of \p source, chosen by \p indices.
LogicalResult takeRows(const Tensor &source, const Tensor &indices,
                       ArrayRef<int64_t> leading, Call &call,
                       bool columns = false) {
  if (source.rank() != 2 || !indices || indices.isFloat())
    return call.fail("needs a matrix and integers that choose its rows");
  // The columns of the source are the rows that are taken.
  int64_t rows = source.shape()[columns], width = source.shape()[!columns];
  Shape shape(leading);
  shape.push_back(width);
  Tensor *result = call.create(0, shape);
  if (!result)
    return failure();
  std::vector<double> line(width);
  for (int64_t i = 0; i < indices.numElements(); ++i) {
    int64_t row = indices.getInt(i);
    if (row < 0 || row >= rows)
      return call.fail("row " + Twine(row) + " is beyond the " + Twine(rows));
    source.read(columns ? row : row * width, columns ? rows : 1, width,
                line.data());
    result->write(i * width, 1, width, line.data());
  }
  return success();
}

/// How an input of a map or an extra of a linear is read: element by element,
/// one per column, or the same for all.
Lane readLane(const Tensor &tensor, int64_t start, int64_t n, int64_t columns,
              int64_t total) {
  Lane lane{tensor.element(), {}, {}};
  auto read = [&](auto &buffer) {
    buffer.resize(n);
    if (tensor.numElements() == total)
      tensor.read(start, 1, n, buffer.data());
    else if (tensor.numElements() == 1)
      tensor.read(0, 0, n, buffer.data());
    else
      tensor.read(start % columns, 1, n, buffer.data());
  };
  if (tensor.isFloat())
    read(lane.floats);
  else
    read(lane.ints);
  return lane;
}

/// Runs \p body on the elements [start, start + n) of the results, all in one
/// row, and writes what it yields.
LogicalResult runBody(Block &body, std::vector<Lane> arguments, int64_t start,
                      int64_t n, ArrayRef<Tensor *> results, Call &call) {
  std::string why;
  auto lanes = runScalars(body, std::move(arguments), n, why);
  if (failed(lanes))
    return call.fail(why);
  for (auto [result, lane] : llvm::zip(results, *lanes)) {
    if (isFloat(lane.element))
      result->write(start, 1, n, lane.floats.data());
    else
      result->write(start, 1, n, lane.ints.data());
  }
  return success();
}

FailureOr<SmallVector<Tensor *>> createAll(ArrayRef<int64_t> shape, Call &call) {
  SmallVector<Tensor *> results;
  for (unsigned i = 0; i < call.op->getNumResults(); ++i) {
    results.push_back(call.create(i, shape));
    if (!results.back())
      return failure();
  }
  return results;
}

/// As kernel.quantize_rows: bytes of each row times the row's scale.
Tensor quantizeRows(const Tensor &input) {
  Tensor result = input;
  int64_t columns = input.shape().back();
  std::vector<double> row(columns);
  for (int64_t start = 0; start < input.numElements(); start += columns) {
    input.read(start, 1, columns, row.data());
    float largest = 0;
    for (double value : row)
      largest = std::max(largest, std::fabs(float(value)));
    float inverse = largest > 0 ? 127 / largest : 0, scale = largest / 127;
    for (double &value : row)
      value = std::nearbyint(float(value) * inverse) * double(scale);
    result.write(start, 1, columns, row.data());
  }
  return result;
}

/// Whether the weight that a linear reads rounds the linear's inputs.
bool quantizesInputs(llm::LinearOp op, Call &call) {
  auto get = op.getWeight().getDefiningOp<llm::GetWeightOp>();
  auto weight = get ? call.lookup<llm::WeightOp>(get.getName()) : llm::WeightOp();
  return weight && llm::quantizesInputs(weight.getScheme());
}

LogicalResult evalLinear(llm::LinearOp op, Call &call) {
  const Tensor &given = call[op.getInput()], &weight = call[op.getWeight()];
  Tensor input = given && given.rank() && quantizesInputs(op, call)
                     ? quantizeRows(given)
                     : given;
  int64_t parts = int64_t(op.getParts());
  if (!input || !weight || input.rank() == 0 || weight.rank() != 2 ||
      weight.shape()[0] != input.shape().back() || parts <= 0 ||
      weight.shape()[1] % parts)
    return call.fail("input and weight do not multiply");
  int64_t k = weight.shape()[0], all = weight.shape()[1], columns = all / parts;
  Shape shape(input.shape());
  shape.back() = columns;
  auto results = createAll(shape, call);
  if (failed(results))
    return failure();
  int64_t rows = k ? input.numElements() / k : 0, total = rows * columns;
  for (Value value : op.getExtras()) {
    const Tensor &extra = call[value];
    if (extra.shape() != ArrayRef<int64_t>(shape) &&
        extra.shape() != ArrayRef<int64_t>({columns}))
      return call.fail("an extra fits neither the columns nor the results");
  }
  Block &body = op.getEpilogue().front();
  bool good = true;
  multiplyRows(input, 0, weight, 0, rows, k, all, [&](int64_t row, const double *sums) {
    std::vector<Lane> arguments;
    for (int64_t part = 0; part < parts; ++part) {
      Lane lane{Element::F32, {sums + part * columns, sums + (part + 1) * columns}, {}};
      for (double &sum : lane.floats)
        sum = float(sum);
      arguments.push_back(std::move(lane));
    }
    for (Value value : op.getExtras())
      arguments.push_back(
          readLane(call[value], row * columns, columns, columns, total));
    good = good && succeeded(runBody(body, std::move(arguments), row * columns,
                                     columns, *results, call));
  });
  return success(good);
}

LogicalResult evalMap(llm::MapOp op, Call &call) {
  // The results have the shape of the inputs that are whole; where there is
  // none, their own.
  Shape shape;
  auto type = dyn_cast<RankedTensorType>(op.getResult(0).getType());
  for (Value value : op.getInputs())
    if (call[value] && type && call[value].rank() == type.getRank() &&
        call[value].numElements() >= (countElements(shape, INT64_MAX).value_or(0)))
      shape = Shape(call[value].shape());
  Shape typed = call.typeShape(0);
  if (!llvm::is_contained(typed, -1))
    shape = typed;
  else if (shape.size() != typed.size())
    return call.fail("the results' shape depends on symbols that are not set");
  auto results = createAll(shape, call);
  if (failed(results))
    return failure();
  int64_t total = (*results)[0]->numElements();
  int64_t columns = shape.empty() ? 1 : shape.back();
  for (Value value : op.getInputs()) {
    const Tensor &input = call[value];
    if (!input || (input.numElements() != 1 && input.shape() != ArrayRef<int64_t>(shape) &&
                   input.shape() != ArrayRef<int64_t>({columns})))
      return call.fail("an input does not broadcast to the results");
  }
  Block &body = op.getBody().front();
  for (int64_t start = 0; start < total; start += columns) {
    std::vector<Lane> arguments;
    for (Value value : op.getInputs())
      arguments.push_back(readLane(call[value], start, columns, columns, total));
    if (failed(runBody(body, std::move(arguments), start, columns, *results, call)))
      return failure();
  }
  return success();
}

/// row * factor / sqrt(mean of squares) or, centred, the layer norm; in place.
void normalizeRow(MutableArrayRef<double> row, double epsilon, bool centred) {
  double mean = 0, squares = 0, length = double(row.size());
  for (double value : row)
    mean += centred ? value / length : 0;
  for (double &value : row) {
    value -= mean;
    squares += value * value;
  }
  double factor = 1 / std::sqrt(squares / length + epsilon);
  for (double &value : row)
    value *= factor;
}

LogicalResult normalizeRows(const Tensor &input, const Tensor &scale,
                            const Tensor &bias, double epsilon, double offset,
                            bool centred, unsigned result, Call &call,
                            int64_t heads = 1) {
  if (!input || !input.isFloat() || input.rank() == 0 || scale.rank() != 1 ||
      scale.shape()[0] * heads != input.shape().back() ||
      (bias && bias.shape() != scale.shape()))
    return call.fail("scale or bias are not [D]");
  Tensor *out = call.create(result, input.shape());
  if (!out)
    return failure();
  int64_t columns = scale.shape()[0];
  std::vector<double> factors = scale.toDoubles(), row(columns);
  std::vector<double> shifts(columns, 0.0);
  if (bias)
    shifts = bias.toDoubles();
  for (int64_t start = 0; start < input.numElements(); start += columns) {
    input.read(start, 1, columns, row.data());
    normalizeRow(row, epsilon, centred);
    for (int64_t i = 0; i < columns; ++i)
      row[i] = row[i] * (offset + factors[i]) + shifts[i];
    out->write(start, 1, columns, row.data());
  }
  return success();
}

LogicalResult evalAddRmsNorm(llm::AddRmsNormOp op, Call &call) {
  const Tensor &input = call[op.getInput()], &residual = call[op.getResidual()];
  if (!input || input.shape() != residual.shape())
    return call.fail("input and residual have different shapes");
  Tensor *made = call.create(0, input.shape());
  if (!made)
    return failure();
  std::vector<double> sum = input.toDoubles(), other = residual.toDoubles();
  for (size_t i = 0; i < sum.size(); ++i)
    sum[i] += other[i];
  made->write(0, 1, int64_t(sum.size()), sum.data());
  return normalizeRows(Tensor(*made), call[op.getScale()], Tensor(),
                       op.getEpsilon().convertToFloat(),
                       op.getOffset().convertToFloat(), false, 1, call);
}

LogicalResult evalColumns(llm::ColumnsOp op, Call &call) {
  const Tensor &input = call[op.getInput()];
  auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
  int64_t offset = int64_t(op.getOffset());
  if (!input || input.rank() == 0 || !type || type.getRank() == 0)
    return call.fail("needs rows");
  int64_t width = input.shape().back(), part = type.getShape().back();
  if (part < 0 || offset < 0 || offset > width - part)
    return call.fail("the columns are not all there");
  Shape shape(input.shape());
  shape.back() = part;
  Tensor *result = call.create(0, shape);
  if (!result || result->element() != input.element())
    return result ? call.fail("changes the element type") : failure();
  copyStrided(*result, 0, stridesOf(shape), input, offset,
              stridesOf(input.shape()), shape);
  return success();
}

} // namespace

void registerLlm(Registry &registry) {
  registry.add<llm::GetWeightOp>(evalGetWeight);
  registry.add<llm::EmbeddingOp>([](llm::EmbeddingOp op, Call &call) {
    const Tensor &tokens = call[op.getTokens()];
    return takeRows(call[op.getTable()], tokens, tokens.shape(), call,
                    op.getColumns());
  });
  registry.add<llm::TakeRowsOp>([](llm::TakeRowsOp op, Call &call) {
    const Tensor &rows = call[op.getRows()];
    return takeRows(call[op.getInput()], rows, rows.shape(), call);
  });
  registry.add<llm::LinearOp>(evalLinear);
  registry.add<llm::MapOp>(evalMap);
  registry.add<llm::ColumnsOp>(evalColumns);
  registry.add<llm::AddRmsNormOp>(evalAddRmsNorm);
  registry.add<llm::RmsNormOp>([](llm::RmsNormOp op, Call &call) {
    return normalizeRows(call[op.getInput()], call[op.getScale()], Tensor(),
                         op.getEpsilon().convertToFloat(),
                         op.getOffset().convertToFloat(), false, 0, call,
                         op.getHeads());
  });
  registry.add<llm::LayerNormOp>([](llm::LayerNormOp op, Call &call) {
    return normalizeRows(call[op.getInput()], call[op.getScale()],
                         call[op.getBias()], op.getEpsilon().convertToFloat(), 0,
                         true, 0, call);
  });
}

} // namespace llmc::reference

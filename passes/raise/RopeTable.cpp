#include "passes/raise/RopeTable.h"

#include "passes/support/OnnxMatch.h"

using namespace mlir;

namespace llmc {

/// Cosine and sine of two kinds of layers (of a window, and of none).
static constexpr size_t keptTables = 4;

double RopeTable::at(int64_t position, int64_t pair, int64_t rotaryDim,
                     llm::Pairing pairing) const {
  bool twice = width() == rotaryDim && pairing == llm::Pairing::Interleaved;
  return values.getDouble(position * width() + (twice ? 2 * pair : pair));
}

llm::WeightOp RopeTable::weight(ModuleOp module, int64_t positions,
                                int64_t rotaryDim, llm::Pairing pairing) {
  if (made && madePositions == positions && madeDim == rotaryDim &&
      madePairing == pairing)
    return made;
  SmallVector<float> numbers;
  numbers.reserve(positions * (rotaryDim / 2));
  for (int64_t p = 0; p < positions; ++p)
    for (int64_t j = 0; j < rotaryDim / 2; ++j)
      numbers.push_back(float(at(p, j, rotaryDim, pairing)));
  auto type = RankedTensorType::get({positions, rotaryDim / 2},
                                    Float32Type::get(module.getContext()));
  made = addTable(module, DenseElementsAttr::get(type, ArrayRef(numbers)));
  madePositions = positions;
  madeDim = rotaryDim;
  madePairing = pairing;
  return made;
}

FailureOr<std::shared_ptr<RopeTable>>
RopeTables::get(Value factor, int64_t count, Probe &probe) {
  for (auto &table : tables)
    if (table->factor == factor && table->count == count)
      return table;
  auto values = probe.evaluate(factor);
  if (failed(values))
    return failure();
  tables.push_back(std::make_shared<RopeTable>(factor, count, *values));
  if (tables.size() > keptTables)
    tables.pop_front();
  return tables.back();
}

} // namespace llmc

/// A table whose rows are the columns of a linear's weight (an LM head tied to
/// its embedding) is stored once, as the linear needs it:
///
///   %e = llm.embedding(%tokens, %table)          table [V, D]
///   %l = llm.linear %x, %head                    head [D, V] = table transposed
///   ->
///   %e = llm.embedding(%tokens, %head) {columns}
///
/// Exporters write such a table once or, transposed, twice: the same initializer
/// shares, and so do two whose elements are equal. Bits are kept, unless the
/// head is quantized: then the table is what the head's numbers have become.
/// Refused: another element type, a factor, selected or joined columns.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

#include "compiler/reference/FileWeights.h"
#include "dialects/onnx/OnnxOps.h"

#include <cstring>

namespace llmc {
#define GEN_PASS_DEF_SHAREWEIGHTS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
/// A weight that is one whole initializer, [rows, columns] as the weight sees
/// it.
struct WholeMatrix {
  llm::WeightOp weight;
  onnx::InitializerOp source;
  int64_t rows, columns;
  bool transposed;
};

struct ShareWeights : llmc::impl::ShareWeightsBase<ShareWeights> {
  void runOnOperation() override;
};
} // namespace

static std::optional<WholeMatrix> wholeMatrix(Value value,
                                              const SymbolTable &symbols) {
  llm::WeightOp weight = weightOf(value);
  if (!weight || !weight.getSources() || weight.getSources()->size() != 1 ||
      weight.getFactor().convertToFloat() != 1 || weight.getInterleave() ||
      weight.getScales() || !weight.getColumns().empty() ||
      weight.getFirstRow() != 0)
    return std::nullopt;
  auto reference = cast<SymbolRefAttr>((*weight.getSources())[0]);
  auto source = symbols.lookup<onnx::InitializerOp>(reference.getRootReference());
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  if (!source || !type || type.getRank() != 2)
    return std::nullopt;
  return WholeMatrix{weight, source, type.getDimSize(0), type.getDimSize(1),
                     weight.getTransposed()[0]};
}

/// Whether element (v, d) of the table is element (d, v) of the head, always.
static bool isTranspose(WholeMatrix table, WholeMatrix head,
                        reference::FileWeights &files) {
  if (table.rows != head.columns || table.columns != head.rows)
    return false;
  if (table.source == head.source)
    return table.transposed != head.transposed;
  Type element = getElementTypeOrSelf(table.source.getType());
  if (element != getElementTypeOrSelf(head.source.getType()))
    return false;
  size_t size = element.getIntOrFloatBitWidth() / 8;
  const std::byte *a = files.bytes(table.source), *b = files.bytes(head.source);
  if (!a || !b)
    return false;
  int64_t rows = table.rows, columns = table.columns;
  auto equal = [&](int64_t v, int64_t d) {
    int64_t inTable = table.transposed ? d * rows + v : v * columns + d;
    int64_t inHead = head.transposed ? v * columns + d : d * rows + v;
    return std::memcmp(a + inTable * size, b + inHead * size, size) == 0;
  };
  // Different matrices differ nearly everywhere: look at a few places first.
  for (int64_t i = 0; i < 64; ++i)
    if (!equal((i * 7919 + 1) % rows, (i * 104729 + 1) % columns))
      return false;
  if (table.transposed != head.transposed)
    return std::memcmp(a, b, size * rows * columns) == 0;
  // By squares, so that both sides' lines are used while they are near.
  constexpr int64_t edge = 64;
  for (int64_t v = 0; v < rows; v += edge)
    for (int64_t d = 0; d < columns; d += edge)
      for (int64_t i = v; i < std::min(v + edge, rows); ++i)
        for (int64_t j = d; j < std::min(d + edge, columns); ++j)
          if (!equal(i, j))
            return false;
  return true;
}

void ShareWeights::runOnOperation() {
  SymbolTable symbols(getOperation());
  reference::FileWeights files(getOperation());
  SmallVector<llm::EmbeddingOp> embeddings;
  SmallVector<WholeMatrix> heads;
  getOperation().walk([&](Operation *op) {
    if (auto embedding = dyn_cast<llm::EmbeddingOp>(op))
      embeddings.push_back(embedding);
    if (auto linear = dyn_cast<llm::LinearOp>(op); linear && linear.getParts() == 1)
      if (auto head = wholeMatrix(linear.getWeight(), symbols))
        heads.push_back(*head);
  });
  for (llm::EmbeddingOp embedding : embeddings) {
    auto table = wholeMatrix(embedding.getTable(), symbols);
    if (!table || embedding.getColumns() || !table->weight.getScheme().empty())
      continue;
    auto head = llvm::find_if(heads, [&](WholeMatrix &head) {
      return getElementTypeOrSelf(head.weight.getType()) ==
                 getElementTypeOrSelf(table->weight.getType()) &&
             isTranspose(*table, head, files);
    });
    if (head == heads.end())
      continue;
    OpBuilder builder(embedding);
    Value shared = llm::GetWeightOp::create(builder, embedding.getLoc(),
                                            head->weight.getType(),
                                            head->weight.getSymName());
    Value old = embedding.getTable();
    embedding.getTableMutable().assign(shared);
    embedding.setColumns(true);
    if (old.use_empty())
      old.getDefiningOp()->erase();
    if (SymbolTable::symbolKnownUseEmpty(table->weight, getOperation()))
      table->weight.erase();
  }
}

/// Decides how each weight lies in the file: in panels where linears read it,
/// or embeddings its columns; row-major otherwise. One that is read both ways
/// lies there twice. Writes `layout` on llm.weight; values are the same.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTLAYOUTS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether `use` is the matrix of a linear, or one whose columns are a table.
static bool isMatrix(OpOperand &use) {
  auto embedding = dyn_cast<llm::EmbeddingOp>(use.getOwner());
  return use.getOperandNumber() == 1 &&
         (isa<llm::LinearOp>(use.getOwner()) ||
          (embedding && embedding.getColumns()));
}

namespace {
struct SelectLayouts : llmc::impl::SelectLayoutsBase<SelectLayouts> {
  void runOnOperation() override {
    struct Uses {
      SmallVector<OpOperand *> matrices;
      bool others = false;
    };
    llvm::MapVector<Operation *, Uses> uses;
    getOperation().walk([&](llm::GetWeightOp get) {
      llm::WeightOp weight = weightOf(get.getResult());
      if (!weight || get->use_empty())
        return;
      Uses &entry = uses[weight];
      for (OpOperand &use : get->getUses())
        if (isMatrix(use))
          entry.matrices.push_back(&use);
        else
          entry.others = true;
    });
    for (auto &[op, entry] : uses) {
      auto weight = cast<llm::WeightOp>(op);
      weight.setLayout("rows");
      if (entry.matrices.empty())
        continue;
      llm::WeightOp panels = entry.others ? copyWeight(weight, "p") : weight;
      panels.setLayout("panels");
      if (!entry.others)
        continue;
      // Schemes are of panels.
      weight.setScheme("");
      for (OpOperand *use : entry.matrices) {
        OpBuilder builder(use->getOwner());
        use->set(llm::GetWeightOp::create(builder, use->getOwner()->getLoc(),
                                          use->get().getType(),
                                          panels.getSymName()));
      }
    }
  }
};
} // namespace

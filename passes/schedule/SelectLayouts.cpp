/// Decides how each weight lies in the file: in panels if linears alone read
/// it, row-major otherwise. Writes `layout` on llm.weight; values are the same.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_SELECTLAYOUTS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct SelectLayouts : llmc::impl::SelectLayoutsBase<SelectLayouts> {
  void runOnOperation() override {
    llvm::MapVector<Operation *, bool> panels;
    getOperation().walk([&](llm::GetWeightOp get) {
      llm::WeightOp weight = weightOf(get.getResult());
      if (!weight || get->use_empty())
        return;
      bool linear = llvm::all_of(get->getUses(), [](OpOperand &use) {
        return isa<llm::LinearOp>(use.getOwner()) && use.getOperandNumber() == 1;
      });
      auto [entry, isNew] = panels.insert({weight, linear});
      entry->second = entry->second && linear;
    });
    for (auto [op, linear] : panels)
      cast<llm::WeightOp>(op).setLayout(linear ? "panels" : "rows");
  }
};
} // namespace

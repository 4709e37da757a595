/// Any graph becomes a program of plain kernels: correct without recognition.
///
///   func @main(%x: tensor<?x4xf32, ()[s0] -> (s0, 4)>) {
///     %y = onnx.exp %x ...
///   ->
///   rt.program @main {kind = "graph"} {
///     %n = rt.symbol "batch"
///     %x = rt.buffer input(%n) {name = "x"} : memref<?x4xf32>
///     %y = rt.buffer output(%n) {name = "y"} : memref<?x4xf32>
///     rt.launch @exp_0 tiles(%n) (%x, %y)
///   }
///   func @exp_0(%x: memref<?x4xf32>, %y: memref<?x4xf32>, begin, end)
///     scf.for over [begin, end): loads, scalar arith and math, stores
///
/// One kernel per op; equal kernels are one function. A reshape is a view. An
/// operator computes in f32 (f64 for f64, i64 for integers and booleans) and
/// rounds once, at the store. Extents are symbolic: a buffer's are rt.shape
/// values of the program's symbols, a kernel reads them from its memrefs.
///
/// Refused, each op with an error: element types below a byte and float8,
/// extents that depend on data, operators without a lowering. Where ONNX gives
/// no meaning: an index out of range is clamped to the extent, an integer
/// divided by 0 is 0; no kernel reads or writes outside its buffers.
#include "passes/Passes.h"
#include "passes/lowering/GraphLowering.h"

namespace llmc {
#define GEN_PASS_DEF_LOWERGRAPH
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct LowerGraph : llmc::impl::LowerGraphBase<LowerGraph> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto graph = module.lookupSymbol<func::FuncOp>("main");
    if (!graph || graph.isExternal()) {
      module.emitError("has no graph @main");
      return signalPassFailure();
    }
    KernelTable kernels(module);
    if (failed(GraphLowering(graph, kernels).run()))
      return signalPassFailure();
    graph.erase();
  }
};
} // namespace

/// An llm.map whose only reader is another llm.map of the same shape is done
/// inside it:
///
///   %a = llm.map %x { f };  %b = llm.map %a, %y { g }
///   ->
///   %b = llm.map %x, %y { g(f(x), y) }
///
/// What is read once per element stays an input once, however often it is
/// used. Bits are kept, except that a value of less than f32 between the two
/// is still rounded to its type.
/// Refused: another reader, several results, another shape.
#include "passes/Passes.h"
#include "passes/support/Regions.h"

namespace llmc {
#define GEN_PASS_DEF_FUSEMAPS
#include "passes/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Whether `producer` may be done inside `consumer`, its only reader.
static bool fusible(llm::MapOp producer, llm::MapOp consumer) {
  return producer && producer.getNumResults() == 1 &&
         llvm::all_of(producer->getUsers(),
                      [&](Operation *user) { return user == consumer; }) &&
         cast<ShapedType>(producer.getResult(0).getType()).getShape() ==
             cast<ShapedType>(consumer.getResult(0).getType()).getShape();
}

static llm::MapOp fuse(llm::MapOp consumer) {
  llm::MapOp producer;
  for (Value input : consumer.getInputs())
    if (auto map = input.getDefiningOp<llm::MapOp>(); fusible(map, consumer))
      producer = map;
  if (!producer)
    return {};
  SmallVector<Value> inputs;
  auto indexOf = [&](Value input) -> unsigned {
    auto found = llvm::find(inputs, input);
    if (found == inputs.end()) {
      inputs.push_back(input);
      return inputs.size() - 1;
    }
    return found - inputs.begin();
  };
  SmallVector<unsigned> inner, outer;
  for (Value input : producer.getInputs())
    inner.push_back(indexOf(input));
  for (Value input : consumer.getInputs())
    outer.push_back(input == producer.getResult(0) ? ~0u : indexOf(input));

  OpBuilder builder(consumer);
  auto fused = llm::MapOp::create(builder, consumer.getLoc(),
                                  consumer.getResultTypes(), inputs);
  Block *body = builder.createBlock(&fused.getBody());
  for (Value input : inputs)
    body->addArgument(cast<ShapedType>(input.getType()).getElementType(),
                      consumer.getLoc());
  SmallVector<Value> arguments;
  for (unsigned i : inner)
    arguments.push_back(body->getArgument(i));
  Value between =
      inlineScalars(builder, producer.getBody().front(), arguments)[0];
  arguments.clear();
  for (unsigned i : outer)
    arguments.push_back(i == ~0u ? between : body->getArgument(i));
  llm::YieldOp::create(
      builder, consumer.getLoc(),
      inlineScalars(builder, consumer.getBody().front(), arguments));
  consumer.replaceAllUsesWith(fused.getResults());
  consumer.erase();
  producer.erase();
  return fused;
}

namespace {
struct FuseMaps : llmc::impl::FuseMapsBase<FuseMaps> {
  void runOnOperation() override {
    // Producers come first, and each is fused forward once: after its turn a
    // map has no fusible producer left.
    bool changed = true;
    while (changed) {
      changed = false;
      SmallVector<llm::MapOp> maps;
      getOperation().walk([&](llm::MapOp map) { maps.push_back(map); });
      llvm::DenseSet<Operation *> erased;
      for (llm::MapOp map : maps) {
        if (erased.contains(map))
          continue;
        SmallVector<Operation *> producers;
        for (Value input : map.getInputs())
          if (auto producer = input.getDefiningOp<llm::MapOp>())
            producers.push_back(producer);
        if (fuse(map)) {
          erased.insert(producers.begin(), producers.end());
          changed = true;
        }
      }
    }
  }
};
} // namespace

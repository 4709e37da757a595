#include "compiler/TranslateSchedule.h"

#include "compiler/DescribeWork.h"
#include "compiler/PackWeights.h"
#include "dialects/kernel/KernelOps.h"
#include "dialects/rt/RtOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

#include <map>

using namespace mlir;

namespace llmc {
namespace {

/// One program: SSA values become indices.
class ProgramTranslator {
public:
  ProgramTranslator(const Model &model, const llvm::StringMap<uint32_t> &kernels,
                    Program &program)
      : model(model), kernels(kernels), program(program) {}
  Status run(rt::ProgramOp op);

private:
  ValueId addValue(llmc::Value value);
  ValueId constant(int64_t number);
  /// \p operands: those of the dimensions, then those of the symbols.
  ValueId addExpression(AffineExpr expression, ArrayRef<ValueId> operands,
                        unsigned dimensions);
  /// The value of a map over the program's symbols.
  ValueId addSymbolic(AffineMap map) {
    return addExpression(map.getResult(0), symbolValues, 0);
  }
  void addConstraints(ModuleOp module);
  Status addBuffer(rt::BufferOp op);
  void addView(rt::ViewOp op);
  Status addLaunch(rt::LaunchOp op);
  Result<uint32_t> argument(std::vector<Argument> &list, rt::BufferOp op,
                            const Buffer &buffer);

  const Model &model;
  const llvm::StringMap<uint32_t> &kernels;
  Program &program;
  llvm::DenseMap<mlir::Value, ValueId> values;
  SmallVector<ValueId> symbolValues; // one per rt.symbol, in order
  llvm::DenseMap<mlir::Value, BufferId> buffers;
  std::map<std::tuple<int, int64_t, ValueId, ValueId>, ValueId> known;
};

ValueId ProgramTranslator::addValue(llmc::Value value) {
  auto key = std::tuple(int(value.kind), value.number, value.left, value.right);
  auto [entry, isNew] = known.try_emplace(key, program.values.size());
  if (isNew)
    program.values.push_back(value);
  return entry->second;
}

ValueId ProgramTranslator::constant(int64_t number) {
  llmc::Value value;
  value.number = number;
  return addValue(value);
}

ValueId ProgramTranslator::addExpression(AffineExpr expression,
                                         ArrayRef<ValueId> operands,
                                         unsigned dimensions) {
  if (auto number = dyn_cast<AffineConstantExpr>(expression))
    return constant(number.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expression))
    return operands[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    return operands[dimensions + symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expression);
  llmc::Value value;
  value.left = addExpression(binary.getLHS(), operands, dimensions);
  value.right = addExpression(binary.getRHS(), operands, dimensions);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    value.kind = llmc::Value::Kind::Add;
    break;
  case AffineExprKind::Mul:
    value.kind = llmc::Value::Kind::Mul;
    break;
  case AffineExprKind::FloorDiv:
    value.kind = llmc::Value::Kind::FloorDiv;
    break;
  case AffineExprKind::CeilDiv:
    value.kind = llmc::Value::Kind::CeilDiv;
    break;
  default:
    value.kind = llmc::Value::Kind::Mod;
    break;
  }
  return addValue(value);
}

Result<uint32_t> ProgramTranslator::argument(std::vector<Argument> &list,
                                             rt::BufferOp op,
                                             const Buffer &buffer) {
  for (auto [i, argument] : llvm::enumerate(list))
    if (argument.name == op.getName())
      return uint32_t(i);
  list.push_back({op.getName().str(), buffer.type, buffer.shape});
  return uint32_t(list.size() - 1);
}

Status ProgramTranslator::addBuffer(rt::BufferOp op) {
  auto type = cast<MemRefType>(op.getResult().getType());
  Buffer buffer;
  LLMC_TRY(buffer.type, elementTypeOf(type.getElementType()));
  unsigned dynamic = 0;
  for (int64_t extent : type.getShape())
    buffer.shape.push_back(ShapedType::isDynamic(extent)
                               ? values[op.getExtents()[dynamic++]]
                               : constant(extent));
  if (!type.getLayout().isIdentity()) {
    SmallVector<int64_t> strides;
    int64_t offset;
    if (succeeded(type.getStridesAndOffset(strides, offset)))
      buffer.strides.assign(strides.begin(), strides.end());
  }
  buffer.offset = constant(op.getOffset().value_or(0));
  if (auto map = op->getAttrOfType<AffineMapAttr>("rt.symbolic_offset"))
    buffer.offset = addSymbolic(map.getValue());
  switch (op.getSpace()) {
  case rt::Space::Arena:
    buffer.space = Buffer::Space::Arena;
    break;
  case rt::Space::Weight: {
    buffer.space = Buffer::Space::Weight;
    auto found = llvm::find_if(model.weights, [&](const Weight &weight) {
      return weight.name == op.getName();
    });
    if (found == model.weights.end())
      return Error{Code::Internal, "a buffer names a weight that is not there",
                   op.getName().str(), "", "please report this"};
    buffer.index = found - model.weights.begin();
    break;
  }
  case rt::Space::Input: {
    buffer.space = Buffer::Space::Input;
    LLMC_TRY(buffer.index, argument(program.inputs, op, buffer));
    break;
  }
  case rt::Space::Output: {
    buffer.space = Buffer::Space::Output;
    LLMC_TRY(buffer.index, argument(program.outputs, op, buffer));
    break;
  }
  case rt::Space::KeyCache:
    buffer.space = Buffer::Space::KeyCache;
    buffer.index = op.getLayer();
    break;
  case rt::Space::ValueCache:
    buffer.space = Buffer::Space::ValueCache;
    buffer.index = op.getLayer();
    break;
  }
  buffers[op.getResult()] = program.buffers.size();
  program.buffers.push_back(std::move(buffer));
  return Status::ok();
}

void ProgramTranslator::addView(rt::ViewOp op) {
  BufferId parent = buffers[op.getSource()];
  Buffer view = program.buffers[parent];
  view.viewOf = view.viewOf.value_or(parent);
  std::vector<ValueId> source = std::move(view.shape);
  auto type = cast<MemRefType>(op.getResult().getType());
  view.shape.clear();
  unsigned dynamic = 0;
  for (auto [i, extent] : llvm::enumerate(type.getShape()))
    view.shape.push_back(!ShapedType::isDynamic(extent) ? constant(extent)
                         : op.getExtents().empty()
                             ? source[i]
                             : values[op.getExtents()[dynamic++]]);
  view.strides.clear();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type.getLayout().isIdentity() &&
      succeeded(type.getStridesAndOffset(strides, offset)))
    view.strides.assign(strides.begin(), strides.end());
  if (op.getOffset()) {
    llmc::Value sum;
    sum.kind = llmc::Value::Kind::Add;
    sum.left = view.offset;
    sum.right = constant(op.getOffset() * elementBytes(view.type));
    // Offsets of a step stay constants, which its checks ask for.
    const llmc::Value &base = program.values[view.offset];
    view.offset = base.kind == llmc::Value::Kind::Constant
                      ? constant(base.number + op.getOffset() *
                                                   elementBytes(view.type))
                      : addValue(sum);
  }
  buffers[op.getResult()] = program.buffers.size();
  program.buffers.push_back(std::move(view));
}

/// What the importer assumed of the symbols becomes checks before a run.
void ProgramTranslator::addConstraints(ModuleOp module) {
  llvm::StringMap<ValueId> known;
  for (auto [name, value] : llvm::zip(program.symbols, symbolValues))
    known[name] = value;
  SmallVector<std::optional<ValueId>> operands;
  if (auto names = module->getAttrOfType<ArrayAttr>("onnx.symbols"))
    for (auto name : names.getAsRange<StringAttr>()) {
      auto found = known.find(name.getValue());
      operands.push_back(found == known.end() ? std::nullopt
                                              : std::optional(found->second));
    }
  // A symbol that no input gives has no influence on the program.
  auto value = [&](AffineExpr expression) -> std::optional<ValueId> {
    SmallVector<ValueId> given;
    for (auto operand : operands)
      given.push_back(operand.value_or(0));
    bool isKnown = true;
    expression.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
        isKnown &= symbol.getPosition() < operands.size() &&
                   operands[symbol.getPosition()].has_value();
    });
    if (!isKnown)
      return std::nullopt;
    return addExpression(expression, given, 0);
  };
  auto text = [&](AffineExpr expression) {
    std::string result;
    llvm::raw_string_ostream(result) << expression;
    return result;
  };
  auto maps = [&](StringRef name) {
    SmallVector<AffineMap> list;
    if (auto array = module->getAttrOfType<ArrayAttr>(name))
      for (auto map : array.getAsRange<AffineMapAttr>())
        list.push_back(map.getValue());
    return list;
  };
  for (AffineMap map : maps("onnx.equal_dims")) {
    auto left = value(map.getResult(0)), right = value(map.getResult(1));
    if (left && right)
      program.constraints.push_back(
          {*left, *right,
           text(map.getResult(0)) + " = " + text(map.getResult(1))});
  }
  for (AffineMap map : maps("onnx.non_negative"))
    if (auto number = value(map.getResult(0))) {
      llmc::Value bounded;
      bounded.kind = llmc::Value::Kind::Max;
      bounded.left = *number;
      bounded.right = constant(0);
      program.constraints.push_back(
          {*number, addValue(bounded), text(map.getResult(0)) + " >= 0"});
    }
}

Status ProgramTranslator::addLaunch(rt::LaunchOp op) {
  Launch launch;
  auto found = kernels.find(op.getKernel());
  if (found == kernels.end())
    return Error{Code::Internal, "a launch names a kernel that is not there",
                 op.getKernel().str(), "", "please report this"};
  launch.kernel = found->second;
  launch.tiles = values[op.getTiles()];
  launch.name = op.getKernel().str();
  for (mlir::Value arg : op.getArgs()) {
    auto type = dyn_cast<MemRefType>(arg.getType());
    if (!type) {
      launch.scalars.push_back(values[arg]);
      continue;
    }
    BufferId id = buffers[arg];
    launch.buffers.push_back(id);
    for (auto [i, extent] : llvm::enumerate(type.getShape()))
      if (ShapedType::isDynamic(extent))
        launch.scalars.push_back(program.buffers[id].shape[i]);
  }
  if (op.getWaits())
    for (auto wait : op.getWaits()->getAsRange<rt::WaitAttr>())
      launch.waits.push_back({uint32_t(wait.getLaunch()), uint32_t(wait.getMine()),
                              uint32_t(wait.getTheirs())});
  program.launches.push_back(std::move(launch));
  return Status::ok();
}

Status ProgramTranslator::run(rt::ProgramOp op) {
  program.name = op.getSymName().str();
  program.kind = op.getKind() == "step" ? Program::Kind::Step
                                        : Program::Kind::Graph;
  program.minRows = op.getMinRows();
  program.maxRows = op.getMaxRows();
  for (Operation &inner : op.getBody().front()) {
    if (auto symbol = dyn_cast<rt::SymbolOp>(inner)) {
      llmc::Value value;
      value.kind = llmc::Value::Kind::Symbol;
      value.number = program.symbols.size();
      program.symbols.push_back(symbol.getName().str());
      values[symbol.getResult()] = addValue(value);
      symbolValues.push_back(values[symbol.getResult()]);
    } else if (auto shape = dyn_cast<rt::ShapeOp>(inner)) {
      SmallVector<ValueId> operands;
      for (mlir::Value operand : shape.getOperands())
        operands.push_back(values[operand]);
      values[shape.getResult()] =
          addExpression(shape.getMap().getResult(0), operands,
                        shape.getMap().getNumDims());
    } else if (auto buffer = dyn_cast<rt::BufferOp>(inner)) {
      LLMC_CHECK(addBuffer(buffer));
    } else if (auto view = dyn_cast<rt::ViewOp>(inner)) {
      addView(view);
    } else if (auto launch = dyn_cast<rt::LaunchOp>(inner)) {
      LLMC_CHECK(addLaunch(launch));
    }
  }
  program.arenaBytes = constant(op.getArenaBytes().value_or(0));
  if (auto map = op->getAttrOfType<AffineMapAttr>("rt.symbolic_arena"))
    program.arenaBytes = addSymbolic(map.getValue());
  if (program.kind == Program::Kind::Graph)
    addConstraints(op->getParentOfType<ModuleOp>());
  return Status::ok();
}

} // namespace

static Kernel describeKernel(func::FuncOp function) {
  Kernel kernel;
  kernel.name = function.getSymName().str();
  if (auto family = function->getAttrOfType<StringAttr>("kernel.family"))
    kernel.op = family.getValue().str();
  for (Type type : function.getArgumentTypes().drop_back(2)) {
    if (auto memref = dyn_cast<MemRefType>(type)) {
      ++kernel.bufferCount;
      kernel.scalarCount += memref.getNumDynamicDims();
    } else {
      ++kernel.scalarCount;
    }
  }
  kernel.work = describeWork(function);
  return kernel;
}

/// Angles of rotations are computed, not learned, whoever stored them.
static void uncountRotations(Model &model, const TranslatedSchedule &schedule) {
  for (const Program &program : schedule.programs)
    for (const Launch &launch : program.launches) {
      const Kernel &kernel = schedule.kernels[launch.kernel];
      if (kernel.op != "rope" && kernel.op != "rope_append")
        continue;
      for (const KernelWork::Lookup &lookup : kernel.work.lookups)
        if (const Buffer &buffer = program.buffers[launch.buffers[lookup.buffer]];
            buffer.space == Buffer::Space::Weight)
          model.weights[buffer.index].parameters = 0;
    }
}

/// The cache's extents, from any buffer of keys.
static void describeCache(rt::ProgramOp program, DecoderConfig &config) {
  program.walk([&](rt::BufferOp buffer) {
    if (buffer.getSpace() != rt::Space::KeyCache)
      return;
    auto type = cast<MemRefType>(buffer.getResult().getType());
    auto element = elementTypeOf(type.getElementType());
    if (element)
      config.cacheType = *element;
    config.cache.layers =
        std::max<int64_t>(config.cache.layers, buffer.getLayer() + 1);
    config.cache.kvHeads = type.getDimSize(1);
    config.cache.page = type.getDimSize(2) * kernel::panelWidth;
    config.cache.pair = type.getRank() == 6 ? type.getDimSize(5) : 1;
    config.cache.headDim = 0; // keyDim() is the scales alone.
    config.cache.headDim =
        type.getDimSize(3) * config.cache.pair - config.cache.keyDim();
  });
}

Result<TranslatedSchedule> translateSchedule(ModuleOp module, Model &model) {
  TranslatedSchedule result;
  DecoderConfig &decoder = result.decoder;
  llvm::StringMap<uint32_t> kernels;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(kernel::entryAttr))
      continue;
    kernels[function.getSymName()] = result.kernels.size();
    result.kernels.push_back(describeKernel(function));
  }
  for (auto op : module.getOps<rt::ProgramOp>()) {
    Program program;
    LLMC_CHECK(ProgramTranslator(model, kernels, program).run(op));
    if (program.kind == Program::Kind::Step) {
      describeCache(op, decoder);
      decoder.chunk = std::max(decoder.chunk, program.maxRows);
      op.walk([&](rt::BufferOp buffer) {
        if (buffer.getSpace() == rt::Space::Output && buffer.getName() == "logits")
          decoder.vocabulary =
              cast<MemRefType>(buffer.getResult().getType()).getDimSize(1);
      });
    }
    result.programs.push_back(std::move(program));
  }
  uncountRotations(model, result);
  if (auto rows = module->getAttrOfType<IntegerAttr>("llm.block_rows"))
    decoder.blockRows = rows.getInt();
  return result;
}

} // namespace llmc

#include "passes/lowering/GraphLowering.h"

#include "passes/support/OnnxMatch.h"

using namespace mlir;

namespace llmc {

RankedTensorType typeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType());
}

SmallVector<Value> broadcastIndex(LoopBuilder &b, Value memref,
                                  RankedTensorType type,
                                  RankedTensorType resultType,
                                  ArrayRef<Value> index) {
  onnx::Dims own = onnx::symbolicDims(type);
  onnx::Dims whole = onnx::symbolicDims(resultType);
  size_t skipped = whole.size() - own.size();
  SmallVector<Value> at;
  for (size_t i = 0; i < own.size(); ++i) {
    Value position = index[skipped + i];
    if (own[i] == whole[skipped + i])
      at.push_back(position);
    else if (type.getDimSize(i) == 1)
      at.push_back(b.index(0));
    else // Broadcast or not is known when it runs: an extent of 1 gives 0.
      at.push_back(b.least(position, b.sub(b.dim(memref, i), b.index(1))));
  }
  return at;
}

GraphLowering::GraphLowering(func::FuncOp graph, KernelTable &kernels)
    : graph(graph), kernels(kernels), builder(graph) {
  populateElementwise(table);
  populateUnary(table);
  populateMovement(table);
  populateIndexing(table);
  populateReduction(table);
  populateSequence(table);
  populateBlockwise(table);
  populateNetwork(table);
  populateRotary(table);
  populateAttention(table);
  populateMultiHead(table);
  populateGroupQuery(table);
}

Value GraphLowering::shape(AffineMap map) {
  return rt::ShapeOp::create(builder, graph.getLoc(), builder.getIndexType(),
                             symbols, AffineMapAttr::get(map));
}

/// The program knows only the symbols that an input gives: those keep their
/// order and lose the gaps.
Value GraphLowering::integer(AffineExpr expression) {
  Value &known = integers[expression];
  if (known)
    return known;
  SmallVector<AffineExpr> renumbered;
  unsigned next = 0;
  for (bool isBound : bound)
    renumbered.push_back(
        getAffineSymbolExpr(isBound ? next++ : 0, builder.getContext()));
  return known = shape(AffineMap::get(
             0, symbols.size(), expression.replaceSymbols(renumbered)));
}

Value GraphLowering::product(ArrayRef<AffineExpr> dims) {
  return integer(onnx::productOf(dims, builder.getContext()));
}

SmallVector<Value> GraphLowering::extentsOf(RankedTensorType type) {
  SmallVector<Value> extents;
  for (auto [i, dim] : llvm::enumerate(onnx::symbolicDims(type)))
    if (type.isDynamicDim(i))
      extents.push_back(integer(dim));
  return extents;
}

Value GraphLowering::buffer(Location loc, RankedTensorType type,
                            rt::Space space, StringRef name) {
  return rt::BufferOp::create(
      builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
      space, extentsOf(type), name, 0, IntegerAttr());
}

Value GraphLowering::scratch(Location loc, ArrayRef<AffineExpr> dims,
                             Type element) {
  return buffer(loc, onnx::symbolicTensorType(dims, element), rt::Space::Arena,
                "");
}

/// Constants and initializers become weights, whatever their element type.
Value GraphLowering::weight(Value tensor) {
  Value get = getWeight(builder, tensor.getLoc(), tensor);
  if (!get)
    return {};
  auto op = get.getDefiningOp<llm::GetWeightOp>();
  std::string name = op.getName().str();
  op.erase();
  Value &known = weights[name];
  if (!known)
    known = buffer(tensor.getLoc(), typeOf(tensor), rt::Space::Weight, name);
  return known;
}

Value GraphLowering::memref(Value tensor) {
  Value &known = memrefs[tensor];
  if (!known)
    known = weight(tensor);
  return known;
}

Value GraphLowering::allocate(Value tensor) {
  Value output = outputs.lookup(tensor);
  return memrefs[tensor] = output ? output
                                  : buffer(tensor.getLoc(), typeOf(tensor),
                                           rt::Space::Arena, "");
}

void GraphLowering::alias(Value tensor, Value source) {
  memrefs[tensor] = view(tensor.getLoc(), source, typeOf(tensor));
}

Value GraphLowering::view(Location loc, Value source, RankedTensorType type) {
  auto target = MemRefType::get(type.getShape(), type.getElementType());
  if (source.getType() == target && !target.getNumDynamicDims())
    return source;
  return rt::ViewOp::create(builder, loc, target, source, extentsOf(type), 0);
}

void GraphLowering::launch(Operation *op, StringRef family, Value tiles,
                           ArrayRef<Value> args, KernelTable::Body body) {
  SmallVector<Type> types;
  for (Value arg : args)
    types.push_back(arg.getType());
  func::FuncOp kernel = kernels.get(family, types, body);
  rt::LaunchOp::create(builder, op->getLoc(), kernel.getSymName(), tiles, args,
                       /*waits=*/ArrayAttr());
}

void GraphLowering::forRows(Operation *op, StringRef family, unsigned over,
                            RankedTensorType type, ArrayRef<int64_t> inner,
                            ArrayRef<Value> args, RowBody body) {
  onnx::Dims outer;
  SmallVector<unsigned> outerDims;
  for (auto [i, dim] : llvm::enumerate(onnx::symbolicDims(type)))
    if (!llvm::is_contained(inner, int64_t(i))) {
      outer.push_back(dim);
      outerDims.push_back(i);
    }
  launch(op, family, product(outer), args,
         [&](OpBuilder &builder, ValueRange args, Value begin, Value end) {
           LoopBuilder b(builder.getUnknownLoc(), builder);
           SmallVector<Value> extents;
           for (unsigned dim : outerDims)
             extents.push_back(b.dim(args[over], dim));
           b.loop(begin, end, [&](Value tile) {
             SmallVector<Value> index(type.getRank());
             if (!outerDims.empty())
               for (auto [dim, at] :
                    llvm::zip(outerDims, b.delinearize(tile, extents)))
                 index[dim] = at;
             body(b, args, index);
           });
         });
}

void GraphLowering::moveElements(Operation *op, Value result,
                                 ArrayRef<Value> args, RawBody body) {
  RankedTensorType type = typeOf(result);
  SmallVector<Value> all(args);
  all.push_back(allocate(result));
  int64_t last = type.getRank() - 1;
  forRows(op, op->getName().stripDialect(), all.size() - 1, type, last, all,
          [&](LoopBuilder &b, ValueRange args, MutableArrayRef<Value> index) {
            Value out = args.back();
            if (last < 0)
              return b.storeRaw(body(b, args, index), out, index);
            b.loop(b.index(0), b.dim(out, last), [&](Value at) {
              index[last] = at;
              b.storeRaw(body(b, args, index), out, index);
            });
          });
}

void GraphLowering::mapElements(Operation *op, Value result,
                                ArrayRef<Value> args, RawBody body) {
  RankedTensorType type = typeOf(result);
  SmallVector<Value> all(args);
  all.push_back(allocate(result));
  int64_t last = type.getRank() - 1;
  forRows(op, op->getName().stripDialect(), all.size() - 1, type, last, all,
          [&](LoopBuilder &b, ValueRange args, MutableArrayRef<Value> index) {
            Value out = args.back();
            if (last < 0)
              return b.store(body(b, args, index), out, index);
            b.loop(b.index(0), b.dim(out, last), [&](Value at) {
              index[last] = at;
              b.store(body(b, args, index), out, index);
            });
          });
}

LogicalResult GraphLowering::checkTypes(Operation &op) {
  auto check = [&](Type type) -> LogicalResult {
    if (isa<NoneType>(type))
      return success();
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return op.emitError("has a tensor without a rank");
    if (!isPlainElement(tensor.getElementType()))
      return op.emitError("has no kernel for elements of type ")
             << tensor.getElementType();
    for (AffineExpr dim : onnx::symbolicDims(tensor)) {
      bool known = !!dim;
      if (dim)
        dim.walk([&](AffineExpr part) {
          if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
            known &= symbol.getPosition() < bound.size() &&
                     bound[symbol.getPosition()];
        });
      if (!known)
        return op.emitError("has an extent that does not follow from the "
                            "extents of the inputs");
    }
    return success();
  };
  for (Type type : op.getOperandTypes())
    if (failed(check(type)))
      return failure();
  for (Type type : op.getResultTypes())
    if (failed(check(type)))
      return failure();
  return success();
}

LogicalResult GraphLowering::lower(Operation &op) {
  if (isa<onnx::NoneOp>(op))
    return success();
  if (failed(checkTypes(op)))
    return failure();
  if (isa<onnx::ConstantOp, onnx::GetInitializerOp>(op))
    return memref(op.getResult(0)) ? success()
                                   : LogicalResult(op.emitError(
                                         "holds elements of no known form"));
  const LoweringTable::Rule *rule = table.find(&op);
  if (!rule)
    return op.emitError("has no plain lowering");
  return (*rule)(&op, *this);
}

void GraphLowering::declareArguments() {
  Block &body = graph.getBody().front();
  auto module = graph->getParentOfType<ModuleOp>();
  SmallVector<StringRef> names = onnx::symbolNames(module);
  bound.assign(names.size(), false);
  for (BlockArgument argument : body.getArguments())
    if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
      for (AffineExpr dim : onnx::symbolicDims(type))
        if (auto symbol = dyn_cast_or_null<AffineSymbolExpr>(dim))
          if (symbol.getPosition() < bound.size())
            bound[symbol.getPosition()] = true;
  for (auto [name, isBound] : llvm::zip(names, bound))
    if (isBound)
      symbols.push_back(rt::SymbolOp::create(builder, graph.getLoc(),
                                             builder.getIndexType(), name));
}

/// A returned tensor is computed in place; one that is returned twice, or is
/// an input, a constant or a view, is copied in the end.
void GraphLowering::returnValues(func::ReturnOp op) {
  for (auto [value, target] : llvm::zip(op.getOperands(), outputBuffers)) {
    Value source = memref(value);
    if (source == target)
      continue;
    RankedTensorType type = typeOf(value);
    int64_t last = type.getRank() - 1;
    forRows(op, "copy", 1, type, last, {source, target},
            [&](LoopBuilder &b, ValueRange args, MutableArrayRef<Value> index) {
              if (last < 0)
                return b.storeRaw(b.loadRaw(args[0], index), args[1], index);
              b.loop(b.index(0), b.dim(args[1], last), [&](Value at) {
                index[last] = at;
                b.storeRaw(b.loadRaw(args[0], index), args[1], index);
              });
            });
  }
}

LogicalResult GraphLowering::run() {
  Block &body = graph.getBody().front();
  auto program = rt::ProgramOp::create(builder, graph.getLoc(), "main", "graph",
                                       0, 0, 1, IntegerAttr());
  builder.createBlock(&program.getBody());
  declareArguments();
  auto terminator = cast<func::ReturnOp>(body.getTerminator());
  bool good = succeeded(checkTypes(*terminator));
  auto nameOf = [&](StringRef attribute, unsigned i, Twine fallback) {
    auto names = graph->getAttrOfType<ArrayAttr>(attribute);
    return names && i < names.size()
               ? cast<StringAttr>(names[i]).getValue().str()
               : (fallback + Twine(i)).str();
  };
  for (BlockArgument argument : body.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !isPlainElement(type.getElementType())) {
      mlir::emitError(argument.getLoc())
          << "an input of type " << argument.getType() << " has no kernels";
      good = false;
    }
  }
  if (!good) {
    for (Operation &op : body.without_terminator())
      (void)checkTypes(op); // one error for each op that is refused
    return failure();
  }
  for (BlockArgument argument : body.getArguments()) {
    unsigned i = argument.getArgNumber();
    memrefs[argument] =
        buffer(argument.getLoc(), typeOf(argument), rt::Space::Input,
               nameOf("onnx.input_names", i, "input_"));
  }
  for (auto [i, value] : llvm::enumerate(terminator.getOperands())) {
    outputBuffers.push_back(buffer(graph.getLoc(), typeOf(value),
                                   rt::Space::Output,
                                   nameOf("onnx.output_names", i, "output_")));
    outputs.try_emplace(value, outputBuffers.back());
  }
  for (Operation &op : body.without_terminator())
    good &= succeeded(lower(op));
  if (!good)
    return failure();
  returnValues(terminator);
  return success();
}

} // namespace llmc

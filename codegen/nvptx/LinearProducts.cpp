#include "codegen/nvptx/LinearProducts.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;
using namespace llmc::codegen::nvptx;

using llvm::SmallVector;
using Registers = LinearProducts::Registers;

LinearProducts::LinearProducts(GpuBuilder &b, const LinearShape &shape,
                               int64_t pairs, int64_t tiles)
    : weights(b, shape.weights, shape.inputElement()),
      inputs(b, weights, shape.inputElement(), shape.inputLanes), lane(b), b(b),
      shape(shape), layout(shape.weights), pairs(pairs), tiles(tiles) {
  kernel::LinearOp op = shape.op;
  number = op.getTerms() ? Type(b.getI32Type()) : Type(b.getF32Type());
}

Registers LinearProducts::zeroSums() const {
  Value zero = number.isF32() ? b.number(number, 0) : b.integer(number, 0);
  return Registers(pairs * 2 * tiles * 4, zero);
}

Registers LinearProducts::zeroInputSums() const {
  return Registers(layout.scheme.zeros ? tiles * 4 : 0,
                   b.number(b.getF32Type(), 0));
}

void LinearProducts::multiply(ArrayRef<Value> loaded, ArrayRef<Value> rows,
                              MutableArrayRef<Value> sums,
                              MutableArrayRef<Value> inputSums) {
  auto accumulate = [&](MutableArrayRef<Value> into, ArrayRef<Value> left,
                        ArrayRef<Value> right) {
    llvm::copy(emitMma(b, weights.element(), left, right, into), into.begin());
  };
  int64_t loads = weights.loads(), halves = weights.halves();
  // All of a step's weights, then the rows tile by tile: fewer are live.
  SmallVector<SmallVector<Registers>> left; // [half, pair, j][term][register]
  for (int64_t half = 0; half < halves; ++half)
    for (int64_t pair = 0; pair < pairs; ++pair)
      for (int64_t j = 0; j < 2; ++j)
        left.push_back(
            weights.fragments(loaded.slice(pair * loads, loads), half, j));
  for (int64_t tile = 0; tile < tiles; ++tile) {
    SmallVector<Registers> right = inputs.fragments(rows[tile]);
    for (int64_t half = 0; half < halves; ++half) {
      for (int64_t pair = 0; pair < pairs; ++pair)
        for (int64_t j = 0; j < 2; ++j) {
          auto into = sums.slice(((pair * 2 + j) * tiles + tile) * 4, 4);
          auto &weight = left[(half * pairs + pair) * 2 + j];
          // The product of the least summands is below what f32 holds.
          for (int64_t i = 0; i < weights.terms(); ++i)
            for (int64_t k = 0; k < inputs.terms() - (i && inputs.terms() > 1);
                 ++k)
              accumulate(into, weight[i], ArrayRef(right[k]).slice(2 * half, 2));
        }
      if (inputSums.empty())
        continue;
      Registers ones(4, b.i32(weights.element().isF16() ? 0x3c003c00 : 0x3f803f80));
      for (Registers &term : right)
        accumulate(inputSums.slice(tile * 4, 4), ones,
                   ArrayRef(term).slice(2 * half, 2));
    }
  }
}

void LinearProducts::loadScales(Value group, Registers &into) {
  for (int64_t i = 0; i < perGroup(); ++i)
    into.push_back(b.loadConstant(
        b.f32Lanes(4), b.offset(group, i * PanelLayout::lineBytes)));
}

void LinearProducts::addScaled(ArrayRef<Value> scales, ArrayRef<Value> part,
                               ArrayRef<Value> inputSums,
                               MutableArrayRef<Value> sums) {
  Type f32 = b.getF32Type();
  Value middle = b.number(f32, layout.scheme.middle());
  Value factor = b.number(f32, weights.factor());
  Value inverse = b.number(f32, 1 / weights.factor());
  for (int64_t pair = 0; pair < pairs; ++pair)
    for (int64_t output = 0; output < 4; ++output) {
      Value scale =
          vector::ExtractOp::create(b, scales[pair * perGroup()], output);
      scale = b.mul(scale, inverse);
      Value shift;
      if (layout.scheme.zeros)
        shift = b.mul(b.sub(middle,
                            vector::ExtractOp::create(
                                b, scales[pair * perGroup() + 1], output)),
                      factor);
      for (int64_t tile = 0; tile < tiles; ++tile)
        for (int64_t column = 0; column < 2; ++column) {
          size_t i = ((pair * 2 + output / 2) * tiles + tile) * 4 +
                     2 * (output % 2) + column;
          Value sum = part[i];
          if (shift)
            sum = b.fma(shift, inputSums[tile * 4 + column], sum);
          sums[i] = b.fma(scale, sum, sums[i]);
        }
    }
}

void LinearProducts::put(LinearSums &into, ArrayRef<Value> sums, Value warp,
                         Value firstStream, Value firstRow) {
  Value quad = lane.quad(b);
  auto four = b.lanes(number, 4);
  for (int64_t pair = 0; pair < pairs; ++pair) {
    Value stream = b.add(b.add(firstStream, lane.panel(b)), b.i32(2 * pair));
    b.when(b.less(stream, b.i32(shape.streams)), [&] {
      for (int64_t tile = 0; tile < tiles; ++tile)
        for (int64_t column = 0; column < 2; ++column) {
          Registers outputs;
          for (int64_t output = 0; output < 4; ++output) {
            Value sum = sums[((pair * 2 + output / 2) * tiles + tile) * 4 +
                             2 * (output % 2) + column];
            // Of groups, the scales took the factor back.
            if (layout.kind == PanelLayout::Kind::W8 && weights.factor() != 1)
              sum = b.mul(sum, b.number(number, 1 / weights.factor()));
            outputs.push_back(sum);
          }
          Value row = b.add(firstRow, b.add(b.shiftLeft(lane.t, 1),
                                            b.i32(tile * tileRows + column)));
          into.put(vector::FromElementsOp::create(b, four, outputs), warp,
                   stream, row, quad);
        }
    });
  }
}

/// How the threads of a block share a row, and norms of rows.
#include "codegen/nvptx/KernelsToNvptx.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::codegen;

static constexpr int64_t mostBytes = 16;

/// What every stride but the last divides by, in elements: of a memref without gaps
/// the extents behind the outermost ones, as far as they are known.
static uint64_t strideDivisor(MemRefType type) {
  uint64_t divisor = 0;
  if (type.getLayout().isIdentity()) {
    for (size_t dim = 1; dim < size_t(type.getRank()); ++dim) {
      uint64_t inner = 1;
      for (int64_t extent : type.getShape().drop_front(dim))
        inner *= ShapedType::isDynamic(extent) ? 1 : extent;
      divisor = std::gcd(divisor, inner);
    }
    return divisor;
  }
  auto [strides, start] = type.getStridesAndOffset();
  for (int64_t stride : ArrayRef(strides).drop_back())
    divisor = std::gcd(divisor, ShapedType::isDynamic(stride) ? 1 : uint64_t(stride));
  return divisor;
}

int64_t nvptx::rowLanes(ValueRange rows, int64_t length) {
  uint64_t lanes = std::gcd(uint64_t(length), uint64_t(mostBytes));
  for (Value row : rows) {
    auto type = dyn_cast<MemRefType>(row.getType());
    if (!type || type.getRank() == 0 || type.getNumElements() == 1)
      continue;
    uint64_t bytes = std::max(1u, type.getElementTypeBitWidth() / 8);
    lanes = std::min(lanes, std::max<uint64_t>(1, mostBytes / bytes));
    lanes = std::gcd(lanes, strideDivisor(type));
  }
  return lanes;
}

int64_t nvptx::sumLanes(int64_t length) { return std::gcd(length, int64_t(4)); }

/// A place some columns further.
static llvm::SmallVector<Value> partAt(GpuBuilder &b, ValueRange at, int64_t first) {
  llvm::SmallVector<Value> place(at);
  if (first)
    place.back() = b.add(place.back(), b.index(first));
  return place;
}

Value nvptx::loadNeighbours(GpuBuilder &b, Value memref, ValueRange at,
                            int64_t lanes) {
  int64_t together = rowLanes(memref, lanes);
  if (together == lanes)
    return b.loadRowF32(memref, at, lanes);
  llvm::SmallVector<Value> elements;
  for (int64_t i = 0; i < lanes; i += together) {
    Value part = b.loadRowF32(memref, partAt(b, at, i), together);
    for (int64_t j = 0; j < together; ++j)
      elements.push_back(vector::ExtractOp::create(b, part, j));
  }
  return vector::FromElementsOp::create(b, b.f32Lanes(lanes), elements);
}

void nvptx::storeNeighbours(GpuBuilder &b, Value numbers, Value memref,
                            ValueRange at) {
  int64_t lanes = cast<VectorType>(numbers.getType()).getNumElements();
  int64_t together = rowLanes(memref, lanes);
  for (int64_t i = 0; i < lanes; i += together)
    b.storeRow(together == lanes ? numbers : b.part(numbers, i, together), memref,
               partAt(b, at, i));
}

Value nvptx::inverseRoot(GpuBuilder &b, Value sum, int64_t length,
                         double epsilon) {
  Type f32 = b.getF32Type();
  Value mean = b.div(sum, b.number(f32, length));
  Value root = math::SqrtOp::create(b, b.add(mean, b.number(f32, epsilon)));
  return b.div(b.number(f32, 1), root);
}

void nvptx::forColumns(GpuBuilder &b, int64_t length, int64_t lanes,
                       llvm::function_ref<void(Value)> body) {
  b.forThreads(length / lanes, [&](Value chunk) {
    body(b.mul(b.asIndex(chunk), b.index(lanes)));
  });
}

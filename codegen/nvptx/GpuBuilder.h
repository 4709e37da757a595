/// What every GPU kernel uses: threads, memory by pointers, the exchange of
/// values between threads.
#ifndef LLMC_CODEGEN_NVPTX_GPUBUILDER_H
#define LLMC_CODEGEN_NVPTX_GPUBUILDER_H

#include "codegen/llvm/VectorBuilder.h"
#include "codegen/nvptx/NvptxLevel.h"

#include <functional>

namespace llmc::codegen {

/// Threads of a block that do a work together: `count` from `first` on, whole
/// warps; `barrier` is the number of the barrier where they meet.
struct ThreadTeam {
  int64_t first = 0, count = blockThreads, barrier = 0;
};

/// Builds the code of one thread of a block of `blockThreads`. Numbers of threads
/// are i32, as offsets in shared memory are; addresses of global memory are
/// generic pointers with offsets of type index.
class GpuBuilder : public VectorBuilder {
public:
  explicit GpuBuilder(mlir::Operation *op);

  /// Who executes what is built from now on: "block" below means this team.
  ThreadTeam team;

  Value thread(); ///< In the block.
  /// thread(), read where this stands: what is computed from it cannot be computed
  /// in front of a loop above and take registers there.
  Value threadAnew();
  Value warp();   ///< In the block.
  int64_t warps() const { return team.count / warpThreads; }
  Value lane();   ///< In the warp.
  Value asIndex(Value number);

  Value i32(int64_t value) { return integer(getI32Type(), value); }
  Value bitAnd(Value a, Value b);
  Value bitOr(Value a, Value b);
  Value bitXor(Value a, Value b);
  Value shiftLeft(Value a, int64_t count);
  Value shiftRight(Value a, int64_t count); ///< Unsigned.
  Value less(Value a, Value b);             ///< Signed.
  Value both(Value a, Value b) { return bitAnd(a, b); }
  Value minimum(Value a, Value b); ///< Of signed numbers of any type.
  Value maximum(Value a, Value b);

  /// Calls an LLVM intrinsic; null if `result` is.
  Value intrinsic(llvm::StringRef name, Type result, ValueRange operands);

  /// A number of the block or the grid, "ctaid.x", as an index.
  Value special(llvm::StringRef name);
  /// A statement of PTX that LLVM has no intrinsic for; it is neither moved over
  /// others nor left out. `result` may be null.
  mlir::Operation *statement(Type result, ValueRange operands, llvm::StringRef text,
                             llvm::StringRef constraints);

  /// Walks the tiles that this block does: each stride-th of [begin, end).
  void forTiles(Value begin, Value end, llvm::function_ref<void(Value)> body);
  llvm::SmallVector<Value> forTiles(Value begin, Value end, ValueRange initial,
                                    LoopBody body);
  /// Walks the blocks of rows that this block does: [0, count) by the grid's y.
  llvm::SmallVector<Value> forRowBlocks(Value count, ValueRange initial,
                                        LoopBody body);
  /// Walks [0, count) by all threads of the block, with an i32; the second form
  /// carries values. `first`: this thread's number, where that is read anew.
  void forThreads(int64_t count, llvm::function_ref<void(Value)> body,
                  Value first = {});
  llvm::SmallVector<Value> forThreads(int64_t count, ValueRange initial,
                                      LoopBody body);
  /// Loops over [begin, end) with numbers of any type.
  llvm::SmallVector<Value> loopBy(Value begin, Value end, Value step,
                                  ValueRange initial, LoopBody body);
  /// The same; neither LLVM nor ptxas may unroll it: what it loads ahead fills the
  /// registers as it is.
  llvm::SmallVector<Value> rolledLoopBy(Value begin, Value end, Value step,
                                        ValueRange initial, LoopBody body);
  void when(Value condition, llvm::function_ref<void()> body);
  llvm::SmallVector<Value>
  choose(Value condition, llvm::function_ref<llvm::SmallVector<Value>()> then,
         llvm::function_ref<llvm::SmallVector<Value>()> otherwise);

  /// The address of an argument's element 0.
  Value pointer(Value memref);
  /// `bytes` further; bytes are an index, an i32 or an i64.
  Value offset(Value pointer, Value bytes);
  Value offset(Value pointer, int64_t bytes);
  /// `type` is a scalar or a vector, aligned to its size.
  Value loadAt(Type type, Value pointer);
  void storeAt(Value value, Value pointer);
  /// The same of memory that no thread of the launch writes.
  Value loadConstant(Type type, Value pointer);
  /// A vector of `count` neighbours of a memref's elements, aligned to its size.
  Value loadRow(Value memref, ValueRange at, int64_t count);
  Value loadRowF32(Value memref, ValueRange at, int64_t count) {
    return toF32(loadRow(memref, at, count));
  }
  void storeRow(Value value, Value memref, ValueRange at);

  /// A region of the block's shared memory, aligned to 16 bytes, the first one to
  /// 1024 (what tiles of tensors need). Its name and size are told with the kernel (KernelFigures).
  Value shared(llvm::StringRef name, int64_t bytes);
  /// Bytes that regions take so far.
  int64_t sharedBytes() const;
  /// `count` elements of a vector.
  Value part(Value vector, int64_t first, int64_t count);

  /// All threads of the block wait for all others.
  void barrier();
  /// The same of `threads` threads, whole warps, at the barrier `number` (i32).
  void barrier(Value number, int64_t threads);
  void warpBarrier();

  /// The value of lane ^ `mask`, of f32, i32 or i64; of lane `from` (i32), modulo 32.
  Value shuffleXor(Value value, int64_t mask);
  Value shuffleFrom(Value value, Value from);
  /// Values (f32, i32, i64) of all lanes of a warp, or of those that differ in the bits
  /// [from, to) of their number, added or the largest; the same for all.
  Value sumOfLanes(Value value, int64_t from = 1, int64_t to = warpThreads);
  Value maxOfLanes(Value value, int64_t from = 1, int64_t to = warpThreads);
  Value minOfLanes(Value number); ///< Of i32.
  /// The sum over the block's threads, in a fixed order; the same for all.
  /// Contains barriers. `region` has blockWarps * 4 bytes.
  Value sumOfBlock(Value value, Value region);
  Value maxOfBlock(Value value, Value region);
  /// The sum, or the largest, of a vector's elements, in ascending order.
  Value sumOf(Value vector);
  Value largestOf(Value vector);

  /// By the machine's own conversion.
  Value fromF32(Value value, Type element) override;
  /// Pairs of bf16 word by word.
  Value toF32(Value value) override;
  /// 2^x by the approximation of the machine: 2 ulp, denormals flushed.
  Value exp2Approx(Value x);

private:
  Value reduceBlock(Value value, Value region,
                    llvm::function_ref<Value(Value, Value)> combine);

  mlir::func::FuncOp function;
};

/// Attributes of a kernel that lowerings leave for what comes after them.
constexpr llvm::StringLiteral sharedBytesAttr = "kernel.shared_bytes";
constexpr llvm::StringLiteral sharedRegionsAttr = "kernel.shared_regions";
constexpr llvm::StringLiteral rowsPerBlockAttr = "kernel.rows_per_block";
/// The symbol of dynamic shared memory.
constexpr llvm::StringLiteral sharedSymbol = "shared";

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_GPUBUILDER_H

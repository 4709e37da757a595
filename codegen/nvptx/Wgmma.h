/// Products of small matrices by four warps together (sm_90a's wgmma).
#ifndef LLMC_CODEGEN_NVPTX_WGMMA_H
#define LLMC_CODEGEN_NVPTX_WGMMA_H

#include "codegen/nvptx/GpuBuilder.h"

namespace llmc::codegen {

/// Products go on while the threads do: until waitProducts, the registers of sums
/// and of the first factor must be left alone, as must the second in shared memory.
class Warpgroup {
public:
  explicit Warpgroup(GpuBuilder &b) : b(b) {}

  /// The descriptor (i64) of a second factor at `address`, aligned to 1024: rows of
  /// 128 bytes along K, swizzled, which a tensor tile brought.
  Value describe(Value address);
  /// The same, `terms` of two bytes further along K; below 64.
  Value further(Value descriptor, int64_t terms);

  /// Goes before products whose registers were written by others; gives `registers`
  /// (i32) as they are used afterwards.
  llvm::SmallVector<Value> fence(ValueRange registers);
  /// Begins sums = a . b (+ sums where `adds`) of 64 x 16 times 16 x columns. Warp
  /// w has the rows 16 w … + 15 of a, as emitMma has them; of the sums each tile of
  /// 8 columns has the four numbers of emitMma. `element` is bf16 or f16.
  void multiply(Type element, llvm::ArrayRef<Value> a, Value descriptor,
                llvm::MutableArrayRef<Value> sums, bool adds = true);
  /// Ends a group of products.
  void commit();
  /// Until no more than `groups` of them go on.
  void wait(int64_t groups);
  /// Until none goes on; `sums` may be used afterwards.
  void finish(llvm::MutableArrayRef<Value> sums);

private:
  /// Statements with operands that they leave as they are.
  llvm::SmallVector<Value> passThrough(llvm::StringRef text, ValueRange values);

  GpuBuilder &b;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_WGMMA_H

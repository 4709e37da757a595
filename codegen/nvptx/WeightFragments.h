/// Packed weights as the first factor of matrix instructions.
#ifndef LLMC_CODEGEN_NVPTX_WEIGHTFRAGMENTS_H
#define LLMC_CODEGEN_NVPTX_WEIGHTFRAGMENTS_H

#include "codegen/llvm/PanelLayout.h"
#include "codegen/nvptx/Mma.h"

namespace llmc::codegen {

/// Fragments straight from panels. A warp's threads (FragmentLane) each load 16
/// bytes, four outputs of a line, of two panels: group g takes the outputs
/// 4q … 4q + 3, q = g mod 4, of panel g / 4. In the product j of two, row g of the
/// factor is output 4q + 2j and row g + 8 output 4q + 2j + 1: so the outputs of a
/// load fill the fragments of two products. In a step of 32 terms, thread t takes
/// the terms k = 8t … 8t + 7, and half h of the step multiplies 8t + 4h … + 3; the
/// other factor has its terms in the same order (InputFragments).
class WeightFragments {
public:
  static constexpr int64_t stepTerms = 32;

  /// `input` is the type of the rows to be multiplied.
  WeightFragments(GpuBuilder &b, const PanelLayout &layout, Type input);

  Type element() const { return product; } ///< Of the products: bf16, f16, i8.
  int64_t halves() const { return product.isInteger(8) ? 1 : 2; }
  /// Loads of a thread for a step and a pair of panels.
  int64_t loads() const;
  /// Summands of a weight: 2 where the product's type cannot hold it.
  int64_t terms() const;
  double factor() const { return strided() && product.isBF16() ? 2 : 1; }
  /// Whether pairs are terms (k, k + 2) and (k + 1, k + 3) of each four.
  bool strided() const;
  int64_t stepBytes() const { return 4 * loads() * PanelLayout::lineBytes; }

  /// The place of thread t's first load in the first step.
  Value laneOffset(const FragmentLane &lane) const;
  /// The loads (vector<4xi32>) of a step whose lines begin `bytes` behind
  /// `pointer`, which is the thread's.
  llvm::SmallVector<Value> load(Value pointer, int64_t bytes) const;
  /// The fragments (each 4 i32) of product j of a half step, a weight's summands
  /// one after the other. Of groups, weights less their middle; integers come times
  /// factor(), a power of two.
  llvm::SmallVector<llvm::SmallVector<Value>>
  fragments(llvm::ArrayRef<Value> loaded, int64_t half, int64_t j) const;
  /// Of weights of one summand: the pair of terms `pair` of a half step (i32), of
  /// output 4q + `output`, times factor().
  Value pairOf(llvm::ArrayRef<Value> loaded, int64_t half, int64_t output,
               int64_t pair) const;

  /// The pair of terms `pair` of a half step, of one output's four bytes.
  Value decode(Value word, int64_t half, int64_t pair) const;

private:
  Value word(Value load, int64_t output) const;

  GpuBuilder &b;
  PanelLayout layout;
  Type product;
};

/// Rows of a linear as the second factor, in the same order of terms.
class InputFragments {
public:
  /// Of rows of type `input`, `lanes` of which one access may take.
  InputFragments(GpuBuilder &b, const WeightFragments &weights, Type input,
                 int64_t lanes)
      : b(b), weights(weights), input(input), lanes(std::min<int64_t>(lanes, 8)) {}

  /// Eight terms from `bytes` behind `pointer` on (vector<8>).
  Value load(Value pointer, int64_t bytes) const;
  /// The same of terms k … k + 7 (i32) of a row that ends at `length`: zero
  /// beyond.
  Value loadBounded(Value row, Value k, int64_t length) const;
  /// Summands of a term: what multiplies weights exactly.
  int64_t terms() const;
  /// For each summand and half the two registers of the fragment.
  llvm::SmallVector<llvm::SmallVector<Value>> fragments(Value loaded) const;

private:
  GpuBuilder &b;
  const WeightFragments &weights;
  Type input;
  int64_t lanes;
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_NVPTX_WEIGHTFRAGMENTS_H

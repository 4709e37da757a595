/// Tensors of the reference evaluator: dense, row-major, cheap to copy.
#ifndef LLMC_COMPILER_REFERENCE_TENSOR_H
#define LLMC_COMPILER_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Support/LLVM.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace llmc::reference {

/// What an element is in memory. Signless integers count as signed, i1 as a
/// boolean; booleans and integers below 8 bits take one byte each.
enum class Element : uint8_t {
  Bool, I2, U2, I4, U4, I8, U8, I16, U16, I32, U32, I64, U64,
  F8E4M3FN, F8E5M2, F8E4M3FNUZ, F8E5M2FNUZ, F16, BF16, F32, F64,
};

/// The element of an MLIR type; nullopt for a type without arithmetic here.
std::optional<Element> elementOf(mlir::Type type);
/// Bytes that one element takes in a Tensor.
int64_t widthOf(Element element);
inline bool isFloat(Element element) { return element >= Element::F8E4M3FN; }
/// \p value rounded to \p element (nearest even; integers wrap around).
double roundTo(Element element, double value);
inline constexpr double largestHalf = 65504;
/// The same, but what is beyond f16 becomes its largest number.
double boundTo(Element element, double value);
int64_t wrapTo(Element element, int64_t value);

/// A tensor, or (default constructed) the value of `onnx.none`. Copies share
/// the elements; writing makes them its own first.
class Tensor {
public:
  Tensor() = default;
  /// All zero. \p elementType has an Element, extents are non-negative and
  /// their product fits memory: see Evaluator::create for untrusted shapes.
  static Tensor zeros(mlir::Type elementType, mlir::ArrayRef<int64_t> shape);
  static Tensor splat(mlir::Type elementType, mlir::ArrayRef<int64_t> shape,
                      double value);
  /// Element i is start + i * step.
  static Tensor iota(mlir::Type elementType, mlir::ArrayRef<int64_t> shape,
                     double start = 0, double step = 1);
  /// As many values as the shape has elements, converted (never read beyond).
  static Tensor fromDoubles(mlir::Type elementType,
                            mlir::ArrayRef<int64_t> shape,
                            mlir::ArrayRef<double> values);
  static Tensor fromInts(mlir::Type elementType, mlir::ArrayRef<int64_t> shape,
                         mlir::ArrayRef<int64_t> values);
  /// Elements that live elsewhere (a mapped file), in this class's layout.
  static Tensor view(mlir::Type elementType, mlir::ArrayRef<int64_t> shape,
                     std::shared_ptr<const std::byte> bytes);
  /// Unpacks the layout of files: sub-byte integers packed, first lowest.
  /// Shares \p bytes where no unpacking is needed. nullopt if there are fewer
  /// than \p size needs or the type is not supported.
  static std::optional<Tensor> fromPacked(mlir::RankedTensorType type,
                                          std::shared_ptr<const std::byte> bytes,
                                          uint64_t size);
  /// Dense attributes, splats included, and resources; else nullopt.
  static std::optional<Tensor> fromElementsAttr(mlir::ElementsAttr attribute);
  /// Of the tensor type of this shape, without encoding.
  mlir::DenseElementsAttr toElementsAttr() const;

  /// False for the value of `onnx.none`.
  explicit operator bool() const { return !!type; }
  mlir::Type elementType() const { return type; }
  Element element() const { return kind; }
  mlir::ArrayRef<int64_t> shape() const { return extents; }
  int64_t rank() const { return int64_t(extents.size()); }
  int64_t numElements() const { return count; }
  int64_t width() const { return widthOf(kind); }
  bool isFloat() const { return reference::isFloat(kind); }

  const std::byte *bytes() const { return storage.get(); }
  std::byte *mutableBytes();
  template <typename T> const T *as() const {
    return reinterpret_cast<const T *>(bytes());
  }
  template <typename T> T *mutableAs() {
    return reinterpret_cast<T *>(mutableBytes());
  }

  /// Element \p index of the row-major order, converted.
  double getDouble(int64_t index) const;
  int64_t getInt(int64_t index) const;
  void setDouble(int64_t index, double value);
  void setInt(int64_t index, int64_t value);
  /// \p n elements from \p offset on, \p stride apart, to or from \p buffer.
  void read(int64_t offset, int64_t stride, int64_t n, double *buffer) const;
  void read(int64_t offset, int64_t stride, int64_t n, int64_t *buffer) const;
  void write(int64_t offset, int64_t stride, int64_t n, const double *buffer);
  void write(int64_t offset, int64_t stride, int64_t n, const int64_t *buffer);
  std::vector<double> toDoubles() const;
  std::vector<int64_t> toInts() const;

  /// The same elements under another shape of as many.
  Tensor reshaped(mlir::ArrayRef<int64_t> shape) const;
  /// Every element converted to \p elementType (Cast of the standard).
  Tensor converted(mlir::Type elementType) const;

private:
  mlir::Type type;
  Element kind = Element::Bool;
  mlir::SmallVector<int64_t> extents;
  int64_t count = 0;
  std::shared_ptr<const std::byte> storage; // count * width() bytes
};

/// Product of extents; nullopt where one is negative or it exceeds \p limit.
std::optional<int64_t> countElements(mlir::ArrayRef<int64_t> shape,
                                     int64_t limit);
/// Row-major strides, in elements.
mlir::SmallVector<int64_t> stridesOf(mlir::ArrayRef<int64_t> shape);

} // namespace llmc::reference

#endif // LLMC_COMPILER_REFERENCE_TENSOR_H

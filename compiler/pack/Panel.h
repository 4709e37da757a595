/// The sixteen columns of a panel, wherever they come from.
#ifndef LLMC_COMPILER_PACK_PANEL_H
#define LLMC_COMPILER_PACK_PANEL_H

#include "compiler/pack/Panels.h"

#include <array>

namespace llmc::pack {

inline constexpr int64_t lanes = 16;

class Panel {
public:
  Panel(const Matrix &matrix, int64_t index);
  /// Rows [first, first + count) as f32 into [count][16], zero where there is
  /// none.
  void load(int64_t first, int64_t count, float *block) const;

  /// A column of a source; no source beyond the last column.
  struct Lane {
    const Source *source = nullptr;
    int64_t column = 0; // of the file
  };
  const std::array<Lane, lanes> &columns() const { return from; }

private:
  const Matrix &matrix;
  std::array<Lane, lanes> from;
  bool together; // one after another in the rows of one source
};

/// \p count elements of \p source from (row, column) on, \p stride apart, as
/// f32, \p step apart.
void readElements(const Source &source, int64_t row, int64_t column,
                  int64_t stride, int64_t count, float *to, int64_t step);

/// Writes one panel in the scheme of groups: matrix.groups->bytes() for each
/// group.
void writeGroups(const Matrix &matrix, const Panel &panel, std::byte *out);

} // namespace llmc::pack

#endif // LLMC_COMPILER_PACK_PANEL_H

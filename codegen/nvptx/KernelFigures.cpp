#include "codegen/nvptx/KernelFigures.h"

using namespace llmc;
using namespace llmc::codegen;

static std::string textOf(const TensorTile &tile) {
  std::string text = ", tensor " + std::to_string(tile.buffer) + " + " +
                     std::to_string(tile.offset) + " of " +
                     std::to_string(tile.elementBytes) + ", swizzle " +
                     std::to_string(tile.swizzleBytes);
  const char *mark = ": ";
  for (const TensorTile::Dimension &d : tile.dimensions) {
    text += mark + (d.scalar ? "#" + std::to_string(d.scalar)
                             : std::to_string(d.size));
    text += " by " + std::to_string(d.stride) + " box " + std::to_string(d.box);
    mark = ", ";
  }
  return text;
}

std::string KernelFigures::text() const {
  std::string text = "// llmc: threads " + std::to_string(blockThreads) +
                     ", shared " + std::to_string(sharedBytes) + ", rows " +
                     std::to_string(rowsPerBlock);
  for (const TensorTile &tile : tensors)
    text += textOf(tile);
  return text + "\n";
}

/// A word, then a number behind it.
template <typename T>
static bool takeNumber(llvm::StringRef &text, llvm::StringRef word, T &number) {
  return text.consume_front(word) && !text.consumeInteger(10, number);
}

static bool takeDimension(llvm::StringRef &text, llvm::StringRef mark,
                          TensorTile::Dimension &d) {
  if (!text.consume_front(mark))
    return false;
  bool known = text.starts_with("#") ? takeNumber(text, "#", d.scalar)
                                     : takeNumber(text, "", d.size);
  return known && takeNumber(text, " by ", d.stride) &&
         takeNumber(text, " box ", d.box);
}

static bool takeTensor(llvm::StringRef &text, TensorTile &tile) {
  TensorTile::Dimension dimension;
  if (!takeNumber(text, ", tensor ", tile.buffer) ||
      !takeNumber(text, " + ", tile.offset) ||
      !takeNumber(text, " of ", tile.elementBytes) ||
      !takeNumber(text, ", swizzle ", tile.swizzleBytes) ||
      !takeDimension(text, ": ", dimension))
    return false;
  do {
    tile.dimensions.push_back(dimension);
    dimension = {};
  } while (!text.starts_with(", tensor ") && takeDimension(text, ", ", dimension));
  return true;
}

std::optional<KernelFigures> KernelFigures::of(llvm::StringRef ptx) {
  KernelFigures figures;
  llvm::StringRef line = ptx.split('\n').first;
  if (!takeNumber(line, "// llmc: threads ", figures.blockThreads) ||
      !takeNumber(line, ", shared ", figures.sharedBytes) ||
      !takeNumber(line, ", rows ", figures.rowsPerBlock))
    return std::nullopt;
  while (!line.empty()) {
    TensorTile tile;
    if (!takeTensor(line, tile))
      return std::nullopt;
    figures.tensors.push_back(std::move(tile));
  }
  return figures;
}

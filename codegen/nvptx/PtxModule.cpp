#include "codegen/nvptx/PtxModule.h"

#include "codegen/nvptx/NvptxLevel.h"
#include "llvm/ADT/StringSet.h"

using namespace llmc;
using namespace llmc::codegen;

static Error joinError(llvm::StringRef kernel, std::string why) {
  return {Code::KernelFailed, "the kernels could not be joined to one PTX module",
          kernel.str(), std::move(why),
          "this is a defect of llmc: report it with the model's graph"};
}

namespace {
/// A module that grows kernel by kernel.
class Joiner {
public:
  explicit Joiner(const NvptxLevel &level) {
    // "+ptx80": code of a lesser level may say less than this one needs.
    unsigned tenths = 0;
    level.features.trim("+ptx").getAsInteger(10, tenths);
    version = tenths / 10.0;
  }
  Status add(const KernelObject &object);
  std::string text(llvm::StringRef level) const;

private:
  Status addLine(const KernelObject &object, llvm::StringRef line);

  double version = 0;
  llvm::StringSet<> shared;    ///< Declarations that modules have in common.
  llvm::StringSet<> functions; ///< Names that were defined.
  std::string declarations, bodies;
};
} // namespace

/// The name that a line defines: what follows `.entry` or `.func`, behind the
/// results of a function.
static llvm::StringRef definedName(llvm::StringRef line) {
  for (llvm::StringRef word : {".entry ", ".func "}) {
    size_t at = line.find(word);
    if (at == llvm::StringRef::npos || !line.starts_with("."))
      continue;
    llvm::StringRef rest = line.substr(at + word.size()).ltrim();
    if (rest.starts_with("("))
      rest = rest.substr(rest.find(')') + 1).ltrim();
    return rest.take_while(
        [](char c) { return llvm::isAlnum(c) || c == '_' || c == '$'; });
  }
  return {};
}

Status Joiner::addLine(const KernelObject &object, llvm::StringRef line) {
  llvm::StringRef bare = line.trim();
  if (bare.consume_front(".version ")) {
    double number;
    if (bare.trim().getAsDouble(number))
      return joinError(object.kernel, "its version is `" + bare.str() + "`");
    version = std::max(version, number);
    return Status::ok();
  }
  if (bare.starts_with(".target ") || bare.starts_with(".address_size "))
    return Status::ok();
  if (bare.starts_with("//") || bare.empty())
    return Status::ok();
  if (line.starts_with(".extern .shared ")) {
    if (shared.insert(bare).second)
      declarations += (bare + "\n").str();
    return Status::ok();
  }
  if (llvm::StringRef name = definedName(line);
      !name.empty() && !functions.insert(name).second)
    return joinError(object.kernel, "another kernel defines " + name.str());
  bodies += (line + "\n").str();
  return Status::ok();
}

Status Joiner::add(const KernelObject &object) {
  llvm::StringRef text = object.object;
  if (!text.contains(".version ") || !text.contains(".entry "))
    return joinError(object.kernel, "its code is no PTX");
  bodies += "\n";
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    LLMC_CHECK(addLine(object, line));
    text = rest;
  }
  return Status::ok();
}

std::string Joiner::text(llvm::StringRef level) const {
  char header[96];
  std::snprintf(header, sizeof header, ".version %.1f\n.target %s\n", version,
                level.str().c_str());
  return header + std::string(".address_size 64\n\n") + declarations + bodies;
}

Result<PtxModule> llmc::codegen::joinPtx(llvm::ArrayRef<KernelObject> objects,
                                         llvm::StringRef level) {
  PtxModule module;
  module.level = level.str();
  const NvptxLevel *known = findNvptxLevel(level);
  if (!known)
    return joinError("", level.str() + " is no level of this target");
  Joiner joiner(*known);
  llvm::StringSet<> added;
  for (const KernelObject &object : objects) {
    if (object.level != level)
      continue;
    std::optional<KernelFigures> figures = KernelFigures::of(object.object);
    if (!figures)
      return joinError(object.kernel, "its code does not begin with figures");
    llvm::StringRef code = object.object;
    const char *matrix = code.contains("wgmma.mma_async") ? "wgmma"
                         : code.contains("mma.sync.")     ? "mma.sync"
                                                          : "";
    module.entries.push_back({object.kernel, object.symbol, *figures, matrix});
    if (added.insert(object.symbol).second)
      LLMC_CHECK(joiner.add(object));
  }
  module.text = joiner.text(level);
  return module;
}

/// Objects on disk, named by a hash of all that they depend on.
#ifndef LLMC_CODEGEN_LLVM_OBJECTCACHE_H
#define LLMC_CODEGEN_LLVM_OBJECTCACHE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace llmc::codegen {

/// A folder of files `<key>.o`. An entry that cannot be read, or whose
/// checksum is wrong, is as if it were not there; failing to write is no error:
/// the next compile generates the kernel again.
class ObjectCache {
public:
  /// An empty folder means $LLMC_CACHE_DIR, else $XDG_CACHE_HOME/llmc, else
  /// ~/.cache/llmc. Without any of these, or disabled, nothing is ever found.
  ObjectCache(bool enabled, llvm::StringRef folder);

  std::optional<std::string> find(llvm::StringRef key) const;
  /// Writes aside and renames: a reader sees a whole entry or none.
  void insert(llvm::StringRef key, llvm::StringRef object) const;

private:
  std::string folder; ///< Empty: disabled.
};

/// Hex BLAKE3 of the parts, each preceded by its length.
std::string hashOf(llvm::ArrayRef<llvm::StringRef> parts);

/// What distinguishes this build of the compiler from others.
llvm::StringRef ownBuildId();

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_OBJECTCACHE_H

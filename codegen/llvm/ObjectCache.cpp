/// See the header. An entry is the hash of the object (64 hex digits), then
/// the object.
#include "codegen/llvm/ObjectCache.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llmc::codegen;

static constexpr size_t digestLength = 64;

std::string llmc::codegen::hashOf(llvm::ArrayRef<llvm::StringRef> parts) {
  llvm::BLAKE3 hasher;
  for (llvm::StringRef part : parts) {
    uint64_t size = part.size();
    hasher.update(llvm::ArrayRef(reinterpret_cast<uint8_t *>(&size), 8));
    hasher.update(part);
  }
  return llvm::toHex(hasher.final(), /*LowerCase=*/true);
}

llvm::StringRef llmc::codegen::ownBuildId() {
  static const std::string id = [] {
    // The program's own bytes: it is the compiler, and rebuilding it may
    // change any kernel.
    auto self = llvm::MemoryBuffer::getFile("/proc/self/exe", false, false);
    llvm::StringRef bytes = self ? (*self)->getBuffer() : "";
    return hashOf({bytes, LLVM_VERSION_STRING});
  }();
  return id;
}

static std::string defaultFolder() {
  llvm::SmallString<128> path;
  if (const char *own = std::getenv("LLMC_CACHE_DIR"))
    return own;
  if (const char *shared = std::getenv("XDG_CACHE_HOME"); shared && *shared)
    path = shared;
  else if (const char *home = std::getenv("HOME"); home && *home)
    llvm::sys::path::append(path, home, ".cache");
  else
    return "";
  llvm::sys::path::append(path, "llmc");
  return path.str().str();
}

ObjectCache::ObjectCache(bool enabled, llvm::StringRef chosen) {
  if (!enabled)
    return;
  folder = chosen.empty() ? defaultFolder() : chosen.str();
  if (!folder.empty() && llvm::sys::fs::create_directories(folder))
    folder.clear();
}

static llvm::SmallString<128> pathOf(llvm::StringRef folder,
                                     llvm::StringRef key) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, key + ".o");
  return path;
}

std::optional<std::string> ObjectCache::find(llvm::StringRef key) const {
  if (folder.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(pathOf(folder, key), false, false);
  if (!file || (*file)->getBufferSize() < digestLength)
    return std::nullopt;
  llvm::StringRef bytes = (*file)->getBuffer();
  llvm::StringRef object = bytes.drop_front(digestLength);
  if (hashOf({object}) != bytes.take_front(digestLength))
    return std::nullopt;
  return object.str();
}

void ObjectCache::insert(llvm::StringRef key, llvm::StringRef object) const {
  if (folder.empty())
    return;
  llvm::SmallString<128> temporary;
  int descriptor;
  if (llvm::sys::fs::createUniqueFile(pathOf(folder, key) + ".%%%%%%%%",
                                      descriptor, temporary))
    return;
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << hashOf({object}) << object;
  stream.close();
  bool failed = stream.has_error();
  stream.clear_error();
  if (failed || llvm::sys::fs::rename(temporary, pathOf(folder, key)))
    llvm::sys::fs::remove(temporary);
}

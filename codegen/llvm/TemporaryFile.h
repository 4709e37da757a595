/// What tools that know only files are given and give.
#ifndef LLMC_CODEGEN_LLVM_TEMPORARYFILE_H
#define LLMC_CODEGEN_LLVM_TEMPORARYFILE_H

#include "runtime/support/Error.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>

namespace llmc::codegen {

/// A temporary file that is removed again.
struct TemporaryFile {
  llvm::SmallString<128> path;
  llvm::FileRemover remover;

  static Result<std::unique_ptr<TemporaryFile>> write(llvm::StringRef suffix,
                                                      llvm::StringRef bytes) {
    auto file = std::make_unique<TemporaryFile>();
    int descriptor;
    if (std::error_code error = llvm::sys::fs::createTemporaryFile(
            "llmc", suffix, descriptor, file->path))
      return Error{Code::CannotCreate, "no temporary file can be made",
                   std::string(file->path.str()),
                   error.message(), "set TMPDIR to a writable folder"};
    file->remover.setFile(file->path);
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << bytes;
    stream.close();
    if (std::error_code error = stream.error()) {
      stream.clear_error();
      return Error{Code::CannotWrite, "a temporary file cannot be written",
                   file->path.str().str(), error.message(), ""};
    }
    return file;
  }
};

} // namespace llmc::codegen

#endif // LLMC_CODEGEN_LLVM_TEMPORARYFILE_H

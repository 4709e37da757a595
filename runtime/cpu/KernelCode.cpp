#include "runtime/cpu/KernelCode.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace llmc {

KernelCode::KernelCode(KernelCode &&other) noexcept
    : code(std::exchange(other.code, nullptr)),
      size(std::exchange(other.size, 0)), functions(std::move(other.functions)) {
}

KernelCode::~KernelCode() {
  if (code)
    ::munmap(code, size);
}

Result<KernelCode> KernelCode::map(const Artifact &artifact, size_t image) {
  const KernelImage &entry = artifact.model().images[image];
  const SectionEntry &section = artifact.sections()[entry.section];
  KernelCode kernels;
  if (section.size == 0)
    return kernels;
  std::string where = artifact.path() + ", kernels for " + entry.level;
  void *code =
      ::mmap(nullptr, section.size, PROT_READ | PROT_EXEC, MAP_PRIVATE,
             artifact.descriptor(), static_cast<off_t>(section.offset));
  if (code == MAP_FAILED)
    return Error{Code::CannotRead, "cannot map the kernels to execute them",
                 where, std::strerror(errno),
                 errno == EPERM || errno == EACCES
                     ? "the disk may be mounted noexec: copy the file to one "
                       "that is not"
                     : ""};
  kernels.code = code;
  kernels.size = section.size;
  for (uint64_t offset : entry.entries)
    kernels.functions.push_back(reinterpret_cast<KernelFunction>(
        reinterpret_cast<uintptr_t>(code) + offset));
  return kernels;
}

} // namespace llmc

/// The rules that the header of a model.bin must keep before anything of it is
/// believed: after this check, every index may be used without another.
#ifndef LLMC_RUNTIME_FORMAT_CHECKMODEL_H
#define LLMC_RUNTIME_FORMAT_CHECKMODEL_H

#include "runtime/format/Program.h"
#include "runtime/format/Sections.h"
#include "runtime/support/Error.h"

#include <span>

namespace llmc {

/// Rows of a prefill step at most.
inline constexpr int64_t largestChunk = int64_t(1) << 20;

/// Checks \p model against itself and against \p sections (whose bounds are
/// already checked):
/// 1. every enumerator is one, every index and ValueId is in range, values
///    refer to earlier values only;
/// 2. weights are aligned and lie in the one weights section;
/// 3. every image has an entry per kernel, in a kernels section, and the
///    figures of kernels are possible;
/// 4. a launch has as many buffers and scalars as its kernel;
/// 5. a decoder's numbers are positive and small enough for 64-bit products,
///    its steps cover every T in [1, chunk] and take inputs that exist;
/// 6. a graph's symbols are extents of its inputs;
/// 7. a device has PTX, kernels with names of their own, and figures that some
///    device could have; a module's schedules are for different devices and
///    keep 1, 4, 5 and 6 with their device's kernels;
/// 8. a module has programs where the file has CPU images, or schedules.
/// Error: ArtifactDamaged, whose `where` names the part.
Status checkModel(const Model &model, std::span<const SectionEntry> sections);

/// Rules 1, 4 and 6 for one program, 5 with \p config where it is a step. Its
/// kernels are those of \p device, or of the CPU images where that is null.
/// Apart for the compiler, which checks what it is about to write.
Status checkProgram(const Program &program, const Model &model,
                    const DecoderConfig *config,
                    const DeviceImage *device = nullptr);

/// Rule 7 for Model::devices.
Status checkDevices(const Model &model, std::span<const SectionEntry> sections);

/// What rule 3 asks of the figures of a kernel.
Status checkKernel(const Kernel &kernel);

/// The section of \p type at \p index, or null.
const SectionEntry *sectionAt(std::span<const SectionEntry> sections,
                              uint64_t index, SectionType type);

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_CHECKMODEL_H

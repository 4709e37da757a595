/// The parts of a file in the words of `inspect`.
#ifndef LLMC_RUNTIME_VERBS_INSPECTTEXT_H
#define LLMC_RUNTIME_VERBS_INSPECTTEXT_H

#include "runtime/format/Artifact.h"
#include "runtime/support/Json.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace llmc {

/// Bytes of a page of the cache.
int64_t pageBytes(const DecoderConfig &config);
/// A program in a line, a graph with its inputs and outputs.
std::string describeProgram(const Program &program);
/// A module with its numbers and the CPU's programs.
std::string describeModule(const Module &module);
/// Every arena buffer of a program: where it lies and what it holds. \p gpu as below.
std::string describeMemory(const Program &program, std::string_view gpu);
/// Every launch; \p model has the kernels that \p program launches.
/// \p gpu is whose program it is; empty: the CPU's.
std::string describeSchedule(const Model &model, const Program &program,
                             std::string_view gpu);
/// The level or target whose code \p section is; empty where it is none.
std::string sectionOwner(const Artifact &artifact, const SectionEntry &section);
/// Model::devices[\p index]: its schedules and, where wanted, each kernel with
/// its figures.
std::string describeDevice(const Model &model, size_t index, bool withKernels);
/// `devices`: targets with their kernels and figures.
void addDevices(JsonWriter &json, const Model &model);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_INSPECTTEXT_H

/// A complete small model.bin for tests: see FakeKernels.c for what it computes.
#ifndef LLMC_TEST_UNIT_RUNTIME_FAKEMODEL_H
#define LLMC_TEST_UNIT_RUNTIME_FAKEMODEL_H

#include "runtime/format/Writer.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace llmc::test {

inline constexpr int64_t fakeVocabulary = 97;
inline constexpr int64_t fakeContext = 200;
inline constexpr int64_t fakeChunk = 16;
inline constexpr int32_t fakeShift = 11;

/// The bytes of the kernels' image and where its functions begin.
struct FakeImage {
  std::vector<std::byte> bytes;
  std::map<std::string, uint64_t> entries;
};
const FakeImage &fakeImage();

/// A decoder module and, if \p withGraph, a graph `out = a + 2 b` over [N] f32.
Model fakeModel(bool withGraph = true);
/// The content around it; spans refer to static data. \p eos: the decoder's
/// only eos token, or -1.
ArtifactContent fakeContent(int64_t eos = -1);
/// Adds sm_80 and schedules for it to \p model, with the same kernels, of which
/// none is there.
void addFakeDevice(Model &model);
/// Writes it to \p path; the test fails where that fails.
void writeFake(const std::string &path);

/// What the fake decoder says after \p tokens.
int32_t fakeNext(std::span<const int32_t> tokens);

/// A file in a folder of its own, removed at the end.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &name);
  ~TemporaryFile();
  const std::string &path() const { return file; }
  const std::string &folder() const { return directory; }

private:
  std::string directory, file;
};

std::vector<std::byte> readBytes(const std::string &path);
void writeBytes(const std::string &path, std::span<const std::byte> bytes);

} // namespace llmc::test

#endif // LLMC_TEST_UNIT_RUNTIME_FAKEMODEL_H

/// The fake model on the fake driver.
#ifndef LLMC_TEST_UNIT_CUDA_GPUFIXTURE_H
#define LLMC_TEST_UNIT_CUDA_GPUFIXTURE_H

#include "runtime/cuda/GpuModel.h"
#include "runtime/model/Decoder.h"
#include "test/unit/cuda/FakeDriver.h"
#include "test/unit/runtime/FakeModel.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace llmc::test {

inline constexpr const char *fakePtx = ".version 7.0\n.target sm_80\n";

/// A file with the fake model for the CPU and for sm_80. \p change may alter what
/// is written.
class GpuFile {
public:
  explicit GpuFile(const std::function<void(ArtifactContent &)> &change = nullptr) {
    ArtifactContent content = fakeContent();
    addFakeDevice(content.model);
    content.devices = {{fakePtx, {}}};
    if (change)
      change(content);
    status = writeArtifact(file.path(), std::move(content));
  }
  const std::string &path() const { return file.path(); }

  Status status;

private:
  TemporaryFile file{"model.bin"};
};

/// A decoder of that file on a fake device, or why there is none.
struct GpuDecoder {
  FakeDriver driver;
  std::optional<KernelCode> code; // what the fake device executes
  std::vector<std::string> said;
  Status failure;
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Decoder> decoder;

  ~GpuDecoder() { close(); }
  void close() {
    decoder.reset();
    model.reset();
  }

  /// Opens the model; `failure` says why not.
  void open(const std::string &path, DecoderOptions options = {}) {
    if (Status opened = openModel(path); !opened) {
      failure = std::move(opened);
      return;
    }
    auto made = Decoder::create(*model, options);
    if (made)
      decoder = *std::move(made);
    else
      failure = made.takeError();
  }

  Status openModel(const std::string &path, Module::Kind kind = Module::Kind::Decoder) {
    LLMC_TRY(Artifact host, Artifact::open(path));
    LLMC_TRY(KernelCode mapped, KernelCode::map(host, 0));
    code.emplace(std::move(mapped));
    const Model &header = host.model();
    for (size_t i = 0; i < header.kernels.size(); ++i)
      driver.kernels[header.kernels[i].name] = {
          code->function(i), header.kernels[i].bufferCount, header.kernels[i].scalarCount};
    for (const DeviceImage &device : header.devices)
      for (const DeviceKernel &kernel : device.kernels)
        if (auto known = driver.kernels.find(kernel.entry); known != driver.kernels.end())
          known->second.maps = static_cast<uint32_t>(kernel.tensors.size());
    LLMC_TRY(cuda::GpuChoice choice, cuda::chooseGpu(driver.table, header, kind));
    auto make = [&](const Artifact &artifact,
                    ThreadPool &threads) -> Result<std::unique_ptr<Accelerator>> {
      LLMC_TRY(std::unique_ptr<cuda::GpuModel> gpu,
               cuda::GpuModel::create(choice, artifact, threads, [&](const std::string &line) {
                 said.push_back(line);
               }));
      return std::unique_ptr<Accelerator>(std::move(gpu));
    };
    LLMC_TRY(Artifact artifact, Artifact::open(path));
    LLMC_TRY(model, LoadedModel::openOnDevice(std::move(artifact), 2, make));
    return Status::ok();
  }

  /// Continues \p tokens by \p more of the model's own.
  Result<std::vector<int32_t>> go(std::vector<int32_t> tokens, size_t more) {
    int32_t sequence = decoder->start();
    auto logits = decoder->prefill(sequence, tokens);
    for (size_t i = 0; logits && i < more; ++i) {
      auto most = std::ranges::max_element(*logits);
      tokens.push_back(static_cast<int32_t>(most - logits->begin()));
      NextToken next = {sequence, tokens.back()};
      if (i + 1 < more)
        logits = decoder->decode({&next, 1});
    }
    decoder->cache().release(sequence);
    if (!logits)
      return logits.takeError();
    return tokens;
  }
};

/// \p tokens and what the fake model says after them.
inline std::vector<int32_t> expected(std::vector<int32_t> tokens, size_t more) {
  for (size_t i = 0; i < more; ++i)
    tokens.push_back(fakeNext(tokens));
  return tokens;
}

} // namespace llmc::test

#endif // LLMC_TEST_UNIT_CUDA_GPUFIXTURE_H

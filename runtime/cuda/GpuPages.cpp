#include "runtime/cuda/GpuPages.h"

#include "runtime/cuda/GpuMemory.h"

#include <algorithm>
#include <vector>

namespace llmc::cuda {

namespace {

constexpr const char *noMemory = "the GPU has no memory for the cache of keys and values";

/// What clears and copies have in common: they follow the steps in the stream.
class GpuPages : public PageMemory {
public:
  std::byte *base() const override { return reinterpret_cast<std::byte *>(pool); }
  int64_t committedBytes() const override { return committed; }

  void clearPage(int32_t page) override {
    gpu.noteFailure(zero(at(page), static_cast<size_t>(shape.pageBytes)),
                    "a page of the cache cannot be cleared");
  }
  void copyPage(int32_t to, int32_t from) override {
    gpu.noteFailure(gpu.driver.memcpyDtoDAsync(at(to), at(from),
                                               static_cast<size_t>(shape.pageBytes),
                                               gpu.stream),
                    "a page of the cache cannot be copied");
  }
  /// By way of the host: rows lie in thousands of pieces, and this is rare.
  void clearRows(int32_t page, int64_t row) override {
    scratch.resize(static_cast<size_t>(shape.pageBytes));
    const char *what = "rows of the cache cannot be cleared";
    const Driver &driver = gpu.driver;
    gpu.noteFailure(
        driver.memcpyDtoHAsync(scratch.data(), at(page), scratch.size(), gpu.stream), what);
    gpu.noteFailure(driver.streamSynchronize(gpu.stream), what);
    clearRowsOfPage(shape, scratch.data(), row);
    gpu.noteFailure(
        driver.memcpyHtoDAsync(at(page), scratch.data(), scratch.size(), gpu.stream), what);
    gpu.noteFailure(driver.streamSynchronize(gpu.stream), what);
  }

protected:
  GpuPages(Gpu &gpu, const PoolShape &shape) : gpu(gpu), shape(shape) {}
  DevicePtr at(int32_t page) const {
    return pool + static_cast<uint64_t>(page) * static_cast<uint64_t>(shape.pageBytes);
  }
  /// \p bytes is a multiple of 4: so are elements in pairs, and granules.
  DriverResult zero(DevicePtr from, size_t bytes) const {
    return gpu.driver.memsetD32Async(from, 0, bytes / 4, gpu.stream);
  }

  Gpu &gpu;
  PoolShape shape;
  DevicePtr pool = 0;
  int64_t committed = 0;
  std::vector<std::byte> scratch; // [pageBytes] once it was used
};

class AllAtOnce final : public GpuPages {
public:
  AllAtOnce(Gpu &gpu, const PoolShape &shape) : GpuPages(gpu, shape) {}

  Status allocate() {
    LLMC_TRY(memory, GpuMemory::create(gpu, static_cast<size_t>(shape.poolBytes),
                                       "the cache of keys and values"));
    pool = memory.at();
    return Status::ok();
  }
  Status commit(int64_t bytes) override {
    if (bytes <= committed)
      return Status::ok();
    LLMC_CHECK(gpu.check(zero(pool + static_cast<uint64_t>(committed),
                              static_cast<size_t>(bytes - committed)),
                         "a page of the cache cannot be cleared"));
    committed = bytes;
    return Status::ok();
  }

private:
  GpuMemory memory;
};

class OnDemand final : public GpuPages {
public:
  OnDemand(Gpu &gpu, const PoolShape &shape) : GpuPages(gpu, shape) {
    properties.location.id = gpu.facts.ordinal;
  }
  ~OnDemand() override;

  Status reserve();
  Status commit(int64_t bytes) override;

private:
  Status map(uint64_t offset, uint64_t bytes);

  MemAllocationProp properties;
  uint64_t granule = 0;
  uint64_t reserved = 0;
  struct Piece {
    uint64_t offset, bytes;
    MemHandle handle;
  };
  std::vector<Piece> pieces;
};

Status OnDemand::reserve() {
  const char *what = "the GPU has no addresses for the cache of keys and values";
  size_t size = 0;
  LLMC_CHECK(gpu.check(
      gpu.driver.memGetAllocationGranularity(&size, &properties, Granularity::Minimum), what));
  if (size == 0 || size % 4 != 0)
    return gpu.check(DriverResult::InvalidValue, what);
  granule = size;
  reserved = (static_cast<uint64_t>(shape.poolBytes) + granule - 1) / granule * granule;
  DevicePtr address = 0;
  LLMC_CHECK(gpu.check(gpu.driver.memAddressReserve(&address, reserved, 0, 0, 0), what,
                       std::to_string(reserved) + " bytes"));
  pool = address;
  return Status::ok();
}

Status OnDemand::commit(int64_t bytes) {
  if (bytes <= committed)
    return Status::ok();
  uint64_t from = static_cast<uint64_t>(committed);
  uint64_t target = std::min(
      reserved, (static_cast<uint64_t>(bytes) + granule - 1) / granule * granule);
  LLMC_CHECK(map(from, target - from));
  LLMC_CHECK(gpu.check(zero(pool + from, target - from),
                       "a page of the cache cannot be cleared"));
  committed = static_cast<int64_t>(target);
  return Status::ok();
}

Status OnDemand::map(uint64_t offset, uint64_t bytes) {
  const Driver &driver = gpu.driver;
  std::string where = std::to_string(bytes) + " bytes";
  Piece piece = {offset, bytes, 0};
  LLMC_CHECK(gpu.check(driver.memCreate(&piece.handle, bytes, &properties, 0), noMemory, where));
  if (Status mapped = gpu.check(driver.memMap(pool + offset, bytes, 0, piece.handle, 0),
                                noMemory, where);
      !mapped) {
    driver.memRelease(piece.handle);
    return mapped;
  }
  MemAccessDesc access;
  access.location = properties.location;
  if (Status allowed = gpu.check(driver.memSetAccess(pool + offset, bytes, &access, 1),
                                 noMemory, where);
      !allowed) {
    driver.memUnmap(pool + offset, bytes);
    driver.memRelease(piece.handle);
    return allowed;
  }
  pieces.push_back(piece);
  return Status::ok();
}

OnDemand::~OnDemand() {
  gpu.driver.streamSynchronize(gpu.stream);
  for (const Piece &piece : pieces) {
    gpu.driver.memUnmap(pool + piece.offset, piece.bytes);
    gpu.driver.memRelease(piece.handle);
  }
  if (pool)
    gpu.driver.memAddressFree(pool, reserved);
}

} // namespace

Result<std::unique_ptr<PageMemory>> makeGpuPages(Gpu &gpu, const PoolShape &shape) {
  if (gpu.facts.hasVirtualMemory && shape.poolBytes > 0) {
    auto pages = std::make_unique<OnDemand>(gpu, shape);
    LLMC_CHECK(pages->reserve());
    return std::unique_ptr<PageMemory>(std::move(pages));
  }
  auto pages = std::make_unique<AllAtOnce>(gpu, shape);
  LLMC_CHECK(pages->allocate());
  return std::unique_ptr<PageMemory>(std::move(pages));
}

} // namespace llmc::cuda

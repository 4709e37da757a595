// TMA through the driver: tiles of tensors with swizzles and zero fill, into
// shared memory and back out; and what a wrong map or a missing wait gives.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/driver/SimDriver.h"

using namespace llmc;
using namespace llmc::sim;
using cuda::DriverResult;

namespace {

/// Loads a tile at (x, y) of a 2-D tensor of u16 and writes the raw bytes of
/// shared memory to `raw`, and the tile back to `out`'s tensor.
std::string tileKernel(const std::string &wait) {
  return ptxHeader() + R"(
.extern .shared .align 1024 .b8 smem[];
.visible .entry k(.param .align 64 .b8 map[128], .param .align 64 .b8 target[128],
                  .param .u64 raw, .param .u32 bytes, .param .u32 x, .param .u32 y)
{
  .reg .pred %p<4>;
  .reg .b32 %r<16>;
  .reg .b64 %rd<16>;
  mov.b64 %rd1, map;
  cvta.param.u64 %rd2, %rd1;
  mov.b64 %rd3, target;
  cvta.param.u64 %rd4, %rd3;
  ld.param.u64 %rd5, [raw];
  ld.param.u32 %r1, [bytes];
  ld.param.u32 %r2, [x];
  ld.param.u32 %r3, [y];
  mov.u32 %r4, smem;
  add.s32 %r5, %r4, 16384;
  mbarrier.init.shared::cta.b64 [%r5], 1;
  mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r5], %r1;
  prefetch.tensormap [%rd2];
  cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r4], [%rd2, {%r2, %r3}], [%r5];
$wait:
)" + wait +
         R"(
  mov.u32 %r6, 0;
$copy:
  add.s32 %r7, %r4, %r6;
  ld.shared.b32 %r8, [%r7];
  cvt.u64.u32 %rd6, %r6;
  add.s64 %rd7, %rd5, %rd6;
  st.global.b32 [%rd7], %r8;
  add.s32 %r6, %r6, 4;
  setp.lt.u32 %p2, %r6, %r1;
  @%p2 bra $copy;
  fence.proxy.async.shared::cta;
  cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%rd4, {%r2, %r3}], [%r4];
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group.read 0;
  st.shared.b32 [%r4], 0;
  ret;
}
)";
}

const char *const kWait =
    "mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r5], 0;\n"
    "@!%p1 bra $wait;\n";

struct TileTest {
  TileTest() {
    DeviceOptions options;
    options.architecture = "sm_90a";
    auto made = SimDriver::create(options);
    EXPECT_TRUE(made);
    driver = *std::move(made);
    table = &driver->table();
    table->init(0);
  }
  cuda::DevicePtr tensor(bool filled) {
    std::vector<uint16_t> values(kRows * kPitch);
    for (unsigned i = 0; i < values.size(); ++i)
      values[i] = filled ? uint16_t(i + 1) : 0xFFFF;
    cuda::DevicePtr address = 0;
    EXPECT_EQ(table->memAlloc(&address, values.size() * 2),
              DriverResult::Success);
    table->memcpyHtoD(address, values.data(), values.size() * 2);
    return address;
  }
  DriverResult encode(cuda::TensorMap &map, cuda::DevicePtr address,
                      unsigned boxWidth, cuda::TensorMapSwizzle swizzle) {
    uint64_t sizes[] = {kColumns, kRows}, strides[] = {kPitch * 2};
    unsigned box[] = {boxWidth, 8}, ones[] = {1, 1};
    return table->tensorMapEncodeTiled(
        &map, cuda::TensorMapType::BFloat16, 2,
        reinterpret_cast<void *>(address), sizes, strides, box, ones,
        cuda::TensorMapInterleave::None, swizzle, cuda::TensorMapL2::Bytes128,
        cuda::TensorMapFill::Zero);
  }
  DriverResult run(const std::string &ptx, cuda::TensorMap &map,
                   cuda::TensorMap &target, unsigned bytes, int x, int y) {
    cuda::Module module;
    EXPECT_EQ(
        table->moduleLoadDataEx(&module, ptx.c_str(), 0, nullptr, nullptr),
        DriverResult::Success)
        << driver->lastFailure().error().render();
    cuda::Function function;
    table->moduleGetFunction(&function, module, "k");
    table->memAlloc(&raw, 16384);
    void *arguments[] = {&map, &target, &raw, &bytes, &x, &y};
    return table->launchKernel(function, 1, 1, 1, 1, 1, 1, 16384 + 16, nullptr,
                               arguments, nullptr);
  }

  static constexpr unsigned kRows = 20, kColumns = 100, kPitch = 104;
  std::unique_ptr<SimDriver> driver;
  const cuda::Driver *table;
  cuda::DevicePtr raw = 0;
};

} // namespace

TEST(SimTensorCopy, SwizzlesFillsWithZerosAndComesBack) {
  for (unsigned mode = 0; mode < 4; ++mode)
    for (auto [x, y] :
         {std::pair(0, 0), std::pair(88, 16), std::pair(-3, -2)}) {
      TileTest test;
      unsigned width = mode == 0 ? 64 : 8u << mode; // Elements of a row.
      cuda::TensorMap map, target;
      auto from = test.tensor(true), to = test.tensor(false);
      auto swizzle = cuda::TensorMapSwizzle(mode);
      ASSERT_EQ(test.encode(map, from, width, swizzle), DriverResult::Success);
      ASSERT_EQ(test.encode(target, to, width, swizzle), DriverResult::Success);
      ASSERT_EQ(test.run(tileKernel(kWait), map, target, width * 16, x, y),
                DriverResult::Success)
          << test.driver->lastFailure().error().render();
      std::vector<uint16_t> raw(width * 8);
      test.table->memcpyDtoH(raw.data(), test.raw, raw.size() * 2);
      std::vector<uint16_t> back(test.kRows * test.kPitch);
      test.table->memcpyDtoH(back.data(), to, back.size() * 2);
      for (unsigned row = 0; row < 8; ++row)
        for (unsigned column = 0; column < width; ++column) {
          int r = y + int(row), c = x + int(column);
          bool inside =
              r >= 0 && r < int(test.kRows) && c >= 0 && c < int(test.kColumns);
          unsigned index = unsigned(r) * test.kPitch + unsigned(c);
          uint16_t expected = inside ? uint16_t(index + 1) : 0;
          // Chunks of 8 elements are crossed with the 128-byte line's number.
          unsigned byte = (row * width + column) * 2;
          unsigned lines = mode == 0 ? 0 : byte / 128 % (1u << mode);
          unsigned place = byte ^ lines * 16;
          ASSERT_EQ(raw[place / 2], expected)
              << "mode " << mode << " row " << row << " column " << column;
          if (inside) {
            ASSERT_EQ(back[index], expected);
          }
        }
    }
}

TEST(SimTensorCopy, FindsMissingWaitsAndWrongMaps) {
  auto stopped = [](const std::string &wait, FaultKind kind, bool breakMap) {
    TileTest test;
    cuda::TensorMap map, target;
    test.encode(map, test.tensor(true), 64, cuda::TensorMapSwizzle::None);
    target = map;
    if (breakMap)
      map.words[0] ^= 1;
    EXPECT_NE(test.run(tileKernel(wait), map, target, 1024, 0, 0),
              DriverResult::Success);
    auto failure = test.driver->lastFailure();
    EXPECT_EQ(test.driver->device().lastFault().kind, kind)
        << failure.error().render();
  };
  stopped("", FaultKind::AsyncUse, false);
  stopped(kWait, FaultKind::Descriptor, true);
  stopped(std::string(kWait) + "add.s32 %r4, %r4, 16;\n"
                               "cp.async.bulk.tensor.2d.shared::cluster.global."
                               "mbarrier::complete_tx::bytes [%r4], [%rd2, "
                               "{%r2, %r3}], [%r5];\n",
          FaultKind::Misaligned, false);
}

TEST(SimTensorCopy, RefusesMapsThatTheDriverWouldRefuse) {
  TileTest test;
  cuda::TensorMap map;
  auto address = test.tensor(true);
  using Swizzle = cuda::TensorMapSwizzle;
  EXPECT_EQ(test.encode(map, address + 2, 64, Swizzle::None),
            DriverResult::InvalidValue);
  EXPECT_EQ(test.encode(map, address, 65, Swizzle::None),
            DriverResult::InvalidValue);
  EXPECT_EQ(test.encode(map, address, 512, Swizzle::None),
            DriverResult::InvalidValue);
  EXPECT_EQ(test.encode(map, address, 64, Swizzle::Bytes64),
            DriverResult::InvalidValue);
  EXPECT_EQ(test.encode(map, address, 64, Swizzle::Bytes128),
            DriverResult::Success);
}

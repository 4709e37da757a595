// The driver's table as the run time uses it.
#include "test/unit/sim/SimMachine.h"

#include "runtime/sim/driver/SimDriver.h"

using namespace llmc;
using namespace llmc::sim;
using cuda::DriverResult;
using enum cuda::DriverResult;

static std::unique_ptr<SimDriver> makeDriver() {
  DeviceOptions options;
  options.architecture = "sm_80";
  options.memoryBytes = 64 << 20;
  auto made = SimDriver::create(options);
  EXPECT_TRUE(made);
  return *std::move(made);
}

/// Adds `value` to each of 64 words.
static const char *const kAdd = R"(.version 7.0
.target sm_80
.address_size 64
.global .align 4 .u32 calls = 5;
.visible .entry add(.param .u64 p, .param .u32 value)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [p];
  ld.param.u32 %r1, [value];
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %rd2, %r2, 4;
  add.s64 %rd3, %rd1, %rd2;
  ld.global.u32 %r3, [%rd3];
  add.s32 %r3, %r3, %r1;
  st.global.u32 [%rd3], %r3;
  ret;
}
)";

struct DriverTest : testing::Test {
  std::unique_ptr<SimDriver> driver = makeDriver();
  const cuda::Driver &d = driver->table();
  cuda::Module module = nullptr;
  cuda::Function add = nullptr;
  cuda::DevicePtr words = 0;

  void SetUp() override {
    ASSERT_EQ(d.init(0), Success);
    ASSERT_EQ(d.moduleLoadDataEx(&module, kAdd, 0, nullptr, nullptr), Success);
    ASSERT_EQ(d.moduleGetFunction(&add, module, "add"), Success);
    ASSERT_EQ(d.memAlloc(&words, 256), Success);
    ASSERT_EQ(d.memsetD32Async(words, 1, 64, nullptr), Success);
  }
  DriverResult launch(uint32_t value, cuda::Stream stream = nullptr,
                      unsigned threads = 64) {
    void *arguments[] = {&words, &value};
    return d.launchKernel(add, 1, 1, 1, threads, 1, 1, 0, stream, arguments,
                          nullptr);
  }
  uint32_t word(unsigned i) {
    uint32_t value = 0;
    d.memcpyDtoH(&value, words + 4 * i, 4);
    return value;
  }
};

TEST_F(DriverTest, FillsTheWholeTable) {
#define LLMC_CUDA_FUNCTION(MEMBER, SYMBOL, PARAMETERS)                         \
  EXPECT_NE(d.MEMBER, nullptr) << #SYMBOL;
#include "runtime/cuda/DriverFunctions.def"
}

TEST_F(DriverTest, TellsWhatTheDeviceIs) {
  int count = 0, major = 0, shared = 0;
  cuda::Device device;
  EXPECT_EQ(d.deviceGetCount(&count), Success);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(d.deviceGet(&device, 0), Success);
  EXPECT_EQ(d.deviceGet(&device, 1), InvalidDevice);
  d.deviceGetAttribute(&major, cuda::DeviceAttribute::ComputeCapabilityMajor,
                       0);
  d.deviceGetAttribute(&shared,
                       cuda::DeviceAttribute::MaxSharedMemoryPerBlockOptin, 0);
  EXPECT_EQ(major, 8);
  EXPECT_EQ(shared, 163 << 10);
  char name[64];
  EXPECT_EQ(d.deviceGetName(name, sizeof name, 0), Success);
  EXPECT_STREQ(name, "simulated sm_80");
  const char *error = nullptr;
  EXPECT_EQ(d.getErrorName(IllegalAddress, &error), Success);
  EXPECT_STREQ(error, "CUDA_ERROR_ILLEGAL_ADDRESS");
}

TEST_F(DriverTest, LaunchesAndReadsBack) {
  EXPECT_EQ(launch(41), Success);
  EXPECT_EQ(word(0), 42u);
  EXPECT_EQ(word(63), 42u);
  cuda::DevicePtr calls = 0;
  size_t bytes = 0;
  EXPECT_EQ(d.moduleGetGlobal(&calls, &bytes, module, "calls"), Success);
  EXPECT_EQ(bytes, 4u);
  EXPECT_EQ(d.moduleGetGlobal(&calls, &bytes, module, "none"), NotFound);
  EXPECT_EQ(d.moduleUnload(module), Success);
  EXPECT_EQ(launch(1), InvalidContext);
}

TEST_F(DriverTest, ACapturedStreamIsReplayed) {
  cuda::Stream stream, side;
  cuda::Event fork, join;
  d.streamCreate(&stream, cuda::kStreamNonBlocking);
  d.streamCreate(&side, cuda::kStreamNonBlocking);
  d.eventCreate(&fork, cuda::kEventDisableTiming);
  d.eventCreate(&join, cuda::kEventDisableTiming);
  ASSERT_EQ(d.streamBeginCapture(stream, cuda::CaptureMode::ThreadLocal),
            Success);
  EXPECT_EQ(launch(10, stream), Success);
  d.eventRecord(fork, stream);
  d.streamWaitEvent(side, fork, 0);
  EXPECT_EQ(launch(100, side), Success);
  d.eventRecord(join, side);
  d.streamWaitEvent(stream, join, 0);
  EXPECT_EQ(d.streamSynchronize(stream), StreamCaptureUnsupported);
  cuda::Graph graph;
  ASSERT_EQ(d.streamEndCapture(stream, &graph), Success);
  EXPECT_EQ(word(0), 1u);
  cuda::GraphExec executable;
  ASSERT_EQ(d.graphInstantiate(&executable, graph, 0), Success);
  EXPECT_EQ(d.graphDestroy(graph), Success);
  EXPECT_EQ(d.graphLaunch(executable, stream), Success);
  EXPECT_EQ(d.graphLaunch(executable, stream), Success);
  EXPECT_EQ(word(5), 221u);
  EXPECT_EQ(launch(1, side), Success); // No longer captured.
  EXPECT_EQ(word(5), 222u);
  EXPECT_EQ(d.graphExecDestroy(executable), Success);
  EXPECT_EQ(d.graphExecDestroy(executable), InvalidContext);
}

TEST_F(DriverTest, AFaultHasACodeAndAReportAndBreaksTheContext) {
  EXPECT_EQ(launch(1, nullptr, 65), IllegalAddress);
  std::string report = driver->lastFailure().error().render();
  EXPECT_NE(report.find("kernel 'add'"), std::string::npos) << report;
  EXPECT_NE(report.find("thread (64,0,0)"), std::string::npos) << report;
  size_t kind = report.find("out-of-bounds access");
  EXPECT_NE(kind, std::string::npos) << report;
  EXPECT_EQ(report.find("out-of-bounds access", kind + 1), std::string::npos) << "said twice: " << report;
  EXPECT_EQ(d.ctxSynchronize(), IllegalAddress);
  EXPECT_EQ(launch(1), IllegalAddress);
}

TEST_F(DriverTest, RefusesShapesAndResourcesThatADeviceRefuses) {
  EXPECT_EQ(launch(1, nullptr, 2048), InvalidValue);
  void *arguments[] = {&words, &words};
  auto shared = [&](unsigned bytes) {
    return d.launchKernel(add, 1, 1, 1, 64, 1, 1, bytes, nullptr, arguments,
                          nullptr);
  };
  EXPECT_EQ(shared(64 << 10), LaunchOutOfResources);
  using Attribute = cuda::FunctionAttribute;
  EXPECT_EQ(
      d.funcSetAttribute(add, Attribute::MaxDynamicSharedSizeBytes, 1 << 20),
      InvalidValue);
  EXPECT_EQ(
      d.funcSetAttribute(add, Attribute::MaxDynamicSharedSizeBytes, 64 << 10),
      Success);
  EXPECT_EQ(shared(64 << 10), Success);
  int blocks = 0;
  EXPECT_EQ(d.occupancyMaxActiveBlocks(&blocks, add, 64, 64 << 10), Success);
  EXPECT_EQ(blocks, 2);
}

TEST_F(DriverTest, AModuleThatDoesNotLoadSaysWhyInTheLog) {
  char log[512] = {};
  cuda::JitOption options[] = {cuda::JitOption::ErrorLogBuffer,
                               cuda::JitOption::ErrorLogBufferSizeBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  cuda::Module bad;
  std::string text = kAdd;
  text.replace(text.find("add.s32"), 7, "wat.s32");
  EXPECT_EQ(d.moduleLoadDataEx(&bad, text.c_str(), 2, options, values),
            InvalidPtx);
  EXPECT_NE(std::string(log).find("unknown instruction 'wat.s32'"),
            std::string::npos)
      << log;
  EXPECT_EQ(d.moduleLoadDataEx(&bad, "\177ELF", 0, nullptr, nullptr),
            NoBinaryForGpu);
}

TEST_F(DriverTest, MapsPagesOnDemand) {
  size_t page = 0;
  cuda::MemAllocationProp properties;
  d.memGetAllocationGranularity(&page, &properties, cuda::Granularity::Minimum);
  cuda::DevicePtr base = 0;
  ASSERT_EQ(d.memAddressReserve(&base, 4 * page, 0, 0, 0), Success);
  cuda::MemHandle handle = 0;
  ASSERT_EQ(d.memCreate(&handle, page, &properties, 0), Success);
  EXPECT_EQ(d.memMap(base + page, page, 0, handle, 0), Success);
  cuda::MemAccessDesc access;
  EXPECT_EQ(d.memSetAccess(base + page, page, &access, 1), Success);
  EXPECT_EQ(d.memsetD8Async(base + page, 3, page, nullptr), Success);
  EXPECT_EQ(d.memsetD8Async(base, 3, 1, nullptr), InvalidValue);
  EXPECT_EQ(d.memUnmap(base + page, page), Success);
  EXPECT_EQ(d.memRelease(handle), Success);
  EXPECT_EQ(d.memAddressFree(base, 4 * page), Success);
  size_t free = 0, total = 0;
  d.memGetInfo(&free, &total);
  EXPECT_EQ(total, size_t(64) << 20);
  EXPECT_EQ(d.memCreate(&handle, 128 << 20, &properties, 0), OutOfMemory);
}

TEST_F(DriverTest, APinnedBufferAndEventsWork) {
  void *pinned = nullptr;
  ASSERT_EQ(d.memHostAlloc(&pinned, 256, 0), Success);
  cuda::Event begin, end;
  d.eventCreate(&begin, 0);
  d.eventCreate(&end, 0);
  d.eventRecord(begin, nullptr);
  EXPECT_EQ(d.memcpyDtoHAsync(pinned, words, 256, nullptr), Success);
  d.eventRecord(end, nullptr);
  EXPECT_EQ(d.eventSynchronize(end), Success);
  float milliseconds = -1;
  EXPECT_EQ(d.eventElapsedTime(&milliseconds, begin, end), Success);
  EXPECT_GE(milliseconds, 0);
  EXPECT_EQ(static_cast<uint32_t *>(pinned)[63], 1u);
  EXPECT_EQ(d.memFreeHost(pinned), Success);
  EXPECT_EQ(d.memFreeHost(pinned), InvalidValue);
}

TEST(SimDriver, IsAloneInItsProcess) {
  auto first = makeDriver();
  EXPECT_FALSE(SimDriver::create({}));
  first.reset();
  EXPECT_TRUE(SimDriver::create({}));
  DeviceOptions unknown;
  unknown.architecture = "sm_42";
  EXPECT_FALSE(SimDriver::create(unknown));
}

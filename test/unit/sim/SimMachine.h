/// A simulated device for tests: PTX text in, numbers out.
#ifndef LLMC_TEST_UNIT_SIM_SIMMACHINE_H
#define LLMC_TEST_UNIT_SIM_SIMMACHINE_H

#include "runtime/sim/driver/Device.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace llmc::sim {

/// The head of a module.
inline std::string ptxHeader(const std::string &target = "sm_90a") {
  return ".version 8.6\n.target " + target + "\n.address_size 64\n";
}

class SimMachine {
public:
  explicit SimMachine(const std::string &architecture = "sm_90a",
                      Checks checks = {}) {
    DeviceOptions options;
    options.architecture = architecture;
    options.checks = checks;
    options.instructionLimit = 1 << 26;
    auto made = Device::create(options);
    EXPECT_TRUE(made);
    device = *std::move(made);
  }

  /// The module stays loaded; a failure fails the test.
  /// With LLMC_PTX_DUMP=DIR the text also goes there, for `ptxas` to judge.
  LoadedModule *load(const std::string &ptx) {
    if (const char *folder = getenv("LLMC_PTX_DUMP")) {
      static int count = 0;
      std::ofstream(std::string(folder) + "/" + std::to_string(count++) +
                    ".ptx")
          << ptx;
    }
    auto loaded = device->load(ptx);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().render());
    if (!loaded)
      return nullptr;
    modules.push_back(*std::move(loaded));
    return modules.back().get();
  }
  /// Device memory with these values in it.
  template <typename T> uint64_t buffer(const std::vector<T> &values) {
    uint64_t bytes = values.size() * sizeof(T);
    uint64_t address = device->memory().allocate(std::max<uint64_t>(bytes, 1));
    EXPECT_NE(address, 0u);
    device->memory().copyIn(address, values.data(), bytes);
    return address;
  }
  /// Device memory that nothing has written.
  uint64_t scratch(uint64_t bytes) { return device->memory().allocate(bytes); }
  template <typename T>
  std::vector<T> readBack(uint64_t address, size_t count) {
    std::vector<T> values(count);
    EXPECT_TRUE(
        device->memory().copyOut(values.data(), address, count * sizeof(T)));
    return values;
  }
  /// Launches the only kernel of \p ptx with 64-bit arguments.
  Status run(const std::string &ptx, uint32_t blocks, uint32_t threads,
             std::vector<uint64_t> arguments, uint32_t dynamicShared = 0) {
    LoadedModule *module = load(ptx);
    if (!module)
      return Error{Code::BadPtx, "did not load", "", "", ""};
    std::vector<const void *> pointers;
    for (uint64_t &argument : arguments)
      pointers.push_back(&argument);
    Kernel &kernel = module->kernels().front();
    kernel.maxDynamicShared = dynamicShared;
    return device->launch(
        kernel, {{blocks, 1, 1}, {threads, 1, 1}, dynamicShared}, pointers);
  }

  std::unique_ptr<Device> device;
  std::vector<std::unique_ptr<LoadedModule>> modules;
};

/// Executes one instruction for each row of operands. \p text uses the
/// registers d, a, b, c (and predicates p, q); \p types are those of d, a, b, c
/// as .reg takes them. Values are bits.
inline std::vector<uint64_t>
runInstruction(const std::string &text, std::vector<std::string> types,
               const std::vector<std::vector<uint64_t>> &rows,
               const std::string &target = "sm_90a") {
  const char *names = "dabc";
  auto widthOf = [](const std::string &type) {
    return std::string(type.find("16") != std::string::npos   ? "16"
                       : type.find("64") != std::string::npos ? "64"
                                                              : "32");
  };
  std::string ptx = ptxHeader(target) +
                    ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n"
                    ".reg .pred p, q;\n.reg .b32 tid, t;\n"
                    ".reg .b64 base, offset, result, address;\n";
  for (size_t i = 0; i < types.size(); ++i)
    ptx += ".reg ." + types[i] + " " + names[i] + ";\n";
  ptx += "ld.param.u64 base, [in];\nld.param.u64 result, [out];\n"
         "mov.u32 tid, %tid.x;\nmul.wide.u32 offset, tid, 32;\n"
         "add.u64 base, base, offset;\nmul.wide.u32 offset, tid, 8;\n"
         "add.u64 result, result, offset;\n"
         "setp.ne.u32 q, tid, tid;\nsetp.ne.u32 p, tid, tid;\n";
  for (size_t i = 1; i < types.size(); ++i)
    ptx += "ld.global.b" + widthOf(types[i]) + " " + names[i] + ", [base+" +
           std::to_string(8 * (i - 1)) + "];\n";
  ptx +=
      text + "\nst.global.b" + widthOf(types[0]) + " [result], d;\nret;\n}\n";
  SimMachine machine(target);
  std::vector<uint64_t> in;
  for (const auto &row : rows)
    for (size_t i = 0; i < 4; ++i)
      in.push_back(i < row.size() ? row[i] : 0);
  uint64_t input = machine.buffer(in);
  uint64_t output = machine.buffer(std::vector<uint64_t>(rows.size()));
  auto done = machine.run(ptx, 1, uint32_t(rows.size()), {input, output});
  EXPECT_TRUE(done) << (done ? "" : done.error().render());
  return machine.readBack<uint64_t>(output, rows.size());
}

inline uint64_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }
inline uint64_t bitsOf(double value) { return std::bit_cast<uint64_t>(value); }
inline float floatOf(uint64_t bits) {
  return std::bit_cast<float>(uint32_t(bits));
}

} // namespace llmc::sim

#endif // LLMC_TEST_UNIT_SIM_SIMMACHINE_H

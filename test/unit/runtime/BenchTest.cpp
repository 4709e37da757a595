#include "runtime/cpu/CpuLevel.h"
#include "runtime/verbs/BenchMeasure.h"
#include "runtime/verbs/EnergyMeter.h"
#include "test/unit/runtime/FakeBinary.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

using namespace llmc;
using namespace llmc::test;

namespace {

/// A folder as Linux's power capping has it.
class Counters : public ::testing::Test {
protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() /
             ("llmc-rapl-" + std::to_string(::getpid()));
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void set(int zone, const std::string &name, uint64_t energy, uint64_t range = 0) {
    std::filesystem::path zoneFolder = folder / ("intel-rapl:" + std::to_string(zone));
    std::filesystem::create_directories(zoneFolder);
    std::ofstream(zoneFolder / "name") << name << "\n";
    std::ofstream(zoneFolder / "energy_uj") << energy << "\n";
    if (range > 0)
      std::ofstream(zoneFolder / "max_energy_range_uj") << range << "\n";
  }
  std::filesystem::path folder;
};

/// The rows of comma-separated values in quotes.
std::vector<std::vector<std::string>> csvRows(const std::string &text) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (char c : text)
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      rows.back().push_back("");
    else if (c == '\n')
      rows.push_back({""});
    else
      rows.back().back() += c;
  rows.pop_back();
  return rows;
}

std::string cell(const std::vector<std::vector<std::string>> &rows, size_t row,
                 const std::string &name) {
  for (size_t i = 0; i < rows[0].size(); ++i)
    if (rows[0][i] == name)
      return rows[row].at(i);
  return "no " + name;
}

double numberBehind(const std::string &json, const std::string &key) {
  size_t at = json.find("\"" + key + "\":");
  return at == json.npos ? -1 : std::stod(json.substr(at + key.size() + 3));
}

} // namespace

TEST_F(Counters, OfSeveralPackagesAreSummed) {
  set(0, "package-0", 1000000, 9000000);
  set(1, "package-1", 5000000, 9000000);
  EnergyMeter meter(folder);
  set(0, "package-0", 2500000);
  set(1, "package-1", 5500000);
  meter.sample();
  ASSERT_TRUE(meter.joules()) << meter.whyNot();
  EXPECT_DOUBLE_EQ(*meter.joules(), 2.0);
}

TEST_F(Counters, ThatBeginAnewGoOnFromTheirRange) {
  set(0, "package-0", 8000000, 9000000);
  EnergyMeter meter(folder);
  for (uint64_t energy : {500000, 7000000, 100000}) {
    set(0, "package-0", energy);
    meter.sample();
  }
  // 1.5 to begin anew, 6.5 up, 2.1 to begin anew.
  EXPECT_DOUBLE_EQ(meter.joules().value_or(-1), 10.1) << meter.whyNot();
}

TEST_F(Counters, ThatBeginAnewWithoutARangeSaySo) {
  set(0, "package-0", 8000000);
  EnergyMeter meter(folder);
  set(0, "package-0", 500000);
  meter.sample();
  EXPECT_FALSE(meter.joules());
  EXPECT_NE(meter.whyNot().find("range"), std::string::npos) << meter.whyNot();
}

TEST_F(Counters, OfTheWholePlatformAreNotCountedBesideItsPackages) {
  set(0, "psys", 0, 9000000);
  set(1, "package-0", 0, 9000000);
  EnergyMeter meter(folder);
  set(0, "psys", 5000000);
  set(1, "package-0", 2000000);
  meter.sample();
  EXPECT_DOUBLE_EQ(meter.joules().value_or(-1), 2.0);
}

TEST_F(Counters, ThatAreMissingOrUnreadableAreTold) {
  EXPECT_EQ(EnergyMeter(folder).whyNot(), "the system shows no RAPL counters");
  set(0, "package-0", 0, 9000000);
  std::filesystem::resize_file(folder / "intel-rapl:0/energy_uj", 0);
  EnergyMeter meter(folder);
  EXPECT_EQ(meter.whyNot(), "RAPL cannot be read");
  EXPECT_FALSE(meter.joules());
}

TEST(Spread, TellsMedianAndExtremes) {
  Spread spread;
  for (double number : {5.0, 1.0, 4.0})
    spread.add(number);
  EXPECT_EQ(spread.median(), 4);
  spread.add(2);
  EXPECT_EQ(spread.median(), 3);
  EXPECT_EQ(spread.least(), 1);
  EXPECT_EQ(spread.most(), 5);
}

TEST(Bench, PercentilesAreOfAllSteps) {
  BenchResult result;
  for (int i = 101; i > 0; --i)
    result.stepTimes.push_back(i);
  EXPECT_EQ(result.percentile(0.5), 51);
  EXPECT_EQ(result.percentile(0.99), 100);
  EXPECT_EQ(result.percentile(1), 101);
}

TEST(MatrixRate, IsThatOfTheInstructionsThatKernelsOfALevelUse) {
  auto pool = ThreadPool::create(1);
  ASSERT_TRUE(bool(pool));
  const CpuFeatures &cpu = cpuFeatures();
  struct Case {
    bool supported;
    const char *level, *how;
    ElementType type;
  } const cases[] = {{cpu.v3, "x86-64-v3", "f32 FMA in registers, AVX2", ElementType::F32},
                     {cpu.v4, "x86-64-v4", "f32 FMA in registers, AVX-512", ElementType::BF16},
                     {cpu.amxBf16, "x86-64-amx", "f32 FMA in registers, AVX-512", ElementType::F32},
                     {cpu.amxBf16, "x86-64-amx", "f32 FMA in registers, AVX-512", ElementType::F16},
                     {cpu.amxBf16, "x86-64-amx", "bf16 products of AMX tiles in registers",
                      ElementType::BF16},
                     {cpu.amxFp16, "x86-64-amx-fp16", "bf16 products of AMX tiles in registers",
                      ElementType::BF16},
                     {cpu.amxFp16, "x86-64-amx-fp16",
                      "bf16 products of AMX tiles in registers, as fast as f16", ElementType::F16}};
  for (const Case &each : cases) {
    if (!each.supported)
      continue;
    MatrixRate rate = matrixRate(**pool, each.level, each.type);
    EXPECT_EQ(rate.how, each.how);
    EXPECT_GT(rate.operationsPerSecond, 0) << each.how;
  }
  EXPECT_EQ(matrixRate(**pool, "m68k", ElementType::F32).operationsPerSecond, 0);
  if (!cpu.amxBf16)
    GTEST_SKIP() << "all but AMX: this CPU has none";
}

TEST(Bench, CountsWhatTheScheduleSays) {
  // Of FakeModel: 60 a row, 2 layers of 32 a row and position within
  // 7 positions; 15 parameters.
  Binary program;
  std::string json = program.run("bench -r 1 -p 10 -n 4 -b 2 --chunk=3 --json").out;
  EXPECT_EQ(numberBehind(json, "parameters"), 15) << json;
  std::string prompt = json.substr(json.find("\"prompt\":")), decode = json.substr(json.find("\"decode\":"));
  // Ten rows see 1 + 2 + … + 7 + 3 * 7 positions.
  EXPECT_DOUBLE_EQ(numberBehind(prompt, "flopPerToken"), (49 * 2 * 32 + 10 * 60) / 10.0) << json;
  EXPECT_DOUBLE_EQ(numberBehind(decode, "flopPerToken"), 7 * 2 * 32 + 60) << json;
  // A number of the weights for both sequences; 7 positions of 16 keys and 16
  // values in two layers for each.
  EXPECT_DOUBLE_EQ(numberBehind(decode, "weightBytesPerToken"), 2) << json;
  EXPECT_DOUBLE_EQ(numberBehind(decode, "cacheBytesPerToken"), 7 * 32 * 4 * 2) << json;
  EXPECT_GT(numberBehind(json, "matrixFlopPerSecond"), 0) << json;
  EXPECT_GT(numberBehind(decode, "bandwidthShare"), 0) << json;
}

TEST(Bench, IsRefusedBeforehandWhereMemoryLacks) {
  Binary program;
  // More pages than there are numbers; page tables beyond memory; pages beyond it.
  for (const char *words : {"-b 9223372036854775807", "-b 500000000", "-b 20000000 -p 190 -n 10"}) {
    Outcome outcome = program.run(std::string("bench ") + words);
    EXPECT_EQ(outcome.exit, 69) << words << outcome.err;
    EXPECT_NE(outcome.err.find("LLMC-E503"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  Outcome runs = program.run("bench -r 1000001");
  EXPECT_EQ(runs.exit, 2);
  EXPECT_NE(runs.err.find("--repeat=1000001"), std::string::npos) << runs.err;
}

TEST(Bench, TellsMemoryBeforehandAndItsPeakAfterwards) {
  Binary program;
  // Three pages a sequence, each of 64 positions, two layers, 32 floats.
  double cache = 300.0 * 3 * 64 * 2 * 32 * 4;
  Outcome outcome = program.run("bench -b 300 -p 150 -n 5 -r 1 --json -v");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("bench of 300 sequences of 155 positions, 1 run and one to warm up; 14."),
            std::string::npos)
      << outcome.err;
  double peak = numberBehind(outcome.out, "peakMemoryBytes");
  EXPECT_GT(peak, cache) << outcome.out;
  EXPECT_LT(peak, cache + (32 << 20)) << outcome.out;
  EXPECT_NE(outcome.out.find("\"peakMemoryCounts\":\"RssAnon + RssShmem"), std::string::npos);
}

TEST(Bench, SaysWhyThereIsNoEnergyInEveryFormat) {
  Binary program;
  for (const char *format : {"text", "json", "csv", "table"}) {
    std::string told = program.run(std::string("bench -r 1 -p 7 -n 5 --format=") + format).out;
    std::string json = program.run("bench -r 1 -p 7 -n 5 --json").out;
    bool measured = json.find("joulesPerToken") != std::string::npos;
    std::string why = EnergyMeter().whyNot();
    EXPECT_EQ(measured, why.empty());
    EXPECT_NE(told.find(measured ? "J" : why), std::string::npos) << told;
  }
}

TEST(PeakMemory, KeepsWhatWasGivenBackSince) {
  PeakMemory peak;
  uint64_t before = peak.bytes();
  {
    std::vector<char> block(48 << 20, 1);
    ::usleep(50000);
    EXPECT_EQ(block[1000], 1);
  }
  peak.pause();
  // The system counts in batches of some hundred KiB.
  EXPECT_GT(peak.bytes(), before + (40 << 20));
  uint64_t most = peak.bytes();
  peak.sample();
  EXPECT_EQ(peak.bytes(), most);
}

TEST(Bench, CsvHasANumberForEachMeasureOfPromptAndDecode) {
  Binary program;
  auto rows = csvRows(program.run("bench -r 2 -p 7 -n 5 -b 2 --csv").out);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].size(), rows[0].size());
  EXPECT_EQ(rows[2].size(), rows[0].size());
  for (const char *name : {"size", "params", "threads", "batch", "tokens/s", "least", "most",
                           "FLOP/s", "FLOP/token", "bytes/token", "limit", "of limit",
                           "peak memory bytes (RssAnon + RssShmem)"})
    for (size_t row : {1, 2})
      EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(cell(rows, row, name)[0])))
          << name << ": " << cell(rows, row, name);
  for (const char *name : {"p50 ms", "p90 ms", "p99 ms"}) {
    EXPECT_EQ(cell(rows, 1, name), "");
    EXPECT_GT(std::stod(cell(rows, 2, name)), 0) << name;
  }
  EXPECT_GT(std::stod(cell(rows, 1, "first ms")), 0);
  EXPECT_EQ(cell(rows, 1, "test"), "pp7");
  EXPECT_EQ(cell(rows, 2, "test"), "tg5");
}

TEST(Bench, TableHasPercentilesAndLinesOfOneWidth) {
  Binary program;
  std::string table = program.run("bench -r 1 -p 7 -n 5 --format=table").out;
  EXPECT_NE(table.find("| p50 ms | p90 ms | p99 ms |"), std::string::npos) << table;
  std::vector<long> bars;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);)
    bars.push_back(std::count(line.begin(), line.end(), '|'));
  EXPECT_EQ(bars, std::vector<long>(4, bars.at(0))) << table;
}

TEST(Bench, TextSaysHowLimitsWereMeasuredAndWhyEnergyWasNot) {
  Binary program;
  std::string text = program.run("bench -r 1 -p 7 -n 5").out;
  for (const char *part : {"of the matrix rate\n", "FLOP/s (f32 FMA in registers, AVX2)\n",
                           "of the read bandwidth\n", "GB/s over ", "parameters               15\n",
                           "energy  "})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

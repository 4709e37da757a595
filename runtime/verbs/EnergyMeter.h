/// The energy of the CPU's packages, as their RAPL counters tell it.
#ifndef LLMC_RUNTIME_VERBS_ENERGYMETER_H
#define LLMC_RUNTIME_VERBS_ENERGYMETER_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llmc {

/// Adds up what the packages took since it began. A counter begins anew at its
/// range, some minutes of full load on a server: sample() must be called more
/// often than that.
class EnergyMeter {
public:
  /// Finds the packages below \p folder, that of Linux's power capping.
  explicit EnergyMeter(std::string folder = "/sys/class/powercap");

  void sample();
  /// None where whyNot() says so.
  std::optional<double> joules() const;
  const std::string &whyNot() const { return reason; }

private:
  struct Package {
    std::string counter; // its file
    uint64_t range = 0;  // the counter's largest value, µJ; 0: not told
    uint64_t last = 0;   // µJ
  };
  std::optional<uint64_t> read(const std::string &file);

  std::vector<Package> packages;
  uint64_t microjoules = 0;
  std::string reason;
};

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_ENERGYMETER_H

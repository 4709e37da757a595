#include "runtime/verbs/EnergyMeter.h"

#include <cstdio>
#include <unistd.h>

namespace llmc {

namespace {

/// The first word of a file; empty where there is none.
std::string wordOf(const std::string &path) {
  char word[64] = "";
  if (FILE *file = std::fopen(path.c_str(), "r")) {
    if (std::fscanf(file, "%63s", word) != 1)
      word[0] = 0;
    std::fclose(file);
  }
  return word;
}

} // namespace

EnergyMeter::EnergyMeter(std::string folder) {
  for (int zone = 0;; ++zone) {
    std::string path = folder + "/intel-rapl:" + std::to_string(zone);
    if (::access(path.c_str(), F_OK) != 0)
      break;
    // Beside the packages there may be the whole platform, which holds them.
    if (!wordOf(path + "/name").starts_with("package"))
      continue;
    Package package{path + "/energy_uj", 0, 0};
    package.range = read(path + "/max_energy_range_uj").value_or(0);
    std::optional<uint64_t> now = read(package.counter);
    if (!now) {
      reason = ::access(package.counter.c_str(), R_OK) != 0
                   ? "RAPL may be read by root only"
                   : "RAPL cannot be read";
      return;
    }
    package.last = *now;
    packages.push_back(package);
  }
  if (packages.empty())
    reason = "the system shows no RAPL counters";
}

std::optional<uint64_t> EnergyMeter::read(const std::string &path) {
  FILE *file = std::fopen(path.c_str(), "r");
  if (!file)
    return std::nullopt;
  unsigned long long number = 0;
  int count = std::fscanf(file, "%llu", &number);
  std::fclose(file);
  return count == 1 ? std::optional<uint64_t>(number) : std::nullopt;
}

void EnergyMeter::sample() {
  for (Package &package : packages) {
    std::optional<uint64_t> now = read(package.counter);
    if (!now) {
      reason = "RAPL stopped to answer";
      return;
    }
    if (*now >= package.last) {
      microjoules += *now - package.last;
    } else if (package.range >= package.last) {
      microjoules += package.range - package.last + *now;
    } else {
      reason = "a RAPL counter began anew and does not tell its range";
      return;
    }
    package.last = *now;
  }
}

std::optional<double> EnergyMeter::joules() const {
  if (!reason.empty())
    return std::nullopt;
  return static_cast<double>(microjoules) / 1e6;
}

} // namespace llmc

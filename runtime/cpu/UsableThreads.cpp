#include "runtime/cpu/ThreadPool.h"

#include <algorithm>
#include <cstdio>
#include <sched.h>
#include <string>

namespace llmc {

namespace {

/// The first \p capacity bytes of a small file of the system; empty if there
/// is none.
std::string readSmall(const std::string &path, size_t capacity = 4096) {
  std::string text(capacity, '\0');
  FILE *file = std::fopen(path.c_str(), "re");
  if (!file)
    return {};
  text.resize(std::fread(text.data(), 1, capacity, file));
  std::fclose(file);
  return text;
}

/// ceil(quota / period) of the first line of a cpu.max; 0 where unlimited.
unsigned quotaOf(const std::string &text) {
  long quota = 0, period = 0;
  if (std::sscanf(text.c_str(), "%ld %ld", &quota, &period) != 2 ||
      quota <= 0 || period <= 0)
    return 0;
  return static_cast<unsigned>((quota + period - 1) / period);
}

/// The least CPU quota of the process's cgroups; 0 where there is none.
unsigned cgroupQuota() {
  unsigned least = 0;
  auto take = [&](unsigned quota) {
    if (quota > 0)
      least = least == 0 ? quota : std::min(least, quota);
  };
  // Version 2: the line `0::/path`; every level up to the root may limit.
  std::string groups = readSmall("/proc/self/cgroup");
  if (size_t at = groups.find("0::"); at != std::string::npos) {
    std::string path = groups.substr(at + 3, groups.find('\n', at) - at - 3);
    for (;;) {
      take(quotaOf(readSmall("/sys/fs/cgroup" + path + "/cpu.max")));
      size_t slash = path.rfind('/');
      if (slash == std::string::npos)
        break;
      path.resize(slash);
    }
  }
  // Version 1, as containers show it.
  std::string quota = readSmall("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::string period = readSmall("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (!quota.empty() && !period.empty()) {
    std::replace(quota.begin(), quota.end(), '\n', ' ');
    take(quotaOf(quota + period));
  }
  return least;
}

/// Cores in the affinity mask: of the hardware threads of one core, the first
/// that is in the mask counts. Kernels fill the vector units; a second thread
/// on a core only adds traffic.
unsigned affinityCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  unsigned cores = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set))
      continue;
    std::string siblings =
        readSmall("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                  "/topology/thread_siblings_list");
    // `0,64` or `0-1`: the number in front is the least of them.
    int first = cpu;
    if (std::sscanf(siblings.c_str(), "%d", &first) == 1 && first >= 0 &&
        first < cpu && CPU_ISSET(first, &set))
      continue;
    ++cores;
  }
  return std::max(cores, 1u);
}

} // namespace

unsigned usableThreads() {
  static const unsigned threads = [] {
    unsigned cores = affinityCores();
    unsigned quota = cgroupQuota();
    return quota > 0 ? std::min(cores, quota) : cores;
  }();
  return threads;
}

} // namespace llmc

#include "runtime/cache/AvailableMemory.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace llmc {

namespace {

/// Reads a small file of the system into \p text without allocating, because
/// this is asked for during decoding.
bool readText(const char *path, char (&text)[4096]) {
  int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  ssize_t count = ::read(file, text, sizeof text - 1);
  ::close(file);
  text[count > 0 ? count : 0] = '\0';
  return count > 0;
}

/// The number in a file that holds nothing else; -1 for `max` or no file.
int64_t numberIn(const char *path) {
  char text[4096];
  if (!readText(path, text))
    return -1;
  char *end = text;
  long long number = std::strtoll(text, &end, 10);
  return end == text ? -1 : number;
}

/// What the limit of the process's memory cgroup leaves. Cached files count as
/// used there although they can be dropped, so they are added back.
int64_t cgroupLeft() {
  const char *limits[] = {"/sys/fs/cgroup/memory.max",
                          "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
  const char *uses[] = {"/sys/fs/cgroup/memory.current",
                        "/sys/fs/cgroup/memory/memory.usage_in_bytes"};
  const char *details[] = {"/sys/fs/cgroup/memory.stat",
                           "/sys/fs/cgroup/memory/memory.stat"};
  for (int version = 0; version < 2; ++version) {
    int64_t limit = numberIn(limits[version]);
    int64_t use = numberIn(uses[version]);
    if (limit < 0 || use < 0)
      continue;
    int64_t left = std::max<int64_t>(limit - use, 0);
    char text[4096];
    if (readText(details[version], text))
      if (const char *line = std::strstr(text, "inactive_file "))
        left += std::strtoll(line + 14, nullptr, 10);
    return left;
  }
  return INT64_MAX;
}

} // namespace

int64_t availableMemory() {
  int64_t available = INT64_MAX;
  char text[4096];
  if (readText("/proc/meminfo", text))
    if (const char *line = std::strstr(text, "MemAvailable:"))
      available = std::strtoll(line + 13, nullptr, 10) * 1024;
  return std::min(available, cgroupLeft());
}

} // namespace llmc

#include "runtime/verbs/PeakMemory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace llmc {

namespace {

/// The number of `NAME: 123 kB` in \p text, in bytes; 0 where there is none.
uint64_t field(const char *text, const char *name) {
  const char *line = std::strstr(text, name);
  return line ? std::strtoull(line + std::strlen(name), nullptr, 10) * 1024 : 0;
}

} // namespace

PeakMemory::PeakMemory() : status(::open("/proc/self/status", O_RDONLY | O_CLOEXEC)) {
  sample();
  watching = status >= 0 && ::pthread_create(&thread, nullptr, watch, this) == 0;
}

PeakMemory::~PeakMemory() {
  pause();
  if (status >= 0)
    ::close(status);
}

void PeakMemory::pause() {
  if (!watching)
    return;
  ends = true;
  ::pthread_join(thread, nullptr);
  watching = false;
}

void PeakMemory::sample() {
  char text[4096];
  ssize_t count = status < 0 ? 0 : ::pread(status, text, sizeof text - 1, 0);
  text[std::max<ssize_t>(count, 0)] = '\0';
  uint64_t now = field(text, "\nRssAnon:") + field(text, "\nRssShmem:"), before = most;
  while (now > before && !most.compare_exchange_weak(before, now))
    continue;
}

void *PeakMemory::watch(void *self) {
  auto &peak = *static_cast<PeakMemory *>(self);
  while (!peak.ends) {
    peak.sample();
    ::usleep(1000);
  }
  return nullptr;
}

} // namespace llmc

#include "runtime/verbs/Console.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace llmc {

Status print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0)
    return Status::ok();
  return Error{Code::CannotWrite, "cannot write the answer", "stdout",
               std::strerror(errno),
               "free space, or look at what reads the answer"};
}

void report(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void keepStandardFiles() {
  // In ascending order: open() takes the lowest number that is free.
  for (int file = 0; file < 3; ++file)
    if (::fcntl(file, F_GETFD) == -1)
      (void)::open("/dev/null", O_RDONLY);
}

bool stderrIsTerminal() { return ::isatty(2) == 1; }

int64_t monotonicNow() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

std::string formatReal(double number, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, number);
  return text;
}

std::string formatBytes(uint64_t bytes) {
  constexpr const char *units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  double number = static_cast<double>(bytes);
  size_t unit = 0;
  for (; number >= 1024 && unit + 1 < std::size(units); ++unit)
    number /= 1024;
  return formatReal(number, unit == 0 ? 0 : number < 10 ? 2 : 1) + units[unit];
}

} // namespace llmc

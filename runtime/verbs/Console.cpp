#include "runtime/verbs/Console.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <new>
#include <unistd.h>

namespace llmc {

namespace {
std::atomic<bool> interruptFlag = false;
static_assert(std::atomic<bool>::is_always_lock_free);
} // namespace

Status print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0)
    return Status::ok();
  return Error{Code::CannotWrite, "cannot write the answer", "stdout",
               std::strerror(errno), ""};
}

void report(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool stderrIsTerminal() { return ::isatty(2) == 1; }

void catchInterrupt() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interruptFlag = true; };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
}

namespace {

/// Ends the process from a handler, where little may be called.
template <size_t size> [[noreturn]] void die(const char (&text)[size], Exit exit) {
  if (::write(2, text, size - 1) < 0)
    ::_exit(static_cast<int>(Exit::Internal));
  ::_exit(static_cast<int>(exit));
}

} // namespace

void explainFatalEvents() {
  std::set_new_handler([] {
    die("error: not enough memory [LLMC-E503]\n", Exit::Unavailable);
  });
  struct sigaction action = {};
  action.sa_handler = [](int) {
    die("error: a mapped file was cut short while it was read [LLMC-E702]\n",
        Exit::IoError);
  };
  ::sigaction(SIGBUS, &action, nullptr);
}

bool interrupted() { return interruptFlag; }

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

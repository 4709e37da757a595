#include "tools/llmc/Signals.h"

#include "runtime/verbs/Failure.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace llmc {

namespace {

pid_t mainProcess;
bool debug;
/// Made beforehand: a handler may not allocate.
std::string crashText, crashJson, stopText, stopJson[2]; // SIGINT, SIGTERM
/// A crash may be a stack overflow, so its handler has a stack of its own.
alignas(16) char handlerStack[1 << 16];

void writeAll(const char *text, size_t size, int file = 2) {
  while (size > 0) {
    ssize_t count = ::write(file, text, size);
    if (count <= 0)
      return;
    text += count;
    size -= static_cast<size_t>(count);
  }
}

void dieByDefault(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void onCrash(int signal) {
  if (::getpid() != mainProcess)
    return dieByDefault(signal);
  // Not async-signal-safe, so it may crash again: for developers only.
  if (debug) {
    std::signal(signal, SIG_DFL);
    llvm::sys::RunSignalHandlers();
  }
  writeAll(crashText.data(), crashText.size());
  writeAll(crashJson.data(), crashJson.size(), 1);
  ::_exit(70);
}

void onFatalError(void *, const char *reason, bool) {
  if (::getpid() != mainProcess) {
    writeAll(reason, std::strlen(reason));
    writeAll("\n", 1);
    ::_exit(70);
  }
  writeAll("LLVM: ", 6);
  writeAll(reason, std::strlen(reason));
  writeAll("\n", 1);
  writeAll(crashText.data(), crashText.size());
  writeAll(crashJson.data(), crashJson.size(), 1);
  ::_exit(70);
}

void onStop(int signal) {
  if (::getpid() != mainProcess)
    return dieByDefault(signal);
  // A model.bin that is being written has no name yet; files that LLVM writes
  // are removed here.
  llvm::sys::RunInterruptHandlers();
  if (::isatty(2) == 1)
    writeAll("\r\x1b[K", 4);
  writeAll(stopText.data(), stopText.size());
  const std::string &json = stopJson[signal == SIGTERM];
  writeAll(json.data(), json.size(), 1);
  ::_exit(128 + signal);
}

void install(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, nullptr);
}

/// A word as a shell takes it.
std::string quoted(const std::string &word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                             "XYZ0123456789-_./=,:+@") == std::string::npos)
    return word;
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

} // namespace

void installSignalHandlers(int argc, char **argv) {
  mainProcess = ::getpid();
  debug = std::getenv("LLMC_DEBUG") != nullptr;
  crashText = "error: llmc crashed: this is a defect of llmc, not of your "
              "model [LLMC-E900]\n  try: please report it with this command "
              "line, and with the output under LLMC_DEBUG=1:\n      ";
  for (int i = 0; i < argc; ++i)
    (crashText += ' ') += quoted(argv[i]);
  crashText += "\n";
  Error stopped = interruptedError();
  stopText = stopped.render();
  std::vector<std::string_view> words(argv + (argc > 0), argv + argc);
  if (wantsJson(words)) {
    crashJson = errorJson({Code::Internal, "llmc crashed", "",
                           "this is a defect of llmc, not of your model",
                           "please report it with this command line, and with "
                           "the output under LLMC_DEBUG=1"},
                          70);
    for (int i : {0, 1})
      stopJson[i] = errorJson(stopped, 128 + (i ? SIGTERM : SIGINT));
  }

  // Whenever LLVM first notes a file to remove it installs handlers of its own,
  // once: that shall happen before ours.
  llvm::sys::PrintStackTraceOnErrorSignal(argc > 0 ? argv[0] : "llmc", true);
  llvm::install_fatal_error_handler(onFatalError);
  stack_t stack = {};
  stack.ss_sp = handlerStack;
  stack.ss_size = sizeof handlerStack;
  ::sigaltstack(&stack, nullptr);
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    install(signal, onCrash, SA_ONSTACK | SA_NODEFER);
  // A file that may not grow is then an error like a full disk.
  install(SIGXFSZ, SIG_IGN, 0);
  for (int signal : {SIGINT, SIGTERM}) {
    // Whoever started llmc may have asked that it goes on (nohup, `&`).
    struct sigaction before = {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN)
      install(signal, onStop, 0);
  }
}

} // namespace llmc

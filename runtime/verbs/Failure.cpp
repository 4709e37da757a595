#include "runtime/verbs/Failure.h"

#include "runtime/support/Json.h"
#include "runtime/support/OutputFile.h"
#include "runtime/verbs/Console.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <new>
#include <unistd.h>

namespace llmc {

namespace {

/// The text with the words that lead the eye in colour.
std::string coloured(const std::string &text) {
  std::string out;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = std::min(text.find('\n', start), text.size() - 1);
    std::string line = text.substr(start, end + 1 - start);
    for (std::string_view label : {"error:", "  at:", "  why:", "  try:"})
      if (line.starts_with(label)) {
        line.insert(label.size(), "\x1b[0m");
        line.insert(0, label == "error:" ? "\x1b[1;31m" : "\x1b[1m");
        break;
      }
    out += line;
    start = end + 1;
  }
  return out;
}

// What handlers read: made beforehand, because they may not allocate.
struct Ending {
  std::string text, json;
  int exit = 0;
};
Ending stopEndings[3], memoryEnding, cutEnding, crashEnding;
/// Ctrl-C, a polite end, and the terminal's end.
constexpr int stopSignals[] = {SIGINT, SIGTERM, SIGHUP};
std::atomic<bool> deferred = false;
std::atomic<int> pending = 0; // The signal that was deferred.
static_assert(std::atomic<int>::is_always_lock_free);
/// A crash may be a stack overflow, so its handler has a stack of its own.
alignas(16) char handlerStack[1 << 14];

void writeAll(int file, const std::string &text) {
  for (size_t done = 0; done < text.size();) {
    ssize_t count = ::write(file, text.data() + done, text.size() - done);
    if (count <= 0)
      return;
    done += static_cast<size_t>(count);
  }
}

std::atomic<void (*)()> lastCall = nullptr;
static_assert(std::atomic<void (*)()>::is_always_lock_free);

void leaveInOrder() {
  if (auto function = lastCall.load())
    function();
  OutputFile::removeUnfinished();
}

[[noreturn]] void end(const Ending &ending) {
  leaveInOrder();
  writeAll(2, ending.text);
  writeAll(1, ending.json);
  ::_exit(ending.exit);
}

void onStop(int signal) {
  int none = 0;
  if (deferred && pending.compare_exchange_strong(none, signal))
    return;
  end(stopEndings[signal == SIGTERM ? 1 : signal == SIGHUP ? 2 : 0]);
}

/// Ends as if nobody had caught it: a core for Ctrl-\, silence for a pipe that
/// nobody reads. The signal is blocked until this returns, and default then.
void onOtherEnd(int signal) {
  leaveInOrder();
  ::raise(signal);
}

void install(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, nullptr);
}

/// Whether nobody chose what the signal does.
bool isDefault(int signal) {
  struct sigaction action = {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

Ending endingOf(const Error &error, int exit, bool json) {
  return {error.render(), json ? errorJson(error, exit) : "", exit};
}

} // namespace

std::string errorJson(const Error &error, int exit) {
  JsonWriter out;
  out.beginObject().member("version", 1).key("error").beginObject();
  out.member("code", codeName(error.code))
      .member("exit", exit)
      .member("title", codeInfo(error.code).title)
      .member("what", error.what)
      .member("where", error.where)
      .member("why", error.why)
      .member("fix", error.advice());
  return out.end().end().text() + "\n";
}

int fail(const Error &error, bool json) {
  int exit = static_cast<int>(error.exit());
  if (error.code == Code::Interrupted && pending)
    exit = 128 + pending;
  const char *noColour = std::getenv("NO_COLOR");
  bool colour = stderrIsTerminal() && !(noColour && *noColour);
  report(colour ? coloured(error.render()) : error.render());
  // A second failure, of stdout, has nobody to tell.
  if (json)
    (void)static_cast<bool>(print(errorJson(error, exit)));
  return exit;
}

bool wantsJson(std::span<const std::string_view> words) {
  for (std::string_view word : words) {
    if (word == "--")
      return false;
    if (word == "--json" || word == "--json=true" || word == "--json=1")
      return true;
  }
  return false;
}

Error interruptedError() {
  return {Code::Interrupted, "interrupted", "", "", ""};
}

void catchFatalEvents(bool json) {
  for (size_t i = 0; i < std::size(stopSignals); ++i)
    stopEndings[i] = endingOf(interruptedError(), 128 + stopSignals[i], json);
  memoryEnding = endingOf({Code::OutOfMemory, "not enough memory", "",
                           "the system refused an allocation",
                           "close other programs, or use fewer sequences or a "
                           "shorter --context"},
                          static_cast<int>(Exit::Unavailable), json);
  cutEnding = endingOf({Code::CannotRead, "a file was cut short while it was read",
                        "", "its end is gone or its disk fails",
                        "copy the file again, and leave it alone while it runs"},
                       static_cast<int>(Exit::IoError), json);
  crashEnding = endingOf({Code::Internal, "the program crashed", "",
                          "this is a defect of llmc, not of your input",
                          "please report it with the command line"},
                         static_cast<int>(Exit::Internal), json);
  std::set_new_handler([] { end(memoryEnding); });
  install(SIGBUS, [](int) { end(cutEnding); }, 0);
  stack_t stack = {}, before = {};
  stack.ss_sp = handlerStack;
  stack.ss_size = sizeof handlerStack;
  if (::sigaltstack(nullptr, &before) == 0 && (before.ss_flags & SS_DISABLE))
    ::sigaltstack(&stack, nullptr);
  // Developers want the core and the debugger.
  if (!std::getenv("LLMC_DEBUG"))
    for (int signal : {SIGSEGV, SIGILL, SIGFPE, SIGABRT})
      if (isDefault(signal))
        install(signal, [](int) { end(crashEnding); }, SA_ONSTACK | SA_NODEFER);
  for (int signal : {SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU})
    if (isDefault(signal))
      install(signal, onOtherEnd, SA_RESETHAND);
  for (int signal : stopSignals) {
    // Whoever started the program may have asked that it goes on (nohup, `&`).
    struct sigaction before = {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN)
      install(signal, onStop, SA_RESTART);
  }
}

void deferInterrupts() { deferred = true; }

void obeyInterrupts() { deferred = false; }

bool forgetInterrupt() {
  int signal = SIGINT;
  return pending.compare_exchange_strong(signal, 0);
}

bool interrupted() { return pending != 0; }

void beforeEnding(void (*function)()) { lastCall = function; }

} // namespace llmc

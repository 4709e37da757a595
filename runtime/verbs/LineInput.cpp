#include "runtime/verbs/LineInput.h"

#include "runtime/verbs/Console.h"
#include "runtime/verbs/Failure.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace llmc {

namespace {

/// The terminal as it was, for whatever way the process ends.
termios original;
bool isRaw = false;

void restore() {
  if (!isRaw)
    return;
  isRaw = false;
  ::tcsetattr(0, TCSADRAIN, &original);
  constexpr std::string_view plainPaste = "\x1b[?2004l";
  // Also from a signal handler: no report().
  [[maybe_unused]] ssize_t count =
      ::write(2, plainPaste.data(), plainPaste.size());
}

/// Keys come as they are pressed, Ctrl-C too; what is pasted comes in brackets.
class RawMode {
public:
  /// Signals end the process as usual while a line is read, and are deferred
  /// whenever Ctrl-C is one: at no moment may it end the chat.
  RawMode() {
    enter();
    obeyInterrupts();
  }
  ~RawMode() {
    deferInterrupts();
    beQuiet();
  }

  /// The whole job stops as if the terminal had said so, and goes on later.
  void suspend() {
    restore();
    ::kill(0, SIGTSTP);
    enter();
  }

private:
  /// Until the next line, keys wait unseen, so that they do not stand amid an
  /// answer; Ctrl-C is a signal.
  static void beQuiet() {
    if (!isRaw)
      return;
    termios quiet = original;
    quiet.c_lflag &= ~tcflag_t(ICANON | ECHO | ECHONL);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    ::tcsetattr(0, TCSADRAIN, &quiet);
    report("\x1b[?2004l");
  }
  static void enter() {
    if (!isRaw && ::tcgetattr(0, &original) != 0)
      return;
    static const bool once = std::atexit(restore) == 0;
    (void)once;
    beforeEnding(restore);
    termios raw = original;
    raw.c_iflag &= ~tcflag_t(ICRNL | INLCR | IXON | ISTRIP);
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    isRaw = ::tcsetattr(0, TCSADRAIN, &raw) == 0;
    if (isRaw)
      report("\x1b[?2004h");
  }
};

Error cannotRead() {
  return {Code::CannotRead, "cannot read what is typed", "stdin",
          std::strerror(errno), "give the questions on stdin, a line each"};
}

} // namespace

LineInput::LineInput() {
  const char *kind = std::getenv("TERM");
  terminal = ::isatty(0) == 1 && stderrIsTerminal() &&
             !(kind && std::string_view(kind) == "dumb");
}

Result<LineInput::End> LineInput::read(std::string_view prompt,
                                       std::string &line) {
  line.clear();
  if (terminal)
    return edit(prompt, line);
  obeyInterrupts();
  Result<End> end = readPlain(line);
  deferInterrupts();
  return end;
}

/// One row: the part of the line around the cursor.
void LineInput::show(std::string_view prompt) const {
  winsize size = {};
  size_t columns = ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
                       ? size.ws_col
                       : 80;
  size_t room = columns > prompt.size() + 2 ? columns - prompt.size() - 1 : 8;
  LineRow row = buffer.row(room);
  std::string out = "\r" + std::string(prompt) + row.left + row.right + "\x1b[K";
  if (size_t back = displayWidth(row.right))
    out += "\x1b[" + std::to_string(back) + "D";
  report(out);
}

/// What was typed since, before the terminal makes a signal of Ctrl-C again.
void LineInput::readAhead() {
  pollfd waiting = {0, POLLIN, 0};
  char bytes[4096];
  while (::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN)) {
    ssize_t count = ::read(0, bytes, sizeof bytes);
    if (count <= 0)
      return;
    ahead.append(bytes, size_t(count));
  }
}

bool LineInput::takeInterrupt() {
  constexpr char ctrlC = 3;
  size_t at = terminal ? ahead.find(ctrlC) : ahead.npos;
  if (at == ahead.npos)
    return false;
  ahead.erase(0, at + 1);
  return true;
}

Result<LineInput::End> LineInput::edit(std::string_view prompt,
                                       std::string &line) {
  RawMode raw;
  show(prompt);
  for (;;) {
    if (ahead.empty()) {
      char bytes[4096];
      ssize_t count = ::read(0, bytes, sizeof bytes);
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return cannotRead();
      if (count == 0)
        return End::EndOfInput;
      ahead.assign(bytes, size_t(count));
    }
    Key key = keys.push(ahead[0]);
    ahead.erase(0, 1);
    switch (key) {
    case Key::None:
      continue;
    case Key::Enter:
      line = buffer.take();
      report("\r\n");
      readAhead();
      return End::Line;
    case Key::Interrupt:
      report(buffer.line().empty() ? "\r\n" : "^C\r\n");
      if (buffer.line().empty())
        return End::Interrupt;
      buffer.clear();
      break;
    case Key::EndOfInput:
      if (buffer.line().empty()) {
        report("\r\n");
        return End::EndOfInput;
      }
      buffer.apply(Key::Delete);
      break;
    case Key::Suspend:
      report("\r\n");
      raw.suspend();
      break;
    case Key::Clear:
      report("\x1b[H\x1b[2J");
      break;
    default:
      buffer.apply(key, keys.text());
    }
    if (ahead.empty())
      show(prompt);
  }
}

Result<LineInput::End> LineInput::readPlain(std::string &line) {
  for (;;) {
    if (size_t end = ahead.find('\n'); end != ahead.npos) {
      line = ahead.substr(0, end);
      ahead.erase(0, end + 1);
      if (line.ends_with('\r'))
        line.pop_back();
      return End::Line;
    }
    if (ended) {
      line = std::move(ahead);
      ahead.clear();
      return line.empty() ? End::EndOfInput : End::Line;
    }
    if (ahead.size() > (1u << 28))
      return Error{Code::TooLarge, "a line is too long", "stdin",
                   "it has more than 256 MiB", "shorten it"};
    char bytes[65536];
    ssize_t count = ::read(0, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return cannotRead();
    ended = count == 0;
    ahead.append(bytes, size_t(count));
  }
}

} // namespace llmc

/// See the header. The parent hands out item numbers through a pipe per worker
/// and reads answers through another: length, kind, bytes. A worker's stderr
/// goes to a temporary file, from which the last words of a crash are quoted.
#include "codegen/llvm/Workers.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llmc;
using namespace llmc::codegen;

namespace {

/// What precedes an answer's bytes.
struct AnswerHeader {
  uint64_t size;
  uint32_t failed;
};

struct Worker {
  pid_t process = -1;
  int items = -1;   ///< Written by the parent: numbers of items.
  int answers = -1; ///< Read by the parent.
  FILE *errors = nullptr; ///< The worker's stderr.
  size_t item = 0;
  std::string received; ///< What has come of the current answer.
};

} // namespace

static bool writeAll(int file, const void *bytes, size_t size) {
  auto *at = static_cast<const char *>(bytes);
  while (size) {
    ssize_t written = write(file, at, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    at += written;
    size -= written;
  }
  return true;
}

/// What a worker does until its pipe of items is closed.
[[noreturn]] static void work(int items, int answers, const Work &doItem) {
  size_t item;
  for (;;) {
    ssize_t got = read(items, &item, sizeof(item));
    if (got < 0 && errno == EINTR)
      continue;
    if (got != sizeof(item))
      _exit(0);
    Result<std::string> result = doItem(item);
    std::string reason;
    if (!result)
      reason = result.error().why.empty() ? result.error().what
                                          : result.error().why;
    const std::string &bytes = result ? *result : reason;
    AnswerHeader header{bytes.size(), !result};
    if (!writeAll(answers, &header, sizeof(header)) ||
        !writeAll(answers, bytes.data(), bytes.size()))
      _exit(1);
  }
}

static Error systemError(const char *what) {
  return {Code::KernelFailed, std::string("no worker process could be made: ") +
          what, "", std::strerror(errno), "try --jobs=1 or free some memory"};
}

static Status start(Worker &worker, std::vector<Worker> &all,
                    const Work &doItem) {
  int items[2], answers[2];
  if (pipe(items))
    return systemError("pipe");
  if (pipe(answers)) {
    close(items[0]), close(items[1]);
    return systemError("pipe");
  }
  FILE *errors = std::tmpfile();
  std::fflush(nullptr);
  pid_t process = fork();
  if (process < 0) {
    for (int file : {items[0], items[1], answers[0], answers[1]})
      close(file);
    if (errors)
      std::fclose(errors);
    return systemError("fork");
  }
  if (!process) {
    // Of the other workers' pipes nothing may stay open here: a worker ends
    // when the last writer of its items is gone.
    for (Worker &other : all)
      if (other.process > 0)
        close(other.items), close(other.answers);
    close(items[1]), close(answers[0]);
    if (errors)
      dup2(fileno(errors), STDERR_FILENO);
    // A core file or a handler's trace of the parent's is of no use here.
    for (int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGINT})
      std::signal(signal, SIG_DFL);
    work(items[0], answers[1], doItem);
  }
  close(items[0]), close(answers[1]);
  worker = Worker{process, items[1], answers[0], errors, 0, {}};
  return Status::ok();
}

/// Waits for a worker's end; says how it ended and what it last printed.
static std::string stop(Worker &worker) {
  close(worker.items), close(worker.answers);
  int status = 0;
  while (waitpid(worker.process, &status, 0) < 0 && errno == EINTR)
    ;
  std::string text = "the worker process ";
  if (WIFSIGNALED(status))
    text += std::string("died: ") + strsignal(WTERMSIG(status));
  else
    text += "ended with status " + std::to_string(WEXITSTATUS(status));
  if (worker.errors) {
    constexpr long most = 2000;
    std::fseek(worker.errors, 0, SEEK_END);
    long size = std::ftell(worker.errors);
    std::fseek(worker.errors, std::max(0L, size - most), SEEK_SET);
    std::string printed(std::min(size, most), '\0');
    printed.resize(std::fread(printed.data(), 1, printed.size(), worker.errors));
    if (!printed.empty())
      text += "\n" + printed;
    std::fclose(worker.errors);
  }
  worker = Worker();
  return text;
}

/// Reads what has come. True when an answer is whole or the worker is gone;
/// `result` then says which.
static bool receive(Worker &worker, WorkResult &result) {
  char buffer[65536];
  ssize_t got = read(worker.answers, buffer, sizeof(buffer));
  if (got < 0 && errno == EINTR)
    return false;
  if (got <= 0) {
    result = {WorkResult::Kind::Crashed, stop(worker)};
    return true;
  }
  worker.received.append(buffer, got);
  AnswerHeader header;
  if (worker.received.size() < sizeof(header))
    return false;
  std::memcpy(&header, worker.received.data(), sizeof(header));
  if (worker.received.size() < sizeof(header) + header.size)
    return false;
  result = {header.failed ? WorkResult::Kind::Failed : WorkResult::Kind::Done,
            worker.received.substr(sizeof(header))};
  worker.received.clear();
  return true;
}

Status llmc::codegen::runWorkers(
    size_t count, unsigned jobs, const Work &doItem,
    std::function<void(size_t, WorkResult)> finished) {
  std::vector<Worker> workers(std::min<size_t>(std::max(jobs, 1u), count));
  // Writing to a worker that just died must be an error, not a signal.
  auto *oldHandler = std::signal(SIGPIPE, SIG_IGN);
  size_t next = 0, done = 0;
  Status status = Status::ok();
  auto give = [&](Worker &worker) {
    if (next == count)
      return;
    if (worker.process < 0)
      if (status = start(worker, workers, doItem); !status)
        return;
    worker.item = next++;
    // A failed write shows as the end of the answers.
    writeAll(worker.items, &worker.item, sizeof(worker.item));
  };
  for (Worker &worker : workers)
    if (status)
      give(worker);
  while (status && done < count) {
    std::vector<pollfd> polls;
    for (Worker &worker : workers)
      polls.push_back({worker.answers, POLLIN, 0});
    if (poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) {
      status = systemError("poll");
      break;
    }
    for (size_t i = 0; i < workers.size() && status; ++i) {
      if (workers[i].process < 0 || !polls[i].revents)
        continue;
      size_t item = workers[i].item;
      WorkResult result;
      if (!receive(workers[i], result))
        continue;
      ++done;
      finished(item, std::move(result));
      give(workers[i]);
    }
  }
  for (Worker &worker : workers)
    if (worker.process > 0)
      stop(worker);
  std::signal(SIGPIPE, oldHandler);
  return status;
}

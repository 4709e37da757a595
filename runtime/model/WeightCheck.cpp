#include "runtime/model/WeightCheck.h"

#include <cstring>

namespace llmc {

WeightCheck::WeightCheck(const Artifact &artifact)
    : artifact(artifact), section(artifact.weightsSection()) {
  if (section < artifact.sections().size())
    blocks = blockCount(artifact.sections()[section].size);
  bad = blocks;
}

void WeightCheck::checkBlocks() {
  while (!stopping) {
    uint64_t block = next.fetch_add(1);
    if (block >= blocks)
      return;
    if (!artifact.checkBlock(section, block)) {
      // The least is kept, so that the message does not depend on threads.
      uint64_t least = bad;
      while (block < least && !bad.compare_exchange_weak(least, block))
        continue;
    }
  }
}

Status WeightCheck::outcome() const {
  if (bad < blocks)
    return artifact.damagedBlock(section, bad);
  return Status::ok();
}

Result<std::unique_ptr<WeightCheck>>
WeightCheck::start(const Artifact &artifact, ThreadPool &threads) {
  std::unique_ptr<WeightCheck> check(new WeightCheck(artifact));
  if (check->blocks * hashBlockBytes < immediateCheckBytes) {
    threads.runAll(
        [](void *context, unsigned) {
          static_cast<WeightCheck *>(context)->checkBlocks();
        },
        check.get());
    LLMC_CHECK(check->outcome());
    return check;
  }
  auto main = [](void *context) -> void * {
    static_cast<WeightCheck *>(context)->checkBlocks();
    return nullptr;
  };
  if (int failure =
          ::pthread_create(&check->thread, nullptr, main, check.get()))
    return Error{Code::OutOfMemory, "cannot start a thread",
                 "check of the weights", std::strerror(failure),
                 "end other programs, or raise the limit on threads (ulimit -u)"};
  check->running = true;
  return check;
}

std::unique_ptr<WeightCheck> WeightCheck::none(const Artifact &artifact) {
  std::unique_ptr<WeightCheck> check(new WeightCheck(artifact));
  check->blocks = 0;
  return check;
}

WeightCheck::~WeightCheck() {
  stopping = true;
  if (running)
    ::pthread_join(thread, nullptr);
}

Status WeightCheck::wait() {
  if (running)
    ::pthread_join(thread, nullptr);
  running = false;
  return outcome();
}

} // namespace llmc

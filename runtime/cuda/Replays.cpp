#include "runtime/cuda/Replays.h"

#include <algorithm>

namespace llmc::cuda {

namespace {

/// Sets of symbols that are kept; the one that was used least lately goes.
constexpr size_t mostEntries = 64;

std::span<void *const> buffersOf(const BoundProgram &bound) {
  size_t count = 0;
  for (const Launch &launch : bound.program().launches)
    count += launch.buffers.size();
  return {bound.allBuffers(), count};
}

} // namespace

Replays::~Replays() {
  if (captureCount > 0)
    gpu.driver.streamSynchronize(gpu.stream);
  for (Entry &entry : entries)
    drop(entry);
}

void Replays::drop(Entry &entry) {
  if (entry.graph)
    gpu.driver.graphExecDestroy(entry.graph);
  entry.graph = nullptr;
}

Replays::Entry &Replays::entryFor(const BoundProgram &bound,
                                  std::span<const int64_t> symbols,
                                  std::span<void *const> buffers, bool &isNew) {
  isNew = false;
  auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry &entry) {
    return entry.program == &bound.program() && std::ranges::equal(entry.symbols, symbols);
  });
  if (found != entries.end() && std::ranges::equal(found->buffers, buffers))
    return *found;
  isNew = true;
  if (found == entries.end() && entries.size() < mostEntries)
    found = entries.emplace(entries.end());
  else if (found == entries.end())
    found = std::ranges::min_element(entries, {}, &Entry::lastUse);
  drop(*found);
  found->program = &bound.program();
  found->symbols.assign(symbols.begin(), symbols.end());
  found->buffers.assign(buffers.begin(), buffers.end());
  return *found;
}

Status Replays::put(const BoundProgram &bound, std::span<const int64_t> symbols) {
  bool isNew = false;
  Entry &entry = entryFor(bound, symbols, buffersOf(bound), isNew);
  entry.lastUse = ++uses;
  if (isNew)
    return launches.put(bound, {});
  if (!entry.graph)
    LLMC_CHECK(capture(bound, entry));
  else
    ++replayCount;
  return gpu.check(gpu.driver.graphLaunch(entry.graph, gpu.stream),
                   "the GPU refuses a captured step", "program " + bound.program().name);
}

Status Replays::capture(const BoundProgram &bound, Entry &entry) {
  const Driver &driver = gpu.driver;
  const char *what = "a step cannot be captured";
  std::string where = "program " + bound.program().name;
  LLMC_CHECK(gpu.check(driver.streamBeginCapture(gpu.stream, CaptureMode::ThreadLocal), what,
                       where));
  Status put = launches.put(bound, {});
  Graph graph = nullptr;
  Status ended = gpu.check(driver.streamEndCapture(gpu.stream, &graph), what, where);
  Status made;
  if (put && ended)
    made = gpu.check(driver.graphInstantiate(&entry.graph, graph, 0), what, where);
  if (graph)
    driver.graphDestroy(graph);
  LLMC_CHECK(std::move(put));
  LLMC_CHECK(std::move(ended));
  if (!made) {
    entry.graph = nullptr;
    return made;
  }
  ++captureCount;
  return Status::ok();
}

} // namespace llmc::cuda

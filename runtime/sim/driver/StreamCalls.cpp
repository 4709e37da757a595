// The driver's functions about streams, events and graphs.
#include "runtime/sim/driver/DriverState.h"

namespace llmc::sim {
namespace {

using namespace cuda;
using enum DriverResult;

/// Takes an object out of a map of handles.
template <typename Map, typename Handle>
DriverResult erase(Map &map, Handle handle) {
  return map.erase(handle) ? Success : InvalidContext;
}

DriverResult streamCreate(Stream *stream, unsigned) {
  auto state = std::make_unique<StreamState>();
  *stream = reinterpret_cast<Stream>(state.get());
  driverState->streams[*stream] = std::move(state);
  return Success;
}

DriverResult streamDestroy(Stream stream) {
  return erase(driverState->streams, stream);
}

DriverResult streamSynchronize(Stream stream) {
  StreamState *known = driverState->find(stream);
  if (!known)
    return InvalidContext;
  return known->capture ? StreamCaptureUnsupported : driverState->broken;
}

EventState *find(Event event) {
  auto found = driverState->events.find(event);
  return found == driverState->events.end() ? nullptr : found->second.get();
}

/// An event recorded in a captured stream draws the waiting stream into the
/// capture; otherwise all is done already.
DriverResult streamWaitEvent(Stream stream, Event event, unsigned) {
  StreamState *known = driverState->find(stream);
  EventState *waited = find(event);
  if (!known || !waited)
    return InvalidContext;
  if (waited->capture)
    known->capture = waited->capture;
  return Success;
}

DriverResult eventCreate(Event *event, unsigned) {
  auto state = std::make_unique<EventState>();
  *event = reinterpret_cast<Event>(state.get());
  driverState->events[*event] = std::move(state);
  return Success;
}

DriverResult eventDestroy(Event event) {
  return erase(driverState->events, event);
}

DriverResult eventRecord(Event event, Stream stream) {
  StreamState *known = driverState->find(stream);
  EventState *state = find(event);
  if (!known || !state)
    return InvalidContext;
  state->capture = known->capture;
  if (!known->capture)
    state->recorded = std::chrono::steady_clock::now();
  return driverState->broken;
}

DriverResult eventQuery(Event event) {
  return find(event) ? driverState->broken : InvalidContext;
}

DriverResult eventElapsedTime(float *milliseconds, Event begin, Event end) {
  EventState *first = find(begin), *last = find(end);
  if (!first || !last || !first->recorded || !last->recorded)
    return InvalidContext;
  *milliseconds = std::chrono::duration<float, std::milli>(*last->recorded -
                                                           *first->recorded)
                      .count();
  return Success;
}

DriverResult beginCapture(Stream stream, CaptureMode) {
  StreamState *known = driverState->find(stream);
  if (!known || !stream || known->capture)
    return known && !stream ? StreamCaptureUnsupported : InvalidContext;
  known->capture = std::make_shared<RecordedGraph>();
  return Success;
}

DriverResult endCapture(Stream stream, Graph *graph) {
  StreamState *known = driverState->find(stream);
  if (!known || !known->capture)
    return InvalidContext;
  std::shared_ptr<RecordedGraph> recorded = known->capture;
  for (auto &[handle, other] : driverState->streams)
    if (other->capture == recorded)
      other->capture = nullptr;
  for (auto &[handle, event] : driverState->events)
    if (event->capture == recorded)
      event->capture = nullptr;
  *graph = reinterpret_cast<Graph>(recorded.get());
  driverState->graphs[*graph] = std::move(recorded);
  return Success;
}

DriverResult graphInstantiate(GraphExec *executable, Graph graph,
                              unsigned long long) {
  auto found = driverState->graphs.find(graph);
  if (found == driverState->graphs.end())
    return InvalidContext;
  auto copy = std::make_shared<RecordedGraph>(*found->second);
  *executable = reinterpret_cast<GraphExec>(copy.get());
  driverState->executables[*executable] = std::move(copy);
  return Success;
}

DriverResult graphLaunch(GraphExec executable, Stream stream) {
  auto found = driverState->executables.find(executable);
  if (found == driverState->executables.end())
    return InvalidContext;
  auto graph = found->second;
  return driverState->submit(stream, [graph] {
    for (const auto &call : graph->calls)
      if (DriverResult result = call(); result != Success)
        return result;
    return Success;
  });
}

DriverResult graphExecDestroy(GraphExec executable) {
  return erase(driverState->executables, executable);
}

DriverResult graphDestroy(Graph graph) {
  return erase(driverState->graphs, graph);
}

} // namespace

void fillStreamCalls(cuda::Driver &table) {
  table.streamCreate = streamCreate;
  table.streamDestroy = streamDestroy;
  table.streamSynchronize = streamSynchronize;
  table.streamWaitEvent = streamWaitEvent;
  table.eventCreate = eventCreate;
  table.eventDestroy = eventDestroy;
  table.eventRecord = eventRecord;
  table.eventQuery = eventQuery;
  table.eventSynchronize = eventQuery;
  table.eventElapsedTime = eventElapsedTime;
  table.streamBeginCapture = beginCapture;
  table.streamEndCapture = endCapture;
  table.graphInstantiate = graphInstantiate;
  table.graphLaunch = graphLaunch;
  table.graphExecDestroy = graphExecDestroy;
  table.graphDestroy = graphDestroy;
}

} // namespace llmc::sim

#include "runtime/verbs/Trace.h"

#include "runtime/support/Json.h"
#include "runtime/support/OutputFile.h"
#include "runtime/verbs/LoadWords.h"

namespace llmc {

void Trace::launched(const Program &program, size_t launch, int64_t begin,
                     int64_t end) {
  if (events.size() < maxEvents)
    events.push_back({&program, launch, begin, end});
  else
    ++dropped;
}

std::string Trace::json(const LoadReport &loading) const {
  JsonWriter json;
  json.beginObject().key("traceEvents").beginArray();
  int64_t origin = events.empty() ? 0 : events[0].begin;
  for (const Event &event : events) {
    const Launch &launch = event.program->launches[event.launch];
    const Kernel &kernel = model.kernels[launch.kernel];
    json.beginObject()
        .member("name", launch.name.empty() ? kernel.name : launch.name)
        .member("cat", kernel.op)
        .member("ph", "X")
        .member("pid", 1)
        .member("tid", 1)
        .member("ts", static_cast<double>(event.begin - origin) / 1000)
        .member("dur", static_cast<double>(event.end - event.begin) / 1000)
        .key("args")
        .beginObject()
        .member("kernel", kernel.name)
        .member("program", event.program->name)
        .end()
        .end();
  }
  json.end().member("displayTimeUnit", "ms").member("droppedLaunches", dropped);
  json.key("otherData").beginObject();
  writeLoading(json, loading);
  json.end();
  return json.end().text();
}

Status Trace::write(const std::string &path,
                    const LoadReport &loading) const {
  std::string text = json(loading);
  LLMC_TRY(OutputFile file, OutputFile::create(path, text.size()));
  LLMC_CHECK(file.append(std::as_bytes(std::span(text))));
  return file.commit(/*executable=*/false);
}

} // namespace llmc

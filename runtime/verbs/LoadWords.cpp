#include "runtime/verbs/LoadWords.h"

#include "runtime/verbs/Console.h"

namespace llmc {

std::string describeLoading(const LoadReport &loading) {
  std::string text = "read from the map of the file";
  if (loading.copiedBytes > 0)
    text = formatBytes(loading.copiedBytes) + " copied into 2 MiB pages" +
           (loading.isWhole ? "" : ", the rest read from the map");
  if (loading.rates)
    text += "; map " + formatReal(loading.rates->map / 1e9, 1) +
            " GB/s, memory " + formatReal(loading.rates->memory / 1e9, 1);
  return text;
}

void writeLoading(JsonWriter &json, const LoadReport &loading) {
  json.key("load")
      .beginObject()
      .member("mode", loadModeName(loading.mode))
      .member("from", loading.from())
      .member("copiedBytes", loading.copiedBytes);
  if (loading.rates)
    json.member("mapBytesPerSecond", loading.rates->map)
        .member("memoryBytesPerSecond", loading.rates->memory);
  if (!loading.note.empty())
    json.member("note", loading.note);
  json.end();
}

void reportLoading(const LoadReport &loading) {
  if (!loading.note.empty())
    report("note: " + loading.note + "\n");
}

} // namespace llmc

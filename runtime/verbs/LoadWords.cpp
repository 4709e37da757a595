#include "runtime/verbs/LoadWords.h"

#include "runtime/verbs/Console.h"

namespace llmc {

/// Of memory's rate; the two rates are best times of short pieces, which no sweep
/// over the weights reaches, so only their ratio is told.
static double mapShare(const ReadRates &rates) {
  return rates.memory > 0 ? rates.map / rates.memory : 0;
}

std::string describeLoading(const LoadReport &loading) {
  if (loading.onDevice)
    return "on the device";
  std::string text = "read from the map of the file";
  if (loading.copiedBytes > 0)
    text = formatBytes(loading.copiedBytes) + " copied into 2 MiB pages" +
           (loading.isWhole ? "" : ", the rest read from the map");
  if (loading.rates)
    text += "; the map gives " + formatReal(100 * mapShare(*loading.rates), 0) +
            " % of memory's rate";
  return text;
}

void writeLoading(JsonWriter &json, const LoadReport &loading) {
  json.key("load")
      .beginObject()
      .member("mode", loadModeName(loading.mode))
      .member("from", loading.from())
      .member("copiedBytes", loading.copiedBytes);
  if (loading.rates)
    json.member("mapShareOfMemory", mapShare(*loading.rates));
  if (!loading.note.empty())
    json.member("note", loading.note);
  json.end();
}

void reportLoading(const LoadReport &loading) {
  if (!loading.note.empty())
    report("note: " + loading.note + "\n");
}

} // namespace llmc

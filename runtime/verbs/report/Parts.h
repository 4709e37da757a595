/// The parts of a report, each a section of its page.
#ifndef LLMC_RUNTIME_VERBS_REPORT_PARTS_H
#define LLMC_RUNTIME_VERBS_REPORT_PARTS_H

#include "runtime/format/Artifact.h"
#include "runtime/verbs/report/Html.h"
#include "runtime/verbs/report/Roofline.h"
#include "runtime/verbs/report/StepPoints.h"

#include <string>
#include <vector>

namespace llmc::page {

/// What a page is about.
struct Subject {
  const Artifact &artifact;
  std::string fileName; ///< As the user calls it.
  MachineLimits limits;
  std::vector<StepPoint> points;
  std::string machine;      ///< Where was measured: CPU, level, threads. Empty: nowhere.
  std::string whyNoTimes;   ///< Where times were wanted and could not be had.
  int64_t graphExtent = 16; ///< What symbols of graphs stand for.

  const Model *view = nullptr; ///< The file as a device sees it; null: as the CPU does.

  const Model &model() const { return view ? *view : artifact.model(); }
};

/// The numbers of the model and how much of it was recognised.
Html overviewPart(const Subject &subject);
/// The specialisations with their arguments and what a step of them costs.
Html programsPart(const Subject &subject);
/// Every program's launches, equal layers folded.
Html schedulePart(const Subject &subject);
/// The arena as a picture, and the cache.
Html memoryPart(const Subject &subject);
/// Kernels: roofline, times, code.
Html kernelPart(const Subject &subject);
/// What the file has for each GPU, folded.
Html devicePart(const Subject &subject);
/// Where the bytes of the file are; the rows of its table sum to its size.
Html sizePart(const Subject &subject);
/// Tokenizer, chat template, defaults of generation.
Html textPart(const Subject &subject);
/// Sections with their places and hashes.
Html integrityPart(const Subject &subject);

/// The whole page.
std::string writePage(const Subject &subject);

/// `<tr><th>name<td>value` of a list of facts; \p note may be empty.
Html factRow(Markup name, const std::string &value, const std::string &note = {});

/// Rows that a table shows before it refers to another verb's flag.
inline constexpr size_t mostRows = 400;

} // namespace llmc::page

#endif // LLMC_RUNTIME_VERBS_REPORT_PARTS_H

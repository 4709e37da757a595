#include "runtime/verbs/Console.h"
#include "runtime/verbs/report/LaunchColumns.h"
#include "runtime/verbs/report/Parts.h"

#include <algorithm>

namespace llmc::page {

namespace {

const Program &programOf(const Model &model, const StepPoint &point) {
  return model.modules[point.module].programs[point.program];
}

/// `program prefill, 128 rows of a prompt`.
std::string titleOf(const Model &model, const StepPoint &point) {
  return shorten(programOf(model, point).name, 60) + ", " + point.text(model);
}

/// A kernel's launches at a point, and what the machine lets them do.
struct Judged {
  const KernelShare &share;
  Demand demand;      // of one launch
  double least = 0;   // nanoseconds, of all; 0: no limits are known
  double attainable = 0; // operations per second; 0: none, or no limits are known

  Judged(const KernelShare &share, const MachineLimits &limits, double setBytes)
      : share(share), demand(share.demand(setBytes)) {
    if (!limits.known())
      return;
    least = limits.leastTime(demand) * static_cast<double>(share.launches);
    attainable = least > 0 ? 1e9 * share.operations() / least : 0;
  }

  /// Faster than its limit, by more than rounding can be.
  bool isBeyond() const { return share.time > 0 && least > 1.005 * share.time; }
  std::string ofAttainable() const {
    return percent(least / share.time) + (isBeyond() ? "\u00a0†" : "");
  }
};

std::string_view boundName(Bound bound) {
  return bound == Bound::Compute ? "compute" : bound == Bound::Caches ? "caches" : "memory";
}

std::string pointTooltip(const Kernel &kernel, const Judged &judged, const MachineLimits &limits,
                         const std::string &title) {
  const KernelShare &share = judged.share;
  std::string text = shorten(kernel.name, 60) + " (" + shorten(kernel.op, 40) + "), " + title +
                     ": " + formatReal(share.operations() / share.bytes(), 2) + " FLOP per byte";
  if (limits.known())
    text += ", attainable " + scaled(judged.attainable, "FLOP/s") + " (" +
            std::string(boundName(limits.boundOf(judged.demand))) + ")";
  if (share.time > 0) {
    text += ", achieved " + scaled(1e9 * share.operations() / share.time, "FLOP/s");
    if (limits.known())
      text += " (" + judged.ofAttainable() + ")";
  }
  return text;
}

Html roofline(const Subject &subject) {
  const Model &model = subject.model();
  Html part;
  std::vector<RooflinePoint> points;
  Html legend;
  for (size_t i = 0; i < subject.points.size(); ++i) {
    const StepPoint &point = subject.points[i];
    std::string title = titleOf(model, point);
    bool any = false;
    for (const KernelShare &share : kernelShares(programOf(model, point), point)) {
      if (share.operations() <= 0 || share.bytes() <= 0)
        continue;
      const Kernel &kernel = model.kernels[share.kernel];
      Judged judged(share, subject.limits, point.setBytes());
      points.push_back({kernel.name, title, i, share.operations() / share.bytes(),
                        share.time > 0 ? 1e9 * share.operations() / share.time : 0,
                        judged.attainable, pointTooltip(kernel, judged, subject.limits, title)});
      any = true;
    }
    if (any)
      legend << "<span class='phase" << std::to_string(i % 4) << "'><i></i>" << title << "</span> ";
  }
  if (points.empty()) {
    part << "<p>No kernel of this file is told to compute: there is nothing to plot.</p>\n";
    return part;
  }
  bool measured = std::ranges::any_of(points, [](const RooflinePoint &p) { return p.achieved > 0; });
  part << "<figure><figcaption class='legend'>" << legend << "</figcaption>"
       << drawRoofline(subject.limits, points) << "<figcaption>";
  if (subject.limits.known())
    part << "The line is what memory and the arithmetic allow: "
         << scaled(subject.limits.bytesPerSecond, "B/s") << " and "
         << scaled(subject.limits.operationsPerSecond, "FLOP/s") << ", " << subject.limits.source
         << ". The dashed line, where there is one, is what caches allow: kernels whose data stays "
            "in them are held against the rate at which a set of that size is read again and "
            "again. ";
  if (measured)
    part << "A point is what a kernel achieved, its ring what it could attain. ";
  else if (subject.limits.known())
    part << "Points are what each kernel can attain; <code>--measure</code> adds what it achieves.";
  part << "</figcaption></figure>\n";
  return part;
}

/// One line of the table of a point.
void addKernel(Html &table, const Subject &subject, const Judged &judged, double all) {
  const KernelShare &share = judged.share;
  const Kernel &kernel = subject.model().kernels[share.kernel];
  const MachineLimits &limits = subject.limits;
  double operations = share.operations(), bytes = share.bytes();
  table << "<tr><td><code>" << shorten(kernel.name, 60) << "</code><td>" << shorten(kernel.op, 40)
        << "<td class='n'>" << count(share.launches) << "<td class='n'>"
        << (operations > 0 ? scaled(operations, "") : std::string("–")) << "<td class='n'>"
        << formatBytes(uint64_t(std::min(bytes, 1e18))) << "<td class='n'>"
        << (operations > 0 && bytes > 0 ? formatReal(operations / bytes, 2) : std::string("–"));
  if (limits.known())
    table << "<td>" << std::string(boundName(limits.boundOf(judged.demand))) << "<td class='n'>"
          << duration(judged.least);
  if (all > 0) {
    table << "<td class='n'>" << duration(share.time) << "<td class='n'>" << percent(share.time / all)
          << "<td class='n'>" << (operations > 0 ? scaled(1e9 * operations / share.time, "") : std::string("–"))
          << "<td class='n'>" << scaled(1e9 * bytes / share.time, "B/s");
    if (limits.known())
      table << "<td class='n'>" << judged.ofAttainable()
            << "<td class='bar'><span class='track'><span class='fill' style='width:"
            << formatReal(std::min(100.0, 100 * judged.least / share.time), 1) << "%'></span></span>";
  }
  table << "\n";
}

/// Where the data of a step comes from, and so what its kernels are held against.
Html dataSource(const StepPoint &point, const MachineLimits &limits) {
  Html part;
  if (!limits.known() || limits.sets.empty())
    return part;
  double set = point.setBytes();
  part << "<p>A step touches " << formatBytes(uint64_t(std::min(set, 1e18)));
  if (limits.isCached(set))
    part << ", which stays in the caches from one step to the next: kernels are held against "
         << scaled(limits.bandwidthOf(set), "B/s")
         << ", at which a set of this size is read again and again, and not against memory";
  else
    part << ", more than the caches keep: weights, keys and values are held against memory, "
         << scaled(limits.bytesPerSecond, "B/s");
  part << ". What a launch takes from the one before it is held against the rate of a set of its "
          "own size.</p>\n";
  return part;
}

Html pointTable(const Subject &subject, const StepPoint &point) {
  const MachineLimits &limits = subject.limits;
  std::vector<KernelShare> shares = kernelShares(programOf(subject.model(), point), point);
  // The longest first; without times in the order of the schedule.
  std::ranges::stable_sort(shares, [](const KernelShare &a, const KernelShare &b) {
    return a.time > b.time;
  });
  double all = 0, least = 0, setBytes = point.setBytes();
  KernelShare sum;
  std::vector<Judged> judged;
  for (const KernelShare &share : shares) {
    judged.emplace_back(share, limits, setBytes);
    all += share.time;
    sum.launches += share.launches;
    sum.cost += share.cost;
    least += judged.back().least;
  }
  Html table;
  table << "<h3>" << titleOf(subject.model(), point) << "</h3>\n" << dataSource(point, limits)
        << "<div class='wide'><table><thead><tr><th>kernel<th>operator<th "
           "class='n'>launches<th class='n'>FLOP<th class='n'>bytes<th class='n'>FLOP/byte";
  if (limits.known())
    table << "<th>bound by<th class='n'>at least";
  if (all > 0)
    table << "<th class='n'>measured<th class='n'>share<th class='n'>FLOP/s<th class='n'>bytes/s";
  if (all > 0 && limits.known())
    table << "<th class='n'>of attainable<th>";
  table << "<tbody>\n";
  for (size_t i = 0; i < std::min(judged.size(), mostRows); ++i)
    addKernel(table, subject, judged[i], all);
  table << "<tfoot><tr><th>the step<td><td class='n'>" << count(sum.launches) << "<td class='n'>"
        << scaled(sum.operations(), "") << "<td class='n'>"
        << formatBytes(uint64_t(std::min(sum.bytes(), 1e18))) << "<td class='n'>"
        << (sum.bytes() > 0 ? formatReal(sum.operations() / sum.bytes(), 2) : std::string("–"));
  if (limits.known())
    table << "<td><td class='n'>" << duration(least);
  if (all > 0)
    table << "<td class='n'>" << duration(all) << "<td class='n'>" << percent(1)
          << "<td class='n'>" << scaled(1e9 * sum.operations() / all, "") << "<td class='n'>"
          << scaled(1e9 * sum.bytes() / all, "B/s");
  if (all > 0 && limits.known())
    table << "<td class='n'>" << percent(least / all) << "<td>";
  table << "</table></div>\n";
  if (auto beyond = std::ranges::count_if(judged, &Judged::isBeyond))
    table << "<p class='warning'>† " << count(uint64_t(beyond))
          << " of these ran faster than what is given here as their limit. Other work on the machine "
             "lowers a limit while it is measured (measure again when it is idle); a kernel that "
             "picks rows moves less than its buffers hold, by which it is counted; a rate for one "
             "type of weights does not bind kernels of another; and limits may be given too "
             "low.</p>\n";
  return table;
}

/// Bytes from a kernel's first byte to the next one's, or the end of the image.
uint64_t codeBytes(const Artifact &artifact, const KernelImage &image, size_t kernel) {
  uint64_t begin = image.entries[kernel], end = artifact.sections()[image.section].size;
  for (uint64_t entry : image.entries)
    if (entry > begin)
      end = std::min(end, entry);
  return end - std::min(begin, end);
}

Html codeTable(const Subject &subject) {
  const Model &model = subject.model();
  LaunchColumns launches(model);
  Html table;
  table << "<h3>Code</h3>\n<p>One function for each kernel that is distinct, at every level; its "
           "constants lie behind it.</p>\n<div class='wide'><table "
           "id='kernels'><thead><tr><th>kernel<th>operator";
  for (const KernelImage &image : model.images)
    table << "<th class='n'>bytes, " << shorten(image.level, 40);
  table << launches.heads() << "<tbody>\n";
  for (size_t i = 0; i < model.kernels.size(); ++i) {
    if (i == mostRows) {
      table << "<tr><td colspan='9'>" << count(model.kernels.size() - i)
            << " more; <code>inspect --kernels</code> lists all.\n";
      break;
    }
    table << "<tr><td><code>" << shorten(model.kernels[i].name, 60) << "</code><td>"
          << shorten(model.kernels[i].op, 40);
    for (const KernelImage &image : model.images)
      table << "<td class='n'>" << count(codeBytes(subject.artifact, image, i));
    table << launches.cells(i) << "\n";
  }
  table << "</table></div>\n";
  return table;
}

} // namespace

Html kernelPart(const Subject &subject) {
  Html part;
  if (!subject.machine.empty())
    part << "<p>Measured on " << subject.machine << ". Times are medians of single launches; a "
         << "step takes their sum and what lies between them.</p>\n";
  if (!subject.whyNoTimes.empty())
    part << "<p class='warning'>There are no times: " << subject.whyNoTimes << "</p>\n";
  part << roofline(subject);
  for (const StepPoint &point : subject.points)
    part << pointTable(subject, point);
  part << codeTable(subject);
  return part;
}

} // namespace llmc::page

#include "runtime/model/DeviceView.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/report/LaunchColumns.h"
#include "runtime/verbs/report/Parts.h"

namespace llmc::page {

namespace {

/// What ptxas said of each kernel, and how often programs launch it.
Html kernelTable(const DeviceImage &device, const Model &view) {
  LaunchColumns launches(view);
  Html table;
  table << "<div class='wide'><table><thead><tr><th>kernel<th>operator<th>engine<th "
           "class='n'>registers<th class='n'>spilled<th class='n'>shared memory";
  table << launches.heads() << "<tbody>\n";
  for (size_t i = 0; i < device.kernels.size(); ++i) {
    if (i == mostRows) {
      table << "<tr><td colspan='6'>" << count(device.kernels.size() - i)
            << " more; <code>inspect --kernels</code> lists all.\n";
      break;
    }
    const DeviceKernel &kernel = device.kernels[i];
    // Without ptxas neither figure is known.
    bool isKnown = kernel.registers > 0;
    table << "<tr><td><code>" << shorten(kernel.kernel.name, 60) << "</code><td>"
          << shorten(kernel.kernel.op, 40) << "<td>"
          << (kernel.matrix.empty() ? std::string("–") : shorten(kernel.matrix, 40))
          << "<td class='n'>" << (isKnown ? count(kernel.registers) : std::string("–"))
          << "<td class='n'>" << (isKnown ? formatBytes(kernel.spillBytes) : std::string("–"))
          << "<td class='n'>" << formatBytes(kernel.sharedBytes);
    table << launches.cells(i) << "\n";
  }
  table << "</table></div>\n";
  return table;
}

} // namespace

Html devicePart(const Subject &subject) {
  Html part;
  part << "<p>Kernels, schedules and memory plans that the file has for GPUs; the parts above tell "
          "of the CPU's. Registers and spills are a thread's, shared memory is a block's.</p>\n";
  const std::vector<DeviceImage> &devices = subject.artifact.model().devices;
  for (size_t i = 0; i < devices.size(); ++i) {
    Model view = deviceView(subject.artifact.model(), i);
    Subject seen = subject;
    seen.view = &view;
    part << "<details><summary>" << shorten(devices[i].target, 40) << ": "
         << count(devices[i].kernels.size()) << " kernels of " << count(devices[i].blockThreads)
         << " threads a block, " << count(LaunchColumns(view).size())
         << " programs</summary>\n<h3>Kernels</h3>\n" << kernelTable(devices[i], view)
         << "<h3>Schedule</h3>\n" << schedulePart(seen) << "<h3>Memory</h3>\n" << memoryPart(seen)
         << "</details>\n";
  }
  return part;
}

} // namespace llmc::page

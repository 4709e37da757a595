#include "runtime/verbs/Console.h"
#include "runtime/verbs/MemoryPicture.h"
#include "runtime/verbs/report/Parts.h"

#include <algorithm>

namespace llmc::page {

namespace {

/// One program's arena.
Html arena(const Subject &subject, const Program &program) {
  const Model &model = subject.model();
  Html part;
  bool isStep = program.kind == Program::Kind::Step;
  int64_t extent = isStep ? program.maxRows : subject.graphExtent;
  std::vector<int64_t> symbols(program.symbols.size(), extent);
  Result<MemoryPlan> plan = memoryPlan(program, symbols);
  if (!plan) {
    part << "<p>The arena of " << shorten(program.name) << " cannot be drawn: "
         << shorten(plan.error().why) << ".</p>\n";
    return part;
  }
  std::string size = formatBytes(uint64_t(std::max<int64_t>(plan->arena, 0)));
  std::string least = formatBytes(uint64_t(plan->mostLive));
  part << "<figure><figcaption><b>" << shorten(program.name) << "</b>: " << size << " for ";
  if (isStep)
    part << "up to " << count(uint64_t(program.maxRows)) << " rows";
  else
    part << (symbols.empty() ? std::string("the graph")
                             : "open extents of " + std::to_string(extent));
  part << "; the buffers that live at once need " << least
       << (plan->arena > 0 && plan->mostLive > 0
               ? " (" + percent(double(plan->mostLive) / double(plan->arena)) + " of it)"
               : "")
       << "</figcaption>\n";
  constexpr size_t mostLives = 4000;
  if (plan->lives.size() > mostLives)
    part << "<p>Its " << count(plan->lives.size())
         << " buffers are too many for a picture; <code>inspect --memory</code> lists them.</p>";
  else if (!plan->lives.empty())
    part << "<div class='wide'>"
         << Html().addTrusted(drawMemory(model, program, *plan, 780)) << "</div>";
  part << "</figure>\n";
  return part;
}

} // namespace

Html memoryPart(const Subject &subject) {
  Html part;
  part << "<p>All activations of a step lie in one arena, planned by the compiler. Time goes from "
          "left to right, launch by launch; a box is a buffer while it lives. <span "
          "class='screen'>Point at a box to see what it is.</span></p>\n";
  for (const Module &module : subject.model().modules)
    for (const Program &program : module.programs)
      part << arena(subject, program);
  return part;
}

} // namespace llmc::page

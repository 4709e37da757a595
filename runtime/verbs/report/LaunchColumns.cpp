#include "runtime/verbs/report/LaunchColumns.h"

#include "runtime/verbs/Console.h"
#include "runtime/verbs/report/Parts.h"

#include <algorithm>

namespace llmc::page {

LaunchColumns::LaunchColumns(const Model &model) {
  for (const Module &module : model.modules)
    for (const Program &program : module.programs)
      programs.push_back(&program);
}

Html LaunchColumns::heads() const {
  Html heads;
  for (const Program *program : programs)
    heads << "<th class='n'>launches of " << shorten(program->name, 40);
  return heads;
}

Html LaunchColumns::cells(size_t kernel) const {
  Html cells;
  for (const Program *program : programs) {
    auto launches =
        std::ranges::count(program->launches, uint32_t(kernel), &Launch::kernel);
    cells << "<td class='n'>" << (launches ? count(uint64_t(launches)) : std::string("–"));
  }
  return cells;
}

} // namespace llmc::page

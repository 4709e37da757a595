#include "runtime/verbs/ProgramText.h"
#include "runtime/verbs/report/FoldLaunches.h"
#include "runtime/verbs/report/Parts.h"

#include <algorithm>

namespace llmc::page {

namespace {

/// Values of all repetitions as one text: `0`, or `0 … 30` where they differ.
std::string joined(const std::vector<std::string> &values) {
  bool same = std::ranges::all_of(values, [&](const std::string &value) { return value == values[0]; });
  return same ? values[0] : values.front() + " … " + values.back();
}

/// `at 0, 1024, 0`, for pointing at; long lists are cut.
std::string listed(const std::vector<std::string> &values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if (text.size() > 600)
      return text + " …";
    text += (i ? ", " : "") + values[i];
  }
  return text;
}

class ScheduleTable {
public:
  ScheduleTable(const Model &model, const Module &module, const Program &program)
      : model(model), module(module), program(program) {}

  Html draw() {
    Html table;
    table << "<div class='wide'><table class='schedule'><thead><tr><th class='n'>launch"
             "<th>kernel<th>operator<th class='n'>tiles<th>operands\n";
    std::vector<Fold> folds = foldRepeats(launchKinds(model, program));
    size_t rows = 0;
    bool wasSingle = false;
    for (const Fold &fold : folds) {
      if ((rows += fold.length) > mostRows) {
        table << "<tbody><tr><td colspan='5'>The rest, from launch " << count(fold.first)
              << " on, is told by <code>inspect --schedule</code>.\n";
        break;
      }
      if (fold.repeats > 1)
        table << "<tbody class='fold'><tr class='times'><th colspan='5'>× " << count(fold.repeats)
              << " <span class='note'>launches " << count(fold.first) << " to "
              << count(fold.first + fold.length * fold.repeats - 1) << ", " << count(fold.length)
              << " at a time</span>\n";
      else if (!wasSingle)
        table << "<tbody>\n";
      wasSingle = fold.repeats == 1;
      for (size_t i = 0; i < fold.length; ++i)
        addLaunch(table, fold, fold.first + i);
    }
    table << "</table></div>\n";
    return table;
  }

private:
  void addLaunch(Html &table, const Fold &fold, size_t number) {
    const Launch &launch = program.launches[number];
    const Kernel &kernel = model.kernels[launch.kernel];
    table << "<tr><td class='n'>" << count(number) << "<td><code>" << shorten(kernel.name, 60)
          << "</code><td>" << shorten(launch.name.empty() || launch.name == kernel.name ? kernel.op : launch.name, 60)
          << "<td class='n'>" << shorten(valueText(program, launch.tiles), 40)
          << "<td class='operands'>";
    for (size_t i = 0; i < launch.buffers.size(); ++i)
      addOperand(table, fold, number, i);
    table << "\n";
  }

  void addOperand(Html &table, const Fold &fold, size_t number, size_t argument) {
    std::vector<std::string> places;
    for (size_t repeat = 0; repeat < fold.repeats; ++repeat) {
      const Launch &launch = program.launches[number + repeat * fold.length];
      places.push_back(placeOf(program.buffers[launch.buffers[argument]]));
    }
    const Buffer &buffer = program.buffers[program.launches[number].buffers[argument]];
    std::string space(spaceName(buffer.space));
    table << "<span class='operand'><i class='" << space << "'></i>" << space << " <b title='"
          << listed(places) << "'>" << joined(places) << "</b> <code>"
          << shorten(typeOf(buffer), 60) << "</code></span> ";
  }

  std::string typeOf(const Buffer &buffer) const {
    bool isCache = buffer.space == Buffer::Space::KeyCache || buffer.space == Buffer::Space::ValueCache;
    return isCache ? std::string(cacheTypeName(module.decoder.cacheType))
                   : shapeText(program, buffer.type, buffer.shape);
  }

  /// Where a buffer is, in the words of its space.
  std::string placeOf(const Buffer &buffer) const {
    std::string offset = valueText(program, buffer.offset);
    std::string behind = offset == "0" ? "" : " + " + offset;
    switch (buffer.space) {
    case Buffer::Space::Arena:
      return offset;
    case Buffer::Space::Weight:
      return shorten(model.weights[buffer.index].name, 60) + behind;
    case Buffer::Space::Input:
      return shorten(program.inputs[buffer.index].name, 60) + behind;
    case Buffer::Space::Output:
      return shorten(program.outputs[buffer.index].name, 60) + behind;
    default:
      return "layer " + std::to_string(buffer.index);
    }
  }

  const Model &model;
  const Module &module;
  const Program &program;
};

} // namespace

Html schedulePart(const Subject &subject) {
  const Model &model = subject.model();
  Html part;
  part << "<p>Launches in their order; one ends before the next begins. Launches that repeat but "
          "for their place, weight or layer stand once. Operands of the arena are named by their "
          "first byte there. <span class='screen'>Point at a place to see it in every "
          "repetition.</span></p>\n";
  bool isFirst = true;
  for (const Module &module : model.modules)
    for (const Program &program : module.programs) {
      part << "<details" << std::string(isFirst ? " open" : "") << "><summary>"
           << shorten(program.name);
      if (program.kind == Program::Kind::Step)
        part << ", " << count(uint64_t(program.minRows)) << " to " << count(uint64_t(program.maxRows))
             << " rows";
      part << ": " << count(program.launches.size()) << " launches</summary>\n"
           << ScheduleTable(model, module, program).draw() << "</details>\n";
      isFirst = false;
    }
  return part;
}

} // namespace llmc::page

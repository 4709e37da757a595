#include "runtime/verbs/MemoryPicture.h"

#include "runtime/program/Values.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/report/Html.h"

#include <algorithm>

namespace llmc {

namespace {

using page::escape;
using page::place;

int64_t bytesOf(const Buffer &buffer, const std::vector<int64_t> &values) {
  int64_t bytes = elementBytes(buffer.type);
  for (ValueId extent : buffer.shape)
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(values[extent], 0), &bytes))
      return INT64_MAX;
  return bytes;
}

std::vector<BufferLife> livesOf(const Program &program, const std::vector<int64_t> &values) {
  std::vector<BufferLife> lives;
  std::vector<size_t> known(program.buffers.size(), SIZE_MAX);
  for (size_t launch = 0; launch < program.launches.size(); ++launch)
    for (BufferId operand : program.launches[launch].buffers) {
      // A buffer may be used through views alone: it lives as long as they do.
      BufferId id = program.buffers[operand].viewOf.value_or(operand);
      const Buffer &buffer = program.buffers[id];
      if (buffer.space != Buffer::Space::Arena)
        continue;
      if (known[id] == SIZE_MAX) {
        known[id] = lives.size();
        lives.push_back({id, values[buffer.offset], bytesOf(buffer, values), launch, launch});
      }
      lives[known[id]].last = launch;
    }
  return lives;
}

/// The largest sum of buffers that live at one launch.
int64_t mostLiveBytes(const std::vector<BufferLife> &lives, size_t launches) {
  std::vector<int64_t> born(launches + 1), gone(launches + 1);
  auto add = [](int64_t &sum, int64_t bytes) {
    if (__builtin_add_overflow(sum, bytes, &sum))
      sum = INT64_MAX;
  };
  for (const BufferLife &life : lives) {
    add(born[life.first], life.bytes);
    add(gone[life.last + 1], life.bytes);
  }
  int64_t live = 0, most = 0;
  for (size_t launch = 0; launch < launches; ++launch) {
    live = live == INT64_MAX ? live : live - gone[launch];
    add(live, born[launch]);
    most = std::max(most, live);
  }
  return most;
}

class Picture {
public:
  Picture(const Model &model, const Program &program, const MemoryPlan &plan, double width)
      : model(model), program(program), plan(plan), width(width),
        arena(double(std::max<int64_t>(plan.arena, 1))),
        launches(double(std::max<size_t>(program.launches.size(), 1))) {}

  /// \p title is empty for a picture on a page.
  std::string draw(const std::string &title) {
    bool alone = !title.empty();
    top = alone ? 50 : 12;
    svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"memory\" viewBox=\"0 0 " +
          place(left + width + 30) + " " + place(top + height + 60) +
          "\" font-family=\"sans-serif\" font-size=\"12\">\n";
    if (alone)
      svg += "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
             "<text x=\"" + place(left) + "\" y=\"24\" font-size=\"15\">" + escape(title) +
             "</text>\n";
    drawScale();
    for (const BufferLife &life : plan.lives)
      drawLife(life);
    drawLaunches();
    return std::move(svg);
  }

private:
  double x(double launch) const { return left + width * launch / launches; }
  double y(double byte) const { return top + height * (1 - byte / arena); }

  void drawScale() {
    for (int i = 0; i <= 4; ++i) {
      double byte = arena * i / 4;
      svg += "<line x1=\"" + place(left) + "\" x2=\"" + place(left + width) + "\" y1=\"" +
             place(y(byte)) + "\" y2=\"" + place(y(byte)) + "\" stroke=\"#ddd\"/><text x=\"" +
             place(left - 8) + "\" y=\"" + place(y(byte) + 4) + "\" text-anchor=\"end\">" +
             formatBytes(uint64_t(byte)) + "</text>\n";
    }
  }

  std::string launchName(size_t launch) const {
    const std::string &name = program.launches[launch].name;
    return std::to_string(launch) + " (" +
           (name.empty() ? model.kernels[program.launches[launch].kernel].name : name) + ")";
  }

  void drawLife(const BufferLife &life) {
    const Buffer &buffer = program.buffers[life.buffer];
    std::string shape(elementTypeName(buffer.type));
    for (ValueId extent : buffer.shape)
      shape += " × " + std::to_string(plan.values[extent]);
    // Colours that lie side by side in this row differ well.
    constexpr const char *colours[] = {"#8fb8de", "#f2b880", "#a3d9a5", "#d9a3c7",
                                       "#e6d67a", "#b3b3e0", "#e89c9c", "#9cd6d1"};
    double above = y(double(life.offset) + double(life.bytes)), below = y(double(life.offset));
    svg += "<rect x=\"" + place(x(double(life.first))) + "\" y=\"" + place(above) +
           "\" width=\"" + place(x(double(life.last) + 1) - x(double(life.first))) +
           "\" height=\"" + place(below - above) + "\" fill=\"" +
           colours[life.buffer % std::size(colours)] +
           "\" stroke=\"#555\" stroke-width=\"0.5\"><title>" +
           escape(shape + ", " + formatBytes(uint64_t(life.bytes)) + " at " +
                  std::to_string(life.offset) + ", launches " + launchName(life.first) + " to " +
                  launchName(life.last)) +
           "</title></rect>\n";
  }

  void drawLaunches() {
    // Numbers stand 40 units apart at least.
    size_t step = 10;
    while (width / launches * double(step) < 40)
      step *= step % 3 == 1 ? 2 : 5; // 10, 20, 100, 200 …
    for (size_t launch = 0; launch < program.launches.size(); launch += step)
      svg += "<text x=\"" + place(x(double(launch) + 0.5)) + "\" y=\"" + place(top + height + 18) +
             "\" text-anchor=\"middle\">" + std::to_string(launch) + "</text>\n";
    svg += "<text x=\"" + place(left + width / 2) + "\" y=\"" + place(top + height + 42) +
           "\" text-anchor=\"middle\">launches of a step</text>\n</svg>\n";
  }

  static constexpr double left = 90, height = 420;
  double top = 50;
  const Model &model;
  const Program &program;
  const MemoryPlan &plan;
  double width, arena, launches;
  std::string svg;
};

} // namespace

Result<MemoryPlan> memoryPlan(const Program &program, std::span<const int64_t> symbols) {
  MemoryPlan plan;
  plan.values.resize(program.values.size());
  LLMC_CHECK(evaluateValues(program, symbols, plan.values));
  plan.arena = plan.values[program.arenaBytes];
  plan.lives = livesOf(program, plan.values);
  plan.mostLive = mostLiveBytes(plan.lives, program.launches.size());
  return plan;
}

Result<std::string> drawMemory(const Model &model, const Program &program,
                               std::string_view processor) {
  if (program.kind != Program::Kind::Step)
    return Error{Code::BadFlagValue, "a graph's memory cannot be drawn", program.name,
                 "its extents are known only when it runs", "use inspect --memory"};
  std::vector<int64_t> symbols(program.symbols.size(), program.maxRows);
  LLMC_TRY(MemoryPlan plan, memoryPlan(program, symbols));
  double width = std::max(600.0, double(program.launches.size()) * 14);
  return Picture(model, program, plan, width)
      .draw(model.name + ", " + program.name + " on " + std::string(processor) + ": " +
            formatBytes(uint64_t(std::max<int64_t>(plan.arena, 1))) +
            " of activations for up to " + std::to_string(program.maxRows) + " rows");
}

std::string drawMemory(const Model &model, const Program &program, const MemoryPlan &plan,
                       double width) {
  return Picture(model, program, plan, width).draw("");
}

} // namespace llmc

#include "runtime/verbs/MemoryPicture.h"

#include "runtime/program/Values.h"
#include "runtime/verbs/Console.h"

#include <algorithm>
#include <cstdio>

namespace llmc {

namespace {

struct Life {
  size_t buffer = 0;
  int64_t offset = 0, bytes = 0;
  size_t first = 0, last = 0; // launches
};

/// Buffers of the arena that are no views of another, in order of their birth.
std::vector<Life> livesOf(const Program &program,
                          const std::vector<int64_t> &values) {
  std::vector<Life> lives;
  std::vector<size_t> known(program.buffers.size(), SIZE_MAX);
  for (size_t launch = 0; launch < program.launches.size(); ++launch)
    for (BufferId id : program.launches[launch].buffers) {
      const Buffer &buffer = program.buffers[id];
      if (buffer.space != Buffer::Space::Arena)
        continue;
      int64_t offset = values[buffer.offset];
      int64_t bytes = elementBytes(buffer.type);
      for (ValueId extent : buffer.shape)
        bytes *= values[extent];
      if (!buffer.strides.empty()) {
        // A view prolongs the life of the youngest buffer that it lies in.
        for (size_t i = lives.size(); i-- > 0;)
          if (lives[i].offset <= offset &&
              offset < lives[i].offset + lives[i].bytes) {
            lives[i].last = launch;
            break;
          }
        continue;
      }
      if (known[id] == SIZE_MAX) {
        known[id] = lives.size();
        lives.push_back({id, offset, bytes, launch, launch});
      }
      lives[known[id]].last = launch;
    }
  return lives;
}

std::string escape(const std::string &text) {
  std::string out;
  for (char c : text)
    out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

} // namespace

Result<std::string> drawMemory(const Model &model, const Program &program) {
  if (program.kind != Program::Kind::Step)
    return Error{Code::BadFlagValue, "a graph's memory cannot be drawn",
                 program.name, "its extents are known only when it runs",
                 "use inspect --memory"};
  std::vector<int64_t> symbols(program.symbols.size(), program.maxRows);
  std::vector<int64_t> values(program.values.size());
  LLMC_CHECK(evaluateValues(program, symbols, values));
  double arena = double(std::max<int64_t>(values[program.arenaBytes], 1));
  size_t launches = std::max<size_t>(program.launches.size(), 1);
  constexpr double left = 90, top = 50, height = 420;
  double width = std::max(600.0, double(launches) * 14);
  auto x = [&](double launch) { return left + width * launch / double(launches); };
  auto y = [&](double byte) { return top + height * (1 - byte / arena); };

  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
      number(left + width + 30) + " " + number(top + height + 60) +
      "\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"" + number(left) + "\" y=\"24\" font-size=\"15\">" +
      escape(model.name) + ", " + escape(program.name) + ": " +
      formatBytes(uint64_t(arena)) + " of activations for up to " +
      std::to_string(program.maxRows) + " rows</text>\n";
  for (int i = 0; i <= 4; ++i) {
    double byte = arena * i / 4;
    svg += "<line x1=\"" + number(left) + "\" x2=\"" + number(left + width) +
           "\" y1=\"" + number(y(byte)) + "\" y2=\"" + number(y(byte)) +
           "\" stroke=\"#ddd\"/><text x=\"" + number(left - 8) + "\" y=\"" +
           number(y(byte) + 4) + "\" text-anchor=\"end\">" +
           formatBytes(uint64_t(byte)) + "</text>\n";
  }
  for (const Life &life : livesOf(program, values)) {
    const Buffer &buffer = program.buffers[life.buffer];
    std::string shape(elementTypeName(buffer.type));
    for (ValueId extent : buffer.shape)
      shape += " × " + std::to_string(values[extent]);
    // Colours that lie side by side in this row differ well.
    constexpr const char *colours[] = {"#8fb8de", "#f2b880", "#a3d9a5",
                                       "#d9a3c7", "#e6d67a", "#b3b3e0",
                                       "#e89c9c", "#9cd6d1"};
    std::string colour = colours[life.buffer % std::size(colours)];
    svg += "<rect x=\"" + number(x(double(life.first))) + "\" y=\"" +
           number(y(double(life.offset + life.bytes))) + "\" width=\"" +
           number(x(double(life.last) + 1) - x(double(life.first))) +
           "\" height=\"" +
           number(y(double(life.offset)) -
                  y(double(life.offset + life.bytes))) +
           "\" fill=\"" + colour + "\" stroke=\"#555\" stroke-width=\"0.5\"><title>" + shape +
           ", " + formatBytes(uint64_t(life.bytes)) + " at " +
           std::to_string(life.offset) + "\nlaunches " +
           std::to_string(life.first) + " (" +
           escape(program.launches[life.first].name) + ") to " +
           std::to_string(life.last) + " (" +
           escape(program.launches[life.last].name) + ")</title></rect>\n";
  }
  for (size_t launch = 0; launch < program.launches.size(); launch += 10)
    svg += "<text x=\"" + number(x(double(launch) + 0.5)) + "\" y=\"" +
           number(top + height + 18) + "\" text-anchor=\"middle\">" +
           std::to_string(launch) + "</text>\n";
  svg += "<text x=\"" + number(left + width / 2) + "\" y=\"" +
         number(top + height + 42) +
         "\" text-anchor=\"middle\">launches of a step</text>\n</svg>\n";
  return svg;
}

} // namespace llmc

#include "runtime/verbs/Console.h"
#include "runtime/verbs/ProgramText.h"
#include "runtime/verbs/report/Parts.h"

#include <algorithm>
#include <map>

namespace llmc::page {

Html factRow(Markup name, const std::string &value, const std::string &note) {
  Html row;
  row << "<tr><th scope='row'>" << name << "<td>" << value;
  if (!note.empty())
    row << " <span class='note'>" << note << "</span>";
  row << "\n";
  return row;
}

namespace {

/// `bf16 99.9 %, f32 0.1 %` of the weights' bytes, largest first.
std::string weightTypes(const Model &model) {
  std::map<ElementType, double> bytes;
  double total = 0;
  for (const Weight &weight : model.weights) {
    bytes[weight.type] += static_cast<double>(weight.bytes);
    total += static_cast<double>(weight.bytes);
  }
  std::vector<std::pair<double, ElementType>> order;
  for (auto [type, sum] : bytes)
    order.push_back({sum, type});
  std::sort(order.rbegin(), order.rend());
  std::string text;
  for (auto [sum, type] : order)
    text += (text.empty() ? "" : ", ") + std::string(elementTypeName(type)) +
            (order.size() > 1 ? " " + percent(sum / std::max(total, 1.0)) : "");
  return text.empty() ? "none" : text;
}

/// The last extent of what the embedding writes; 0 where that is not told.
int64_t widthOf(const Model &model, const Module &module) {
  for (const Program &program : module.programs)
    for (const Launch &launch : program.launches) {
      if (model.kernels[launch.kernel].op != "embedding" || launch.buffers.empty())
        continue;
      const Buffer &output = program.buffers[launch.buffers.back()];
      if (output.shape.empty())
        continue;
      const Value &width = program.values[output.shape.back()];
      if (width.kind == Value::Kind::Constant)
        return width.number;
    }
  return 0;
}

/// Query heads, from what attention computes for a position; 0: not told.
int64_t queryHeads(const Model &model, const Module &module) {
  for (const Program &program : module.programs)
    for (const Launch &launch : program.launches) {
      int64_t operations = model.kernels[launch.kernel].work.positionOperations;
      if (operations > 0 && module.decoder.cache.headDim > 0)
        return operations / 4 / module.decoder.cache.headDim;
    }
  return 0;
}

Html decoderFacts(const Model &model, const Module &module) {
  const DecoderConfig &config = module.decoder;
  auto number = [](int64_t value) { return count(static_cast<uint64_t>(std::max<int64_t>(value, 0))); };
  int64_t width = widthOf(model, module), heads = queryHeads(model, module);
  int64_t pageBytes = config.cache.pageElements() * elementBytes(config.cacheType);
  auto bytes = [](int64_t value) { return formatBytes(static_cast<uint64_t>(std::max<int64_t>(value, 0))); };
  Html rows;
  rows << factRow("Layers", number(config.cache.layers));
  if (width > 0)
    rows << factRow("Width", number(width));
  rows << factRow("Heads",
                  heads > 0 ? number(heads) + " of " + number(config.cache.headDim)
                            : number(config.cache.kvHeads) + " of " + number(config.cache.headDim),
                  heads > 0 ? "over " + number(config.cache.kvHeads) + " of keys and values"
                            : "of keys and values");
  rows << factRow("Vocabulary", number(config.vocabulary));
  rows << factRow("Context", number(config.maxContext) + " positions",
                  "chunks of " + number(config.chunk));
  rows << factRow("KV cache", bytes(pageBytes / std::max<int64_t>(config.cache.page, 1)) + " per token",
                  std::string(cacheTypeName(config.cacheType)) + ", " +
                      bytes(pageBytes * config.cache.pagesFor(config.maxContext)) +
                      " at full context");
  return rows;
}

/// `attention 5/5` as a row with a bar; other lines as they are.
Html recognisedRow(const std::string &line) {
  Html row;
  size_t space = line.rfind(' '), slash = line.rfind('/');
  double found = -1, all = -1;
  if (space != std::string::npos && slash != std::string::npos && slash > space) {
    char *end = nullptr;
    found = std::strtod(line.c_str() + space + 1, &end);
    if (end != line.c_str() + slash)
      found = -1;
    all = std::strtod(line.c_str() + slash + 1, &end);
    if (*end != '\0')
      all = -1;
  }
  if (!(found >= 0 && all > 0 && found <= all)) {
    row << "<tr><td colspan='3'>" << shorten(line) << "\n";
    return row;
  }
  row << "<tr><td>" << shorten(line.substr(0, space)) << "<td class='n'>" << line.substr(space + 1)
      << "<td><span class='track'><span class='" << std::string(found == all ? "fill" : "fill part")
      << "' style='width:" << formatReal(100 * found / all, 1) << "%'></span></span>"
      << std::string(found == all ? "" : " the rest runs as plain operators") << "\n";
  return row;
}

} // namespace

Html overviewPart(const Subject &subject) {
  const Model &model = subject.model();
  Html part;
  part << "<div class='columns'><table class='facts'>\n";
  if (uint64_t parameters = parameterCount(model))
    part << factRow("Parameters", scaled(double(parameters), ""), count(parameters));
  part << factRow("File", formatBytes(subject.artifact.fileSize()),
                  count(subject.artifact.fileSize()) + " bytes");
  part << factRow("Weights", weightTypes(model),
                  count(model.weights.size()) + " tensors, scheme " + shorten(model.quantization));
  std::string levels;
  for (const KernelImage &image : model.images)
    levels += (levels.empty() ? "" : ", ") + shorten(image.level, 40);
  part << factRow("Kernels", count(model.kernels.size()), "for " + levels);
  for (const Module &module : model.modules) {
    if (module.kind == Module::Kind::Decoder)
      part << decoderFacts(model, module);
    else
      part << factRow("Graph", shorten(module.name),
                      count(module.programs.empty() ? 0 : module.programs[0].launches.size()) +
                          " launches");
  }
  part << factRow("Compiled by", shorten(model.producer),
                  model.source.empty() ? "" : "from " + shorten(model.source));
  part << "</table>\n<div><h3>Recognised</h3>\n";
  if (model.report.empty()) {
    part << "<p>Nothing: a plain graph, run operator by operator.</p>";
  } else {
    part << "<table class='found'>\n";
    for (size_t i = 0; i < std::min(model.report.size(), mostRows); ++i)
      part << recognisedRow(model.report[i]);
    part << "</table>\n";
  }
  part << "</div></div>\n";
  return part;
}

Html programsPart(const Subject &subject) {
  const Model &model = subject.model();
  Html part;
  part << "<p>A step is compiled for several ranges of rows over the same weights. Work counts "
          "linears and attention, an FMA as two; bytes are what must be moved at least.</p>\n"
          "<div class='wide'><table><thead><tr><th>program<th class='n'>rows<th "
          "class='n'>launches<th class='n'>arena<th>step<th class='n'>FLOP<th "
          "class='n'>weights<th class='n'>cache<th class='n'>activations<th "
          "class='n'>FLOP/byte<tbody>\n";
  for (const StepPoint &point : subject.points) {
    const Module &module = model.modules[point.module];
    const Program &program = module.programs[point.program];
    Cost total;
    for (const LaunchCost &launch : point.costs)
      total += launch.cost;
    bool isStep = program.kind == Program::Kind::Step;
    KernelShare sum{0, 0, total, 0};
    part << "<tr><td>" << shorten(program.name) << "<td class='n'>"
         << (isStep ? count(uint64_t(program.minRows)) + "–" + count(uint64_t(program.maxRows)) : std::string("–"))
         << "<td class='n'>" << count(program.launches.size()) << "<td class='n'>"
         << (program.values[program.arenaBytes].kind == Value::Kind::Constant
                 ? formatBytes(uint64_t(program.values[program.arenaBytes].number))
                 : shorten(valueText(program, program.arenaBytes), 60))
         << "<td>" << point.text(model) << "<td class='n'>" << scaled(sum.operations(), "")
         << "<td class='n'>" << formatBytes(total.weightBytes) << "<td class='n'>"
         << formatBytes(total.cacheBytes) << "<td class='n'>" << formatBytes(total.otherBytes)
         << "<td class='n'>"
         << (sum.bytes() > 0 ? formatReal(sum.operations() / sum.bytes(), 2) : std::string("–"))
         << "\n";
  }
  part << "</table></div>\n";
  for (const Module &module : model.modules)
    for (const Program &program : module.programs) {
      if (program.kind != Program::Kind::Graph)
        continue;
      part << "<h3>Arguments of " << shorten(program.name)
           << "</h3>\n<div class='wide'><table><thead><tr><th><th>name<th>type<tbody>\n";
      for (const auto &[arguments, role] :
           {std::pair(&program.inputs, std::string("input")), std::pair(&program.outputs, std::string("output"))})
        for (size_t i = 0; i < std::min(arguments->size(), mostRows); ++i)
          part << "<tr><td>" << role << "<td>" << shorten((*arguments)[i].name)
               << "<td><code>"
               << shorten(shapeText(program, (*arguments)[i].type, (*arguments)[i].shape))
               << "</code>\n";
      part << "</table></div>\n";
    }
  return part;
}

} // namespace llmc::page

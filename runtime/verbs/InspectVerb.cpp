#include "runtime/format/Artifact.h"
#include "runtime/support/Json.h"
#include "runtime/support/OutputFile.h"
#include "runtime/model/DeviceView.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/InspectText.h"
#include "runtime/verbs/MemoryPicture.h"
#include "runtime/verbs/ProgramText.h"
#include "runtime/verbs/Verbs.h"
#include "runtime/verbs/report/ReportCommand.h"

#include <algorithm>

namespace llmc {

namespace {

struct InspectFlags {
  bool weights = false, kernels = false, schedule = false, memory = false;
  bool json = false;
  std::string picture; ///< Where the memory plan is drawn; empty: nowhere.
};

Status writePicture(const Model &model, const Program &program, std::string_view processor,
                    const std::string &path) {
  LLMC_TRY(std::string svg, drawMemory(model, program, processor));
  LLMC_TRY(OutputFile file, OutputFile::create(path, svg.size()));
  LLMC_CHECK(file.append(std::as_bytes(std::span(svg))));
  return file.commit(false);
}

/// Of all modules, the program of the most rows; null where there is none.
const Program *largestProgram(const Model &model) {
  const Program *largest = nullptr;
  for (const Module &module : model.modules)
    for (const Program &program : module.programs)
      if (!largest || program.maxRows > largest->maxRows)
        largest = &program;
  return largest;
}

/// Draws the CPU's largest program, or the first GPU's where the file is for GPUs
/// alone.
Status writePicture(const Model &model, const std::string &path) {
  if (const Program *largest = largestProgram(model))
    return writePicture(model, *largest, "the CPU", path);
  for (size_t i = 0; i < model.devices.size(); ++i) {
    Model view = deviceView(model, i);
    if (const Program *largest = largestProgram(view))
      return writePicture(view, *largest, model.devices[i].target, path);
  }
  return Error{Code::WrongModule, "the file has no program to draw", "",
               "it holds no module that runs", "compile the model again"};
}

/// The plans that the flags ask for, of all programs of \p model, as \p gpu sees it;
/// empty: as the CPU does.
std::string describePlans(const Model &model, const InspectFlags &flags,
                          std::string_view gpu) {
  std::string text;
  for (const Module &module : model.modules)
    for (const Program &program : module.programs) {
      if (flags.memory)
        text += describeMemory(program, gpu);
      if (flags.schedule)
        text += describeSchedule(model, program, gpu);
    }
  return text;
}

std::string describe(const Artifact &artifact, const InspectFlags &flags) {
  const Model &model = artifact.model();
  std::string text = "name      " + model.name + "\nwritten by " +
                     model.producer +
                     (model.source.empty() ? "" : "\nfrom      " + model.source) +
                     "\nweights   " + model.quantization +
                     ", " + std::to_string(model.weights.size()) +
                     " tensors\n";
  for (const std::string &line : model.report)
    text += "found     " + line + "\n";
  text += "sections  " + formatBytes(artifact.fileSize()) + " in all\n";
  for (const SectionEntry &section : artifact.sections()) {
    std::string name(sectionTypeName(section.type));
    if (std::string of = sectionOwner(artifact, section); !of.empty())
      name += " " + of;
    name.resize(std::max<size_t>(name.size() + 1, 24), ' ');
    text += "  " + name + formatBytes(section.size) + " at " +
            std::to_string(section.offset) + "\n";
  }
  for (const Module &module : model.modules)
    text += describeModule(module);
  if (!model.images.empty() || model.devices.empty())
    text += "kernels   " + std::to_string(model.kernels.size()) + " for " +
            std::to_string(model.images.size()) + " CPU levels\n";
  if (flags.kernels)
    for (const Kernel &kernel : model.kernels)
      text += "  " + kernel.op + "  " + kernel.name + "\n";
  for (size_t i = 0; i < model.devices.size(); ++i)
    text += describeDevice(model, i, flags.kernels);
  if (flags.weights)
    for (const Weight &weight : model.weights) {
      text += "  " + weight.name + " " +
              std::string(elementTypeName(weight.type)) + "[";
      for (size_t i = 0; i < weight.shape.size(); ++i)
        text += (i ? ", " : "") + std::to_string(weight.shape[i]);
      text += "] " + weight.layout + ", " + formatBytes(weight.bytes) + "\n";
    }
  text += describePlans(model, flags, "");
  for (size_t i = 0; i < model.devices.size(); ++i)
    text += describePlans(deviceView(model, i), flags, model.devices[i].target);
  return text;
}

void addProgram(JsonWriter &json, const Program &program) {
  json.beginObject()
      .member("name", program.name)
      .member("kind", program.kind == Program::Kind::Step ? "step" : "graph")
      .member("minRows", program.minRows)
      .member("maxRows", program.maxRows)
      .member("launches", uint64_t(program.launches.size()))
      .member("arenaBytes", valueText(program, program.arenaBytes));
  auto addArguments = [&](std::string_view name,
                          const std::vector<Argument> &arguments) {
    json.key(name).beginArray();
    for (const Argument &argument : arguments)
      json.beginObject()
          .member("name", argument.name)
          .member("type", shapeText(program, argument.type, argument.shape))
          .end();
    json.end();
  };
  addArguments("inputs", program.inputs);
  addArguments("outputs", program.outputs);
  json.end();
}

void addPrograms(JsonWriter &json, const std::vector<Program> &programs) {
  json.key("programs").beginArray();
  for (const Program &program : programs)
    addProgram(json, program);
  json.end();
}

void addModule(JsonWriter &json, const Model &model, const Module &module) {
  bool isDecoder = module.kind == Module::Kind::Decoder;
  json.beginObject()
      .member("name", module.name)
      .member("kind", isDecoder ? "decoder" : "graph");
  if (isDecoder) {
    const DecoderConfig &c = module.decoder;
    json.member("vocabulary", c.vocabulary)
        .member("context", c.maxContext)
        .member("chunk", c.chunk)
        .member("layers", c.cache.layers)
        .member("kvHeads", c.cache.kvHeads)
        .member("headDim", c.cache.headDim)
        .member("cacheType", cacheTypeName(c.cacheType))
        .member("cacheBytesPerToken", pageBytes(c) / c.cache.page)
        .member("bosToken", c.bosToken);
    json.key("eosTokens").beginArray();
    for (int64_t token : c.eosTokens)
      json.value(token);
    json.end();
    json.key("generation")
        .beginObject()
        .member("sample", c.defaults.sample)
        .member("temperature", c.defaults.temperature)
        .member("topK", c.defaults.topK)
        .member("topP", c.defaults.topP)
        .member("minP", c.defaults.minP)
        .member("repetitionPenalty", c.defaults.repetitionPenalty)
        .end();
  }
  addPrograms(json, module.programs);
  json.key("schedules").beginArray();
  for (const DeviceSchedule &schedule : module.schedules) {
    json.beginObject().member("device", model.devices[schedule.device].target);
    if (isDecoder)
      json.member("chunk", schedule.chunk);
    addPrograms(json, schedule.programs);
    json.end();
  }
  json.end().end();
}

std::string toJson(const Artifact &artifact) {
  const Model &model = artifact.model();
  JsonWriter json;
  json.beginObject()
      .member("version", 1)
      .member("name", model.name)
      .member("producer", model.producer)
      .member("source", model.source)
      .member("quantization", model.quantization)
      .member("bytes", artifact.fileSize());
  json.key("report").beginArray();
  for (const std::string &line : model.report)
    json.value(line);
  json.end().key("sections").beginArray();
  for (const SectionEntry &section : artifact.sections())
    json.beginObject()
        .member("type", sectionTypeName(section.type))
        .member("offset", section.offset)
        .member("size", section.size)
        .end();
  json.end().key("modules").beginArray();
  for (const Module &module : model.modules)
    addModule(json, model, module);
  json.end().key("kernels").beginArray();
  for (const Kernel &kernel : model.kernels)
    json.beginObject().member("name", kernel.name).member("op", kernel.op).end();
  json.end().key("levels").beginArray();
  for (const KernelImage &image : model.images)
    json.value(image.level);
  json.end();
  addDevices(json, model);
  json.key("weights").beginArray();
  for (const Weight &weight : model.weights) {
    json.beginObject()
        .member("name", weight.name)
        .member("type", elementTypeName(weight.type))
        .member("layout", weight.layout)
        .member("bytes", weight.bytes);
    json.key("shape").beginArray();
    for (int64_t extent : weight.shape)
      json.value(extent);
    json.end().end();
  }
  return json.end().end().text() + "\n";
}

} // namespace

Status runInspect(Invocation &invocation) {
  InspectFlags flags;
  page::ReportFlags report;
  Arguments arguments;
  arguments.flags = {
      {"weights", 'w', "", "list the weights", &flags.weights},
      {"kernels", 'k', "", "list the kernels", &flags.kernels},
      {"memory", 'm', "", "list where buffers lie in the arena", &flags.memory},
      {"memory-svg", 0, "FILE", "draw the memory plan of the largest step on the CPU; on the first GPU where the file is for GPUs alone",
       &flags.picture},
      {"schedule", 's', "", "list every launch", &flags.schedule},
      {"json", 0, "", "print JSON", &flags.json},
  };
  report.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  LLMC_CHECK(report.check());
  std::string shownName = invocation.fileName.empty() ? invocation.file : invocation.fileName;
  // Before anything is measured.
  for (const std::string &output : {report.path, flags.picture})
    if (!output.empty()) {
      LLMC_CHECK(keepApart(output, {&invocation.file, 1}));
      LLMC_CHECK(OutputFile::check(output));
    }
  LLMC_TRY(Artifact artifact, Artifact::open(invocation.file));
  if (!flags.picture.empty())
    LLMC_CHECK(writePicture(artifact.model(), flags.picture));
  if (!report.path.empty())
    LLMC_CHECK(page::writeReport(invocation.file, shownName, report));
  return print(flags.json ? toJson(artifact) : describe(artifact, flags));
}

} // namespace llmc

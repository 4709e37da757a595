#include "runtime/verbs/InspectText.h"

#include "runtime/verbs/Console.h"
#include "runtime/verbs/ProgramText.h"

#include <algorithm>

namespace llmc {

int64_t pageBytes(const DecoderConfig &config) {
  return config.cache.pageElements() * elementBytes(config.cacheType);
}

std::string describeProgram(const Program &program) {
  std::string text = "  program " + program.name;
  if (program.kind == Program::Kind::Step)
    text += ", " + std::to_string(program.minRows) + " to " +
            std::to_string(program.maxRows) + " rows";
  text += ", " + std::to_string(program.launches.size()) +
          " launches, arena " + valueText(program, program.arenaBytes) +
          " bytes\n";
  if (program.kind == Program::Kind::Step)
    return text;
  for (const Argument &input : program.inputs)
    text += "    input  " + input.name + " " +
            shapeText(program, input.type, input.shape) + "\n";
  for (const Argument &output : program.outputs)
    text += "    output " + output.name + " " +
            shapeText(program, output.type, output.shape) + "\n";
  return text;
}

std::string describeModule(const Module &module) {
  std::string text = "module " + module.name;
  if (module.kind == Module::Kind::Graph) {
    text += ": graph\n";
  } else {
    const DecoderConfig &c = module.decoder;
    text += ": decoder, vocabulary " + std::to_string(c.vocabulary) +
            ", context " + std::to_string(c.maxContext) + ", chunk " +
            std::to_string(c.chunk) + "\n  cache " +
            std::to_string(c.cache.layers) + " layers, " +
            std::to_string(c.cache.kvHeads) + " heads of " +
            std::to_string(c.cache.headDim) + ", " +
            std::string(cacheTypeName(c.cacheType)) + ", " +
            formatBytes(static_cast<uint64_t>(pageBytes(c) / c.cache.page)) +
            " per token, " +
            formatBytes(static_cast<uint64_t>(
                pageBytes(c) * c.cache.pagesFor(c.maxContext))) +
            " at full context\n  generation " + describeGeneration(c.defaults) +
            "\n";
  }
  for (const Program &program : module.programs)
    text += describeProgram(program);
  return text;
}

/// `decode`, of a GPU `decode on sm_80`.
static std::string nameOn(const Program &program, std::string_view gpu) {
  return program.name + (gpu.empty() ? "" : " on " + std::string(gpu));
}

std::string describeMemory(const Program &program, std::string_view gpu) {
  std::string text = "memory of " + nameOn(program, gpu) + ": arena " +
                     valueText(program, program.arenaBytes) + " bytes\n";
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const Buffer &buffer = program.buffers[i];
    if (buffer.space == Buffer::Space::Arena)
      text += "  at " + valueText(program, buffer.offset) + "  " +
              shapeText(program, buffer.type, buffer.shape) + "  buffer " +
              std::to_string(i) + "\n";
  }
  return text;
}

/// ` after 3, 5 tile by tile`.
static std::string waitsText(const Launch &launch) {
  std::string text;
  for (const Wait &wait : launch.waits)
    text += (text.empty() ? " after " : ", ") + std::to_string(wait.launch) +
            (wait.mine ? " tile by tile" : "");
  return text;
}

std::string describeSchedule(const Model &model, const Program &program,
                             std::string_view gpu) {
  std::string text = "schedule of " + nameOn(program, gpu) + "\n";
  for (const Launch &launch : program.launches) {
    text += "  " + std::to_string(&launch - program.launches.data()) + " " +
            model.kernels[launch.kernel].name + " tiles " + valueText(program, launch.tiles) +
            " (";
    for (size_t i = 0; i < launch.buffers.size(); ++i) {
      const Buffer &buffer = program.buffers[launch.buffers[i]];
      text += (i ? ", " : "") + std::string(spaceName(buffer.space)) + " ";
      if (buffer.space == Buffer::Space::Weight)
        text += model.weights[buffer.index].name;
      else
        text += std::to_string(buffer.index);
      text += "+" + valueText(program, buffer.offset);
    }
    text += ")" + waitsText(launch) + "\n";
  }
  return text;
}

std::string sectionOwner(const Artifact &artifact, const SectionEntry &section) {
  const Model &model = artifact.model();
  auto is = [&](uint32_t index) { return &section == &artifact.sections()[index]; };
  for (const KernelImage &image : model.images)
    if (is(image.section))
      return image.level;
  for (const DeviceImage &device : model.devices)
    if (is(device.ptxSection) || (device.cubinSection && is(device.cubinSection)))
      return device.target;
  return "";
}

std::string describeDevice(const Model &model, size_t index, bool withKernels) {
  const DeviceImage &device = model.devices[index];
  std::string text = "kernels   " + std::to_string(device.kernels.size()) + " for " +
                     device.target + ", blocks of " + std::to_string(device.blockThreads) +
                     " threads, " + (device.cubinSection ? "PTX and cubin" : "PTX") + "\n";
  for (const Module &module : model.modules)
    for (const DeviceSchedule &schedule : module.schedules) {
      if (schedule.device != index)
        continue;
      text += "  module " + module.name;
      if (module.kind == Module::Kind::Decoder)
        text += ", chunk " + std::to_string(schedule.chunk);
      text += "\n";
      for (const Program &program : schedule.programs)
        text += describeProgram(program);
    }
  if (!withKernels)
    return text;
  for (const DeviceKernel &item : device.kernels) {
    text += "  " + item.kernel.op + "  " + item.kernel.name;
    if (item.registers > 0)
      text += "  " + std::to_string(item.registers) + " registers, " +
              std::to_string(item.spillBytes) + " bytes spilled,";
    text += "  " + std::to_string(item.sharedBytes) + " bytes shared" +
            (item.matrix.empty() ? "" : "  " + item.matrix) + "\n";
  }
  return text;
}

void addDevices(JsonWriter &json, const Model &model) {
  json.key("devices").beginArray();
  for (const DeviceImage &device : model.devices) {
    json.beginObject()
        .member("target", device.target)
        .member("blockThreads", uint64_t(device.blockThreads))
        .member("cubin", device.cubinSection != 0)
        .key("kernels")
        .beginArray();
    for (const DeviceKernel &item : device.kernels)
      json.beginObject()
          .member("name", item.kernel.name)
          .member("op", item.kernel.op)
          .member("entry", item.entry)
          .member("registers", uint64_t(item.registers))
          .member("spillBytes", uint64_t(item.spillBytes))
          .member("matrix", item.matrix)
          .member("sharedBytes", uint64_t(item.sharedBytes))
          .end();
    json.end().end();
  }
  json.end();
}

} // namespace llmc

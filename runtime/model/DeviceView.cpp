#include "runtime/model/DeviceView.h"

namespace llmc {

Model deviceView(const Model &model, size_t device) {
  Model view;
  view.name = model.name;
  view.producer = model.producer;
  view.quantization = model.quantization;
  view.report = model.report;
  view.source = model.source;
  view.weights = model.weights;
  for (const DeviceKernel &item : model.devices[device].kernels)
    view.kernels.push_back(item.kernel);
  for (const Module &module : model.modules)
    for (const DeviceSchedule &schedule : module.schedules) {
      if (schedule.device != device)
        continue;
      Module seen;
      seen.name = module.name;
      seen.kind = module.kind;
      seen.decoder = module.decoder;
      if (module.kind == Module::Kind::Decoder) {
        seen.decoder.chunk = schedule.chunk;
        seen.decoder.blockRows = schedule.blockRows;
      }
      seen.programs = schedule.programs;
      view.modules.push_back(std::move(seen));
    }
  return view;
}

} // namespace llmc

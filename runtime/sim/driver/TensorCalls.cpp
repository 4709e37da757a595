// cuTensorMapEncodeTiled: the map holds what the simulator reads.
#include "runtime/sim/driver/DriverState.h"

#include "runtime/sim/execute/TensorCopy.h"

#include <cstring>

namespace llmc::sim {
namespace {

using namespace cuda;
using enum DriverResult;

uint8_t elementBytes(TensorMapType type) {
  switch (type) {
  case TensorMapType::UInt8:
    return 1;
  case TensorMapType::UInt16:
  case TensorMapType::Float16:
  case TensorMapType::BFloat16:
    return 2;
  case TensorMapType::UInt64:
  case TensorMapType::Int64:
  case TensorMapType::Float64:
    return 8;
  default:
    return 4;
  }
}

DriverResult refuse(std::string why) {
  driverState->failure = Error{Code::KernelFault, "cannot encode a tensor map",
                               "", std::move(why),
                               "this is a defect of llmc: report the model's graph"};
  return InvalidValue;
}

DriverResult encode(TensorMap *map, TensorMapType type, unsigned rank,
                    void *address, const uint64_t *dimensions,
                    const uint64_t *strides, const unsigned *box,
                    const unsigned *elementStrides,
                    TensorMapInterleave interleave, TensorMapSwizzle swizzle,
                    TensorMapL2, TensorMapFill fill) {
  TensorDescriptor own;
  if (rank == 0 || rank > kMaxRank)
    return refuse("a tensor map has 1 to 5 dimensions");
  if (interleave != TensorMapInterleave::None || fill != TensorMapFill::Zero ||
      int(type) > int(TensorMapType::TFloat32Ftz))
    return refuse("interleaved tensors, NaN filling and packed types are not "
                  "modelled");
  own.magic = TensorDescriptor::kMagic;
  own.rank = uint8_t(rank);
  own.elementBytes = elementBytes(type);
  own.swizzle = Swizzle(int(swizzle));
  own.address = reinterpret_cast<uint64_t>(address);
  own.strides[0] = own.elementBytes;
  for (unsigned i = 0; i < rank; ++i) {
    if (dimensions[i] == 0 || dimensions[i] > uint64_t(1) << 32)
      return refuse("a tensor has 1 to 2^32 elements in each dimension");
    if (box[i] > 256)
      return refuse("a box has 1 to 256 elements in each dimension");
    if (elementStrides[i] != 1)
      return refuse("element strides other than 1 are not modelled");
    own.last[i] = uint32_t(dimensions[i] - 1);
    own.box[i] = uint16_t(box[i]);
    if (i > 0)
      own.strides[i] = strides[i - 1];
  }
  if (std::string why = checkTensor(own); !why.empty())
    return refuse(std::move(why));
  memset(map, 0, sizeof *map);
  memcpy(map, &own, sizeof own);
  return Success;
}

} // namespace

void fillTensorCalls(cuda::Driver &table) {
  table.tensorMapEncodeTiled = encode;
}

} // namespace llmc::sim

/// Eight-bit floats: e4m3 (no infinities, NaN is 0x7F) and e5m2.
#ifndef LLMC_RUNTIME_SIM_OPS_FP8_H
#define LLMC_RUNTIME_SIM_OPS_FP8_H

#include <cstdint>

namespace llmc::sim {

float floatOfE4m3(uint8_t bits);
float floatOfE5m2(uint8_t bits);
/// Nearest even; beyond the largest finite number that number (satfinite).
uint8_t e4m3OfFloat(float value);
uint8_t e5m2OfFloat(float value);

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_FP8_H

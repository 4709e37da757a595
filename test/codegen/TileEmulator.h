/// AMX on processors that have none, so that its kernels are tested everywhere.
#ifndef LLMC_TEST_CODEGEN_TILEEMULATOR_H
#define LLMC_TEST_CODEGEN_TILEEMULATOR_H

namespace llmc::test {

/// Lets this process execute AMX: asks the system for the registers where the
/// processor has them, and handles the illegal-instruction signal where not.
/// The handler executes LDTILECFG, STTILECFG, TILERELEASE, TILEZERO, TILELOADD,
/// TILELOADDT1, TILESTORED, TDPBF16PS, TDPFP16PS and the four integer products as
/// Intel's SDM (volume 2) gives them, to the bit, with state per thread. What the
/// processor would refuse (a tile that is not configured, shapes that do not
/// fit) ends the process with a message, as does any other illegal instruction.
///
/// To be called before each use: lld takes the signal for itself when it links.
/// False where the processor lacks AVX2 and FMA, or the system refuses AMX.
bool provideTiles();
/// The same with TDPFP16PS. False as well where the processor has AMX without it:
/// its tiles are not the emulator's.
bool provideHalfTiles();

} // namespace llmc::test

#endif // LLMC_TEST_CODEGEN_TILEEMULATOR_H

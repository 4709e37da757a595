/// The decode functions, one for each family of instructions; Table.cpp says
/// which names are whose.
#ifndef LLMC_RUNTIME_SIM_OPS_FAMILIES_H
#define LLMC_RUNTIME_SIM_OPS_FAMILIES_H

#include "runtime/sim/ops/Decoder.h"

namespace llmc::sim {

bool decodeArithmetic(Decoder &d); // Arithmetic.cpp
bool decodeSad(Decoder &d);        // Integer.cpp
bool decodeDot(Decoder &d);        // dp4a, dp2a
bool decodeLogic(Decoder &d);      // Bits.cpp
bool decodeLop3(Decoder &d);
bool decodeShift(Decoder &d);
bool decodeFunnelShift(Decoder &d);
bool decodeCountBits(Decoder &d);
bool decodeBitField(Decoder &d);
bool decodePrmt(Decoder &d);
bool decodeFunction(Decoder &d); // Float.cpp
bool decodeSetp(Decoder &d);     // Compare.cpp
bool decodeSet(Decoder &d);
bool decodeSelp(Decoder &d);
bool decodeSlct(Decoder &d);
bool decodeTestp(Decoder &d);
bool decodeMov(Decoder &d); // Move.cpp
bool decodeCvta(Decoder &d);
bool decodeIsspacep(Decoder &d);
bool decodeMapa(Decoder &d);
bool decodeCvt(Decoder &d);  // Convert.cpp
bool decodeLoad(Decoder &d); // LoadStore.cpp
bool decodeStore(Decoder &d);
bool decodeCreatePolicy(Decoder &d);
bool decodePrefetch(Decoder &d);
bool decodeAtom(Decoder &d);   // Atomic.cpp
bool decodeBranch(Decoder &d); // Control.cpp
bool decodeCall(Decoder &d);
bool decodeReturn(Decoder &d);
bool decodeExit(Decoder &d);
bool decodeTrap(Decoder &d);
bool decodeNothing(Decoder &d); // fences, hints
bool decodeNanosleep(Decoder &d);
bool decodeBarrier(Decoder &d); // Barrier.cpp
bool decodeShuffle(Decoder &d); // WarpWide.cpp
bool decodeVote(Decoder &d);
bool decodeMatch(Decoder &d);
bool decodeActivemask(Decoder &d);
bool decodeElect(Decoder &d);
bool decodeRedux(Decoder &d);
bool decodeCopyAsync(Decoder &d); // CopyAsync.cpp
bool decodeMbarrier(Decoder &d);  // Mbarrier.cpp
bool decodeLdmatrix(Decoder &d);  // MatrixLoad.cpp
bool decodeStmatrix(Decoder &d);
bool decodeMma(Decoder &d);   // Mma.cpp
bool decodeWgmma(Decoder &d); // Wgmma.cpp

} // namespace llmc::sim

#endif // LLMC_RUNTIME_SIM_OPS_FAMILIES_H

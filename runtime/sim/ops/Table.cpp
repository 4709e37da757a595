// Which family decodes which instruction.
#include "runtime/sim/ops/Families.h"

#include <algorithm>
#include <iterator>

namespace llmc::sim {
namespace {

struct Row {
  std::string_view name;
  DecodeFunction decode;
};

/// Ascending by name.
constexpr Row kRows[] = {
    {"abs", decodeArithmetic},
    {"activemask", decodeActivemask},
    {"add", decodeArithmetic},
    {"and", decodeLogic},
    {"atom", decodeAtom},
    {"bar", decodeBarrier},
    {"barrier", decodeBarrier},
    {"bfe", decodeBitField},
    {"bfi", decodeBitField},
    {"bfind", decodeCountBits},
    {"bra", decodeBranch},
    {"brev", decodeCountBits},
    {"brkpt", decodeTrap},
    {"brx", decodeBranch},
    {"call", decodeCall},
    {"clz", decodeCountBits},
    {"cnot", decodeLogic},
    {"copysign", decodeFunction},
    {"cos", decodeFunction},
    {"cp", decodeCopyAsync},
    {"createpolicy", decodeCreatePolicy},
    {"cvt", decodeCvt},
    {"cvta", decodeCvta},
    {"div", decodeArithmetic},
    {"dp2a", decodeDot},
    {"dp4a", decodeDot},
    {"elect", decodeElect},
    {"ex2", decodeFunction},
    {"exit", decodeExit},
    {"fence", decodeNothing},
    {"fma", decodeArithmetic},
    {"griddepcontrol", decodeNothing},
    {"isspacep", decodeIsspacep},
    {"ld", decodeLoad},
    {"ldmatrix", decodeLdmatrix},
    {"ldu", decodeLoad},
    {"lg2", decodeFunction},
    {"lop3", decodeLop3},
    {"mad", decodeArithmetic},
    {"mapa", decodeMapa},
    {"match", decodeMatch},
    {"max", decodeArithmetic},
    {"mbarrier", decodeMbarrier},
    {"membar", decodeNothing},
    {"min", decodeArithmetic},
    {"mma", decodeMma},
    {"mov", decodeMov},
    {"mul", decodeArithmetic},
    {"nanosleep", decodeNanosleep},
    {"neg", decodeArithmetic},
    {"not", decodeLogic},
    {"or", decodeLogic},
    {"pmevent", decodeNothing},
    {"popc", decodeCountBits},
    {"prefetch", decodePrefetch},
    {"prefetchu", decodePrefetch},
    {"prmt", decodePrmt},
    {"rcp", decodeFunction},
    {"red", decodeAtom},
    {"redux", decodeRedux},
    {"rem", decodeArithmetic},
    {"ret", decodeReturn},
    {"rsqrt", decodeFunction},
    {"sad", decodeSad},
    {"selp", decodeSelp},
    {"set", decodeSet},
    {"setmaxnreg", decodeNothing},
    {"setp", decodeSetp},
    {"shf", decodeFunnelShift},
    {"shfl", decodeShuffle},
    {"shl", decodeShift},
    {"shr", decodeShift},
    {"sin", decodeFunction},
    {"slct", decodeSlct},
    {"sqrt", decodeFunction},
    {"st", decodeStore},
    {"stmatrix", decodeStmatrix},
    {"sub", decodeArithmetic},
    {"tanh", decodeFunction},
    {"testp", decodeTestp},
    {"trap", decodeTrap},
    {"vote", decodeVote},
    {"wgmma", decodeWgmma},
    {"xor", decodeLogic},
};
static_assert(std::is_sorted(std::begin(kRows), std::end(kRows),
                             [](const Row &a, const Row &b) {
                               return a.name < b.name;
                             }));

} // namespace

DecodeFunction findDecoder(std::string_view name) {
  const Row *row = std::lower_bound(
      std::begin(kRows), std::end(kRows), name,
      [](const Row &a, std::string_view b) { return a.name < b; });
  return row != std::end(kRows) && row->name == name ? row->decode : nullptr;
}

} // namespace llmc::sim

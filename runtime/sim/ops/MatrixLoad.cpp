// ldmatrix and stmatrix (ISA section 9.7.14.5.15): 8x8 matrices of 16-bit
// elements between shared memory and the fragments of mma. Lanes 8i .. 8i+7
// give the addresses of the rows of matrix i.
#include "runtime/sim/ops/Families.h"

#include "runtime/sim/execute/Access.h"
#include "runtime/sim/ops/Aligned.h"
#include "runtime/sim/ops/MemoryOperands.h"

#include <cstring>

namespace llmc::sim {
namespace {

constexpr unsigned kRowBytes = 16;

/// Where the rows of `inst.count` matrices lie; false where a fault was raised.
bool locateRows(Warp &warp, const Inst &inst, Space space,
                Place (&rows)[kLanes], uint64_t (&address)[kLanes]) {
  computeAddresses(warp, inst, inst.operand[inst.count], address);
  for (unsigned row = 0; row < 8 * inst.count; ++row) {
    if (!locate(warp, row, space, address[row], kRowBytes, rows[row]))
      return false;
    if (rows[row].space != Space::Shared) {
      warp.block->raise(warp, row, FaultKind::OutOfBounds,
                        "the matrix does not lie in shared memory");
      return false;
    }
  }
  return true;
}

/// Operands: fragments, then the address. flags bit 0: transposed, bit 1: the
/// address is generic.
void ldmatrix(Warp &warp, const Inst &inst) {
  if (!allLanes(warp))
    return;
  Place rows[kLanes];
  uint64_t address[kLanes];
  Space space = inst.flags & 2 ? Space::Generic : Space::Shared;
  if (!locateRows(warp, inst, space, rows, address))
    return;
  Block &block = *warp.block;
  block.tick(warp);
  uint16_t elements[kLanes][8];
  for (unsigned row = 0; row < 8 * inst.count; ++row) {
    Conflict conflict;
    if (!block.shared.read(block.mark(warp, kManyLanes), rows[row].offset,
                           kRowBytes, conflict))
      return block.raise(warp, row, conflict);
    memcpy(elements[row], rows[row].data, kRowBytes);
  }
  for (unsigned i = 0; i < inst.count; ++i) {
    uint32_t *r = warp.lanes<uint32_t>(inst.operand[i]);
    const auto *matrix = elements + 8 * i;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      unsigned g = lane / 4, t = lane % 4 * 2;
      r[lane] = inst.flags & 1
                    ? uint32_t(matrix[t + 1][g]) << 16 | matrix[t][g]
                    : uint32_t(matrix[g][t + 1]) << 16 | matrix[g][t];
    }
  }
}

void stmatrix(Warp &warp, const Inst &inst) {
  if (!allLanes(warp))
    return;
  Place rows[kLanes];
  uint64_t address[kLanes];
  Space space = inst.flags & 2 ? Space::Generic : Space::Shared;
  if (!locateRows(warp, inst, space, rows, address))
    return;
  Block &block = *warp.block;
  block.tick(warp);
  uint16_t elements[kLanes][8];
  for (unsigned i = 0; i < inst.count; ++i) {
    const uint32_t *r = warp.lanes<uint32_t>(inst.operand[i]);
    auto *matrix = elements + 8 * i;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      unsigned g = lane / 4, t = lane % 4 * 2;
      auto low = uint16_t(r[lane]), high = uint16_t(r[lane] >> 16);
      (inst.flags & 1 ? matrix[t][g] : matrix[g][t]) = low;
      (inst.flags & 1 ? matrix[t + 1][g] : matrix[g][t + 1]) = high;
    }
  }
  for (unsigned row = 0; row < 8 * inst.count; ++row) {
    Conflict conflict;
    bool same = memcmp(rows[row].data, elements[row], kRowBytes) == 0;
    if (!block.shared.write(block.mark(warp, kManyLanes), rows[row].offset,
                            kRowBytes, same, conflict))
      return block.raise(warp, row, conflict);
    memcpy(rows[row].data, elements[row], kRowBytes);
  }
}

bool decodeMatrix(Decoder &d, bool load) {
  if (!d.takes("sync") || !d.takes("aligned") || !d.takes("m8n8"))
    return d.fail("only the form .sync.aligned.m8n8 is supported");
  unsigned count = d.takes("x1")   ? 1
                   : d.takes("x2") ? 2
                   : d.takes("x4") ? 4
                                   : 0;
  d.inst.flags = d.takes("trans") ? 1 : 0;
  Space space = takeSpace(d);
  if (count == 0 || d.takeType() != Type::B16)
    return d.fail("the matrices are .x1, .x2 or .x4 of .b16");
  if (space != Space::Shared && space != Space::Generic)
    return d.fail("the matrices lie in shared memory");
  if (!d.wants(2))
    return false;
  const Operand &fragments = d.operand(load ? 0 : 1);
  size_t given =
      fragments.kind == Operand::Kind::Vector ? fragments.elements.size() : 1;
  if (given != count)
    return d.fail("there must be as many registers as matrices");
  for (unsigned i = 0; i < count; ++i) {
    const Operand &element = fragments.kind == Operand::Kind::Vector
                                 ? fragments.elements[i]
                                 : fragments;
    if (!(load ? d.write(element, 4) : d.read(element, 4)))
      return false;
  }
  d.inst.count = count;
  d.inst.flags |= space == Space::Generic ? 2 : 0;
  d.inst.execute = load ? ldmatrix : stmatrix;
  return d.address(load ? 1 : 0, space);
}

} // namespace

bool decodeLdmatrix(Decoder &d) { return decodeMatrix(d, true); }
bool decodeStmatrix(Decoder &d) { return decodeMatrix(d, false); }

} // namespace llmc::sim

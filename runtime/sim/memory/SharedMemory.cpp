#include "runtime/sim/memory/SharedMemory.h"

namespace llmc::sim {

void SharedMemory::begin(uint32_t size) {
  length = size;
  uint32_t padded = (size + 15) & ~15u;
  bool fits = order.begin();
  if (!fits) {
    words.clear();
    splitAt.clear();
    byteRecords.clear();
    order.restart();
  }
  if (bytes.size() < padded) {
    bytes.resize(padded);
    words.resize(padded / 4);
    splitAt.resize(padded / 4);
  } else if (!fits) {
    words.resize(bytes.size() / 4);
    splitAt.resize(bytes.size() / 4);
  }
}

template <typename Visit>
bool SharedMemory::visit(uint32_t offset, uint32_t count, Visit visit) {
  uint32_t end = offset + count;
  // Clocks begin at 1 behind the origin, so origin + 1 marks this block.
  uint32_t thisBlock = order.origin() + 1;
  while (offset < end) {
    uint32_t word = offset / 4;
    bool whole = offset % 4 == 0 && end - offset >= 4;
    bool split = splitAt[word] == thisBlock;
    if (whole && !split) {
      if (!visit(words[word], offset))
        return false;
      offset += 4;
      continue;
    }
    if (!split) {
      if (byteRecords.size() < bytes.size())
        byteRecords.resize(bytes.size());
      for (uint32_t i = 0; i < 4; ++i)
        byteRecords[word * 4 + i] = words[word];
      splitAt[word] = thisBlock;
    }
    uint32_t stop = std::min(end, word * 4 + 4);
    for (; offset < stop; ++offset)
      if (!visit(byteRecords[offset], offset))
        return false;
  }
  return true;
}

bool SharedMemory::ordered(const Mark &earlier, const Mark &by) const {
  if (earlier.clock <= order.origin())
    return true;
  if (earlier.warp == by.warp && earlier.lane == by.lane &&
      by.lane != kManyLanes)
    return true;
  return order.knows(by.warp, earlier.warp, earlier.clock);
}

bool SharedMemory::readRecord(Record &record, const Mark &by,
                              Conflict &conflict) const {
  const Mark &write = record.write;
  bool written = write.clock > order.origin();
  bool strong =
      write.kind == AccessKind::Strong && by.kind == AccessKind::Strong;
  if (!written && checkWritten)
    conflict.kind = Conflict::Kind::Unwritten;
  else if (written && write.pending)
    conflict.kind = Conflict::Kind::Pending;
  else if (checkRaces && !strong && !ordered(write, by))
    conflict.kind = write.kind == AccessKind::Async
                        ? Conflict::Kind::Pending
                        : Conflict::Kind::ReadAfterWrite;
  if (conflict.kind != Conflict::Kind::None) {
    conflict.other = write;
    return false;
  }
  Mark &latest = record.read[0];
  if (latest.clock > order.origin() && latest.warp != by.warp)
    record.read[1] = latest;
  // Lanes that read without an order between them count as many.
  bool more = latest.warp == by.warp && latest.lane != by.lane &&
              latest.clock > order.origin() && !ordered(latest, by);
  bool pending =
      latest.pending && latest.warp == by.warp && latest.clock > order.origin();
  latest = by;
  latest.pending |= pending;
  if (more)
    latest.lane = kManyLanes;
  return true;
}

bool SharedMemory::writeRecord(Record &record, const Mark &by, const Mark &as,
                               bool same, Conflict &conflict) const {
  const Mark &write = record.write;
  bool written = write.clock > order.origin();
  bool strong =
      write.kind == AccessKind::Strong && by.kind == AccessKind::Strong;
  bool together =
      written && write.warp == by.warp && write.clock == by.clock && same;
  if (written && write.pending) {
    conflict = {Conflict::Kind::Pending, 0, write};
  } else if (checkRaces && !strong && !together && !ordered(write, by)) {
    conflict = {Conflict::Kind::WriteAfterWrite, 0, write};
  } else {
    for (const Mark &read : record.read)
      if (read.pending && read.clock > order.origin()) {
        conflict = {Conflict::Kind::PendingRead, 0, read};
        return false;
      }
    for (const Mark &read : record.read)
      if (checkRaces && !ordered(read, by) &&
          !(read.kind == AccessKind::Strong && by.kind == AccessKind::Strong)) {
        conflict = {Conflict::Kind::WriteAfterRead, 0, read};
        break;
      }
  }
  if (conflict.kind != Conflict::Kind::None)
    return false;
  record.write = as;
  record.read[0].clock = record.read[1].clock = 0;
  return true;
}

bool SharedMemory::read(const Mark &by, uint32_t offset, uint32_t count,
                        Conflict &conflict) {
  return visit(offset, count, [&](Record &record, uint32_t at) {
    if (readRecord(record, by, conflict))
      return true;
    conflict.offset = at;
    return false;
  });
}

bool SharedMemory::write(const Mark &by, uint32_t offset, uint32_t count,
                         bool same, Conflict &conflict) {
  return visit(offset, count, [&](Record &record, uint32_t at) {
    if (writeRecord(record, by, by, same, conflict))
      return true;
    conflict.offset = at;
    return false;
  });
}

bool SharedMemory::writeAsync(const Mark &by, const Mark &as, uint32_t offset,
                              uint32_t count, Conflict &conflict) {
  return visit(offset, count, [&](Record &record, uint32_t at) {
    if (writeRecord(record, by, as, false, conflict))
      return true;
    conflict.offset = at;
    return false;
  });
}

void SharedMemory::completeRead(const Mark &by, uint32_t offset,
                                uint32_t count) {
  visit(offset, count, [&](Record &record, uint32_t) {
    for (Mark &read : record.read)
      if (read.pending && read.warp == by.warp) {
        read.pending = false;
        read.clock = by.clock;
      }
    return true;
  });
}

void SharedMemory::complete(const Mark &by, uint32_t offset, uint32_t count) {
  visit(offset, count, [&](Record &record, uint32_t) {
    if (record.write.pending)
      record.write = by;
    return true;
  });
}

bool SharedMemory::isWritten(uint32_t offset, uint32_t count) const {
  for (uint32_t i = offset; i < offset + count; ++i) {
    bool split = splitAt[i / 4] == order.origin() + 1;
    const Record &record = split ? byteRecords[i] : words[i / 4];
    if (record.write.clock <= order.origin())
      return false;
  }
  return true;
}

} // namespace llmc::sim

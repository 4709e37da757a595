#include "runtime/program/BoundProgram.h"

#include "runtime/program/Values.h"

#include <algorithm>

namespace llmc {

namespace {

constexpr int64_t maxBytes = int64_t(1) << 46;

Error outside(const Program &program, std::string why) {
  return {Code::ArtifactDamaged, "the schedule does not fit its memory",
          "program " + program.name, std::move(why), "compile the model again"};
}

} // namespace

BoundProgram::BoundProgram(const WeightPlaces &weights, const Program &program,
                           const CacheLayout &cache, ElementType cacheType)
    : code(program), layout(cache), cacheElementBytes(elementBytes(cacheType)),
      weights(weights), symbols(program.symbols.size()),
      values(program.values.size()), reach(program.buffers.size()),
      pointers(program.buffers.size()) {
  places.inputs.resize(program.inputs.size());
  places.outputs.resize(program.outputs.size());
  size_t bufferCount = 0, scalarCount = 0;
  for (const Launch &launch : program.launches) {
    bufferCount += launch.buffers.size();
    scalarCount += launch.scalars.size();
  }
  arguments.resize(bufferCount);
  scalars.resize(scalarCount);
}

/// Bytes from the base of the buffer's space to behind its last element.
Result<int64_t> BoundProgram::bytesReached(const Buffer &buffer) const {
  int64_t size = elementBytes(buffer.type);
  int64_t offset = values[buffer.offset];
  auto bad = [&](const char *why) {
    return outside(code, "buffer " + std::to_string(&buffer - &code.buffers[0]) +
                             " " + why);
  };
  if (offset < 0 || offset > maxBytes || offset % size != 0)
    return bad("has an impossible offset");
  int64_t last = 0; // element
  int64_t contiguous = 1;
  bool empty = false;
  for (size_t i = buffer.shape.size(); i-- > 0;) {
    int64_t extent = values[buffer.shape[i]];
    if (extent < 0)
      return bad("has a negative extent");
    empty |= extent == 0;
    int64_t stride = buffer.strides.empty() ? contiguous : buffer.strides[i];
    int64_t step = 0;
    if (__builtin_mul_overflow(std::max<int64_t>(extent - 1, 0), stride,
                               &step) ||
        __builtin_add_overflow(last, step, &last) ||
        __builtin_mul_overflow(contiguous, std::max<int64_t>(extent, 1),
                               &contiguous))
      return bad("is too large");
  }
  if (empty)
    return offset;
  if (last >= maxBytes / size)
    return bad("is too large");
  return offset + (last + 1) * size;
}

Result<int64_t> BoundProgram::argumentBytes(const Argument &argument) const {
  int64_t bytes = elementBytes(argument.type);
  for (ValueId id : argument.shape)
    if (values[id] < 0 || __builtin_mul_overflow(bytes, values[id], &bytes) ||
        bytes > maxBytes)
      return outside(code, argument.name + " has an impossible extent");
  return bytes;
}

Status BoundProgram::setSymbols(std::span<const int64_t> numbers) {
  if (ready && std::equal(numbers.begin(), numbers.end(), symbols.begin(),
                          symbols.end()))
    return Status::ok();
  ready = placed = false;
  LLMC_CHECK(evaluateValues(code, numbers, values));
  for (size_t i = 0; i < code.buffers.size(); ++i) {
    LLMC_TRY(reach[i], bytesReached(code.buffers[i]));
  }
  size_t next = 0;
  for (const Launch &launch : code.launches)
    for (ValueId id : launch.scalars)
      scalars[next++] = values[id];
  std::copy(numbers.begin(), numbers.end(), symbols.begin());
  ready = true;
  return Status::ok();
}

bool ProgramMemory::isSame(const ProgramMemory &other) const {
  auto same = [](std::span<std::byte> a, std::span<std::byte> b) {
    return a.data() == b.data() && a.size() == b.size();
  };
  return same(arena, other.arena) && same(cache, other.cache) &&
         std::equal(inputs.begin(), inputs.end(), other.inputs.begin(),
                    other.inputs.end(), same) &&
         std::equal(outputs.begin(), outputs.end(), other.outputs.begin(),
                    other.outputs.end(), same);
}

std::span<std::byte> BoundProgram::spaceOf(BufferId id,
                                           const ProgramMemory &memory) const {
  const Buffer &buffer = code.buffers[id];
  switch (buffer.space) {
  case Buffer::Space::Arena:
    return memory.arena;
  case Buffer::Space::Weight: {
    // Kernels only read weights, and their map could not be written.
    std::span<const std::byte> bytes = weights.at(buffer.index);
    return {const_cast<std::byte *>(bytes.data()), bytes.size()};
  }
  case Buffer::Space::Input:
    return memory.inputs[buffer.index];
  case Buffer::Space::Output:
    return memory.outputs[buffer.index];
  case Buffer::Space::KeyCache:
  case Buffer::Space::ValueCache: {
    int64_t first = buffer.space == Buffer::Space::KeyCache
                        ? layout.keyOffset(buffer.index)
                        : layout.valueOffset(buffer.index);
    size_t begin = std::min(static_cast<size_t>(first * cacheElementBytes),
                            memory.cache.size());
    return memory.cache.subspan(begin);
  }
  }
  return {};
}

Status BoundProgram::setMemory(const ProgramMemory &memory) {
  if (placed && weightsVersion == weights.version() && memory.isSame(places))
    return Status::ok();
  placed = false;
  for (BufferId i = 0; i < code.buffers.size(); ++i) {
    const Buffer &buffer = code.buffers[i];
    std::span<std::byte> space = spaceOf(i, memory);
    if (static_cast<uint64_t>(reach[i]) > space.size())
      return outside(code, "buffer " + std::to_string(i) + " ends at byte " +
                               std::to_string(reach[i]) + " of " +
                               std::to_string(space.size()));
    pointers[i] = space.data() + values[buffer.offset];
  }
  size_t next = 0;
  for (const Launch &launch : code.launches)
    for (BufferId id : launch.buffers)
      arguments[next++] = pointers[id];
  places = memory;
  weightsVersion = weights.version();
  placed = true;
  return Status::ok();
}

} // namespace llmc

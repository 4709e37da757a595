/// The outer bytes of a model.bin: sections, their table, the trailer.
///
///   stub ELF | header | tokenizer | template | kernel images | PTX and cubins
///   | weights | hashes | section table | trailer (the last 64 bytes of the file)
///
/// A reader starts at the trailer, which leads to the table, which leads to
/// everything else; so sections can be appended with a new table and trailer.
/// What lies between two sections is alignment: fewer bytes than the next
/// section's alignment, all zero. All integers are little-endian.
#ifndef LLMC_RUNTIME_FORMAT_SECTIONS_H
#define LLMC_RUNTIME_FORMAT_SECTIONS_H

#include "runtime/format/Hash.h"

#include <bit>
#include <cstdint>

namespace llmc {

static_assert(std::endian::native == std::endian::little,
              "the structs below are read as they lie in the file");

/// Raised by every change that an older reader would misunderstand.
inline constexpr uint32_t formatVersion = 1;
/// A section has one hash per block of this many bytes.
inline constexpr uint64_t hashBlockBytes = 2 << 20;
/// Images are mapped by themselves, weights are read in whole pages.
inline constexpr uint64_t pageAlignment = 4096;
/// Every weight starts on a cache line.
inline constexpr uint64_t weightAlignment = 64;
/// More sections than any writer makes: a bound before anything is allocated.
inline constexpr uint64_t maxSections = 4096;

enum class SectionType : uint32_t {
  Stub = 1,      ///< The executable in front, at offset 0.
  Header = 2,    ///< A flatbuffer (Model.fbs).
  Tokenizer = 3, ///< runtime/tokenizer's own encoding.
  Kernels = 4,   ///< Machine code of one CPU level, page-aligned.
  Weights = 5,   ///< All weights, page-aligned.
  Hashes = 6,    ///< Hash128 of every block of every other section.
  Template = 7,  ///< runtime/template's encoding of the chat template; ignorable.
  Ptx = 8,       ///< PTX text of one device, with its NUL; ignorable.
  Cubin = 9,     ///< Machine code of one device; ignorable.
};

/// A reader that does not know the section's type may pass over it.
inline constexpr uint32_t sectionIgnorable = 1;

struct SectionEntry {
  uint32_t type = 0; ///< A SectionType; unknown ones must be ignorable.
  uint32_t flags = 0;
  uint64_t alignment = 1; ///< A power of two that divides `offset`.
  uint64_t offset = 0;    ///< From the start of the file.
  uint64_t size = 0;
  uint64_t firstHash = 0; ///< In the hashes section; 0 in that section itself.
  uint64_t reserved = 0;
  Hash128 root; ///< rootHash of its blocks; of the hashes section: hashBytes.
};
static_assert(sizeof(SectionEntry) == 64);

inline constexpr uint64_t trailerMagic = 0x6e69622e636d6c6c; // "llmc.bin"

struct Trailer {
  Hash128 tableHash; ///< hashBytes of the section table.
  uint64_t tableOffset = 0;
  uint64_t tableSize = 0; ///< Bytes: a multiple of sizeof(SectionEntry).
  uint64_t fileSize = 0;  ///< With the trailer.
  uint32_t version = formatVersion;
  uint32_t reserved = 0;
  uint64_t checksum = 0; ///< hash64 of the 48 bytes before.
  uint64_t magic = trailerMagic;
};
static_assert(sizeof(Trailer) == 64);
inline constexpr size_t trailerChecked = 48;

/// Blocks of a section of \p size bytes.
constexpr uint64_t blockCount(uint64_t size) {
  return size / hashBlockBytes + (size % hashBlockBytes != 0);
}

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_SECTIONS_H

#include "runtime/format/Artifact.h"

#include "runtime/format/CheckModel.h"
#include "runtime/format/ModelCodec.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace llmc {

std::string_view sectionTypeName(uint32_t type) {
  constexpr std::string_view names[] = {"?",       "stub",   "header",   "tokenizer", "kernels",
                                        "weights", "hashes", "template", "ptx",       "cubin"};
  return names[type < std::size(names) ? type : 0];
}

Artifact::Artifact(Artifact &&other) noexcept
    : name(std::move(other.name)), file(std::move(other.file)),
      fileDescriptor(std::exchange(other.fileDescriptor, -1)),
      table(std::move(other.table)), hashes(std::move(other.hashes)),
      header(std::move(other.header)) {}

Artifact::~Artifact() {
  if (fileDescriptor >= 0)
    ::close(fileDescriptor);
}

Error Artifact::damaged(std::string where, std::string why) const {
  return {Code::ArtifactDamaged, "the file is damaged",
          name + (where.empty() ? "" : ", " + where), std::move(why),
          "copy the file again, or compile the model again"};
}

size_t Artifact::find(SectionType type) const {
  for (size_t i = 0; i < table.size(); ++i)
    if (table[i].type == static_cast<uint32_t>(type))
      return i;
  return table.size();
}

std::span<const std::byte> Artifact::sectionBytes(size_t section) const {
  return file.bytes().subspan(table[section].offset, table[section].size);
}

std::span<const std::byte> Artifact::tokenizer() const {
  return ofType(SectionType::Tokenizer);
}

std::span<const std::byte> Artifact::ofType(SectionType type) const {
  size_t section = find(type);
  return section < table.size() ? sectionBytes(section)
                                : std::span<const std::byte>();
}

std::span<const std::byte> Artifact::weight(size_t weight) const {
  const Weight &entry = header.weights[weight];
  if (entry.bytes == 0)
    return {};
  return sectionBytes(weightsSection()).subspan(entry.offset, entry.bytes);
}

bool Artifact::checkBlock(size_t section, uint64_t block) const {
  std::span<const std::byte> bytes = sectionBytes(section);
  uint64_t begin = block * hashBlockBytes;
  uint64_t size = std::min<uint64_t>(hashBlockBytes, bytes.size() - begin);
  return isBlock(section, block, bytes.subspan(begin, size));
}

bool Artifact::isBlock(size_t section, uint64_t block,
                       std::span<const std::byte> bytes) const {
  return hashBytes(bytes) == hashes[table[section].firstHash + block];
}

Error Artifact::damagedBlock(size_t section, uint64_t block) const {
  uint64_t begin = table[section].offset + block * hashBlockBytes;
  return damaged("section " + std::string(sectionTypeName(table[section].type)),
                 "the checksum of the bytes from " + std::to_string(begin) +
                     " on does not match");
}

Status Artifact::checkSection(size_t section) const {
  for (uint64_t i = 0; i < blockCount(table[section].size); ++i)
    if (!checkBlock(section, i))
      return damagedBlock(section, i);
  return Status::ok();
}

/// Where a whole model.bin ends in \p bytes that go on behind it; 0: nowhere in
/// what is looked at.
static size_t endBefore(std::span<const std::byte> bytes) {
  constexpr size_t looked = 64 << 20; // Quick even from a disk.
  std::span<const std::byte> tail = bytes.last(std::min(bytes.size(), looked));
  auto magic = std::as_bytes(std::span(&trailerMagic, 1));
  while (true) {
    auto found = std::ranges::find_end(tail, magic);
    if (found.empty())
      return 0;
    auto end = static_cast<size_t>(found.end() - tail.begin());
    Trailer trailer;
    size_t whole = bytes.size() - tail.size() + end;
    if (end >= sizeof trailer) {
      std::memcpy(&trailer, tail.data() + end - sizeof trailer, sizeof trailer);
      if (trailer.fileSize == whole &&
          trailer.checksum ==
              hash64(std::as_bytes(std::span(&trailer, 1)).first(trailerChecked)))
        return whole;
    }
    tail = tail.first(end - 1);
  }
}

Result<Trailer> Artifact::readTrailer() const {
  std::span<const std::byte> bytes = file.bytes();
  Trailer trailer;
  auto missing = [&]() -> Error {
    if (size_t end = endBefore(bytes))
      return {Code::NotAnArtifact, "bytes were added behind the model", name,
              "the model ends at byte " + std::to_string(end) + " of " +
                  std::to_string(bytes.size()),
              "copy the file again, or keep those bytes alone: head -c " +
                  std::to_string(end) + " " + name};
    bool isElf = bytes.size() > 4 && std::memcmp(bytes.data(), "\177ELF", 4) == 0;
    return {Code::NotAnArtifact, "this is no model.bin", name,
            isElf ? "it is an executable without a model behind it: it was cut "
                    "short, or `strip` or a similar tool removed the model"
                  : "the mark at the end of the file is missing",
            "copy the file again, or compile the model again"};
  };
  if (bytes.size() < sizeof trailer)
    return missing();
  std::memcpy(&trailer, bytes.data() + bytes.size() - sizeof trailer,
              sizeof trailer);
  if (trailer.magic != trailerMagic)
    return missing();
  if (trailer.checksum != hash64(std::as_bytes(std::span(&trailer, 1))
                                     .first(trailerChecked)))
    return damaged("trailer", "its checksum does not match");
  if (trailer.version != formatVersion)
    return Error{Code::ArtifactVersion,
                 "the file is of another version of the format", name,
                 "it has version " + std::to_string(trailer.version) +
                     ", this program reads " + std::to_string(formatVersion),
                 "compile the model again with this version"};
  if (trailer.fileSize != bytes.size())
    return damaged("", "it has " + std::to_string(bytes.size()) +
                           " bytes and should have " +
                           std::to_string(trailer.fileSize));
  return trailer;
}

Status Artifact::readTable(const Trailer &trailer) {
  uint64_t end = trailer.fileSize - sizeof(Trailer);
  if (trailer.tableSize % sizeof(SectionEntry) != 0 ||
      trailer.tableSize > maxSections * sizeof(SectionEntry) ||
      trailer.tableSize > end || trailer.tableOffset != end - trailer.tableSize)
    return damaged("trailer", "the section table has no possible place");
  std::span<const std::byte> bytes =
      file.bytes().subspan(trailer.tableOffset, trailer.tableSize);
  if (hashBytes(bytes) != trailer.tableHash)
    return damaged("section table", "its checksum does not match");
  table.resize(trailer.tableSize / sizeof(SectionEntry));
  if (!table.empty())
    std::memcpy(table.data(), bytes.data(), bytes.size());
  return checkPlaces(trailer);
}

Status Artifact::checkPlaces(const Trailer &trailer) const {
  uint64_t end = 0;
  unsigned count[8] = {};
  auto isZero = [](std::byte b) { return b == std::byte(0); };
  auto gapIsZero = [&](uint64_t from, uint64_t to) {
    std::span<const std::byte> gap = file.bytes().subspan(from, to - from);
    return std::all_of(gap.begin(), gap.end(), isZero);
  };
  for (size_t i = 0; i < table.size(); ++i) {
    const SectionEntry &entry = table[i];
    std::string where = "section " + std::to_string(i);
    if (!std::has_single_bit(entry.alignment) || entry.alignment > (1 << 30) ||
        entry.offset % entry.alignment != 0)
      return damaged(where, "it is not aligned");
    if (entry.offset < end || entry.offset - end >= entry.alignment ||
        entry.offset > trailer.tableOffset ||
        entry.size > trailer.tableOffset - entry.offset)
      return damaged(where, "it has no possible place");
    if (!gapIsZero(end, entry.offset))
      return damaged(where, "the bytes before it were changed");
    end = entry.offset + entry.size;
    if (entry.type == 0 || entry.type >= std::size(count)) {
      if (entry.flags & sectionIgnorable)
        continue;
      return Error{Code::ArtifactVersion,
                   "the file has a part that this program does not know", name,
                   "section " + std::to_string(i) + " is of type " +
                       std::to_string(entry.type),
                   "use the version that wrote the file"};
    }
    ++count[entry.type];
  }
  if (trailer.tableOffset - end >= alignof(SectionEntry) ||
      !gapIsZero(end, trailer.tableOffset))
    return damaged("section table", "the bytes before it were changed");
  auto of = [&](SectionType type) { return count[static_cast<uint32_t>(type)]; };
  if (of(SectionType::Header) != 1 || of(SectionType::Hashes) != 1 ||
      of(SectionType::Weights) > 1 || of(SectionType::Tokenizer) > 1 ||
      of(SectionType::Template) > 1 || of(SectionType::Stub) > 1)
    return damaged("section table", "a section is missing or there twice");
  return Status::ok();
}

Status Artifact::readHashes() {
  size_t section = find(SectionType::Hashes);
  std::span<const std::byte> bytes = sectionBytes(section);
  if (bytes.size() % sizeof(Hash128) != 0 ||
      hashBytes(bytes) != table[section].root)
    return damaged("hashes", "their checksum does not match");
  hashes.resize(bytes.size() / sizeof(Hash128));
  if (!hashes.empty())
    std::memcpy(hashes.data(), bytes.data(), bytes.size());
  for (size_t i = 0; i < table.size(); ++i) {
    if (i == section)
      continue;
    const SectionEntry &entry = table[i];
    uint64_t blocks = blockCount(entry.size);
    if (entry.firstHash > hashes.size() ||
        blocks > hashes.size() - entry.firstHash ||
        rootHash(std::span(hashes).subspan(entry.firstHash, blocks)) !=
            entry.root)
      return damaged("section " + std::to_string(i),
                     "its hashes do not belong to it");
  }
  return Status::ok();
}

/// The driver takes PTX as a C string: its only NUL is its last byte.
Status Artifact::checkPtx() const {
  for (size_t i = 0; i < header.devices.size(); ++i) {
    std::span<const std::byte> text = ptx(i);
    if (text.empty() ||
        std::memchr(text.data(), 0, text.size()) != &text.back())
      return damaged("PTX for " + header.devices[i].target,
                     "the text does not end where its section ends");
  }
  return Status::ok();
}

Result<Artifact> Artifact::open(const std::string &path) {
  Artifact artifact;
  artifact.name = path;
  artifact.fileDescriptor =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (artifact.fileDescriptor < 0)
    return openError(path, errno);
  LLMC_TRY(artifact.file,
           MappedFile::fromDescriptor(artifact.fileDescriptor, path));
  LLMC_TRY(Trailer trailer, artifact.readTrailer());
  LLMC_CHECK(artifact.readTable(trailer));
  LLMC_CHECK(artifact.readHashes());
  for (size_t i = 0; i < artifact.table.size(); ++i)
    if (artifact.table[i].type != static_cast<uint32_t>(SectionType::Weights) &&
        artifact.table[i].type != static_cast<uint32_t>(SectionType::Hashes))
      LLMC_CHECK(artifact.checkSection(i));
  LLMC_TRY(artifact.header, decodeModel(artifact.sectionBytes(
                                artifact.find(SectionType::Header))));
  LLMC_CHECK(checkModel(artifact.header, artifact.table));
  LLMC_CHECK(artifact.checkPtx());
  return artifact;
}

} // namespace llmc

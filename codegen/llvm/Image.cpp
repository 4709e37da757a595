/// Links with lld to a shared object in a temporary file, then keeps only what
/// its read-only and executable segments hold, at their distances.
#include "codegen/llvm/Image.h"

#include "codegen/llvm/TemporaryFile.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

LLD_HAS_DRIVER(elf)

using namespace llmc;
using namespace llmc::codegen;

using ElfFile = llvm::object::ELFFile<llvm::object::ELF64LE>;

static Error linkError(std::string why) {
  return {Code::KernelFailed, "the kernels could not be linked to an image", "",
          std::move(why), ""};
}

static Error linkError(llvm::Error error) {
  return linkError(llvm::toString(std::move(error)));
}

/// One shared object of these objects, without libraries.
static Result<std::string> linkShared(llvm::ArrayRef<llvm::StringRef> objects) {
  std::vector<std::unique_ptr<TemporaryFile>> files;
  std::vector<const char *> arguments = {
      "ld.lld", "-shared", "-nostdlib", "-z", "text", "-z", "defs", "-z",
      "norelro", "-z", "noseparate-code", "--no-rosegment", "--build-id=none",
      "--hash-style=sysv", "--threads=1", "-o"};
  LLMC_TRY(auto output, TemporaryFile::write("so", ""));
  arguments.push_back(output->path.c_str());
  for (llvm::StringRef object : objects) {
    LLMC_TRY(auto file, TemporaryFile::write("o", object));
    arguments.push_back(file->path.c_str());
    files.push_back(std::move(file));
  }
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(arguments, stream, stream,
                                    {{lld::Gnu, &lld::elf::link}});
  if (result.retCode)
    return linkError(messages);
  auto buffer = llvm::MemoryBuffer::getFile(output->path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return linkError(buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

/// Refuses what an image cannot have: relocations, imports, data to write.
static Status checkSections(const ElfFile &elf) {
  auto sections = elf.sections();
  if (!sections)
    return linkError(sections.takeError());
  for (const auto &section : *sections) {
    auto name = elf.getSectionName(section);
    if (!name)
      return linkError(name.takeError());
    bool relocations = section.sh_type == llvm::ELF::SHT_RELA ||
                       section.sh_type == llvm::ELF::SHT_REL;
    if (relocations && section.sh_size)
      return linkError("they need relocations at run time");
    bool loaded = section.sh_flags & llvm::ELF::SHF_ALLOC;
    bool writable = section.sh_flags & llvm::ELF::SHF_WRITE;
    if (loaded && writable && section.sh_size && *name != ".dynamic")
      return linkError("they have writable data in section " + name->str());
  }
  return Status::ok();
}

/// The bytes of the segments that are not writable, from address 0.
static Result<std::string> flatten(const ElfFile &elf) {
  auto segments = elf.program_headers();
  if (!segments)
    return linkError(segments.takeError());
  std::string bytes;
  for (const auto &segment : *segments) {
    if (segment.p_type != llvm::ELF::PT_LOAD ||
        (segment.p_flags & llvm::ELF::PF_W))
      continue;
    uint64_t end = segment.p_vaddr + segment.p_memsz;
    if (segment.p_offset + segment.p_filesz > elf.getBufSize() ||
        segment.p_filesz != segment.p_memsz || segment.p_vaddr < bytes.size())
      return linkError("lld wrote an unexpected segment");
    bytes.resize(end);
    std::memcpy(bytes.data() + segment.p_vaddr, elf.base() + segment.p_offset,
                segment.p_filesz);
  }
  return bytes;
}

/// Addresses of all defined functions.
static Result<llvm::StringMap<uint64_t>> readSymbols(const ElfFile &elf) {
  llvm::StringMap<uint64_t> addresses;
  auto sections = elf.sections();
  if (!sections)
    return linkError(sections.takeError());
  for (const auto &section : *sections) {
    if (section.sh_type != llvm::ELF::SHT_SYMTAB)
      continue;
    auto symbols = elf.symbols(&section);
    auto strings = elf.getStringTableForSymtab(section);
    if (!symbols || !strings)
      return linkError("lld wrote no valid symbol table");
    for (const auto &symbol : *symbols) {
      auto name = symbol.getName(*strings);
      if (!name)
        return linkError(name.takeError());
      if (symbol.getType() == llvm::ELF::STT_FUNC && symbol.st_shndx)
        addresses[*name] = symbol.st_value;
    }
  }
  return addresses;
}

Result<KernelImage> llmc::codegen::linkImage(
    llvm::ArrayRef<KernelObject> objects, llvm::StringRef level) {
  KernelImage image;
  image.level = level.str();
  std::vector<llvm::StringRef> distinct;
  llvm::StringSet<> seen;
  for (const KernelObject &object : objects)
    if (object.level == level && seen.insert(object.symbol).second)
      distinct.push_back(object.object);
  if (distinct.empty())
    return image;
  LLMC_TRY(std::string shared, linkShared(distinct));
  auto elf = ElfFile::create(shared);
  if (!elf)
    return linkError(elf.takeError());
  LLMC_CHECK(checkSections(*elf));
  LLMC_TRY(image.bytes, flatten(*elf));
  LLMC_TRY(auto addresses, readSymbols(*elf));
  for (const KernelObject &object : objects) {
    if (object.level != level)
      continue;
    auto found = addresses.find(object.symbol);
    if (found == addresses.end() || found->second >= image.bytes.size())
      return linkError("kernel " + object.kernel + " has no entry");
    image.entries.push_back({object.kernel, found->second});
  }
  return image;
}

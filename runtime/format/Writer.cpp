#include "runtime/format/Writer.h"

#include "runtime/format/CheckModel.h"
#include "runtime/format/ModelCodec.h"
#include "runtime/support/OutputFile.h"
#include "runtime/format/Sections.h"

#include <cstring>

namespace llmc {

namespace {

Error contradiction(std::string where, std::string why) {
  return {Code::Internal, "the artifact to be written contradicts itself",
          std::move(where), std::move(why), ""};
}

/// Rounds up; false where the result has no place in 64 bits.
bool align(uint64_t &offset, uint64_t alignment) {
  uint64_t rest = (alignment - offset % alignment) % alignment;
  return !__builtin_add_overflow(offset, rest, &offset);
}

/// Writes the sections one after another and keeps their table.
class ArtifactWriter final : public WeightSink {
public:
  ArtifactWriter(OutputFile &file) : file(file) {}

  Status begin(SectionType type, uint64_t alignment, uint32_t flags = 0);
  Status write(std::span<const std::byte> bytes) override;
  void end();
  Status section(SectionType type, uint64_t alignment,
                 std::span<const std::byte> bytes, uint32_t flags = 0);
  /// The hashes, the table and the trailer.
  Status finish();

  /// Bytes of the open section so far.
  uint64_t sectionSize() const { return file.size() - table.back().offset; }
  Status pad(uint64_t alignment);
  /// What the next weight may still write; checked at every write.
  uint64_t allowance = UINT64_MAX;

private:
  OutputFile &file;
  BlockHasher hasher;
  std::vector<SectionEntry> table;
  std::vector<Hash128> hashes;
};

Status ArtifactWriter::begin(SectionType type, uint64_t alignment,
                             uint32_t flags) {
  LLMC_CHECK(file.padTo(alignment));
  SectionEntry entry;
  entry.type = static_cast<uint32_t>(type);
  entry.flags = flags;
  entry.alignment = alignment;
  entry.offset = file.size();
  entry.firstHash = hashes.size();
  table.push_back(entry);
  return Status::ok();
}

Status ArtifactWriter::write(std::span<const std::byte> bytes) {
  if (bytes.size() > allowance)
    return contradiction("weights", "a weight has more bytes than declared");
  allowance -= bytes.size();
  hasher.update(bytes);
  return file.append(bytes);
}

Status ArtifactWriter::pad(uint64_t alignment) {
  static constexpr std::byte zeros[weightAlignment] = {};
  uint64_t rest = (alignment - sectionSize() % alignment) % alignment;
  return write({zeros, rest});
}

void ArtifactWriter::end() {
  SectionEntry &entry = table.back();
  entry.size = sectionSize();
  std::vector<Hash128> blocks = hasher.finish();
  entry.root = rootHash(blocks);
  hashes.insert(hashes.end(), blocks.begin(), blocks.end());
}

Status ArtifactWriter::section(SectionType type, uint64_t alignment,
                               std::span<const std::byte> bytes,
                               uint32_t flags) {
  LLMC_CHECK(begin(type, alignment, flags));
  LLMC_CHECK(write(bytes));
  end();
  return Status::ok();
}

Status ArtifactWriter::finish() {
  auto hashBytesSpan = std::as_bytes(std::span(hashes));
  LLMC_CHECK(begin(SectionType::Hashes, alignof(Hash128) * 2));
  LLMC_CHECK(file.append(hashBytesSpan));
  table.back().firstHash = 0;
  table.back().size = hashBytesSpan.size();
  table.back().root = hashBytes(hashBytesSpan);

  auto tableBytes = std::as_bytes(std::span(table));
  LLMC_CHECK(file.padTo(alignof(SectionEntry)));
  Trailer trailer;
  trailer.tableOffset = file.size();
  trailer.tableSize = tableBytes.size();
  trailer.tableHash = hashBytes(tableBytes);
  trailer.fileSize = file.size() + tableBytes.size() + sizeof(Trailer);
  auto trailerBytes = std::as_bytes(std::span(&trailer, 1));
  trailer.checksum = hash64(trailerBytes.first(trailerChecked));
  LLMC_CHECK(file.append(tableBytes));
  return file.append(trailerBytes);
}

/// Gives every weight its place and returns the size of their section.
Result<uint64_t> placeWeights(std::vector<Weight> &weights) {
  uint64_t end = 0;
  for (Weight &weight : weights) {
    if (!align(end, weightAlignment) || weight.bytes > uint64_t(INT64_MAX))
      return contradiction("weight " + weight.name, "it is too large");
    weight.offset = end;
    if (__builtin_add_overflow(end, weight.bytes, &end) ||
        end > uint64_t(INT64_MAX))
      return contradiction("weight " + weight.name, "it is too large");
  }
  return end;
}

/// Tells the images and devices of the model their sections, of which \p first is
/// the first, and returns the table as it will be, as far as checkModel looks.
std::vector<SectionEntry> planSections(ArtifactContent &content, uint32_t first,
                                       uint64_t weightBytes) {
  std::vector<SectionEntry> sections(first);
  auto add = [&](SectionType type, uint64_t size) {
    sections.push_back({static_cast<uint32_t>(type), 0, pageAlignment, 0, size,
                        0, 0, {}});
    return static_cast<uint32_t>(sections.size() - 1);
  };
  for (size_t i = 0; i < content.images.size(); ++i)
    content.model.images[i].section =
        add(SectionType::Kernels, content.images[i].size());
  for (size_t i = 0; i < content.devices.size(); ++i) {
    const DeviceCode &code = content.devices[i];
    DeviceImage &device = content.model.devices[i];
    device.ptxSection = add(SectionType::Ptx, code.ptx.size() + 1);
    device.cubinSection =
        code.cubin.empty() ? 0 : add(SectionType::Cubin, code.cubin.size());
  }
  add(SectionType::Weights, weightBytes);
  return sections;
}

Status writeDevice(ArtifactWriter &writer, const DeviceCode &code) {
  LLMC_CHECK(writer.begin(SectionType::Ptx, 64, sectionIgnorable));
  LLMC_CHECK(writer.write(std::as_bytes(std::span(code.ptx))));
  constexpr std::byte end[1] = {};
  LLMC_CHECK(writer.write(end));
  writer.end();
  if (code.cubin.empty())
    return Status::ok();
  return writer.section(SectionType::Cubin, 64, code.cubin, sectionIgnorable);
}

} // namespace

Status writeArtifact(const std::string &path, ArtifactContent content) {
  Model &model = content.model;
  LLMC_TRY(uint64_t weightBytes, placeWeights(model.weights));
  if (content.images.size() != model.images.size())
    return contradiction("kernels", "there is not one image per level");
  if (content.devices.size() != model.devices.size())
    return contradiction("kernels", "there is not one code per device");
  for (size_t i = 0; i < model.devices.size(); ++i)
    if (content.devices[i].ptx.find('\0') != std::string_view::npos)
      return contradiction("PTX for " + model.devices[i].target,
                           "the text holds a NUL");
  bool hasStub = !content.stub.empty();
  bool hasTokenizer = !content.tokenizer.empty();
  bool hasTemplate = !content.chatTemplate.empty();
  uint32_t first = 1 + hasStub + hasTokenizer + hasTemplate;
  std::vector<SectionEntry> sections = planSections(content, first, weightBytes);
  if (Status status = checkModel(model, sections); !status) {
    Error error = status.takeError();
    return contradiction(error.where, error.why);
  }

  std::vector<std::byte> header = encodeModel(model);
  uint64_t expected = content.stub.size() + header.size() +
                      content.tokenizer.size() + content.chatTemplate.size() +
                      weightBytes;
  for (std::span<const std::byte> image : content.images)
    expected += image.size() + pageAlignment;
  for (const DeviceCode &code : content.devices)
    expected += code.ptx.size() + code.cubin.size() + 2 * 64;
  LLMC_TRY(OutputFile file, OutputFile::create(path, expected));

  ArtifactWriter writer(file);
  if (hasStub)
    LLMC_CHECK(writer.section(SectionType::Stub, 1, content.stub));
  LLMC_CHECK(writer.section(SectionType::Header, 64, header));
  if (hasTokenizer)
    LLMC_CHECK(writer.section(SectionType::Tokenizer, 64, content.tokenizer));
  if (hasTemplate)
    LLMC_CHECK(writer.section(SectionType::Template, 64, content.chatTemplate,
                              sectionIgnorable));
  for (std::span<const std::byte> image : content.images)
    LLMC_CHECK(writer.section(SectionType::Kernels, pageAlignment, image));
  for (const DeviceCode &code : content.devices)
    LLMC_CHECK(writeDevice(writer, code));

  LLMC_CHECK(writer.begin(SectionType::Weights, pageAlignment));
  for (size_t i = 0; i < model.weights.size(); ++i) {
    LLMC_CHECK(writer.pad(weightAlignment));
    writer.allowance = model.weights[i].bytes;
    LLMC_CHECK(content.weights(i, writer));
    if (writer.allowance != 0)
      return contradiction("weight " + model.weights[i].name,
                           "it has fewer bytes than declared");
    writer.allowance = UINT64_MAX;
  }
  writer.end();
  LLMC_CHECK(writer.finish());
  return file.commit(hasStub);
}

} // namespace llmc

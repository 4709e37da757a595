#include "runtime/template/TemplateFormat.h"

#include <cstring>

namespace llmc::chat {

namespace {
constexpr char magic[4] = {'L', 'C', 'H', 'T'};

class Writer {
public:
  std::vector<std::byte> bytes;

  void u8(uint8_t v) { bytes.push_back(std::byte(v)); }
  void u32(uint32_t v) {
    for (int i = 0; i < 4; ++i)
      u8(uint8_t(v >> (8 * i)));
  }
  void i64(int64_t v) {
    u32(uint32_t(uint64_t(v)));
    u32(uint32_t(uint64_t(v) >> 32));
  }
  void string(const std::string &s) {
    u32(uint32_t(s.size()));
    auto data = reinterpret_cast<const std::byte *>(s.data());
    bytes.insert(bytes.end(), data, data + s.size());
  }
};

/// After the first failure every read gives zero.
class Reader {
public:
  explicit Reader(std::span<const std::byte> bytes) : bytes(bytes) {}

  bool failed = false;
  size_t at = 0;

  uint8_t u8() { return take(1) ? uint8_t(bytes[at - 1]) : 0; }
  uint32_t u32() {
    if (!take(4))
      return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i)
      value |= uint32_t(uint8_t(bytes[at - 4 + i])) << (8 * i);
    return value;
  }
  int64_t i64() {
    uint64_t low = u32();
    return int64_t(low | uint64_t(u32()) << 32);
  }
  std::string string() {
    uint32_t size = u32();
    if (!take(size))
      return {};
    return {reinterpret_cast<const char *>(bytes.data()) + at - size, size};
  }
  /// A count of elements of which each takes at least \p least bytes.
  size_t count(size_t least) {
    uint32_t value = u32();
    if (failed || value > (bytes.size() - at) / least) {
      failed = true;
      return 0;
    }
    return value;
  }

private:
  bool take(size_t count) {
    if (failed || bytes.size() - at < count) {
      failed = true;
      return false;
    }
    at += count;
    return true;
  }
  std::span<const std::byte> bytes;
};
} // namespace

std::vector<std::byte> serializeTemplate(const TemplateModel &model) {
  Writer out;
  for (char c : magic)
    out.u8(uint8_t(c));
  out.u32(templateVersion);
  out.string(model.source);
  out.string(model.refusal);
  out.string(model.refusalReason);
  out.u32(uint32_t(model.strings.size()));
  for (const std::string &text : model.strings)
    out.string(text);
  out.u32(uint32_t(model.nodes.size()));
  for (const Node &node : model.nodes) {
    out.u8(uint8_t(node.kind));
    out.u32(node.line);
    out.u32(node.text);
    out.i64(node.number);
    out.u32(uint32_t(node.children.size()));
    for (NodeId child : node.children)
      out.u32(child);
  }
  out.u32(uint32_t(model.specialTokens.size()));
  for (const auto &[name, text] : model.specialTokens) {
    out.string(name);
    out.string(text);
  }
  return std::move(out.bytes);
}

Result<TemplateModel> parseTemplate(std::span<const std::byte> bytes) {
  auto damaged = [](std::string why) {
    return Error{Code::ArtifactDamaged, "the chat template cannot be read", "",
                 std::move(why),
                 "copy the file again, or compile the model again"};
  };
  if (bytes.size() < 8 || std::memcmp(bytes.data(), magic, 4) != 0)
    return damaged("its section begins with other bytes");
  Reader in(bytes.subspan(4));
  if (uint32_t version = in.u32(); version != templateVersion)
    return Error{Code::ArtifactVersion,
                 "the chat template is of another version", "",
                 "it has version " + std::to_string(version) +
                     ", this program reads " + std::to_string(templateVersion),
                 "compile the model again with this version"};
  TemplateModel model;
  model.source = in.string();
  model.refusal = in.string();
  model.refusalReason = in.string();
  model.strings.resize(in.count(4));
  for (std::string &text : model.strings)
    text = in.string();
  model.nodes.resize(in.count(21));
  for (Node &node : model.nodes) {
    node.kind = NodeKind(in.u8());
    node.line = in.u32();
    node.text = in.u32();
    node.number = in.i64();
    node.children.resize(in.count(4));
    for (NodeId &child : node.children)
      child = in.u32();
  }
  model.specialTokens.resize(in.count(8));
  for (auto &[name, text] : model.specialTokens) {
    name = in.string();
    text = in.string();
  }
  if (in.failed || in.at != bytes.size() - 4)
    return damaged("its section ends too early or too late");
  if (Status status = checkTemplate(model); !status)
    return damaged(status.error().why);
  return model;
}

} // namespace llmc::chat

#include "runtime/tokenizer/TokenizerFormat.h"

#include <bit>

namespace llmc::tokenizer {

namespace {
constexpr char magic[4] = {'L', 'T', 'O', 'K'};

class Writer {
public:
  std::vector<std::byte> bytes;

  void u8(uint8_t v) { bytes.push_back(std::byte(v)); }
  void u16(uint16_t v) {
    u8(uint8_t(v));
    u8(uint8_t(v >> 8));
  }
  void u32(uint32_t v) {
    for (int i = 0; i < 4; ++i)
      u8(uint8_t(v >> (8 * i)));
  }
  void id(int32_t v) { u32(uint32_t(v)); }
  void real(double v) {
    auto bits = std::bit_cast<uint64_t>(v);
    u32(uint32_t(bits));
    u32(uint32_t(bits >> 32));
  }
  void string(const std::string &s) {
    u32(uint32_t(s.size()));
    auto data = reinterpret_cast<const std::byte *>(s.data());
    bytes.insert(bytes.end(), data, data + s.size());
  }
  template <typename T, typename F> void list(const std::vector<T> &v, F each) {
    u32(uint32_t(v.size()));
    for (const T &element : v)
      each(element);
  }
  void ids(const std::vector<int32_t> &v) {
    list(v, [&](int32_t i) { id(i); });
  }
  void table(const SplitTable &t) {
    u8(uint8_t(t.classes));
    if (t.empty())
      return;
    list(t.runs, [&](SplitTable::Run r) {
      u32(r.first);
      u8(r.kind);
    });
    list(t.next, [&](uint16_t v) { u16(v); });
    list(t.start, [&](uint16_t v) { u16(v); });
  }
};

/// After the first failure every read gives zero, so that the caller may check
/// once per list.
class Reader {
public:
  explicit Reader(std::span<const std::byte> bytes) : bytes(bytes) {}

  bool failed = false;
  size_t at = 0;

  uint8_t u8() {
    if (failed || bytes.size() - at < 1)
      return fail();
    return uint8_t(bytes[at++]);
  }
  uint16_t u16() {
    uint16_t low = u8();
    return uint16_t(low | u8() << 8);
  }
  uint32_t u32() {
    if (failed || bytes.size() - at < 4)
      return fail();
    uint32_t v = 0;
    for (int i = 0; i < 4; ++i)
      v |= uint32_t(bytes[at + size_t(i)]) << (8 * i);
    at += 4;
    return v;
  }
  int32_t id() { return int32_t(u32()); }
  double real() {
    uint64_t low = u32(), high = u32();
    return std::bit_cast<double>(high << 32 | low);
  }
  std::string string() {
    uint32_t n = u32();
    if (failed || bytes.size() - at < n) {
      fail();
      return {};
    }
    std::string s(reinterpret_cast<const char *>(bytes.data()) + at, n);
    at += n;
    return s;
  }
  /// \p elementBytes is the least that an element takes in the file, so that a
  /// count cannot ask for more memory than the file backs.
  template <typename T, typename F>
  void list(std::vector<T> &v, size_t elementBytes, F each) {
    uint32_t n = u32();
    if (failed || (bytes.size() - at) / elementBytes < n) {
      fail();
      return;
    }
    v.reserve(n);
    for (uint32_t i = 0; i < n && !failed; ++i)
      v.push_back(each());
  }
  void ids(std::vector<int32_t> &v) {
    list(v, 4, [&] { return id(); });
  }
  SplitTable table() {
    SplitTable t;
    t.classes = u8();
    if (t.empty())
      return t;
    list(t.runs, 5, [&] {
      uint32_t first = u32();
      return SplitTable::Run{first, u8()};
    });
    list(t.next, 2, [&] { return u16(); });
    list(t.start, 2, [&] { return u16(); });
    return t;
  }
  bool atEnd() const { return at == bytes.size(); }

private:
  std::span<const std::byte> bytes;
  uint8_t fail() {
    failed = true;
    return 0;
  }
};

uint8_t addedFlags(const AddedToken &t) {
  return uint8_t(t.special | t.singleWord << 1 | t.leftStrip << 2 |
                 t.rightStrip << 3 | t.normalized << 4 | t.inModel << 5 |
                 t.verbatim << 6);
}

AddedToken addedFrom(int32_t id, uint8_t flags) {
  auto bit = [&](int i) { return bool(flags >> i & 1); };
  return {id, bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6)};
}
} // namespace

std::vector<std::byte> serialize(const TokenizerModel &m) {
  Writer w;
  for (char c : magic)
    w.u8(uint8_t(c));
  w.u32(formatVersion);
  w.u8(uint8_t(m.kind));
  w.list(m.tokens, [&](const std::string &t) { w.string(t); });
  w.list(m.merges, [&](const Merge &g) {
    w.id(g.left);
    w.id(g.right);
    w.id(g.result);
    w.u8(g.tied);
  });
  w.list(m.scores, [&](double v) { w.real(v); });
  w.list(m.uses, [&](TokenUse u) { w.u8(uint8_t(u)); });
  w.list(m.added, [&](const AddedToken &t) {
    w.id(t.id);
    w.u8(addedFlags(t));
  });
  w.id(m.unkId);
  w.u8(uint8_t(m.fuseUnk | m.byteFallback << 1 | m.ignoreMerges << 2 |
               m.floatScores << 3));
  w.string(m.endOfWordSuffix);
  w.string(m.continuingPrefix);
  w.u32(m.maxWordCharacters);
  w.list(m.normalizer, [&](const NormalizerStep &s) {
    w.u8(uint8_t(s.kind));
    w.string(s.pattern);
    w.string(s.content);
    w.table(s.table);
  });
  w.list(m.preTokenizer, [&](const PreTokenizerStep &s) {
    w.u8(uint8_t(s.kind));
    w.u8(uint8_t(s.behavior));
    w.u8(uint8_t(s.invert | s.split << 1));
    w.u8(uint8_t(s.scheme));
    w.string(s.pattern);
    w.table(s.table);
  });
  w.list(m.decoder, [&](const DecoderStep &s) {
    w.u8(uint8_t(s.kind));
    w.u32(s.count);
    w.string(s.pattern);
    w.string(s.content);
  });
  w.ids(m.prefixIds);
  w.ids(m.suffixIds);
  w.ids(m.eosIds);
  w.id(m.bosId);
  w.id(m.padId);
  return std::move(w.bytes);
}

Result<TokenizerModel> parse(std::span<const std::byte> bytes) {
  auto damaged = [](size_t at, std::string why) {
    return Error{Code::ArtifactDamaged, "cannot read the tokenizer of the file",
                 "byte " + std::to_string(at) + " of the tokenizer section",
                 std::move(why), "compile the model again"};
  };
  Reader r(bytes);
  for (char c : magic)
    if (r.u8() != uint8_t(c))
      return damaged(0, "it does not begin with LTOK");
  uint32_t version = r.u32();
  if (!r.failed && version != formatVersion)
    return Error{Code::ArtifactVersion, "cannot read the tokenizer of the file",
                 "tokenizer section",
                 "its version is " + std::to_string(version) +
                     ", this program reads " + std::to_string(formatVersion),
                 "compile the model again"};

  TokenizerModel m;
  m.kind = ModelKind(r.u8());
  r.list(m.tokens, 4, [&] { return r.string(); });
  r.list(m.merges, 13, [&] {
    int32_t left = r.id(), right = r.id(), result = r.id();
    return Merge{left, right, result, r.u8() != 0};
  });
  r.list(m.scores, 8, [&] { return r.real(); });
  r.list(m.uses, 1, [&] { return TokenUse(r.u8()); });
  r.list(m.added, 5, [&] {
    int32_t id = r.id();
    return addedFrom(id, r.u8());
  });
  m.unkId = r.id();
  uint8_t flags = r.u8();
  m.fuseUnk = flags & 1;
  m.byteFallback = flags >> 1 & 1;
  m.ignoreMerges = flags >> 2 & 1;
  m.floatScores = flags >> 3 & 1;
  m.endOfWordSuffix = r.string();
  m.continuingPrefix = r.string();
  m.maxWordCharacters = r.u32();
  r.list(m.normalizer, 10, [&] {
    NormalizerStep s{};
    s.kind = NormalizerStep::Kind(r.u8());
    s.pattern = r.string();
    s.content = r.string();
    s.table = r.table();
    return s;
  });
  r.list(m.preTokenizer, 9, [&] {
    PreTokenizerStep s{};
    s.kind = PreTokenizerStep::Kind(r.u8());
    s.behavior = SplitBehavior(r.u8());
    uint8_t bits = r.u8();
    s.invert = bits & 1;
    s.split = bits >> 1 & 1;
    s.scheme = PrependScheme(r.u8());
    s.pattern = r.string();
    s.table = r.table();
    return s;
  });
  r.list(m.decoder, 13, [&] {
    DecoderStep s{};
    s.kind = DecoderStep::Kind(r.u8());
    s.count = r.u32();
    s.pattern = r.string();
    s.content = r.string();
    return s;
  });
  r.ids(m.prefixIds);
  r.ids(m.suffixIds);
  r.ids(m.eosIds);
  m.bosId = r.id();
  m.padId = r.id();
  if (r.failed)
    return damaged(r.at, "a length or count reaches beyond the end");
  if (!r.atEnd())
    return damaged(r.at, "bytes are left over at the end");
  return m;
}

} // namespace llmc::tokenizer

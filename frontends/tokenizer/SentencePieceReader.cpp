#include "frontends/tokenizer/SentencePieceReader.h"

#include "frontends/tokenizer/Advice.h"

#include <bit>
#include <optional>

namespace llmc::tokenizer {

namespace {
/// Walks the fields of one message of protocol buffers.
class Fields {
public:
  explicit Fields(std::string_view bytes, size_t offset)
      : bytes(bytes), offset(offset) {}

  uint32_t number = 0;
  uint64_t varint = 0;       ///< Of wire types 0 and 5.
  std::string_view contents; ///< Of wire type 2.
  size_t contentsAt = 0;     ///< Where these are in the file.
  unsigned type = 0;
  std::string problem;
  size_t at = 0;

  /// Goes to the next field; false at the end or where something is wrong.
  bool next() {
    if (at == bytes.size() || !problem.empty())
      return false;
    uint64_t tag = 0;
    if (!read(tag))
      return false;
    number = uint32_t(tag >> 3);
    type = unsigned(tag & 7);
    if (tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF)
      return fail("a field has no number");
    switch (type) {
    case 0:
      return read(varint);
    case 1:
      return skip(8);
    case 5:
      if (bytes.size() - at < 4)
        return fail("a field reaches beyond the end");
      varint = 0;
      for (unsigned i = 0; i < 4; ++i)
        varint |= uint64_t(uint8_t(bytes[at + i])) << (8 * i);
      return skip(4);
    case 2: {
      uint64_t length = 0;
      if (!read(length))
        return false;
      if (length > bytes.size() - at)
        return fail("a field reaches beyond the end");
      contents = bytes.substr(at, size_t(length));
      contentsAt = offset + at;
      at += size_t(length);
      return true;
    }
    default:
      return fail("a field has the unknown wire type " + std::to_string(type));
    }
  }
  bool is(uint32_t wantedNumber, unsigned wantedType) const {
    return number == wantedNumber && type == wantedType;
  }
  size_t position() const { return offset + at; }

private:
  std::string_view bytes;
  size_t offset;

  bool fail(std::string why) {
    problem = std::move(why);
    return false;
  }
  bool skip(size_t count) {
    if (bytes.size() - at < count)
      return fail("a field reaches beyond the end");
    at += count;
    return true;
  }
  bool read(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at == bytes.size())
        return fail("a number reaches beyond the end");
      auto byte = uint8_t(bytes[at++]);
      value |= uint64_t(byte & 0x7F) << shift;
      if (byte < 0x80)
        return true;
    }
    return fail("a number has more than ten bytes");
  }
};

class Reader {
public:
  Reader(std::string_view bytes, const std::string &file)
      : bytes(bytes), file(file) {}

  Result<PieceVocabulary> run() {
    Fields model(bytes, 0);
    while (model.next()) {
      Fields inner(model.contents, model.contentsAt);
      if (model.is(1, 2))
        LLMC_CHECK(piece(inner));
      else if (model.is(2, 2))
        LLMC_CHECK(trainer(inner));
      else if (model.is(3, 2))
        LLMC_CHECK(normalizer(inner));
      else if (model.is(5, 2))
        LLMC_CHECK(denormalizer(inner));
    }
    LLMC_CHECK(whole(model));
    if (v.pieces.empty())
      return bad(0, "it holds no pieces");
    if (modelType != 1 && modelType != 2 && modelType != 4)
      return unsupported("a model of type " + std::to_string(modelType) +
                         " (unigram is 1, bpe 2, char 4)");
    v.unigram = modelType == 1;
    if (modelType == 4)
      for (Piece &p : v.pieces) // Nothing is merged.
        if (p.type == PieceType::Normal && isLong(p.text))
          return unsupported("a character model has a longer piece");
    return std::move(v);
  }

private:
  std::string_view bytes;
  const std::string &file;
  PieceVocabulary v;
  uint64_t modelType = 1;

  static bool isLong(std::string_view text) {
    size_t characters = 0;
    for (char c : text)
      characters += (uint8_t(c) & 0xC0) != 0x80;
    return characters > 1;
  }

  Error bad(size_t at, std::string why) {
    return Error{Code::BadTokenizer, "cannot read " + file,
                 "byte " + std::to_string(at) + " of " + file, std::move(why),
                 "check that the file was downloaded whole"};
  }
  Error unsupported(std::string why) {
    return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
                 file, std::move(why), addJson};
  }
  Status whole(const Fields &f) {
    return f.problem.empty() ? Status::ok()
                             : Status(bad(f.position(), f.problem));
  }

  Status piece(Fields &f) {
    Piece p;
    while (f.next()) {
      if (f.is(1, 2))
        p.text = f.contents;
      else if (f.is(2, 5))
        p.score = std::bit_cast<float>(uint32_t(f.varint));
      else if (f.is(3, 0) && f.varint >= 1 && f.varint <= 6)
        p.type = PieceType(f.varint);
      else if (f.number <= 3)
        return bad(f.position(), "a piece has a field that is none of its own");
    }
    LLMC_CHECK(whole(f));
    v.pieces.push_back(std::move(p));
    return Status::ok();
  }

  Status trainer(Fields &f) {
    while (f.next()) {
      if (f.type != 0)
        continue;
      auto id = int32_t(uint32_t(f.varint));
      switch (f.number) {
      case 3:
        modelType = f.varint;
        break;
      case 24:
        if (f.varint != 0)
          return unsupported("it puts the mark of a space behind words");
        break;
      case 35:
        v.byteFallback = f.varint != 0;
        break;
      case 41:
        v.bosId = id;
        break;
      case 42:
        v.eosId = id;
        break;
      case 43:
        v.padId = id;
        break;
      }
    }
    return whole(f);
  }

  Status normalizer(Fields &f) {
    while (f.next()) {
      if (f.is(2, 2))
        v.charsmap = f.contents;
      else if (f.is(3, 0))
        v.addDummyPrefix = f.varint != 0;
      else if (f.is(4, 0))
        v.removeExtraWhitespaces = f.varint != 0;
      else if (f.is(5, 0))
        v.escapeWhitespaces = f.varint != 0;
    }
    return whole(f);
  }

  Status denormalizer(Fields &f) {
    while (f.next())
      if (f.is(2, 2) && !f.contents.empty())
        return unsupported("it has a denormalizer");
    return whole(f);
  }
};
} // namespace

Result<PieceVocabulary> readSentencePiece(std::string_view bytes,
                                          const std::string &file) {
  return Reader(bytes, file).run();
}

} // namespace llmc::tokenizer

#include "runtime/support/Npy.h"

#include "runtime/support/OutputFile.h"
#include "runtime/support/File.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace llmc {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t maxRank = 32;

struct TypeName {
  std::string_view name; // without the byte order
  ElementType type;
};
constexpr TypeName typeNames[] = {
    {"b1", ElementType::Bool}, {"i1", ElementType::I8},
    {"u1", ElementType::U8},   {"i2", ElementType::I16},
    {"u2", ElementType::U16},  {"i4", ElementType::I32},
    {"u4", ElementType::U32},  {"i8", ElementType::I64},
    {"u8", ElementType::U64},  {"f2", ElementType::F16},
    {"f4", ElementType::F32},  {"f8", ElementType::F64}};

/// Reads the header: a Python dictionary of three literals.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text(text) {}

  /// Empty where all was understood, otherwise what was not.
  std::string parse(Tensor &tensor);

private:
  void skipSpace() {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\n'))
      text.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skipSpace();
    if (!text.starts_with(token))
      return false;
    text.remove_prefix(token.size());
    return true;
  }
  std::optional<std::string_view> quoted() {
    skipSpace();
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return std::nullopt;
    size_t end = text.find(text[0], 1);
    if (end == std::string_view::npos)
      return std::nullopt;
    std::string_view inside = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return inside;
  }
  std::string parseType(Tensor &tensor);
  std::string parseShape(Tensor &tensor);

  std::string_view text;
};

std::string HeaderParser::parseType(Tensor &tensor) {
  std::optional<std::string_view> name = quoted();
  if (!name || name->size() < 2)
    return "its element type is no simple one";
  if ((*name)[0] == '>')
    return "it is big-endian";
  std::string_view plain = *name;
  if (plain[0] == '<' || plain[0] == '|' || plain[0] == '=')
    plain.remove_prefix(1);
  for (const TypeName &entry : typeNames)
    if (entry.name == plain || (plain == "?" && entry.name == "b1")) {
      tensor.type = entry.type;
      return "";
    }
  return "its element type " + std::string(*name) + " is not supported";
}

std::string HeaderParser::parseShape(Tensor &tensor) {
  if (!take("("))
    return "it has no shape";
  while (!take(")")) {
    skipSpace();
    int64_t extent = -1;
    auto [end, status] =
        std::from_chars(text.data(), text.data() + text.size(), extent);
    if (status != std::errc() || extent < 0 || tensor.shape.size() == maxRank)
      return "its shape cannot be read";
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    tensor.shape.push_back(extent);
    take("L"); // as Python 2 wrote long integers
    if (!take(",") && !text.starts_with(")"))
      return "its shape cannot be read";
  }
  return "";
}

std::string HeaderParser::parse(Tensor &tensor) {
  bool haveType = false, haveShape = false;
  if (!take("{"))
    return "its header is no dictionary";
  while (!take("}")) {
    std::optional<std::string_view> key = quoted();
    if (!key || !take(":"))
      return "its header cannot be read";
    std::string problem;
    if (*key == "descr" && !haveType) {
      problem = parseType(tensor);
      haveType = true;
    } else if (*key == "shape" && !haveShape) {
      problem = parseShape(tensor);
      haveShape = true;
    } else if (*key == "fortran_order") {
      if (take("True"))
        return "it is in Fortran order; save numpy.ascontiguousarray of it";
      if (!take("False"))
        problem = "its header cannot be read";
    } else {
      problem = "its header has an unknown key";
    }
    if (!problem.empty())
      return problem;
    skipSpace();
    if (!take(",") && !text.starts_with("}"))
      return "its header cannot be read";
  }
  return haveType && haveShape ? "" : "its header lacks type or shape";
}

} // namespace

Result<Tensor> parseNpy(std::span<const std::byte> bytes,
                        const std::string &where) {
  auto bad = [&](std::string why) {
    return Error{Code::BadTensor, "the tensor cannot be read", where,
                 std::move(why), "save it with numpy.save"};
  };
  std::string_view text(reinterpret_cast<const char *>(bytes.data()),
                        bytes.size());
  if (!text.starts_with(magic) || text.size() < 10)
    return bad("it is no .npy file");
  unsigned version = static_cast<unsigned char>(text[6]);
  auto byte = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(text[i]));
  };
  size_t begin = version == 1 ? 10 : 12;
  if (version < 1 || version > 3 || text.size() < begin)
    return bad("its version is unknown");
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1)
    length |= byte(10) << 16 | byte(11) << 24;
  if (length > text.size() - begin)
    return bad("it is cut short");
  Tensor tensor;
  if (std::string why = HeaderParser(text.substr(begin, length)).parse(tensor);
      !why.empty())
    return bad(std::move(why));
  std::span<const std::byte> data = bytes.subspan(begin + length);
  uint64_t size = static_cast<uint64_t>(elementBytes(tensor.type));
  for (int64_t extent : tensor.shape)
    if (__builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size))
      return bad("its shape is impossible");
  if (size != data.size())
    return bad("its shape asks for " + std::to_string(size) +
               " bytes and it has " + std::to_string(data.size()));
  tensor.data.assign(data.begin(), data.end());
  return tensor;
}

Result<Tensor> readNpy(const std::string &path) {
  LLMC_TRY(MappedFile file, MappedFile::open(path));
  return parseNpy(file.bytes(), path);
}

std::vector<std::byte> formatNpy(const Tensor &tensor) {
  bool widen = tensor.type == ElementType::BF16;
  ElementType type = widen ? ElementType::F32 : tensor.type;
  std::string header = "{'descr': '";
  for (const TypeName &entry : typeNames)
    if (entry.type == type)
      header += std::string(elementBytes(type) == 1 ? "|" : "<") +
                std::string(entry.name);
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t extent : tensor.shape)
    header += std::to_string(extent) + ", ";
  if (tensor.shape.size() > 1)
    header.resize(header.size() - 2);
  header += "), }";
  // The data begins at a multiple of 64, behind a line break.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';

  std::string front(magic);
  front += '\1';
  front += '\0';
  front += static_cast<char>(header.size() & 255);
  front += static_cast<char>(header.size() >> 8);
  front += header;
  std::vector<std::byte> bytes(front.size());
  std::memcpy(bytes.data(), front.data(), front.size());
  if (!widen) {
    bytes.insert(bytes.end(), tensor.data.begin(), tensor.data.end());
    return bytes;
  }
  for (size_t i = 0; i + 1 < tensor.data.size(); i += 2) {
    bytes.insert(bytes.end(), 2, std::byte(0));
    bytes.insert(bytes.end(), {tensor.data[i], tensor.data[i + 1]});
  }
  return bytes;
}

Status writeNpy(const std::string &path, const Tensor &tensor) {
  std::vector<std::byte> bytes = formatNpy(tensor);
  LLMC_TRY(OutputFile file, OutputFile::create(path, bytes.size()));
  LLMC_CHECK(file.append(bytes));
  return file.commit(/*executable=*/false);
}

} // namespace llmc

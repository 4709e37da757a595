#include "frontends/onnx/reader/FileSniffer.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace llmc::onnx {

namespace {

struct Signature {
  size_t offset;
  std::string_view bytes;
  const char *what;
  const char *fix;
};

using namespace std::string_view_literals;

constexpr const char *exportIt = "export the model to ONNX";
constexpr const char *unpackIt = "unpack it and name the .onnx file within";

constexpr Signature signatures[] = {
    {0, "version https://git-lfs.github.com/spec"sv, "it is a Git LFS pointer",
     "fetch the file that it stands for: `git lfs pull`"},
    {0, "PK\x03\x04"sv, "it is a zip archive, perhaps a PyTorch checkpoint",
     exportIt},
    {0, "GGUF"sv, "it is a GGUF file", exportIt},
    {4, "ORTM"sv, "it is a model in ONNX Runtime's own format (.ort)",
     "take the .onnx file that it was made from"},
    {4, "TFL3"sv, "it is a TensorFlow Lite model", exportIt},
    {0, "\x89HDF"sv, "it is an HDF5 file, perhaps a Keras model", exportIt},
    {0, "\x1f\x8b"sv, "it is compressed with gzip", unpackIt},
    {0, "\x28\xb5\x2f\xfd"sv, "it is compressed with zstd", unpackIt},
    {0,
     "\xfd"
     "7zXZ"sv,
     "it is compressed with xz", unpackIt},
    {257, "ustar"sv, "it is a tar archive", unpackIt},
    {0,
     "\x7f"
     "ELF"sv,
     "it is an ELF program or library", ""},
    {0, "ML\xefR"sv, "it is MLIR bytecode", exportIt},
    {0, "%PDF"sv, "it is a PDF document", ""},
};

/// Protocols 2 to 5 begin with their number; earlier ones are not recognised.
bool isPickle(std::string_view text) {
  return text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5;
}

/// Eight bytes of length, little-endian, then that much JSON.
bool isSafetensors(std::string_view text, size_t fileSize) {
  if (text.size() < 10 || text.substr(8, 2) != "{\"")
    return false;
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | static_cast<unsigned char>(text[i]);
  return length <= fileSize - 8;
}

bool beginsIgnoringCase(std::string_view text, std::string_view with) {
  return text.size() >= with.size() &&
         std::equal(with.begin(), with.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

bool isText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 32 || byte == '\n' || byte == '\r' || byte == '\t';
  });
}

} // namespace

OtherFile sniffFile(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char *>(bytes.data()),
                        std::min<size_t>(bytes.size(), 512));
  if (text.empty())
    return {"it is empty", "get it again: the download may have failed"};
  for (const Signature &signature : signatures)
    if (text.size() > signature.offset &&
        text.substr(signature.offset, signature.bytes.size()) ==
            signature.bytes)
      return {signature.what, signature.fix};
  if (isPickle(text))
    return {"it is a Python pickle, perhaps a PyTorch checkpoint", exportIt};
  if (isSafetensors(text, bytes.size()))
    return {"it is a safetensors file", exportIt};
  if (text.find_first_not_of('\0') == std::string_view::npos)
    return {"it begins with nothing but zeros",
            "get it again: the download may have been cut short"};

  std::string_view body = text;
  if (body.substr(0, 3) == "\xef\xbb\xbf") // UTF-8 byte order mark.
    body.remove_prefix(3);
  body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
  if (beginsIgnoringCase(body, "<!doctype html") ||
      beginsIgnoringCase(body, "<html"))
    return {"it is an HTML page",
            "the link led to a page about the file: download the file itself"};
  if (beginsIgnoringCase(body, "<?xml"))
    return {"it is an XML document", ""};
  if (isText(text))
    return {body.substr(0, 1) == "{" || body.substr(0, 1) == "["
                ? "it is JSON text"
                : "it is text",
            "name the .onnx file"};
  return {};
}

} // namespace llmc::onnx

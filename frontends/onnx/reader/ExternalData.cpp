#include "frontends/onnx/reader/ExternalData.h"

#include "frontends/onnx/reader/Messages.h"

#include <charconv>

namespace llmc::onnx {

namespace {

/// Every file is a mapping and the kernel gives a process about 65,000. Some
/// exporters write one file per tensor; none is near this.
constexpr size_t maxFiles = 16384;

bool parseDecimal(std::string_view text, uint64_t &value) {
  auto [end, status] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size();
}

/// `./a//b` and `a/b` are one file.
std::string canonical(std::string_view location) {
  std::string result;
  for (size_t begin = 0; begin < location.size();) {
    size_t end = std::min(location.find('/', begin), location.size());
    std::string_view part = location.substr(begin, end - begin);
    if (!part.empty() && part != ".") {
      if (!result.empty())
        result += '/';
      result += part;
    }
    begin = end + 1;
  }
  return result;
}

/// Those of nodes need no name; parseNode() says which node it is.
std::string described(const TensorData &tensor) {
  return tensor.name.empty() ? "a tensor without a name"
                             : "tensor " + quoted(tensor.name);
}

} // namespace

Result<uint32_t> ExternalData::mapOnce(std::string_view location) {
  bool absolute = location.substr(0, 1) == "/";
  std::string name = (absolute ? "/" : "") + canonical(location);
  if (auto found = indices.find(name); found != indices.end())
    return found->second;
  if (model.files.size() > maxFiles ||
      !budget.charge(
          1, 4 * (sizeof(ModelFile) + 3 * name.size() + folder.size() + 128)))
    return Error{Code::TooLarge, "the model has too many external files", "",
                 std::to_string(model.files.size()) + " are mapped already",
                 ""};
  LLMC_TRY(MappedFile map, mapBeneath(folder, name, model.files[0].path));
  auto index = static_cast<uint32_t>(model.files.size());
  std::span<const std::byte> bytes = map.bytes();
  model.files.push_back({folder + "/" + name, std::move(map), bytes});
  indices.emplace(std::move(name), index);
  return index;
}

Result<ByteRange> ExternalData::resolve(const ExternalReference &reference,
                                        const TensorData &tensor,
                                        uint64_t expected) {
  auto fail = [&](Code code, std::string why, std::string fix = "") {
    return Error{code, "the external data of a tensor cannot be used",
                 described(tensor) + ", external data " +
                     quoted(reference.location),
                 std::move(why), std::move(fix)};
  };
  if (reference.location.empty())
    return fail(Code::BadModel, "no location is given");
  if (reference.location.size() > 4096)
    return fail(Code::BadModel, "the location is longer than any path");
  ByteRange range;
  if (!reference.offset.empty() &&
      !parseDecimal(reference.offset, range.offset))
    return fail(Code::BadModel,
                "the offset " + quoted(reference.offset) + " is no number");
  range.length = expected;
  if (!reference.length.empty()) {
    if (!parseDecimal(reference.length, range.length))
      return fail(Code::BadModel,
                  "the length " + quoted(reference.length) + " is no number");
    if (range.length != expected)
      return fail(Code::BadModel, "the length given is " +
                                      std::to_string(range.length) +
                                      " bytes, type and dims call for " +
                                      std::to_string(expected));
  }
  if (folder.empty())
    return fail(Code::ExternalDataEscapes,
                "this model was read from memory and has no folder");

  Result<uint32_t> index = mapOnce(reference.location);
  if (!index) {
    Error error = index.takeError();
    error.where = described(tensor) + ", external data " +
                  quoted(error.where.empty() ? reference.location
                                             : std::string_view(error.where));
    return error;
  }
  range.file = *index;
  uint64_t size = model.files[range.file].bytes.size();
  if (range.length > size || range.offset > size - range.length)
    return fail(Code::ExternalDataShort,
                "the file has " + std::to_string(size) + " bytes, the tensor " +
                    "needs " + std::to_string(range.length) + " from byte " +
                    std::to_string(range.offset) + " on",
                "get the data file that belongs to this model, in full");
  return range;
}

} // namespace llmc::onnx

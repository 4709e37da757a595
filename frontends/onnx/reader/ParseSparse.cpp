// Sparse tensors are made dense as they are read: nothing behind the reader
// knows of them. The budget bounds what a small file can ask for.
#include "frontends/onnx/reader/ModelParser.h"

#include "frontends/onnx/reader/Messages.h"

#include <cstring>

namespace llmc::onnx {

namespace {

Error badSparse(const TensorData &tensor, std::string why) {
  return Error{Code::BadModel,
               "sparse tensor " + quoted(tensor.name) + " is not valid",
               "byte " + std::to_string(tensor.fileOffset), std::move(why), ""};
}

} // namespace

Status ModelParser::parseSparse(WireRange range, TensorData &dense) {
  WireMessage whole = message(range, "SparseTensorProto");
  LLMC_TRY(FieldCounts counts, countFields(whole));
  dense.fileOffset = range.offset;
  if (counts[1] != 1 || counts[2] != 1)
    return badSparse(dense, "it has not one list of values and one of indices");
  TensorData values, indices;
  WireCursor cursor(whole);
  while (true) {
    LLMC_TRY(bool more, cursor.next());
    if (!more)
      break;
    if (cursor.field() != 1 && cursor.field() != 2) {
      LLMC_CHECK(cursor.skip());
      continue;
    }
    LLMC_TRY(WireRange part, cursor.readBytes());
    LLMC_CHECK(parseTensor(part, cursor.field() == 1 ? values : indices));
  }
  LLMC_TRY(uint64_t rank, countVarints(whole, 3));
  LLMC_CHECK(reserve(dense.dims, rank, range.offset));
  LLMC_CHECK(forEachVarint(whole, 3, [&](uint64_t value) {
    dense.dims.push_back(static_cast<int64_t>(value));
  }));
  dense.name = std::move(values.name);
  dense.type = values.type;
  return scatter(values, indices, dense);
}

Status ModelParser::scatter(const TensorData &values, const TensorData &indices,
                            TensorData &dense) {
  unsigned width = elemBitWidth(dense.type) / 8;
  if (width == 0)
    return Error{Code::UnsupportedType,
                 "sparse tensor " + quoted(dense.name) + " is not supported",
                 "byte " + std::to_string(dense.fileOffset),
                 "its element type is " + elemTypeName(dense.type), ""};
  uint64_t rank = dense.dims.size();
  dense.count = 1;
  for (int64_t dim : dense.dims)
    if (dim <= 0 ||
        __builtin_mul_overflow(dense.count, static_cast<uint64_t>(dim),
                               &dense.count) ||
        dense.count > static_cast<uint64_t>(INT64_MAX))
      return badSparse(dense, "its dims are not positive or too large");
  if (rank == 0)
    return badSparse(dense, "it has no dims");
  bool flat = indices.dims.size() == 1;
  if (values.dims.size() != 1 || indices.type != ElemType::Int64 ||
      indices.dims.empty() || indices.dims.size() > 2 ||
      indices.dims[0] != values.dims[0] ||
      (!flat && static_cast<uint64_t>(indices.dims[1]) != rank))
    return badSparse(dense, "its indices do not fit its values and dims");

  LLMC_TRY(uint64_t bytes, packedByteSize(dense.type, dense.count));
  dense.storage = TensorData::Storage::Owned;
  LLMC_CHECK(resize(dense.owned, bytes, dense.fileOffset));
  const std::byte *from = model.bytes(values).data();
  const std::byte *index = model.bytes(indices).data();
  for (uint64_t i = 0; i < values.count; ++i) {
    uint64_t position = 0;
    for (uint64_t axis = 0; axis < (flat ? 1 : rank); ++axis) {
      uint64_t coordinate;
      std::memcpy(&coordinate, index, sizeof coordinate);
      index += sizeof coordinate;
      uint64_t bound =
          flat ? dense.count : static_cast<uint64_t>(dense.dims[axis]);
      // A negative index is a huge unsigned one.
      if (coordinate >= bound)
        return badSparse(dense, "index " + std::to_string(i) +
                                    " lies outside its dims");
      position = flat ? coordinate : position * bound + coordinate;
    }
    std::memcpy(dense.owned.data() + position * width, from + i * width, width);
  }
  return Status::ok();
}

} // namespace llmc::onnx

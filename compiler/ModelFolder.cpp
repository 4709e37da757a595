#include "compiler/ModelFolder.h"

#include "compiler/Options.h"
#include "frontends/tokenizer/Json.h"
#include "frontends/tokenizer/TokenizerReader.h"
#include "runtime/support/File.h"

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace llmc {

static Result<std::string> findModel(const std::string &folder) {
  std::vector<std::string> found;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end;
       it.increment(code))
    if (it->path().extension() == ".onnx")
      found.push_back(it->path().filename().string());
  if (code)
    return Error{Code::CannotRead, "the folder cannot be listed", folder,
                 code.message(), "check the path and its permissions"};
  std::sort(found.begin(), found.end());
  for (const std::string &name : found)
    if (name == "model.onnx" || found.size() == 1)
      return folder + "/" + name;
  std::string why = found.empty() ? "it holds no .onnx file"
                                  : "it holds several .onnx files and none is "
                                    "called model.onnx:";
  for (const std::string &name : found)
    why += " " + name;
  return Error{Code::NoModelFound, "no model in this folder", folder, why,
               found.empty() ? "export the model to ONNX first"
                             : "name the file"};
}

/// The number at \p path of members in a JSON file of the folder, if there.
static Status readNumber(ModelFolder &model, const std::string &file,
                         std::initializer_list<const char *> path) {
  std::string full = model.folder + "/" + file;
  std::error_code code;
  if (model.maxContext > 0 || model.contextError || !fs::exists(full, code))
    return Status::ok();
  LLMC_TRY(MappedFile bytes, MappedFile::open(full));
  std::string_view text(reinterpret_cast<const char *>(bytes.bytes().data()),
                        bytes.bytes().size());
  LLMC_TRY(tokenizer::JsonValue root,
           tokenizer::parseJsonObject(text, file, Code::BadConfig));
  const tokenizer::JsonValue *value = &root;
  for (const char *member : path)
    value = value ? value->find(member) : nullptr;
  if (!value)
    return Status::ok();
  bool isPositive = value->isInteger() && value->integer > 0;
  if (!isPositive || value->integer > largestContext) {
    model.contextError = Error{
        Code::BadConfig,
        isPositive ? "the context length is too large"
                   : "the context length is not a positive integer",
        full,
        std::string("member ") + *(path.end() - 1) +
            (value->isInteger() ? " is " + std::to_string(value->integer) : ""),
        "correct the file, or give --max-context, from 1 to " +
            std::to_string(largestContext)};
    return Status::ok();
  }
  model.maxContext = value->integer;
  model.files.push_back(file + " (context)");
  return Status::ok();
}

Result<ModelFolder> openModelFolder(const std::string &path) {
  ModelFolder model;
  std::error_code code;
  auto status = fs::status(path, code);
  if (status.type() == fs::file_type::not_found)
    return Error{Code::FileNotFound, "there is no such file or folder", path, "",
                 "check the path"};
  if (fs::is_directory(status)) {
    std::string folder = path;
    while (folder.size() > 1 && folder.back() == '/')
      folder.pop_back();
    LLMC_TRY(model.model, findModel(folder));
  } else {
    model.model = path;
  }
  model.folder = folderOf(model.model);
  auto absolute = fs::absolute(model.folder, code).lexically_normal();
  model.name = absolute.filename().empty()
                   ? absolute.parent_path().filename().string()
                   : absolute.filename().string();
  model.hasTokenizer = tokenizer::hasVocabulary(model.folder);
  LLMC_CHECK(readNumber(model, "config.json", {"max_position_embeddings"}));
  LLMC_CHECK(readNumber(model, "config.json", {"n_positions"}));
  LLMC_CHECK(readNumber(model, "genai_config.json", {"model", "context_length"}));
  return model;
}

} // namespace llmc

#include "frontends/tokenizer/SpecialIds.h"

#include <algorithm>

namespace llmc::tokenizer {

Status SpecialIds::fromIds(const JsonValue *object, const std::string &file) {
  if (!object || !object->isObject())
    return Status::ok();
  bool used = false;
  for (auto [key, slot] :
       {std::pair{"bos_token_id", &bos}, std::pair{"pad_token_id", &pad},
        std::pair{"eos_token_id", &eos}}) {
    const JsonValue *v = object->find(key);
    if (!v || slot->found)
      continue;
    LLMC_TRY(std::vector<int32_t> ids, idList(*v, file + ": " + key));
    if (ids.empty())
      continue;
    *slot = {true, std::move(ids)};
    used = true;
  }
  if (used)
    markUsed(file);
  return Status::ok();
}

void SpecialIds::fromTexts(const JsonValue *object, const std::string &file) {
  if (!object || !object->isObject())
    return;
  bool used = false;
  for (auto [key, slot] :
       {std::pair{"bos_token", &bos}, std::pair{"pad_token", &pad},
        std::pair{"eos_token", &eos}}) {
    const JsonValue *v = object->find(key);
    if (v && v->isObject())
      v = v->find("content");
    if (!v || !v->isString() || slot->found)
      continue;
    auto it = std::find(read.model.tokens.begin(), read.model.tokens.end(),
                        v->string);
    if (it == read.model.tokens.end()) {
      read.notes.push_back(file + ": " + key + " " + v->string +
                           " is no token and is left out");
      continue;
    }
    *slot = {true, {int32_t(it - read.model.tokens.begin())}};
    used = true;
  }
  if (used)
    markUsed(file);
}

void SpecialIds::finish() {
  if (bos.found)
    read.model.bosId = bos.ids[0];
  if (pad.found)
    read.model.padId = pad.ids[0];
  if (eos.found)
    read.model.eosIds = eos.ids;
}

void SpecialIds::markUsed(const std::string &file) {
  if (std::find(read.files.begin(), read.files.end(), file) == read.files.end())
    read.files.push_back(file);
}

Result<std::vector<int32_t>> SpecialIds::idList(const JsonValue &v,
                                                const std::string &where) {
  std::vector<int32_t> ids;
  const JsonValue *first = v.isArray() ? v.items.data() : &v;
  size_t count = v.isArray() ? v.items.size() : 1;
  for (size_t i = 0; i < count; ++i) {
    if (!first[i].isInteger())
      return Error{Code::BadConfig,
                   "cannot use the configuration",
                   where,
                   "it is neither an id nor a list of ids",
                   {}};
    int64_t id = first[i].integer;
    if (id < 0 || id >= int64_t(read.model.tokens.size()))
      read.notes.push_back(where + " " + std::to_string(id) +
                           " is outside the vocabulary and is left out");
    else if (std::find(ids.begin(), ids.end(), int32_t(id)) == ids.end())
      ids.push_back(int32_t(id));
  }
  return ids;
}

} // namespace llmc::tokenizer

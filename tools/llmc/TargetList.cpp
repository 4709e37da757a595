#include "tools/llmc/TargetList.h"

#include "compiler/Compiler.h"
#include "runtime/verbs/Arguments.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

namespace llmc {

namespace {

/// For `sm_90`, where there is sm_90a: that, and the last one below whose code
/// every later GPU runs. Empty where \p target is no architecture.
std::string architecturesFor(std::string_view target, std::span<const std::string_view> names) {
  auto numberOf = [](std::string_view name) -> std::optional<int64_t> {
    if (!name.starts_with("sm_"))
      return std::nullopt;
    name.remove_prefix(3);
    size_t end = std::min(name.find_first_not_of("0123456789"), name.size());
    return name.size() - end > 1 ? std::nullopt : parseInteger(name.substr(0, end));
  };
  std::optional<int64_t> wanted = numberOf(target);
  if (!wanted)
    return "";
  std::string same, below;
  int64_t most = 0;
  for (std::string_view name : names) {
    std::optional<int64_t> number = numberOf(name);
    bool isBound = name.back() < '0' || name.back() > '9';
    if (number == wanted)
      same += (same.empty() ? "" : ", ") + std::string(name);
    else if (number && !isBound && *number < *wanted && *number > most) {
      most = *number;
      below = name;
    }
  }
  if (same.empty())
    return below.empty() ? "" : "give " + below + ", which later GPUs run too";
  return "did you mean " + same + "?" +
         (below.empty() ? "" : " Code for " + below + " runs there too");
}

} // namespace

Status takeTargets(const std::vector<std::string> &lists, std::vector<std::string> &targets) {
  for (std::string_view list : lists)
    while (true) {
      size_t comma = list.find(',');
      targets.emplace_back(list.substr(0, comma));
      if (targets.back().empty())
        return Error{Code::BadFlagValue, "the value of a flag cannot be used", "--target",
                     "it has an empty entry in its list",
                     "write names with a comma between two, as in cpu,sm_80"};
      if (comma == list.npos)
        break;
      list.remove_prefix(comma + 1);
    }
  std::vector<std::string> known = targetNames();
  std::vector<std::string_view> names(known.begin(), known.end());
  std::string list;
  for (std::string_view name : names)
    list += (list.empty() ? "" : ", ") + std::string(name);
  for (const std::string &target : targets) {
    if (std::ranges::find(names, target) != names.end())
      continue;
    std::string_view meant = nearest(target, names);
    std::string gpus = architecturesFor(target, names);
    return Error{Code::BadTarget, "there is no such target", "--target",
                 "`" + target + "` is not one of " + list,
                 !gpus.empty()   ? gpus
                 : meant.empty() ? "`llmc doctor` lists what this machine runs"
                                 : "did you mean " + std::string(meant) + "?"};
  }
  return Status::ok();
}

} // namespace llmc

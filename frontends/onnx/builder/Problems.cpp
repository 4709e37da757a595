#include "frontends/onnx/builder/Problems.h"

#include <set>

namespace llmc::onnx {

namespace {

constexpr size_t shownPerGroup = 10;

std::string remedyText(Remedy remedy) {
  switch (remedy) {
  case Remedy::None:
    return {};
  case Remedy::OtherDomain:
    return "operators of other domains: export without custom operators, or "
           "with their bodies as model-local functions";
  case Remedy::NewerOpset:
    return "newer operators: export with an opset from 17 to 24, or use a "
           "newer llmc";
  case Remedy::TrainingOp:
    return "training: export the model in inference mode";
  case Remedy::DataShape:
    return "shapes that depend on values: export with the shape computed from "
           "the inputs' shapes (dynamic axes) or fixed";
  case Remedy::ControlFlow:
    return "If, Loop and Scan: export one graph per case (for Optimum: "
           "`--no-post-process`, so that no merged decoder is made)";
  case Remedy::Export:
    return "other forms: export from the original model with the options that "
           "the operator's line names";
  }
  return {};
}

/// The problems with one operator for one reason.
struct Group {
  std::string op;
  std::string reason;
  std::vector<std::string> nodes;
  size_t count = 0;
};

} // namespace

Error Problems::toError(const std::string &file) const {
  if (list.empty())
    return firstError
               ? *firstError
               : Error{Code::Internal, "no problem was recorded", file, {}, {}};
  // In the order of their first node, so that the text follows the graph.
  std::vector<Group> groups;
  std::map<std::pair<std::string, std::string>, size_t> indices;
  std::set<Remedy> remedies;
  for (const Unsupported &problem : list) {
    auto [index, isNew] =
        indices.try_emplace({problem.op, problem.reason}, groups.size());
    if (isNew)
      groups.push_back({problem.op, problem.reason, {}, 0});
    Group &group = groups[index->second];
    ++group.count;
    if (group.nodes.size() < shownPerGroup)
      group.nodes.push_back(
          problem.node + (problem.scope.empty() ? "" : " in " + problem.scope));
    remedies.insert(problem.remedy);
  }
  Error error;
  error.code = Code::UnsupportedOps;
  error.what = std::to_string(list.size()) +
               (list.size() == 1 ? " node is" : " nodes are") +
               " not supported";
  error.where = file;
  for (const Group &group : groups) {
    if (!error.why.empty())
      error.why += '\n';
    error.why += group.op + " (" + std::to_string(group.count) + ")";
    if (!group.reason.empty())
      error.why += ", " + group.reason;
    error.why += ": ";
    for (size_t i = 0; i < group.nodes.size(); ++i)
      error.why += (i ? "; " : "") + group.nodes[i];
    if (group.count > group.nodes.size())
      error.why +=
          "; and " + std::to_string(group.count - group.nodes.size()) + " more";
  }
  for (Remedy remedy : remedies) {
    std::string text = remedyText(remedy);
    if (text.empty())
      continue;
    if (!error.fix.empty())
      error.fix += '\n';
    error.fix += text;
  }
  if (remedies.count(Remedy::None))
    error.fix += error.fix.empty() ? "a newer llmc may know these operators"
                                   : "\nthe others: a newer llmc may know them";
  return error;
}

} // namespace llmc::onnx

#include "runtime/sim/ptx/Module.h"

#include <algorithm>

namespace llmc::sim {

Type Function::registerType(uint32_t index) const {
  auto above = std::upper_bound(
      registers.begin(), registers.end(), index,
      [](uint32_t i, const RegisterRange &range) { return i < range.first; });
  return std::prev(above)->type;
}

const Variable &localVariable(const Function &function, uint32_t index) {
  if (index < function.parameters.size())
    return function.parameters[index];
  index -= uint32_t(function.parameters.size());
  if (index < function.results.size())
    return function.results[index];
  return function.variables[index - function.results.size()];
}

std::string_view Module::lineText(uint32_t line) const {
  std::string_view rest = text();
  for (uint32_t i = 1; i < line; ++i) {
    size_t end = rest.find('\n');
    if (end == std::string_view::npos)
      return {};
    rest.remove_prefix(end + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  rest = rest.substr(0, rest.find("//"));
  size_t first = rest.find_first_not_of(" \t\r");
  if (first == std::string_view::npos)
    return {};
  return rest.substr(first, rest.find_last_not_of(" \t\r") - first + 1);
}

} // namespace llmc::sim

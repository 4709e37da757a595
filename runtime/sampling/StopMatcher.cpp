#include "runtime/sampling/StopMatcher.h"

namespace llmc::sampling {

StopMatcher::StopMatcher(const std::vector<std::string> &stops) : nodes(1) {
  for (size_t s = 0; s < stops.size(); ++s) {
    stopLengths.push_back(uint32_t(stops[s].size()));
    uint32_t node = 0;
    for (char c : stops[s]) {
      uint32_t child = findChild(node, uint8_t(c));
      if (child == 0) {
        child = uint32_t(nodes.size());
        Node made;
        made.byte = uint8_t(c);
        made.sibling = nodes[node].child;
        made.depth = nodes[node].depth + 1;
        nodes.push_back(made);
        nodes[node].child = child;
      }
      node = child;
    }
    if (node != 0 && nodes[node].stop < 0)
      nodes[node].stop = int32_t(s);
  }
  // Breadth first: the fallback of a node is shallower than the node.
  std::vector<uint32_t> queue = {0};
  for (size_t i = 0; i < queue.size(); ++i)
    for (uint32_t child = nodes[queue[i]].child; child != 0;
         child = nodes[child].sibling) {
      Node &c = nodes[child];
      c.fallback = queue[i] == 0 ? 0 : next(nodes[queue[i]].fallback, c.byte);
      if (c.stop < 0)
        c.stop = nodes[c.fallback].stop;
      queue.push_back(child);
    }
}

uint32_t StopMatcher::findChild(uint32_t node, uint8_t byte) const {
  uint32_t child = nodes[node].child;
  while (child != 0 && nodes[child].byte != byte)
    child = nodes[child].sibling;
  return child;
}

uint32_t StopMatcher::next(uint32_t node, uint8_t byte) const {
  for (;; node = nodes[node].fallback) {
    uint32_t child = findChild(node, byte);
    if (child != 0 || node == 0)
      return child;
  }
}

std::string StopMatcher::push(std::string_view part) {
  if (stopped())
    return {};
  for (char c : part) {
    held += c;
    state = next(state, uint8_t(c));
    int32_t stop = nodes[state].stop;
    if (stop >= 0) {
      held.resize(held.size() - stopLengths[size_t(stop)]);
      match = stop;
      state = 0;
      break;
    }
  }
  std::string out = held.substr(0, held.size() - nodes[state].depth);
  held.erase(0, out.size());
  givenOut += out.size();
  return out;
}

std::string StopMatcher::flush() {
  std::string out = std::move(held);
  held.clear();
  state = 0;
  givenOut += out.size();
  return out;
}

void StopMatcher::reset() {
  state = 0;
  match = -1;
  givenOut = 0;
  held.clear();
}

} // namespace llmc::sampling

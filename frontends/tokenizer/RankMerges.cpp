#include "frontends/tokenizer/RankMerges.h"

#include "frontends/tokenizer/Advice.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace llmc::tokenizer {

namespace {
constexpr size_t maxBytes = 4096;

class Ranker {
public:
  Ranker(std::span<const std::string> tokens, std::span<const int64_t> ranks)
      : ranks(ranks) {
    for (size_t i = 0; i < tokens.size(); ++i)
      if (ranks[i] >= 0 && !tokens[i].empty())
        byText.emplace(tokens[i], int32_t(i));
  }

  int32_t find(std::string_view text) const {
    auto it = byText.find(text);
    return it == byText.end() ? -1 : it->second;
  }

  /// Merges the characters of \p text and returns where its last merge joins,
  /// or 0 where they do not become one.
  size_t lastBorder(std::string_view text) {
    begins.clear();
    for (size_t at = 0; at < text.size();
         at += decodeOne(text.substr(at)).length)
      begins.push_back(at);
    begins.push_back(text.size());
    joint.clear();
    for (size_t i = 0; i + 2 < begins.size(); ++i)
      joint.push_back(jointRank(text, i));
    while (begins.size() > 3) {
      size_t best =
          size_t(std::min_element(joint.begin(), joint.end()) - joint.begin());
      if (joint[best] == never)
        return 0;
      begins.erase(begins.begin() + ptrdiff_t(best) + 1);
      joint.erase(joint.begin() + ptrdiff_t(best));
      if (best > 0)
        joint[best - 1] = jointRank(text, best - 1);
      if (best < joint.size())
        joint[best] = jointRank(text, best);
    }
    return joint.size() == 1 && joint[0] != never ? begins[1] : 0;
  }

private:
  static constexpr int64_t never = INT64_MAX;
  std::span<const int64_t> ranks;
  std::unordered_map<std::string_view, int32_t> byText;
  std::vector<size_t> begins; // Of the symbols, and the end.
  std::vector<int64_t> joint; // [symbols - 1] rank of each with the next.

  int64_t jointRank(std::string_view text, size_t i) const {
    int32_t id = find(text.substr(begins[i], begins[i + 2] - begins[i]));
    return id < 0 ? never : ranks[size_t(id)];
  }
};
} // namespace

Result<std::vector<Merge>> rankMerges(std::span<const std::string> tokens,
                                      std::span<const int64_t> ranks,
                                      const std::string &file) {
  auto unsupported = [&](size_t id, std::string why) {
    return Error{Code::UnsupportedTokenizer, "the tokenizer is not supported",
                 file + ": token " + std::to_string(id), std::move(why),
                 addJson};
  };
  Ranker ranker(tokens, ranks);
  std::vector<Merge> merges;
  for (size_t id = 0; id < tokens.size(); ++id) {
    const std::string &text = tokens[id];
    if (ranks[id] < 0 || text.empty() || ranker.find(text) != int32_t(id) ||
        decodeOne(text).length == text.size())
      continue;
    if (text.size() > maxBytes)
      return unsupported(id, "it is longer than 4096 bytes");
    size_t border = ranker.lastBorder(text);
    if (border == 0)
      continue;
    std::string_view view = text;
    int32_t left = ranker.find(view.substr(0, border)),
            right = ranker.find(view.substr(border));
    if (left < 0 || right < 0)
      return unsupported(id, "it is merged from a character that is no token");
    merges.push_back({left, right, int32_t(id)});
  }
  auto rankOf = [&](const Merge &m) { return ranks[size_t(m.result)]; };
  std::stable_sort(
      merges.begin(), merges.end(),
      [&](const Merge &a, const Merge &b) { return rankOf(a) < rankOf(b); });
  for (size_t i = 1; i < merges.size(); ++i)
    merges[i].tied = rankOf(merges[i]) == rankOf(merges[i - 1]);
  return merges;
}

} // namespace llmc::tokenizer

#include "frontends/tokenizer/CompilePattern.h"

#include "frontends/tokenizer/PatternTree.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace llmc::tokenizer {

namespace {
constexpr size_t maxSets = 64;
constexpr size_t maxClasses = 254;
constexpr size_t maxInstructions = 4000;
constexpr size_t maxStates = 4000;
constexpr size_t maxEntries = size_t(1) << 18;
constexpr size_t maxWork = 20'000'000; // Threads that are looked at.

/// One step of the nondeterministic automaton.
struct Instruction {
  enum class Kind : uint8_t { Read, Split, Ahead, Behind, Match };
  Kind kind = Kind::Match;
  uint8_t set = 0;     ///< Of Read, Ahead and Behind.
  bool atEdge = false; ///< Of Ahead and Behind.
  uint32_t to = 0;     ///< What follows; of Split, what is tried first.
  uint32_t other = 0;  ///< Of Split.
};

/// The sets of a pattern and the classes of characters that they tell apart.
struct Alphabet {
  std::vector<CharacterSet> sets;
  std::vector<uint64_t> members; ///< [classes] bit i: it is in sets[i].
  std::vector<SplitTable::Run> runs;

  uint8_t indexOf(const CharacterSet &set) {
    auto known = std::find(sets.begin(), sets.end(), set);
    if (known == sets.end())
      known = sets.insert(known, set);
    return uint8_t(std::min<size_t>(size_t(known - sets.begin()), maxSets));
  }

  /// False where there are too many classes.
  bool makeClasses() {
    std::map<uint32_t, uint64_t> changes; // Which bits flip at a code point.
    for (size_t i = 0; i < sets.size(); ++i)
      for (CharacterSet::Span s : sets[i].spans()) {
        changes[s.begin] ^= uint64_t(1) << i;
        changes[s.end] ^= uint64_t(1) << i;
      }
    changes[0];
    uint64_t in = 0;
    for (auto [first, bits] : changes) {
      if (first >= CharacterSet::end)
        break;
      in ^= bits;
      auto known = std::find(members.begin(), members.end(), in);
      if (known == members.end())
        known = members.insert(known, in);
      auto kind = size_t(known - members.begin());
      if (kind >= maxClasses)
        return false;
      if (runs.empty() || runs.back().kind != kind)
        runs.push_back({first, uint8_t(kind)});
    }
    return true;
  }
};

/// Writes instructions from the last to the first: each knows what follows.
class Assembler {
public:
  explicit Assembler(Alphabet &alphabet) : alphabet(alphabet) {}
  std::vector<Instruction> code{{}}; // Match stands at 0.

  bool tooLarge() const { return code.size() >= maxInstructions; }

  /// Where \p n begins, if \p to follows it.
  uint32_t emit(const PatternNode &n, uint32_t to) {
    using Kind = PatternNode::Kind;
    if (tooLarge())
      return 0;
    switch (n.kind) {
    case Kind::Set:
      return push(
          {Instruction::Kind::Read, alphabet.indexOf(n.set), false, to, 0});
    case Kind::Ahead:
      return push(
          {Instruction::Kind::Ahead, alphabet.indexOf(n.set), n.atEdge, to, 0});
    case Kind::Behind:
      return push({Instruction::Kind::Behind, alphabet.indexOf(n.set), n.atEdge,
                   to, 0});
    case Kind::Concat:
      for (size_t i = n.parts.size(); i-- > 0;)
        to = emit(n.parts[i], to);
      return to;
    case Kind::Alternate: {
      uint32_t rest = emit(n.parts.back(), to);
      for (size_t i = n.parts.size() - 1; i-- > 0;)
        rest = split(emit(n.parts[i], to), rest);
      return rest;
    }
    case Kind::Repeat:
      return repeat(n, to);
    }
    return to;
  }

private:
  Alphabet &alphabet;

  uint32_t push(Instruction i) {
    code.push_back(i);
    return uint32_t(code.size() - 1);
  }
  uint32_t split(uint32_t first, uint32_t second) {
    return push({Instruction::Kind::Split, 0, false, first, second});
  }

  uint32_t repeat(const PatternNode &n, uint32_t to) {
    const PatternNode &body = n.parts[0];
    auto choose = [&](uint32_t again, uint32_t out) {
      return n.lazy ? split(out, again) : split(again, out);
    };
    uint32_t least = n.least;
    if (n.most == PatternNode::unbounded) {
      uint32_t loop = choose(0, to);
      uint32_t begin = emit(body, loop);
      (n.lazy ? code[loop].other : code[loop].to) = begin;
      to = least > 0 ? begin : loop;
      least -= least > 0;
    } else {
      uint32_t end = to;
      for (uint32_t i = n.least; i < n.most && !tooLarge(); ++i)
        to = choose(emit(body, to), end);
    }
    for (; least > 0 && !tooLarge(); --least)
      to = emit(body, to);
    return to;
  }
};

/// A state: threads in order of preference, each an instruction yet to be
/// followed, and which of the sets that are asked about what is before a
/// position have its character.
struct State {
  std::vector<uint32_t> threads;
  uint64_t behind = 0;
  bool operator<(const State &o) const {
    return std::tie(threads, behind) < std::tie(o.threads, o.behind);
  }
};

class Determinizer {
public:
  Determinizer(const std::vector<Instruction> &code, const Alphabet &alphabet)
      : code(code), alphabet(alphabet), seen(code.size()) {
    for (const Instruction &i : code)
      if (i.kind == Instruction::Kind::Behind)
        askedBehind |= uint64_t(1) << i.set;
  }

  /// Empty where the table grows too large.
  SplitTable run(uint32_t begin) {
    SplitTable t;
    const size_t classes = alphabet.members.size(), width = classes + 1;
    t.classes = uint32_t(classes);
    t.runs = alphabet.runs;
    numberOf(State{}); // The dead state.
    for (size_t c = 0; c < width; ++c)
      t.start.push_back(numberOf({{begin}, behindOf(c)}));
    for (size_t s = 0; s < states.size(); ++s) {
      if (states.size() > maxStates || states.size() * width > maxEntries ||
          work > maxWork)
        return {};
      for (size_t c = 0; c < width; ++c)
        t.next.push_back(step(*states[s], c));
    }
    return t;
  }

private:
  // What is before the text is in no set; this bit tells it from the others.
  static constexpr uint64_t edgeBit = uint64_t(1) << 63;

  const std::vector<Instruction> &code;
  const Alphabet &alphabet;
  std::vector<uint32_t> seen; ///< [code] the round that came by last.
  uint32_t round = 0;
  uint64_t askedBehind = 0;
  size_t work = 0;
  std::map<State, uint16_t> numbers;
  std::vector<const State *> states;

  uint64_t behindOf(size_t c) const {
    if (askedBehind == 0)
      return 0;
    return c < alphabet.members.size() ? alphabet.members[c] & askedBehind
                                       : edgeBit;
  }

  uint16_t numberOf(State state) {
    if (state.threads.empty())
      state.behind = 0;
    auto [it, isNew] = numbers.emplace(
        std::move(state), uint16_t(std::min(states.size(), maxStates)));
    if (isNew)
      states.push_back(&it->first);
    return it->second;
  }

  /// Follows the threads of \p from with a character of class \p c next: those
  /// behind the first match are of no account.
  uint16_t step(const State &from, size_t c) {
    ++round;
    bool end = c == alphabet.members.size(), matched = false;
    uint64_t members = end ? 0 : alphabet.members[c];
    State to;
    to.behind = behindOf(c);
    std::vector<uint32_t> stack;
    for (size_t i = 0; i < from.threads.size() && !matched; ++i) {
      stack.push_back(from.threads[i]);
      while (!stack.empty() && !matched) {
        uint32_t at = stack.back();
        stack.pop_back();
        ++work;
        if (seen[at] == round)
          continue;
        seen[at] = round;
        const Instruction &in = code[at];
        bool isIn = members >> in.set & 1;
        switch (in.kind) {
        case Instruction::Kind::Match:
          matched = true;
          break;
        case Instruction::Kind::Split:
          stack.push_back(in.other);
          stack.push_back(in.to);
          break;
        case Instruction::Kind::Ahead:
          if (end ? in.atEdge : isIn)
            stack.push_back(in.to);
          break;
        case Instruction::Kind::Behind:
          if ((from.behind & edgeBit) ? in.atEdge
                                      : bool(from.behind >> in.set & 1))
            stack.push_back(in.to);
          break;
        case Instruction::Kind::Read:
          if (!end && isIn &&
              std::find(to.threads.begin(), to.threads.end(), in.to) ==
                  to.threads.end())
            to.threads.push_back(in.to);
          break;
        }
      }
    }
    uint16_t entry = numberOf(std::move(to));
    return matched ? uint16_t(entry | SplitTable::matchBit) : entry;
  }
};
} // namespace

SplitTable compilePattern(std::string_view pattern, std::string &why) {
  auto tree = readPatternTree(pattern, why);
  if (!tree)
    return {};
  Alphabet alphabet;
  Assembler assembler(alphabet);
  uint32_t begin = assembler.emit(*tree, 0);
  SplitTable table;
  // The last set's bit is the edge's.
  if (!assembler.tooLarge() && alphabet.sets.size() < maxSets &&
      alphabet.makeClasses())
    table = Determinizer(assembler.code, alphabet).run(begin);
  if (table.empty())
    why = "its table would be too large";
  return table;
}

void tabulatePatterns(TokenizerModel &model, std::vector<std::string> &notes) {
  auto tabulate = [&](const std::string &pattern, SplitTable &table) {
    std::string why;
    table = compilePattern(pattern, why);
    if (table.empty())
      notes.push_back("the pattern " + pattern.substr(0, 60) +
                      " is searched for at run time, within limits (" + why +
                      ")");
  };
  for (NormalizerStep &step : model.normalizer)
    if (step.kind == NormalizerStep::Kind::ReplaceRegex)
      tabulate(step.pattern, step.table);
  for (PreTokenizerStep &step : model.preTokenizer)
    if (step.kind == PreTokenizerStep::Kind::SplitRegex)
      tabulate(step.pattern, step.table);
}

} // namespace llmc::tokenizer

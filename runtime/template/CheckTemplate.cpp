#include "runtime/template/Natives.h"
#include "runtime/template/TemplateFormat.h"
#include "runtime/tokenizer/Unicode.h"

#include <algorithm>

namespace llmc::chat {

namespace {

/// What a node is to its parent.
enum class Role : uint8_t { Statement, Expression, Target, Operand, Keyword };

Role roleOf(NodeKind kind) {
  if (kind <= NodeKind::Scope)
    return Role::Statement;
  if (kind <= NodeKind::TupleTarget)
    return Role::Target;
  return kind == NodeKind::Operand   ? Role::Operand
         : kind == NodeKind::Keyword ? Role::Keyword
                                     : Role::Expression;
}

/// The children a kind has, a letter each: s statement, e expression, t target;
/// capitals may be absent. The last letter may be repeated: `*` any number of
/// times, `a` arguments, `o` operands.
std::string_view childrenOf(NodeKind kind) {
  switch (kind) {
  case NodeKind::Block:
    return "s*";
  case NodeKind::Output:
  case NodeKind::Keyword:
  case NodeKind::Attribute:
  case NodeKind::Not:
  case NodeKind::Negate:
  case NodeKind::Plus:
  case NodeKind::Operand:
    return "e";
  case NodeKind::If:
    return "esS";
  case NodeKind::For:
    return "teEsS";
  case NodeKind::Set:
    return "te";
  case NodeKind::SetBlock:
    return "tEs";
  case NodeKind::Scope:
    return "s";
  case NodeKind::TupleTarget:
    return "t*";
  case NodeKind::List:
  case NodeKind::Tuple:
  case NodeKind::Dict:
  case NodeKind::Concat:
    return "e*";
  case NodeKind::Slice:
    return "eEEE";
  case NodeKind::Call:
  case NodeKind::Filter:
  case NodeKind::Test:
    return "ea";
  case NodeKind::Compare:
    return "eo";
  case NodeKind::Conditional:
    return "eeE";
  default:
    return (kind >= NodeKind::And && kind <= NodeKind::Power) ||
                   kind == NodeKind::Item
               ? "ee"
               : "";
  }
}

class Checker {
public:
  explicit Checker(const TemplateModel &model) : model(model) {}

  std::string run() {
    if (model.nodes.empty() != !model.refusal.empty())
      return "it has nodes and a refusal, or neither";
    for (const std::string &text : model.strings)
      if (!tokenizer::isValidUtf8(text))
        return "a string is not UTF-8";
    for (const auto &[name, text] : model.specialTokens)
      if (!tokenizer::isValidUtf8(name) || !tokenizer::isValidUtf8(text))
        return "a special token is not UTF-8";
    for (size_t i = 0; i < model.nodes.size(); ++i)
      if (std::string why = node(i); !why.empty())
        return "node " + std::to_string(i) + ": " + why;
    if (!model.nodes.empty()) {
      if (roleOf(model.nodes.back().kind) != Role::Statement)
        return "the last node is no statement";
      if (facts.back().endsLoop)
        return "break or continue stands outside of a loop";
    }
    return "";
  }

private:
  struct Facts {
    uint32_t depth = 1;
    bool hasMacro = false; ///< It or what is in it is a macro.
    bool endsLoop = false; ///< A break or continue of a loop around it.
  };

  std::string child(size_t parent, NodeId id, char letter) {
    bool optional = letter >= 'A' && letter <= 'Z';
    if (id == noNode)
      return optional ? "" : "a child is missing";
    if (id >= parent)
      return "a child stands behind its parent";
    Role role = roleOf(model.nodes[id].kind);
    bool fits = letter == 's' || letter == 'S' ? role == Role::Statement
                : letter == 't'                ? role == Role::Target
                : letter == 'o'                ? role == Role::Operand
                : letter == 'a'
                    ? role == Role::Expression || role == Role::Keyword
                    : role == Role::Expression;
    if (!fits)
      return "a child is of the wrong kind";
    Facts &own = facts[parent];
    own.depth = std::max(own.depth, facts[id].depth + 1);
    own.hasMacro |= facts[id].hasMacro;
    own.endsLoop |= facts[id].endsLoop;
    return "";
  }

  std::string node(size_t id) {
    const Node &node = model.nodes[id];
    facts.emplace_back();
    if (node.kind > NodeKind::Last)
      return "its kind is not known";
    if (node.text >= model.strings.size())
      return "its text is none of the strings";
    if (std::string why = node.kind == NodeKind::Macro ? macro(id)
                                                       : children(id);
        !why.empty())
      return why;
    if (facts[id].depth > maxTemplateDepth)
      return "it is nested deeper than " + std::to_string(maxTemplateDepth);
    return meaning(id);
  }

  std::string children(size_t id) {
    const Node &node = model.nodes[id];
    std::string_view letters = childrenOf(node.kind);
    size_t count = node.children.size();
    bool many = !letters.empty() && (letters.back() == '*' ||
                                     letters.back() == 'a' ||
                                     letters.back() == 'o');
    if (many ? count + 1 < letters.size() && letters.back() != '*'
             : count != letters.size())
      return "it has " + std::to_string(count) + " children";
    for (size_t i = 0; i < count; ++i) {
      char letter = letters[std::min(i, letters.size() - 1)];
      if (std::string why =
              child(id, node.children[i], letter == '*' ? letters[0] : letter);
          !why.empty())
        return why;
    }
    return "";
  }

  std::string macro(size_t id) {
    const Node &node = model.nodes[id];
    if (node.children.empty() || node.number < 0 ||
        uint64_t(node.number) > node.children.size() - 1 ||
        node.children.size() - 1 - uint64_t(node.number) >
            uint64_t(node.number))
      return "its parameters are not as many as it says";
    for (size_t i = 0; i < node.children.size(); ++i) {
      bool parameter = i >= 1 && i <= uint64_t(node.number);
      if (std::string why =
              child(id, node.children[i], i == 0 ? 's' : parameter ? 't' : 'e');
          !why.empty())
        return why;
      if (parameter &&
          model.nodes[node.children[i]].kind != NodeKind::NameTarget)
        return "a parameter is no name";
    }
    if (facts[id].hasMacro || facts[id].endsLoop)
      return "a macro holds another, or the end of a loop";
    facts[id].hasMacro = true;
    return "";
  }

  std::string meaning(size_t id) {
    const Node &node = model.nodes[id];
    Facts &own = facts[id];
    std::string_view text = model.strings[node.text];
    switch (node.kind) {
    case NodeKind::Break:
    case NodeKind::Continue:
      own.endsLoop = true;
      break;
    case NodeKind::For:
      if (own.hasMacro)
        return "a macro stands in a loop";
      // The `else` of a loop is outside of it.
      own.endsLoop =
          node.children[4] != noNode && facts[node.children[4]].endsLoop;
      break;
    case NodeKind::Scope:
    case NodeKind::SetBlock:
      if (own.hasMacro || own.endsLoop)
        return "a macro or the end of a loop stands in a block";
      break;
    case NodeKind::Dict:
      if (node.children.size() % 2 != 0)
        return "a key has no value";
      break;
    case NodeKind::NamespaceTarget:
      if (node.number < 0 || uint64_t(node.number) >= model.strings.size())
        return "its attribute is none of the strings";
      break;
    case NodeKind::Operand:
      if (node.number < 0 || node.number > int64_t(Comparison::Last))
        return "its comparison is not known";
      break;
    case NodeKind::Filter:
      if (!findNative(filters(), text))
        return "there is no filter " + std::string(text);
      break;
    case NodeKind::Test:
      if (!findNative(tests(), text))
        return "there is no test " + std::string(text);
      break;
    default:
      break;
    }
    return "";
  }

  const TemplateModel &model;
  std::vector<Facts> facts;
};

} // namespace

Status checkTemplate(const TemplateModel &model) {
  std::string why = Checker(model).run();
  if (why.empty())
    return Status::ok();
  return Error{Code::BadTemplate, "the chat template is not valid",
               model.source, std::move(why), "compile the model again"};
}

} // namespace llmc::chat

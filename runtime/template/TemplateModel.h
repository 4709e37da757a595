/// A chat template as plain data: the compiler parses it, model.bin carries it,
/// the renderer walks it. The language is the part of Jinja 3.1 that chat
/// templates of Hugging Face use, with trim_blocks and lstrip_blocks on.
#ifndef LLMC_RUNTIME_TEMPLATE_TEMPLATEMODEL_H
#define LLMC_RUNTIME_TEMPLATE_TEMPLATEMODEL_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace llmc::chat {

/// Index of a node; of a string where said.
using NodeId = uint32_t;
/// Where a node has no child in an optional place.
inline constexpr NodeId noNode = UINT32_MAX;

enum class NodeKind : uint8_t {
  // Statements. Children in brackets; `?` may be noNode.
  Block,    ///< [statements...]
  Data,     ///< text: is written as it stands.
  Output,   ///< [expression]
  If,       ///< [condition, then, else?]
  For,      ///< [target, iterable, filter?, body, else?]
  Set,      ///< [target, expression]
  SetBlock, ///< [target, filters?, body]; Captured stands for the body's text.
  Macro,    ///< text: name; [body, parameters..., defaults...]; number: of
            ///< parameters, the last of which have the defaults.
  Break,
  Continue,
  Scope, ///< [body]: what is set inside stays inside.
  // Targets.
  NameTarget,      ///< text
  NamespaceTarget, ///< text: the namespace; number: string of the attribute.
  TupleTarget,     ///< [targets...]
  // Expressions.
  String,   ///< text
  Integer,  ///< number
  Float,    ///< number: the bits of the double.
  True,
  False,
  None,
  Name,     ///< text
  Captured, ///< The text of a set block.
  List,     ///< [items...]
  Tuple,
  Dict,      ///< [key, value, key, value...]
  Attribute, ///< text; [object]
  Item,      ///< [object, key]
  Slice,     ///< [object, begin?, end?, step?]
  Call,      ///< [callee, arguments...]
  Keyword,   ///< text: name; [value]. An argument, behind those without name.
  Filter,    ///< text: name; [input, arguments...]
  Test,      ///< text: name; [input, arguments...]
  Not,       ///< [operand], as are Negate and Plus.
  Negate,
  Plus,
  And, ///< [left, right], as are the rest down to Power.
  Or,
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Modulo,
  Power,
  Concat,      ///< [operands...]
  Compare,     ///< [first, Operand...]
  Operand,     ///< number: a Comparison; [expression]
  Conditional, ///< [then, condition, else?]
  Last = Conditional
};

enum class Comparison : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  In,
  NotIn,
  Last = NotIn
};

struct Node {
  NodeKind kind = NodeKind::Block;
  uint32_t line = 0; ///< In the template, from 1.
  uint32_t text = 0; ///< Index into strings.
  int64_t number = 0;
  std::vector<NodeId> children; ///< Each below this node's own index.
};

/// checkTemplate() states what holds of a valid one.
struct TemplateModel {
  std::string source;               ///< The file it came from, for messages.
  std::vector<std::string> strings; ///< UTF-8, no two equal.
  std::vector<Node> nodes;          ///< The last is the whole template.
  /// bos_token and its like: names and texts, as the tokenizer's files say.
  std::vector<std::pair<std::string, std::string>> specialTokens;
  /// Where the folder's template cannot be used: what chat says instead. Then
  /// there are no nodes.
  std::string refusal;
  std::string refusalReason;
};

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_TEMPLATEMODEL_H

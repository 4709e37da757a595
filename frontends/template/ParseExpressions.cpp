/// Expressions by descent, from what binds least to what binds most.
#include "frontends/template/TemplateParser.h"
#include "runtime/template/Natives.h"

#include <bit>

namespace llmc::chat {

using Kind = Token::Kind;

namespace {
constexpr uint32_t maxParseDepth = 150;
}

NodeId TemplateParser::binary(NodeKind kind, NodeId left, NodeId right,
                              uint32_t line) {
  return add(kind, line, {left, right});
}

/// Expressions with commas between them are a tuple.
NodeId TemplateParser::tuple(bool withCondition, bool inBrackets,
                             bool untilRecursive) {
  uint32_t line = now().line;
  std::vector<NodeId> items;
  bool several = false;
  auto ends = [&] {
    return now().is(Kind::OutputEnd) || now().is(Kind::BlockEnd) ||
           now().is(Kind::End) || now().isOperator(")") ||
           (untilRecursive && now().isName("recursive"));
  };
  while (!hasFailed && !ends()) {
    items.push_back(expression(withCondition));
    if (!skipOperator(","))
      break;
    several = true;
  }
  if (!several && items.size() == 1)
    return items[0];
  if (!several && !inBrackets)
    return fail(told() + " where an expression is wanted");
  return add(NodeKind::Tuple, line, std::move(items));
}

NodeId TemplateParser::expression(bool withCondition) {
  if (hasFailed)
    return noNode;
  if (++depth > maxParseDepth)
    return fail("it is nested deeper than " + std::to_string(maxParseDepth));
  uint32_t line = now().line;
  NodeId value = orExpression();
  while (withCondition && !hasFailed && skipName("if")) {
    NodeId condition = orExpression();
    NodeId otherwise = skipName("else") ? expression() : noNode;
    value = add(NodeKind::Conditional, line, {value, condition, otherwise});
  }
  --depth;
  return value;
}

NodeId TemplateParser::orExpression() {
  uint32_t line = now().line;
  NodeId left = andExpression();
  while (skipName("or"))
    left = binary(NodeKind::Or, left, andExpression(), line);
  return left;
}

NodeId TemplateParser::andExpression() {
  uint32_t line = now().line;
  NodeId left = notExpression();
  while (skipName("and"))
    left = binary(NodeKind::And, left, notExpression(), line);
  return left;
}

NodeId TemplateParser::notExpression() {
  uint32_t line = now().line;
  if (!now().isName("not"))
    return comparison();
  if (++depth > maxParseDepth)
    return fail("it is nested deeper than " + std::to_string(maxParseDepth));
  step();
  NodeId operand = notExpression();
  --depth;
  return add(NodeKind::Not, line, {operand});
}

NodeId TemplateParser::comparison() {
  uint32_t line = now().line;
  std::vector<NodeId> children = {sum()};
  constexpr std::pair<std::string_view, Comparison> operators[] = {
      {"==", Comparison::Equal},     {"!=", Comparison::NotEqual},
      {"<", Comparison::Less},       {"<=", Comparison::LessEqual},
      {">", Comparison::Greater},    {">=", Comparison::GreaterEqual},
  };
  while (!hasFailed) {
    std::optional<Comparison> found;
    for (auto [sign, comparison] : operators)
      if (now().isOperator(sign))
        found = comparison;
    if (now().isName("in"))
      found = Comparison::In;
    if (now().isName("not") && next().isName("in")) {
      step();
      found = Comparison::NotIn;
    }
    if (!found)
      break;
    step();
    children.push_back(
        add(NodeKind::Operand, line, {sum()}, {}, int64_t(*found)));
  }
  return children.size() == 1 ? children[0]
                              : add(NodeKind::Compare, line, children);
}

NodeId TemplateParser::sum() {
  uint32_t line = now().line;
  NodeId left = concatenation();
  while (!hasFailed && (now().isOperator("+") || now().isOperator("-"))) {
    NodeKind kind =
        now().isOperator("+") ? NodeKind::Add : NodeKind::Subtract;
    step();
    left = binary(kind, left, concatenation(), line);
  }
  return left;
}

NodeId TemplateParser::concatenation() {
  uint32_t line = now().line;
  std::vector<NodeId> parts = {product()};
  while (skipOperator("~"))
    parts.push_back(product());
  return parts.size() == 1 ? parts[0] : add(NodeKind::Concat, line, parts);
}

NodeId TemplateParser::product() {
  uint32_t line = now().line;
  NodeId left = power();
  constexpr std::pair<std::string_view, NodeKind> operators[] = {
      {"*", NodeKind::Multiply},
      {"/", NodeKind::Divide},
      {"//", NodeKind::FloorDivide},
      {"%", NodeKind::Modulo}};
  for (bool more = true; more && !hasFailed;) {
    more = false;
    for (auto [sign, kind] : operators)
      if (skipOperator(sign)) {
        left = binary(kind, left, power(), line);
        more = true;
      }
  }
  return left;
}

NodeId TemplateParser::power() {
  uint32_t line = now().line;
  NodeId left = unary(true);
  while (skipOperator("**"))
    left = binary(NodeKind::Power, left, unary(true), line);
  return left;
}

/// A sign binds less than what follows a name, and more than its filters.
NodeId TemplateParser::unary(bool withFilters) {
  uint32_t line = now().line;
  NodeId node = noNode;
  if (now().isOperator("-") || now().isOperator("+")) {
    NodeKind kind = now().isOperator("-") ? NodeKind::Negate : NodeKind::Plus;
    if (++depth > maxParseDepth)
      return fail("it is nested deeper than " + std::to_string(maxParseDepth));
    step();
    node = add(kind, line, {unary(false)});
    --depth;
  } else {
    node = primary();
  }
  node = postfix(node);
  return withFilters ? filtersAndTests(node) : node;
}

NodeId TemplateParser::name_() {
  uint32_t line = now().line;
  std::string word = now().text;
  step();
  if (word == "true" || word == "True")
    return add(NodeKind::True, line);
  if (word == "false" || word == "False")
    return add(NodeKind::False, line);
  if (word == "none" || word == "None")
    return add(NodeKind::None, line);
  if (isUnsupportedGlobal(word))
    return unsupported("the function " + word);
  if (inMacro && (word == "varargs" || word == "kwargs" || word == "caller"))
    return unsupported("`" + word + "` in a macro");
  return add(NodeKind::Name, line, {}, word);
}

NodeId TemplateParser::primary() {
  uint32_t line = now().line;
  switch (now().kind) {
  case Kind::Name:
    return name_();
  case Kind::String: {
    std::string text;
    for (; now().is(Kind::String); step())
      text += now().text;
    return add(NodeKind::String, line, {}, text);
  }
  case Kind::Integer: {
    int64_t number = now().integer;
    step();
    return add(NodeKind::Integer, line, {}, {}, number);
  }
  case Kind::Float: {
    double number = now().real;
    step();
    return add(NodeKind::Float, line, {}, {}, std::bit_cast<int64_t>(number));
  }
  default:
    break;
  }
  if (skipOperator("(")) {
    NodeId inside = tuple(true, true, false);
    expectOperator(")");
    return inside;
  }
  bool isList = now().isOperator("[");
  if (!isList && !now().isOperator("{"))
    return hasFailed ? noNode
                     : fail(told() + " where an expression is wanted");
  std::string_view end = isList ? "]" : "}";
  step();
  std::vector<NodeId> items;
  while (!hasFailed && !now().isOperator(end)) {
    items.push_back(expression());
    if (!isList) {
      expectOperator(":");
      items.push_back(expression());
    }
    if (!skipOperator(","))
      break;
  }
  expectOperator(end);
  return add(isList ? NodeKind::List : NodeKind::Dict, line, std::move(items));
}

NodeId TemplateParser::postfix(NodeId node) {
  while (!hasFailed) {
    if (now().isOperator(".") || now().isOperator("["))
      node = subscript(node);
    else if (now().isOperator("("))
      node = call(node);
    else
      break;
  }
  return node;
}

NodeId TemplateParser::filtersAndTests(NodeId node) {
  while (!hasFailed) {
    if (skipOperator("|"))
      node = filter(node);
    else if (skipName("is"))
      node = test(node);
    else if (now().isOperator("("))
      node = call(node);
    else
      break;
  }
  return node;
}

NodeId TemplateParser::subscript(NodeId object) {
  uint32_t line = now().line;
  if (skipOperator(".")) {
    if (now().is(Kind::Integer)) {
      NodeId key = add(NodeKind::Integer, line, {}, {}, now().integer);
      step();
      return add(NodeKind::Item, line, {object, key});
    }
    return add(NodeKind::Attribute, line, {object}, expectName("a name"));
  }
  step();
  bool isSlice = false;
  NodeId parts[3] = {noNode, noNode, noNode};
  for (size_t i = 0; i < 3 && !hasFailed; ++i) {
    if (!now().isOperator(":") && !now().isOperator("]"))
      parts[i] = expression();
    if (!skipOperator(":"))
      break;
    isSlice = true;
  }
  if (now().isOperator(","))
    return unsupported("a subscript with commas");
  expectOperator("]");
  if (isSlice)
    return add(NodeKind::Slice, line, {object, parts[0], parts[1], parts[2]});
  if (parts[0] == noNode)
    return fail("a subscript is empty");
  return add(NodeKind::Item, line, {object, parts[0]});
}

void TemplateParser::arguments(std::vector<NodeId> &children) {
  expectOperator("(");
  bool named = false;
  while (!hasFailed && !now().isOperator(")")) {
    uint32_t line = now().line;
    if (now().isOperator("*") || now().isOperator("**")) {
      unsupported("a call with " + now().text);
      return;
    }
    if (now().is(Kind::Name) && next().isOperator("=")) {
      std::string key = now().text;
      step();
      step();
      children.push_back(add(NodeKind::Keyword, line, {expression()}, key));
      named = true;
    } else if (named) {
      fail("an argument without a name follows one with it");
    } else {
      children.push_back(expression());
    }
    if (!skipOperator(","))
      break;
  }
  expectOperator(")");
}

NodeId TemplateParser::call(NodeId callee) {
  uint32_t line = now().line;
  if (hasFailed)
    return noNode;
  const Node &node = model.nodes[callee];
  const std::string &word = model.strings[node.text];
  // Data has no functions, so what is called on an object is a method.
  if (node.kind == NodeKind::Attribute && !isMethod(word))
    return unsupported("the method " + word);
  if (node.kind == NodeKind::Name && word == "loop")
    return unsupported("a recursive loop");
  std::vector<NodeId> children = {callee};
  arguments(children);
  return add(NodeKind::Call, line, std::move(children));
}

NodeId TemplateParser::filter(NodeId input) {
  uint32_t line = now().line;
  std::string word = expectName("a filter");
  if (hasFailed)
    return noNode;
  if (now().isOperator(".") || !findNative(filters(), word))
    return unsupported("the filter " + word);
  std::vector<NodeId> children = {input};
  if (now().isOperator("("))
    arguments(children);
  // Filters and tests that filters are given by name.
  size_t place = word == "selectattr" || word == "rejectattr" ? 2 : 1;
  bool byFilter = word == "map", byTest = word == "select" || word == "reject" ||
                                          word == "selectattr" ||
                                          word == "rejectattr";
  if (!hasFailed && (byFilter || byTest) && children.size() > place) {
    const Node &given = model.nodes[children[place]];
    const std::string &other = model.strings[given.text];
    if (given.kind == NodeKind::String &&
        !findNative(byFilter ? filters() : tests(), other))
      return unsupported((byFilter ? "the filter " : "the test ") + other);
  }
  return add(NodeKind::Filter, line, std::move(children), word);
}

NodeId TemplateParser::test(NodeId input) {
  uint32_t line = now().line;
  bool negated = skipName("not");
  std::string word = expectName("a test");
  if (hasFailed)
    return noNode;
  if (now().isOperator(".") || !findNative(tests(), word))
    return unsupported("the test " + word);
  std::vector<NodeId> children = {input};
  bool argument = now().is(Kind::String) || now().is(Kind::Integer) ||
                  now().is(Kind::Float) || now().isOperator("[") ||
                  now().isOperator("{") ||
                  (now().is(Kind::Name) && !now().isName("else") &&
                   !now().isName("or") && !now().isName("and"));
  if (now().isOperator("(")) {
    arguments(children);
  } else if (argument) {
    if (now().isName("is"))
      return fail("two tests stand behind each other");
    children.push_back(postfix(primary()));
  }
  NodeId node = add(NodeKind::Test, line, std::move(children), word);
  return negated ? add(NodeKind::Not, line, {node}) : node;
}

} // namespace llmc::chat

#include "frontends/template/TemplateParser.h"

#include "runtime/template/TemplateFormat.h"

#include <algorithm>

namespace llmc::chat {

using Kind = Token::Kind;

namespace {
/// Statements and expressions within each other.
constexpr uint32_t maxParseDepth = 150;
constexpr size_t maxNodes = 500'000;
} // namespace

Result<TemplateModel> parseTemplateText(std::string_view source,
                                        const std::string &name) {
  LLMC_TRY(std::vector<Token> tokens, lexTemplate(source, name));
  return TemplateParser(std::move(tokens), name).run();
}

Result<TemplateModel> TemplateParser::run() {
  intern("");
  statements({});
  if (hasFailed)
    return std::move(error);
  if (Status status = checkTemplate(model); !status)
    return status.takeError();
  return std::move(model);
}

NodeId TemplateParser::fail(std::string why) {
  if (!hasFailed) {
    hasFailed = true;
    error = {Code::BadTemplate, "the chat template cannot be read",
             name + ", line " + std::to_string(now().line), std::move(why), ""};
  }
  at = tokens.size() - 1;
  return noNode;
}

NodeId TemplateParser::unsupported(std::string construct) {
  if (!hasFailed) {
    hasFailed = true;
    error = {Code::UnsupportedTemplate, "the chat template is not supported",
             name + ", line " + std::to_string(now().line),
             std::move(construct) + " is not supported", ""};
  }
  at = tokens.size() - 1;
  return noNode;
}

uint32_t TemplateParser::intern(std::string_view text) {
  if (auto found = strings.find(text); found != strings.end())
    return found->second;
  uint32_t index = uint32_t(model.strings.size());
  model.strings.emplace_back(text);
  strings.emplace(text, index);
  return index;
}

NodeId TemplateParser::add(NodeKind kind, uint32_t line,
                           std::vector<NodeId> children, std::string_view text,
                           int64_t number) {
  if (hasFailed)
    return noNode;
  if (model.nodes.size() >= maxNodes)
    return fail("it has more than " + std::to_string(maxNodes) + " parts");
  Node node;
  node.kind = kind;
  node.line = line;
  node.text = intern(text);
  node.number = number;
  node.children = std::move(children);
  model.nodes.push_back(std::move(node));
  return NodeId(model.nodes.size() - 1);
}

bool TemplateParser::skipOperator(std::string_view what) {
  if (!now().isOperator(what))
    return false;
  step();
  return true;
}

bool TemplateParser::skipName(std::string_view what) {
  if (!now().isName(what))
    return false;
  step();
  return true;
}

std::string TemplateParser::told() const {
  switch (now().kind) {
  case Kind::End:
    return "the template ends";
  case Kind::OutputEnd:
  case Kind::BlockEnd:
    return "the tag ends";
  case Kind::Data:
  case Kind::OutputBegin:
  case Kind::BlockBegin:
    return "a tag begins";
  case Kind::String:
    return "a string stands";
  default:
    return "`" + now().text + "` stands";
  }
}

void TemplateParser::expectOperator(std::string_view what) {
  if (!skipOperator(what))
    fail(told() + " where `" + std::string(what) + "` is wanted");
}

std::string TemplateParser::expectName(std::string_view what) {
  if (!now().is(Kind::Name)) {
    fail(told() + " where " + std::string(what) + " is wanted");
    return "";
  }
  std::string text = now().text;
  step();
  return text;
}

void TemplateParser::endBlock(std::string_view word) {
  if (!word.empty() && !skipName(word))
    fail(told() + " where " + std::string(word) + " is wanted");
  if (!now().is(Kind::BlockEnd))
    fail(told() + " where the tag should end");
  step();
}

/// Up to a block that begins with one of \p ends, whose word is then next; with
/// none, up to the end of the template.
NodeId
TemplateParser::statements(std::initializer_list<std::string_view> ends) {
  if (++depth > maxParseDepth)
    return fail("it is nested deeper than " + std::to_string(maxParseDepth));
  uint32_t line = now().line;
  std::vector<NodeId> children;
  bool ended = false;
  while (!hasFailed && !ended) {
    switch (now().kind) {
    case Kind::End:
      if (ends.size() > 0)
        fail("the template ends where " + std::string(*(ends.end() - 1)) +
             " is wanted");
      ended = true;
      break;
    case Kind::Data:
      children.push_back(add(NodeKind::Data, now().line, {}, now().text));
      step();
      break;
    case Kind::OutputBegin: {
      uint32_t begin = now().line;
      step();
      NodeId value = tuple(true, false, false);
      if (!hasFailed && !now().is(Kind::OutputEnd))
        fail(told() + " where the output should end");
      step();
      children.push_back(add(NodeKind::Output, begin, {value}));
      break;
    }
    default: // A block.
      step();
      ended = now().is(Kind::Name) &&
              std::find(ends.begin(), ends.end(), now().text) != ends.end();
      if (!ended)
        children.push_back(statement());
    }
  }
  --depth;
  return add(NodeKind::Block, line, std::move(children));
}

NodeId TemplateParser::statement() {
  std::string word = expectName("a statement");
  if (word == "if")
    return ifStatement();
  if (word == "for")
    return forStatement();
  if (word == "set")
    return setStatement();
  if (word == "macro")
    return macroStatement();
  if (word == "generation")
    return generationStatement();
  if (word == "break" || word == "continue") {
    if (loops == 0)
      return fail(word + " stands outside of a loop");
    NodeId node = add(word == "break" ? NodeKind::Break : NodeKind::Continue,
                      now().line);
    endBlock("");
    return node;
  }
  for (std::string_view known :
       {"include", "import", "from", "extends", "block", "call", "filter",
        "with", "autoescape", "do", "trans", "debug"})
    if (word == known)
      return unsupported("{% " + word + " %}");
  return hasFailed ? noNode : fail("there is no statement " + word);
}

NodeId TemplateParser::ifStatement() {
  uint32_t line = now().line;
  NodeId condition = tuple(false, false, false);
  endBlock("");
  NodeId then = statements({"elif", "else", "endif"});
  NodeId otherwise = noNode;
  if (skipName("elif")) {
    if (++depth > maxParseDepth)
      return fail("it is nested deeper than " + std::to_string(maxParseDepth));
    otherwise = ifStatement();
    --depth;
  } else if (skipName("else")) {
    endBlock("");
    otherwise = statements({"endif"});
    endBlock("endif");
  } else {
    endBlock("endif");
  }
  return add(NodeKind::If, line, {condition, then, otherwise});
}

NodeId TemplateParser::forStatement() {
  uint32_t line = now().line;
  NodeId item = target(false);
  if (!skipName("in"))
    return fail(told() + " where `in` is wanted");
  NodeId iterable = tuple(false, false, true);
  NodeId filter = noNode;
  if (skipName("if"))
    filter = expression();
  if (now().isName("recursive"))
    return unsupported("a recursive loop");
  endBlock("");
  ++loops;
  NodeId body = statements({"else", "endfor"});
  --loops;
  NodeId otherwise = noNode;
  if (skipName("else")) {
    endBlock("");
    otherwise = statements({"endfor"});
  }
  endBlock("endfor");
  return add(NodeKind::For, line, {item, iterable, filter, body, otherwise});
}

NodeId TemplateParser::oneTarget(bool withNamespace) {
  uint32_t line = now().line;
  if (now().isOperator("(")) {
    step();
    NodeId inside = target(withNamespace);
    expectOperator(")");
    return inside;
  }
  std::string word = expectName("a name");
  for (std::string_view reserved :
       {"true", "false", "none", "True", "False", "None"})
    if (word == reserved)
      return fail(word + " is set");
  if (!withNamespace || !skipOperator("."))
    return add(NodeKind::NameTarget, line, {}, word);
  std::string attribute = expectName("a name");
  return add(NodeKind::NamespaceTarget, line, {}, word, intern(attribute));
}

NodeId TemplateParser::target(bool withNamespace) {
  if (++depth > maxParseDepth)
    return fail("it is nested deeper than " + std::to_string(maxParseDepth));
  uint32_t line = now().line;
  std::vector<NodeId> targets = {oneTarget(withNamespace)};
  bool several = false;
  while (skipOperator(",")) {
    several = true;
    if (now().is(Kind::Name) && !now().isName("in"))
      targets.push_back(oneTarget(withNamespace));
    else if (now().isOperator("("))
      targets.push_back(oneTarget(withNamespace));
    else
      break;
  }
  --depth;
  return several ? add(NodeKind::TupleTarget, line, std::move(targets))
                 : targets[0];
}

NodeId TemplateParser::setStatement() {
  uint32_t line = now().line;
  NodeId to = target(true);
  if (skipOperator("=")) {
    NodeId value = tuple(true, false, false);
    endBlock("");
    return add(NodeKind::Set, line, {to, value});
  }
  NodeId filters = noNode;
  if (now().isOperator("|")) {
    filters = add(NodeKind::Captured, line);
    while (skipOperator("|"))
      filters = filter(filters);
  }
  endBlock("");
  // What a block sets and ends is its own.
  uint32_t around = std::exchange(loops, 0);
  NodeId body = statements({"endset"});
  loops = around;
  endBlock("endset");
  return add(NodeKind::SetBlock, line, {to, filters, body});
}

NodeId TemplateParser::macroStatement() {
  uint32_t line = now().line;
  if (inMacro || loops > 0)
    return unsupported("a macro inside of a loop or a macro");
  std::string macro = expectName("the macro's name");
  expectOperator("(");
  std::vector<NodeId> parameters, defaults;
  while (!hasFailed && !now().isOperator(")")) {
    if (!parameters.empty())
      expectOperator(",");
    if (hasFailed)
      break;
    uint32_t where = now().line;
    parameters.push_back(
        add(NodeKind::NameTarget, where, {}, expectName("a parameter")));
    if (skipOperator("="))
      defaults.push_back(expression());
    else if (!defaults.empty())
      return fail("a parameter without a default follows one with it");
  }
  expectOperator(")");
  endBlock("");
  inMacro = true;
  NodeId body = statements({"endmacro"});
  inMacro = false;
  endBlock("endmacro");
  std::vector<NodeId> children = {body};
  children.insert(children.end(), parameters.begin(), parameters.end());
  children.insert(children.end(), defaults.begin(), defaults.end());
  return add(NodeKind::Macro, line, std::move(children), macro,
             int64_t(parameters.size()));
}

/// Marks what the model writes, for training; here it is a scope.
NodeId TemplateParser::generationStatement() {
  uint32_t line = now().line;
  endBlock("");
  uint32_t around = std::exchange(loops, 0);
  NodeId body = statements({"endgeneration"});
  loops = around;
  endBlock("endgeneration");
  return add(NodeKind::Scope, line, {body});
}

} // namespace llmc::chat

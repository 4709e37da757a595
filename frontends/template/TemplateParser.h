/// Parses a chat template into the tree that model.bin carries.
#ifndef LLMC_FRONTENDS_TEMPLATE_TEMPLATEPARSER_H
#define LLMC_FRONTENDS_TEMPLATE_TEMPLATEPARSER_H

#include "frontends/template/TemplateLexer.h"
#include "runtime/support/Error.h"
#include "runtime/template/TemplateModel.h"

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::chat {

/// The nodes and strings of \p source, which passed checkTemplate(); \p name is
/// for messages. Errors: BadTemplate, UnsupportedTemplate with the construct.
Result<TemplateModel> parseTemplateText(std::string_view source,
                                        const std::string &name);

/// A descent over the tokens, in the order of Jinja's grammar. The first
/// failure is kept and moves the place to the end, where every loop ends.
class TemplateParser {
public:
  TemplateParser(std::vector<Token> tokens, const std::string &name)
      : tokens(std::move(tokens)), name(name) {
    model.source = name;
  }
  Result<TemplateModel> run();

private:
  // ParseStatements.cpp
  NodeId statements(std::initializer_list<std::string_view> ends);
  NodeId statement();
  NodeId ifStatement();
  NodeId forStatement();
  NodeId setStatement();
  NodeId macroStatement();
  NodeId generationStatement();
  NodeId target(bool withNamespace);
  NodeId oneTarget(bool withNamespace);
  void endBlock(std::string_view word);

  // ParseExpressions.cpp
  NodeId expression(bool withCondition = true);
  NodeId tuple(bool withCondition, bool inBrackets, bool untilRecursive);
  NodeId orExpression();
  NodeId andExpression();
  NodeId notExpression();
  NodeId comparison();
  NodeId sum();
  NodeId concatenation();
  NodeId product();
  NodeId power();
  NodeId unary(bool withFilters);
  NodeId primary();
  NodeId name_();
  NodeId postfix(NodeId node);
  NodeId filtersAndTests(NodeId node);
  NodeId filter(NodeId input);
  NodeId test(NodeId input);
  NodeId subscript(NodeId object);
  NodeId call(NodeId callee);
  void arguments(std::vector<NodeId> &children);
  NodeId binary(NodeKind kind, NodeId left, NodeId right, uint32_t line);

  // Nodes.
  NodeId add(NodeKind kind, uint32_t line, std::vector<NodeId> children = {},
             std::string_view text = {}, int64_t number = 0);
  uint32_t intern(std::string_view text);

  // Tokens.
  const Token &now() const { return tokens[at]; }
  const Token &next() const { return tokens[at + 1 < tokens.size() ? at + 1 : at]; }
  void step() { at += at + 1 < tokens.size(); }
  bool skipOperator(std::string_view what);
  bool skipName(std::string_view what);
  void expectOperator(std::string_view what);
  std::string expectName(std::string_view what);
  std::string told() const;
  NodeId fail(std::string why);
  NodeId unsupported(std::string construct);

  std::vector<Token> tokens;
  const std::string &name;
  size_t at = 0;
  uint32_t depth = 0;
  uint32_t loops = 0;
  bool inMacro = false;
  bool hasFailed = false;
  Error error;
  TemplateModel model;
  std::map<std::string, uint32_t, std::less<>> strings;
};

} // namespace llmc::chat

#endif // LLMC_FRONTENDS_TEMPLATE_TEMPLATEPARSER_H

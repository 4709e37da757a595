/// Renders a chat template over values. Inside of ChatTemplate.h.
#ifndef LLMC_RUNTIME_TEMPLATE_RENDERER_H
#define LLMC_RUNTIME_TEMPLATE_RENDERER_H

#include "runtime/support/Error.h"
#include "runtime/template/TemplateModel.h"
#include "runtime/template/Value.h"

#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::chat {

/// Arguments of a filter, test, method or function, bound to its parameters.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;

  bool has(size_t parameter) const {
    return parameter < bound.size() && bound[parameter];
  }
  /// Undefined where it was not given.
  Value get(size_t parameter) const {
    return has(parameter) ? *bound[parameter] : Value();
  }
  std::vector<const Value *> bound; ///< By parameter; null: not given.
};

/// Walks the nodes of a checked template. The first failure is kept; after it
/// every evaluation gives undefined and every statement ends.
///
/// Work is bounded: each node and each 16 bytes of a string that is made count
/// as a step, and what nests (calls, values) has a limit.
class Renderer {
public:
  /// Statements and expressions that are executed within each other. A level
  /// takes less than 2 KiB of stack.
  static constexpr uint32_t maxNesting = 1500;

  Renderer(const TemplateModel &model, const Dict &variables, std::tm now);
  ~Renderer();
  Renderer(const Renderer &) = delete;
  Renderer &operator=(const Renderer &) = delete;

  /// Errors: TemplateFailed (also where the template itself refuses),
  /// UnsupportedTemplate, TemplateLimit.
  Result<Text> render();

  // For filters, tests, methods and functions.
  Value fail(Code code, std::string why);
  /// A value of the wrong type and the like: what Python raises for.
  Value fail(std::string why) {
    return fail(Code::TemplateFailed, std::move(why));
  }
  bool failed() const { return hasFailed; }
  /// Counts work; false where it is too much.
  bool charge(uint64_t steps);
  /// Checks a value's depth and counts its making.
  Value made(Value value);
  /// What a `for` would visit; false after a failure.
  bool iterate(const Value &value, std::vector<Value> &items);
  Value attribute(const Value &object, std::string_view name);
  Value item(const Value &object, const Value &key);
  /// str(value).
  Text textOf(const Value &value);
  bool contains(const Value &container, const Value &value);
  bool isEqualTo(const Value &left, const Value &right);
  int orderOf(const Value &left, const Value &right);
  Value filter(std::string_view name, const Value &input, Arguments arguments);
  bool test(std::string_view name, const Value &input, Arguments arguments);
  /// `text % value`, as far as %s, %d and %% go.
  Value format(const Text &text, const Value &value);
  Value newNamespace(Dict members);
  const std::tm &now() const { return time; }

private:
  enum class Flow { Normal, Break, Continue, Failed };
  /// Names set in a block; those of the blocks around it are seen through it.
  struct Scope {
    Scope *parent = nullptr;
    std::vector<std::pair<uint32_t, Value>> names; // string, value
  };
  struct Running;

  const Node &at(NodeId node) const { return model.nodes[node]; }
  std::string_view string(uint32_t index) const { return model.strings[index]; }

  // Statements.cpp
  Flow execute(NodeId node);
  Flow executeNode(NodeId node);
  Flow executeFor(const Node &node);
  Flow executeBlock(const Node &node);
  void assign(NodeId target, const Value &value);
  void assignTuple(const Node &target, const Value &value);
  void setBlock(const Node &node);
  void write(const Text &text);
  /// The text that \p node writes, in a scope of its own.
  Text capture(NodeId node, Scope &inside);
  bool makeAhead(Running &loop);
  bool advance(Running &loop);
  int64_t lengthOf(LoopState &state);
  bool peek(LoopState &state);
  Running *runningLoop(const LoopState &state);
  Value callMacro(NodeId macro, Arguments &arguments);
  Value loopAttribute(LoopState &state, std::string_view name);

  // Expressions.cpp
  Value evaluate(NodeId node);
  Value dispatch(const Node &node);
  Value lookUp(uint32_t name);
  Value makeList(const Node &node);
  Value makeDict(const Node &node);
  Value slice(const Node &node);
  Value call(const Node &node);
  Value evaluateFilter(const Node &node);
  Value evaluateTest(const Node &node);
  Value compare(const Node &node);
  Value concat(const Node &node);
  Value arithmetic(const Node &node);
  Value logic(const Node &node);
  Value negate(const Node &node);
  bool collect(const Node &node, size_t first, Arguments &arguments);

  const TemplateModel &model;
  const Dict &variables;
  std::tm time;
  Scope root;
  Scope *scope = &root;
  Text *sink = nullptr;
  Value captured;
  /// The `for` that runs: what makes loop.length needs to go on filtering.
  struct Running {
    const Node *node;
    std::vector<Value> source;
    size_t place = 0;
    LoopState *state;
    Scope *around; // What the filter sees.
    Running *outer;
  };
  Running *running = nullptr;
  uint32_t loopName = noNode; // The string "loop", where there is one.
  std::vector<Value> namespaces; // All that were made, to break their cycles.
  uint64_t work = 0, workLimit = 0;
  uint32_t nesting = 0;
  uint32_t line = 1;
  bool hasFailed = false;
  Error error;
};

/// Arithmetic.cpp: `left op right` with Python's types.
Value arithmeticOf(Renderer &renderer, NodeKind op, const Value &left,
                   const Value &right);

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_RENDERER_H

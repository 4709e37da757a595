/// Statements of a template: what writes, branches, repeats and sets.
#include "runtime/template/Natives.h"
#include "runtime/template/Renderer.h"
#include "runtime/template/TextTools.h"

#include <utility>

namespace llmc::chat {

namespace {
/// Steps of any rendering, and for each byte of its data.
constexpr uint64_t baseWork = 8'000'000;
constexpr uint64_t workPerByte = 64;
constexpr uint64_t bytesPerStep = 16;

/// Sets a variable for as long as it lives.
template <typename T> class Restore {
public:
  Restore(T &variable, T value)
      : variable(variable), before(std::exchange(variable, std::move(value))) {}
  ~Restore() { variable = std::move(before); }
  Restore(const Restore &) = delete;

private:
  T &variable;
  T before;
};
} // namespace

Renderer::Renderer(const TemplateModel &model, const Dict &variables,
                   std::tm now)
    : model(model), variables(variables), time(now) {
  for (size_t i = 0; i < model.strings.size(); ++i)
    if (model.strings[i] == "loop")
      loopName = uint32_t(i);
  workLimit = baseWork + variables.extent.weight * bytesPerStep * workPerByte;
}

Renderer::~Renderer() {
  for (Value &space : namespaces)
    space.space().members.clear();
}

Result<Text> Renderer::render() {
  Text out;
  sink = &out;
  execute(NodeId(model.nodes.size() - 1));
  if (hasFailed)
    return std::move(error);
  return out;
}

Value Renderer::fail(Code code, std::string why) {
  if (!hasFailed) {
    hasFailed = true;
    error = {code, "the chat template cannot be rendered",
             model.source + ", line " + std::to_string(line), std::move(why),
             ""};
  }
  return {};
}

bool Renderer::charge(uint64_t steps) {
  if (hasFailed)
    return false;
  if (steps > workLimit - work) {
    fail(Code::TemplateLimit, "it takes more than " +
                                  std::to_string(workLimit) + " steps");
    return false;
  }
  work += steps;
  return true;
}

Value Renderer::made(Value value) {
  if (value.extent().depth > maxValueDepth)
    return fail(Code::TemplateLimit, "a value is nested deeper than " +
                                         std::to_string(maxValueDepth));
  uint64_t steps = value.isString()     ? value.text().size() / bytesPerStep
                   : value.isSequence() ? value.items().items.size()
                                        : 1;
  return charge(steps) ? value : Value();
}

Value Renderer::newNamespace(Dict members) {
  namespaces.push_back(
      made(Value::dict(std::move(members), ValueKind::Namespace)));
  Value space = namespaces.back();
  if (space.isUndefined())
    namespaces.pop_back();
  return space;
}

void Renderer::write(const Text &text) {
  if (charge(text.size() / bytesPerStep))
    sink->append(text);
}

Renderer::Flow Renderer::execute(NodeId id) {
  line = at(id).line;
  if (!charge(1))
    return Flow::Failed;
  if (nesting >= maxNesting) {
    fail(Code::TemplateLimit, "it nests too deeply");
    return Flow::Failed;
  }
  ++nesting;
  Flow flow = executeNode(id);
  --nesting;
  return flow;
}

Renderer::Flow Renderer::executeNode(NodeId id) {
  const Node &node = at(id);
  switch (node.kind) {
  case NodeKind::Block:
    return executeBlock(node);
  case NodeKind::Data:
    write(Text(std::string(string(node.text))));
    break;
  case NodeKind::Output: {
    Value value = evaluate(node.children[0]);
    if (!hasFailed)
      write(textOf(value));
    break;
  }
  case NodeKind::If: {
    bool truth = isTrue(evaluate(node.children[0]));
    NodeId branch = node.children[truth ? 1 : 2];
    if (!hasFailed && branch != noNode)
      return execute(branch);
    break;
  }
  case NodeKind::For:
    return executeFor(node);
  case NodeKind::Set: {
    Value value = evaluate(node.children[1]);
    if (!hasFailed)
      assign(node.children[0], value);
    break;
  }
  case NodeKind::SetBlock:
    setBlock(node);
    break;
  case NodeKind::Macro:
    scope->names.emplace_back(node.text,
                              Value::callable(ValueKind::Macro, int64_t(id)));
    break;
  case NodeKind::Break:
    return Flow::Break;
  case NodeKind::Continue:
    return Flow::Continue;
  case NodeKind::Scope: {
    Scope inside;
    write(capture(node.children[0], inside));
    break;
  }
  default:
    fail(Code::Internal, "a node is no statement");
  }
  return hasFailed ? Flow::Failed : Flow::Normal;
}

Renderer::Flow Renderer::executeBlock(const Node &node) {
  for (NodeId child : node.children)
    if (Flow flow = execute(child); flow != Flow::Normal)
      return flow;
  return Flow::Normal;
}

Text Renderer::capture(NodeId node, Scope &inside) {
  Text out;
  if (!inside.parent)
    inside.parent = scope;
  Restore<Scope *> enter(scope, &inside);
  Restore<Text *> into(sink, &out);
  execute(node);
  return out;
}

void Renderer::setBlock(const Node &node) {
  Scope inside;
  Value text = made(Value::string(capture(node.children[2], inside)));
  if (NodeId filters = node.children[1]; filters != noNode) {
    Restore<Value> input(captured, text);
    text = evaluate(filters);
  }
  if (!hasFailed)
    assign(node.children[0], text);
}

void Renderer::assign(NodeId id, const Value &value) {
  const Node &target = at(id);
  switch (target.kind) {
  case NodeKind::NameTarget:
    for (auto &[name, old] : scope->names)
      if (name == target.text) {
        old = value;
        return;
      }
    scope->names.emplace_back(target.text, value);
    return;
  case NodeKind::NamespaceTarget: {
    Value space = lookUp(target.text);
    if (space.kind() != ValueKind::Namespace) {
      fail("`" + std::string(string(target.text)) + "` is no namespace");
      return;
    }
    space.space().set(
        Value::string(std::string(string(uint32_t(target.number)))), value);
    return;
  }
  default:
    assignTuple(target, value);
  }
}

void Renderer::assignTuple(const Node &target, const Value &value) {
  std::vector<Value> items;
  if (!iterate(value, items))
    return;
  if (items.size() != target.children.size()) {
    fail(std::to_string(items.size()) + " values are set to " +
         std::to_string(target.children.size()) + " names");
    return;
  }
  for (size_t i = 0; i < items.size(); ++i)
    assign(target.children[i], items[i]);
}

/// Makes the next item that passes the loop's filter; false where none is left.
bool Renderer::makeAhead(Running &loop) {
  NodeId filter = loop.node->children[2];
  while (loop.place < loop.source.size()) {
    const Value &item = loop.source[loop.place++];
    if (filter != noNode) {
      Scope test{loop.around, {}};
      Restore<Scope *> enter(scope, &test);
      assign(loop.node->children[0], item);
      bool passes = isTrue(evaluate(filter));
      if (hasFailed)
        return false;
      if (!passes)
        continue;
    }
    loop.state->ahead.push_back(item);
    return true;
  }
  return false;
}

/// Steps on to the next item; false at the end.
bool Renderer::advance(Running &loop) {
  LoopState &state = *loop.state;
  if (state.nextAhead == state.ahead.size() && !makeAhead(loop))
    return false;
  state.hasPrevious = state.hasCurrent;
  state.previous = std::move(state.current);
  state.current = state.ahead[state.nextAhead++];
  state.hasCurrent = true;
  if (state.nextAhead == state.ahead.size()) {
    state.ahead.clear();
    state.nextAhead = 0;
  }
  ++state.index0;
  return true;
}

Renderer::Flow Renderer::executeFor(const Node &node) {
  Value iterable = evaluate(node.children[1]);
  auto state = std::make_shared<LoopState>();
  Running loop{&node, {}, 0, state.get(), scope, running};
  if (hasFailed || !iterate(iterable, loop.source))
    return Flow::Failed;
  if (node.children[2] == noNode)
    state->sourceLength = int64_t(loop.source.size());
  Extent extent;
  extent.include(iterable);
  Value handle = Value::loop(state, extent);
  Restore<Running *> enter(running, &loop);
  bool visited = false;
  while (advance(loop)) {
    visited = true;
    Scope body{loop.around, {}};
    Restore<Scope *> inside(scope, &body);
    if (loopName != noNode)
      body.names.emplace_back(loopName, handle);
    assign(node.children[0], state->current);
    Flow flow = hasFailed ? Flow::Failed : execute(node.children[3]);
    if (flow == Flow::Failed)
      return flow;
    if (flow == Flow::Break)
      break;
  }
  if (hasFailed)
    return Flow::Failed;
  if (!visited && node.children[4] != noNode) {
    Scope body{loop.around, {}};
    Restore<Scope *> inside(scope, &body);
    return execute(node.children[4]);
  }
  return Flow::Normal;
}

Renderer::Running *Renderer::runningLoop(const LoopState &state) {
  for (Running *loop = running; loop; loop = loop->outer)
    if (loop->state == &state)
      return loop;
  return nullptr;
}

int64_t Renderer::lengthOf(LoopState &state) {
  if (state.sourceLength < 0) {
    if (Running *loop = runningLoop(state))
      while (makeAhead(*loop)) {
      }
    state.sourceLength =
        int64_t(state.ahead.size() - state.nextAhead) + state.index0 + 1;
  }
  return state.sourceLength;
}

/// Whether an item follows the one that is visited.
bool Renderer::peek(LoopState &state) {
  Running *loop = runningLoop(state);
  return state.nextAhead < state.ahead.size() || (loop && makeAhead(*loop));
}

Value Renderer::loopAttribute(LoopState &state, std::string_view name) {
  if (name == "index0")
    return Value::integer(state.index0);
  if (name == "index")
    return Value::integer(state.index0 + 1);
  if (name == "first")
    return Value::boolean(state.index0 == 0);
  if (name == "last")
    return Value::boolean(!peek(state));
  if (name == "length")
    return Value::integer(lengthOf(state));
  if (name == "revindex")
    return Value::integer(lengthOf(state) - state.index0);
  if (name == "revindex0")
    return Value::integer(lengthOf(state) - state.index0 - 1);
  if (name == "depth")
    return Value::integer(state.depth0 + 1);
  if (name == "depth0")
    return Value::integer(state.depth0);
  if (name == "previtem")
    return state.hasPrevious ? state.previous : Value();
  if (name == "nextitem")
    return peek(state) ? state.ahead[state.nextAhead] : Value();
  return {};
}

Value Renderer::callMacro(NodeId id, Arguments &arguments) {
  const Node &macro = at(id);
  size_t parameters = size_t(macro.number);
  size_t defaults = macro.children.size() - 1 - parameters;
  std::string name(string(macro.text));
  if (arguments.positional.size() > parameters)
    return fail("the macro " + name + " takes " + std::to_string(parameters) +
                " arguments");
  // Macros stand at the top level, so that is what they see.
  Scope inside{&root, {}};
  size_t used = 0;
  Restore<Scope *> enter(scope, &inside);
  for (size_t i = 0; i < parameters && !hasFailed; ++i) {
    uint32_t parameter = at(macro.children[1 + i]).text;
    const Value *given =
        i < arguments.positional.size() ? &arguments.positional[i] : nullptr;
    for (const auto &[key, value] : arguments.named)
      if (key == string(parameter)) {
        if (given)
          fail("the macro " + name + " gets " + std::string(key) + " twice");
        given = &value;
        ++used;
      }
    Value value;
    if (given)
      value = *given;
    else if (i >= parameters - defaults)
      value = evaluate(
          macro.children[1 + parameters + i - (parameters - defaults)]);
    inside.names.emplace_back(parameter, std::move(value));
  }
  if (used < arguments.named.size())
    fail("the macro " + name + " gets an argument that it does not take");
  Value result;
  if (!hasFailed) {
    result = made(Value::string(capture(macro.children[0], inside)));
  }
  return result;
}

} // namespace llmc::chat

#include "runtime/format/CheckModel.h"
#include "runtime/format/TokenChoice.h"

#include <algorithm>

namespace llmc {

namespace {

constexpr size_t maxRank = 16;
/// No arena is larger: products of sizes below stay in 64 bits.
constexpr int64_t maxArenaBytes = int64_t(1) << 46;

/// Checks one program; the first broken rule is kept.
class ProgramChecker {
public:
  ProgramChecker(const Program &program, const Model &model,
                 const DecoderConfig *config, const DeviceImage *device)
      : program(program), model(model), config(config), device(device) {}

  Status run();

private:
  bool fail(std::string why) {
    if (reason.empty())
      reason = std::move(why);
    return false;
  }
  bool isValue(ValueId id) const { return id < program.values.size(); }
  bool areValues(const std::vector<ValueId> &ids) const {
    return std::all_of(ids.begin(), ids.end(),
                       [&](ValueId id) { return isValue(id); });
  }
  bool isSymbol(ValueId id, std::string_view name) const {
    const Value &value = program.values[id];
    return value.kind == Value::Kind::Symbol &&
           program.symbols[static_cast<size_t>(value.number)] == name;
  }

  bool isConstant(ValueId id, int64_t number) const {
    const Value &value = program.values[id];
    return value.kind == Value::Kind::Constant && value.number == number;
  }

  bool checkValues();
  bool checkArguments(const std::vector<Argument> &arguments, const char *what);
  bool checkBuffers();
  bool checkLaunches();
  bool checkStep();
  bool checkGraph();

  const Program &program;
  const Model &model;
  const DecoderConfig *config;
  const DeviceImage *device;
  std::string reason;
};

bool ProgramChecker::checkValues() {
  for (size_t i = 0; i < program.values.size(); ++i) {
    const Value &value = program.values[i];
    if (value.kind > Value::Kind::Max)
      return fail("value " + std::to_string(i) + " is of no known kind");
    if (value.kind == Value::Kind::Constant)
      continue;
    if (value.kind == Value::Kind::Symbol) {
      if (value.number < 0 ||
          static_cast<uint64_t>(value.number) >= program.symbols.size())
        return fail("value " + std::to_string(i) + " names no symbol");
      continue;
    }
    if (value.left >= i || value.right >= i)
      return fail("value " + std::to_string(i) + " refers to a later one");
  }
  return isValue(program.arenaBytes) || fail("it has no size of the arena");
}

bool ProgramChecker::checkArguments(const std::vector<Argument> &arguments,
                                    const char *what) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument &argument = arguments[i];
    std::string label = std::string(what) + " " + std::to_string(i);
    if (static_cast<unsigned>(argument.type) >= elementTypeCount ||
        argument.shape.size() > maxRank || !areValues(argument.shape))
      return fail(label + " has no type or shape");
    for (size_t j = 0; j < i; ++j)
      if (arguments[j].name == argument.name)
        return fail(label + " has the name of another");
  }
  return true;
}

bool ProgramChecker::checkBuffers() {
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const Buffer &buffer = program.buffers[i];
    std::string label = "buffer " + std::to_string(i);
    uint64_t limit = 0;
    switch (buffer.space) {
    case Buffer::Space::Arena:
      limit = 1;
      break;
    case Buffer::Space::Weight:
      limit = model.weights.size();
      break;
    case Buffer::Space::Input:
      limit = program.inputs.size();
      break;
    case Buffer::Space::Output:
      limit = program.outputs.size();
      break;
    case Buffer::Space::KeyCache:
    case Buffer::Space::ValueCache:
      limit = config ? static_cast<uint64_t>(config->cache.layers) : 0;
      break;
    default:
      return fail(label + " is in no known space");
    }
    if (buffer.index >= limit)
      return fail(label + " refers to memory that does not exist");
    if (static_cast<unsigned>(buffer.type) >= elementTypeCount ||
        buffer.shape.size() > maxRank || !areValues(buffer.shape) ||
        !isValue(buffer.offset))
      return fail(label + " has no type, shape or offset");
    if (!buffer.strides.empty() &&
        buffer.strides.size() != buffer.shape.size())
      return fail(label + " has not one stride per dimension");
    for (int64_t stride : buffer.strides)
      if (stride < 0 || stride > maxArenaBytes)
        return fail(label + " has an impossible stride");
    if (buffer.viewOf && (*buffer.viewOf >= i || program.buffers[*buffer.viewOf].viewOf ||
                          program.buffers[*buffer.viewOf].space != buffer.space))
      return fail(label + " is a view of what cannot hold it");
  }
  return true;
}

bool ProgramChecker::checkLaunches() {
  for (size_t i = 0; i < program.launches.size(); ++i) {
    const Launch &launch = program.launches[i];
    std::string label = "launch " + std::to_string(i);
    if (launch.kernel >=
        (device ? device->kernels.size() : model.kernels.size()))
      return fail(label + " names no kernel");
    const Kernel &kernel = device ? device->kernels[launch.kernel].kernel
                                  : model.kernels[launch.kernel];
    if (launch.buffers.size() != kernel.bufferCount ||
        launch.scalars.size() != kernel.scalarCount)
      return fail(label + " has other arguments than its kernel " +
                  kernel.name);
    if (!isValue(launch.tiles) || !areValues(launch.scalars))
      return fail(label + " refers to a value that does not exist");
    for (BufferId buffer : launch.buffers)
      if (buffer >= program.buffers.size())
        return fail(label + " refers to a buffer that does not exist");
    for (const Wait &wait : launch.waits)
      if (wait.launch >= i || (wait.mine && !wait.theirs))
        return fail(label + " waits for what cannot be");
  }
  for (const Constraint &constraint : program.constraints)
    if (!isValue(constraint.left) || !isValue(constraint.right))
      return fail("a constraint refers to a value that does not exist");
  return true;
}

bool ProgramChecker::checkStep() {
  if (!config)
    return fail("a step stands in a module that is no decoder");
  if (program.minRows < 1 || program.maxRows < program.minRows ||
      program.maxRows > config->chunk)
    return fail("its bounds on rows are impossible");
  const Value &arena = program.values[program.arenaBytes];
  if (arena.kind != Value::Kind::Constant || arena.number < 0 ||
      arena.number > maxArenaBytes)
    return fail("the size of its arena is no possible constant");
  for (const std::string &symbol : program.symbols)
    if (symbol.size() != 1 ||
        std::string_view("TRSPBNC").find(symbol[0]) == std::string_view::npos)
      return fail("its symbol " + symbol + " is unknown");
  struct Known {
    std::string_view name, rows, columns = "";
    int64_t width = 0;
  };
  const Known known[] = {
      {"tokens", "T"},          {"positions", "T"},      {"row_sequence", "T"}, {"rows", "R"},
      {"page_table", "S", "P"}, {"blocks", "B", "2", 2}, {"choices", "C", "8", choice::words},
      {"counters", "B", "heads", config->cache.kvHeads}};
  for (const Argument &input : program.inputs) {
    auto *row = std::find_if(std::begin(known), std::end(known),
                             [&](const Known &k) { return k.name == input.name; });
    if (row == std::end(known))
      return fail("its input " + input.name + " is unknown");
    bool fits = input.type == ElementType::I32 &&
                input.shape.size() == (row->columns.empty() ? 1u : 2u) &&
                isSymbol(input.shape[0], row->rows);
    if (fits && row->columns == "P")
      fits = isSymbol(input.shape[1], "P");
    if (fits && row->width > 0)
      fits = isConstant(input.shape[1], row->width);
    if (!fits)
      return fail("its input " + input.name + " has another type or shape");
  }
  if (program.outputs.empty() || program.outputs.size() > 2 ||
      program.outputs[0].name != "logits")
    return fail("its output is not logits");
  const Argument &logits = program.outputs[0];
  if (logits.type != ElementType::F32 || logits.shape.size() != 2 ||
      !isSymbol(logits.shape[0], "R") ||
      !isConstant(logits.shape[1], config->vocabulary))
    return fail("its logits are not [R, vocabulary] f32");
  if (program.outputs.size() == 2) {
    const Argument &tokens = program.outputs[1];
    if (tokens.name != "next_tokens" || tokens.type != ElementType::I32 ||
        tokens.shape.size() != 1 || !isSymbol(tokens.shape[0], "C"))
      return fail("its second output is not next_tokens [C] i32");
  }
  return true;
}

bool ProgramChecker::checkGraph() {
  std::vector<bool> bound(program.symbols.size());
  for (const Argument &input : program.inputs)
    for (ValueId id : input.shape)
      if (const Value &value = program.values[id];
          value.kind == Value::Kind::Symbol)
        bound[static_cast<size_t>(value.number)] = true;
  for (size_t i = 0; i < bound.size(); ++i)
    if (!bound[i])
      return fail("no input gives its symbol " + program.symbols[i]);
  return true;
}

Status ProgramChecker::run() {
  bool good = program.kind <= Program::Kind::Graph ||
              fail("it is of no known kind");
  good = good && checkValues() && checkArguments(program.inputs, "input") &&
         checkArguments(program.outputs, "output") && checkBuffers() &&
         checkLaunches();
  if (good && program.kind == Program::Kind::Step)
    good = checkStep();
  else if (good)
    good = checkGraph();
  if (good)
    return Status::ok();
  return Error{Code::ArtifactDamaged, "the schedule contradicts itself",
               "program " + program.name, reason,
               "compile the model again"};
}

} // namespace

Status checkProgram(const Program &program, const Model &model,
                    const DecoderConfig *config, const DeviceImage *device) {
  return ProgramChecker(program, model, config, device).run();
}

} // namespace llmc

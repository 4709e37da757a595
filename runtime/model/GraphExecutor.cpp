#include "runtime/model/GraphExecutor.h"

#include "runtime/cache/AvailableMemory.h"
#include "runtime/cpu/RunProgram.h"
#include "runtime/model/Memory.h"

namespace llmc {

namespace {

Error badInput(const Argument &input, std::string why) {
  return {Code::BadTensor, "an input does not fit", "input " + input.name,
          std::move(why), "`inspect` shows the inputs that the graph takes"};
}

} // namespace

Result<std::unique_ptr<GraphExecutor>>
GraphExecutor::create(LoadedModel &model) {
  LLMC_TRY(const Module *module, model.find(Module::Kind::Graph));
  if (model.accelerator)
    LLMC_CHECK(model.accelerator->prepare(*module, nullptr));
  return std::unique_ptr<GraphExecutor>(
      new GraphExecutor(model, module->programs[0]));
}

/// Symbols that stand alone as an extent take the first such extent.
Status GraphExecutor::bind(std::span<const Tensor> inputs,
                           std::span<int64_t> symbols) const {
  if (inputs.size() != code.inputs.size())
    return Error{Code::BadTensor, "the number of inputs is wrong", "",
                 std::to_string(inputs.size()) + " are given, the graph takes " +
                     std::to_string(code.inputs.size()),
                 "`inspect` shows the inputs that the graph takes"};
  for (int64_t &symbol : symbols)
    symbol = -1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Argument &input = code.inputs[i];
    if (inputs[i].type != input.type)
      return badInput(input,
                      "its elements are " +
                          std::string(elementTypeName(inputs[i].type)) +
                          ", the graph takes " +
                          std::string(elementTypeName(input.type)));
    if (inputs[i].shape.size() != input.shape.size())
      return badInput(input, "it has " +
                                 std::to_string(inputs[i].shape.size()) +
                                 " dimensions, the graph takes " +
                                 std::to_string(input.shape.size()));
    for (size_t d = 0; d < input.shape.size(); ++d) {
      const Value &extent = code.values[input.shape[d]];
      if (extent.kind != Value::Kind::Symbol)
        continue;
      int64_t &symbol = symbols[static_cast<size_t>(extent.number)];
      if (symbol < 0)
        symbol = inputs[i].shape[d];
    }
  }
  return Status::ok();
}

/// With all values known: every extent is what the graph computes for it.
Status GraphExecutor::checkFit(std::span<const Tensor> inputs) const {
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t d = 0; d < inputs[i].shape.size(); ++d)
      if (int64_t wanted = bound.value(code.inputs[i].shape[d]);
          inputs[i].shape[d] != wanted)
        return badInput(code.inputs[i],
                        "dimension " + std::to_string(d) + " is " +
                            std::to_string(inputs[i].shape[d]) +
                            " and should be " + std::to_string(wanted));
  for (const Constraint &constraint : code.constraints) {
    int64_t left = bound.value(constraint.left);
    int64_t right = bound.value(constraint.right);
    if (left != right)
      return Error{Code::BadTensor, "the inputs do not fit together",
                   constraint.text,
                   std::to_string(left) + " is not " + std::to_string(right),
                   "give inputs whose shapes agree; `inspect` shows them"};
  }
  return Status::ok();
}

Result<std::vector<Tensor>>
GraphExecutor::run(std::span<const Tensor> inputs) {
  std::vector<int64_t> symbols(code.symbols.size());
  LLMC_CHECK(bind(inputs, symbols));
  LLMC_CHECK(bound.setSymbols(symbols));
  LLMC_CHECK(checkFit(inputs));

  int64_t needed = bound.value(code.arenaBytes);
  int64_t arenaBytes = needed;
  std::vector<Tensor> results(code.outputs.size());
  for (size_t i = 0; i < results.size(); ++i) {
    LLMC_TRY(int64_t bytes, bound.argumentBytes(code.outputs[i]));
    if (__builtin_add_overflow(needed, bytes, &needed))
      needed = INT64_MAX;
  }
  if (arenaBytes < 0 || needed > availableMemory())
    return Error{Code::OutOfMemory, "not enough memory for inputs of this size",
                 "program " + code.name,
                 std::to_string(needed) + " bytes are needed",
                 "use smaller inputs"};
  ProgramMemory memory;
  for (const Tensor &input : inputs)
    memory.inputs.push_back({const_cast<std::byte *>(input.data.data()),
                             input.data.size()});
  for (size_t i = 0; i < results.size(); ++i) {
    Tensor &result = results[i];
    result.type = code.outputs[i].type;
    for (ValueId extent : code.outputs[i].shape)
      result.shape.push_back(bound.value(extent));
    LLMC_TRY(int64_t bytes, bound.argumentBytes(code.outputs[i]));
    result.data.resize(static_cast<size_t>(bytes));
    memory.outputs.push_back(result.data);
  }
  if (model.accelerator) {
    LLMC_CHECK(model.accelerator->runGraph(bound, memory, observer));
    return results;
  }
  LLMC_TRY(Memory arena,
           Memory::create(static_cast<size_t>(arenaBytes), "arena"));
  memory.arena = arena.bytes();
  LLMC_CHECK(bound.setMemory(memory));
  LLMC_CHECK(model.weightCheck->wait());
  runProgram(bound, model.kernels, *model.threads, observer);
  return results;
}

} // namespace llmc

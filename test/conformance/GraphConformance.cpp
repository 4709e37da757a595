/// `GraphConformanceTests [--table] [--evaluate] [DIR...]`: compiles each folder's model.onnx
/// to plain kernels, runs it on the recorded inputs and compares with the
/// recorded outputs. A line for each folder that did not pass (all with
/// --table): name, outcome, detail; then the numbers by operator.
///
/// With --evaluate, what is recorded does not matter: inputs are made up, at two
/// sizes of every symbolic extent, and the results compared with the reference
/// evaluator's.
///
/// Outcomes: passed; unsupported (refused with an error, by the importer or the
/// lowering); skipped (no recorded tensors); wrong; crash. The last two fail the
/// test. Folders run in a child process, so that one that dies is a line, and
/// the next child goes on behind it.
#include "codegen/Target.h"
#include "compiler/reference/FileWeights.h"
#include "dialects/onnx/SymbolicShape.h"
#include "compiler/PackWeights.h"
#include "dialects/llm/LlmOps.h"
#include "frontends/onnx/builder/BuildModule.h"
#include "frontends/onnx/builder/Types.h"
#include "frontends/onnx/reader/OnnxReader.h"
#include "mlir/IR/MLIRContext.h"
#include "test/conformance/CompiledGraph.h"
#include "test/frontends/TensorFile.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace llmc;
namespace fs = std::filesystem;

namespace {

struct Outcome {
  std::string kind, detail, op;
};

std::string oneLine(std::string text) {
  for (char &c : text)
    if (c == '\n' || c == '\t')
      c = ' ';
  return text.substr(0, 300);
}

Outcome outcomeOf(const Error &error) {
  bool refused = error.code == Code::UnsupportedOps ||
                 error.code == Code::UnsupportedType ||
                 error.code == Code::ShapeMismatch ||
                 error.code == Code::BadModel || error.code == Code::TooLarge;
  return {refused ? "unsupported" : "wrong",
          oneLine(error.what + ": " + error.why), ""};
}

Result<Tensor> toRuntime(const reference::Tensor &tensor) {
  Tensor result;
  LLMC_TRY(result.type, elementTypeOf(tensor.elementType()));
  result.shape.assign(tensor.shape().begin(), tensor.shape().end());
  result.data.assign(tensor.bytes(),
                     tensor.bytes() + tensor.numElements() * tensor.width());
  return result;
}

/// Runs one set of recorded inputs.
Outcome runSet(test::CompiledGraph &graph, const onnx::Model &model,
               const fs::path &set, mlir::MLIRContext &context) {
  std::set<std::string> bound;
  for (const onnx::TensorData &tensor : model.graph.initializers)
    bound.insert(tensor.name);
  std::vector<std::string> paths = test::numberedTensors(set.string(), "input_");
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (i < model.graph.inputs.size() &&
        bound.count(model.graph.inputs[i].name))
      continue;
    auto tensor = test::readTensorFile(paths[i], context);
    if (!tensor)
      return {"skipped", oneLine(tensor.error().what), ""};
    auto given = toRuntime(*tensor);
    if (!given)
      return {"skipped", oneLine(given.error().what), ""};
    inputs.push_back(std::move(*given));
  }
  if (inputs.size() < graph.program().inputs.size())
    return {"skipped", "fewer inputs than the graph has", ""};
  inputs.resize(graph.program().inputs.size());
  auto outputs = graph.run(inputs);
  if (!outputs)
    return {"wrong", oneLine(outputs.error().render()), ""};
  std::vector<std::string> files = test::numberedTensors(set.string(), "output_");
  for (size_t i = 0; i < files.size() && i < outputs->size(); ++i) {
    auto expected = test::readTensorFile(files[i], context);
    if (!expected)
      return {"skipped", oneLine(expected.error().what), ""};
    const Tensor &given = (*outputs)[i];
    auto type = elementTypeOf(expected->elementType());
    if (!type || *type != given.type)
      return {"wrong", "output " + std::to_string(i) + " is of another type", ""};
    auto actual = reference::Tensor::zeros(expected->elementType(), given.shape);
    std::memcpy(actual.mutableBytes(), given.data.data(), given.data.size());
    std::string difference = test::compareTensors(actual, *expected);
    if (!difference.empty())
      return {"wrong", "output " + std::to_string(i) + ": " + difference, ""};
  }
  return {"passed", "", ""};
}

Outcome runFolder(const fs::path &folder) {
  mlir::DialectRegistry registry;
  for (const codegen::Target *target : codegen::allTargets())
    target->registerDialects(registry);
  registry.insert<llm::LlmDialect>();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto model = onnx::readModel((folder / "model.onnx").string());
  if (!model)
    return outcomeOf(model.error());
  std::string op = model->graph.nodes.empty() ? "(none)"
                                              : model->graph.nodes[0].opType;
  auto finish = [&](Outcome outcome) {
    outcome.op = op;
    return outcome;
  };
  std::optional<Outcome> first;
  // First as it is, then with its small integer inputs as constants.
  for (bool bind : {false, true}) {
    if (bind)
      test::bindIntegers(*model, folder / "test_data_set_0");
    auto module = onnx::buildModule(context, *model);
    if (!module) {
      first = first.value_or(outcomeOf(module.error()));
      continue;
    }
    auto graph = test::CompiledGraph::make(**module, *model);
    if (!graph) {
      if (graph.error().code != Code::UnsupportedOps)
        return finish(outcomeOf(graph.error()));
      first = first.value_or(outcomeOf(graph.error()));
      continue;
    }
    Outcome last{"skipped", "no recorded data", ""};
    for (unsigned i = 0; i == 0 || !bind; ++i) {
      fs::path set = folder / ("test_data_set_" + std::to_string(i));
      if (!fs::exists(set))
        break;
      last = runSet(**graph, *model, set, context);
      if (last.kind != "passed")
        break;
    }
    return finish(last);
  }
  return finish(*first);
}

/// Numbers of every input: floats around 0, integers that are small indices.
std::vector<Tensor> madeUpInputs(mlir::func::FuncOp function,
                                 mlir::ArrayRef<int64_t> symbols,
                                 mlir::SmallVector<reference::Tensor> &same) {
  std::vector<Tensor> inputs;
  uint32_t state = 12345;
  for (mlir::Type type : function.getArgumentTypes()) {
    auto tensor = mlir::cast<mlir::RankedTensorType>(type);
    auto shape = onnx::evaluateShape(tensor, symbols);
    if (!shape)
      return {};
    auto made = reference::Tensor::zeros(tensor.getElementType(), *shape);
    for (int64_t i = 0; i < made.numElements(); ++i) {
      state = state * 1664525 + 1013904223;
      if (made.isFloat())
        made.setDouble(i, double(state >> 16) / 32768 - 1);
      else
        made.setInt(i, (state >> 24) % (made.element() == reference::Element::Bool
                                            ? 2
                                            : 4));
    }
    auto given = toRuntime(made);
    if (!given)
      return {};
    inputs.push_back(std::move(*given));
    same.push_back(std::move(made));
  }
  return inputs;
}

/// The graph on made-up inputs, against the reference evaluator.
Outcome evaluateFolder(const fs::path &folder) {
  mlir::DialectRegistry registry;
  for (const codegen::Target *target : codegen::allTargets())
    target->registerDialects(registry);
  registry.insert<llm::LlmDialect>();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  fs::path file = fs::is_directory(folder) ? folder / "model.onnx" : folder;
  auto model = onnx::readModel(file.string());
  if (!model)
    return outcomeOf(model.error());
  auto module = onnx::buildModule(context, *model);
  if (!module)
    return outcomeOf(module.error());
  mlir::OwningOpRef<mlir::ModuleOp> lowered((*module)->clone());
  auto graph = test::CompiledGraph::make(*lowered, *model);
  if (!graph)
    return outcomeOf(graph.error());
  auto function = (**module).lookupSymbol<mlir::func::FuncOp>("main");
  reference::FileWeights weights(**module);
  size_t count = onnx::symbolNames(**module).size();
  for (int64_t size : {3, 2}) {
    mlir::SmallVector<int64_t> symbols;
    for (size_t i = 0; i < count; ++i)
      symbols.push_back(size + i % 2);
    mlir::SmallVector<reference::Tensor> same;
    std::vector<Tensor> inputs = madeUpInputs(function, symbols, same);
    if (inputs.size() != function.getNumArguments())
      return {"skipped", "an input has no extents", ""};
    reference::Evaluator evaluator(**module, &weights);
    auto expected = evaluator.evaluateFunction(function, same);
    if (failed(expected))
      return {"skipped", oneLine(evaluator.error()), ""};
    auto outputs = (*graph)->run(inputs);
    if (!outputs)
      return {"wrong", oneLine(outputs.error().render()), ""};
    for (size_t i = 0; i < outputs->size(); ++i) {
      const Tensor &given = (*outputs)[i];
      auto actual =
          reference::Tensor::zeros((*expected)[i].elementType(), given.shape);
      std::memcpy(actual.mutableBytes(), given.data.data(), given.data.size());
      std::string difference = test::compareTensors(actual, (*expected)[i]);
      if (!difference.empty())
        return {"wrong", "output " + std::to_string(i) + ": " + difference, ""};
    }
  }
  return {"passed", "", ""};
}

/// Runs folders from `next` on in a child; returns how many it finished.
size_t runInChild(const std::vector<fs::path> &folders, size_t next,
                  bool evaluate, std::vector<Outcome> &outcomes) {
  int channel[2];
  if (::pipe(channel))
    std::exit(70);
  std::fflush(stdout);
  pid_t child = ::fork();
  if (child == 0) {
    ::close(channel[0]);
    FILE *out = ::fdopen(channel[1], "w");
    for (size_t i = next; i < folders.size(); ++i) {
      Outcome outcome = evaluate ? evaluateFolder(folders[i])
                                 : runFolder(folders[i]);
      std::fprintf(out, "%s\t%s\t%s\n", outcome.kind.c_str(), outcome.op.c_str(),
                   oneLine(outcome.detail).c_str());
      std::fflush(out);
    }
    std::fclose(out);
    ::_exit(0);
  }
  ::close(channel[1]);
  FILE *in = ::fdopen(channel[0], "r");
  char *line = nullptr;
  size_t size = 0, done = 0;
  for (ssize_t length; (length = ::getline(&line, &size, in)) > 0; ++done) {
    std::string text(line, length - (line[length - 1] == '\n'));
    size_t a = text.find('\t'), b = text.find('\t', a + 1);
    outcomes.push_back({text.substr(0, a), text.substr(b + 1),
                        text.substr(a + 1, b - a - 1)});
  }
  std::free(line);
  std::fclose(in);
  int status = 0;
  ::waitpid(child, &status, 0);
  return done;
}

} // namespace

int main(int argc, char **argv) {
  bool table = false, evaluate = false;
  std::vector<fs::path> folders;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--table")
      table = true;
    else if (std::string(argv[i]) == "--evaluate")
      evaluate = true;
    else if (argv[i][0] != '-')
      folders.push_back(argv[i]);
  }
  if (folders.empty())
    for (const auto &entry : fs::directory_iterator(LLMC_TEST_DATA "/onnx-node"))
      if (entry.is_directory())
        folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  std::vector<Outcome> outcomes;
  while (outcomes.size() < folders.size()) {
    runInChild(folders, outcomes.size(), evaluate, outcomes);
    if (outcomes.size() < folders.size())
      outcomes.push_back({"crash", "the process died", "?"});
  }
  std::map<std::string, std::map<std::string, unsigned>> byOp;
  std::map<std::string, unsigned> total;
  for (size_t i = 0; i < folders.size(); ++i) {
    const Outcome &outcome = outcomes[i];
    ++byOp[outcome.op][outcome.kind];
    ++total[outcome.kind];
    if (table || outcome.kind != "passed")
      std::printf("%s\t%s\t%s\n", folders[i].filename().c_str(),
                  outcome.kind.c_str(), outcome.detail.c_str());
  }
  const char *kinds[] = {"passed", "unsupported", "skipped", "wrong", "crash"};
  std::printf("\n%-28s %8s %12s %8s %6s %6s\n", "operator", "passed",
              "unsupported", "skipped", "wrong", "crash");
  byOp["TOTAL"] = total;
  for (auto &[op, counts] : byOp)
    if (table || op == "TOTAL" || counts["passed"] != std::accumulate(
            counts.begin(), counts.end(), 0u,
            [](unsigned sum, auto &entry) { return sum + entry.second; }))
      std::printf("%-28s %8u %12u %8u %6u %6u\n", op.c_str(), counts[kinds[0]],
                  counts[kinds[1]], counts[kinds[2]], counts[kinds[3]],
                  counts[kinds[4]]);
  std::printf("%u passed, %u failed, %u skipped\n", total["passed"],
              total["unsupported"] + total["wrong"] + total["crash"],
              total["skipped"]);
  return total["wrong"] || total["crash"];
}

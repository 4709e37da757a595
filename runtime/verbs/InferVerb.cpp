#include "runtime/model/GraphExecutor.h"
#include "runtime/support/Json.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/Trace.h"
#include "runtime/verbs/Verbs.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace llmc {

namespace {

std::string shapeText(const Tensor &tensor) {
  std::string text(elementTypeName(tensor.type));
  text += "[";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(tensor.shape[i]);
  return text + "]";
}

/// The file of an output: names come from the model and may hold anything.
std::string fileName(const std::string &output) {
  std::string name;
  for (char c : output)
    name += c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ? '_' : c;
  if (name.empty() || name[0] == '.')
    name.insert(0, "_");
  return name.substr(0, 200) + ".npy";
}

/// The tensors named on the command line, in the order of the graph's inputs.
Result<std::vector<Tensor>> readInputs(const Program &program,
                                       const std::vector<std::string> &words) {
  std::vector<Tensor> tensors(program.inputs.size());
  std::vector<bool> given(program.inputs.size());
  std::vector<std::string_view> names;
  for (const Argument &input : program.inputs)
    names.push_back(input.name);
  for (const std::string &word : words) {
    // Names of inputs may hold an equals sign; names of files seldom do.
    size_t equals = word.rfind('=');
    if (equals == std::string::npos)
      return Error{Code::BadTensor, "an input is not NAME=FILE.npy", word, "", ""};
    std::string name = word.substr(0, equals);
    auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      std::string_view meant = nearest(name, names);
      return Error{Code::BadTensor, "the graph has no such input", name, "",
                   meant.empty() ? "`inspect` lists the inputs"
                                 : "did you mean " + std::string(meant) + "?"};
    }
    size_t index = static_cast<size_t>(at - names.begin());
    LLMC_TRY(tensors[index], readNpy(word.substr(equals + 1)));
    given[index] = true;
  }
  for (size_t i = 0; i < given.size(); ++i)
    if (!given[i])
      return Error{Code::BadTensor, "an input is missing",
                   program.inputs[i].name, "",
                   program.inputs[i].name + "=FILE.npy"};
  return tensors;
}

Status makeFolder(const std::string &path) {
  if (::mkdir(path.c_str(), 0777) == 0 || errno == EEXIST)
    return Status::ok();
  return Error{Code::CannotCreate, "cannot create the folder", path,
               std::strerror(errno), ""};
}

} // namespace

Status runInfer(Invocation &invocation) {
  ExecutionFlags execution;
  std::vector<std::string> words;
  std::string folder, traceFile;
  bool json = false;
  Arguments arguments;
  arguments.flags = {
      {"out-dir", 'o', "DIR", "write every output there as NAME.npy", &folder},
      {"threads", 't', "N", "threads (default: the cores that are free to use)", &execution.threads, 1, "LLMC_THREADS"},
      {"device", 0, "NAME", "auto or cpu (default: auto)", &execution.device, INT64_MIN, "LLMC_DEVICE"},
      {"trace", 0, "FILE", "write the time of every kernel for Perfetto", &traceFile},
      {"json", 0, "", "print JSON", &json},
  };
  arguments.positionals = {{"NAME=FILE.npy", "an input", &words, false}};
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  LLMC_CHECK(execution.check());

  LLMC_TRY(std::unique_ptr<LoadedModel> model,
           LoadedModel::open(invocation.file,
                             static_cast<unsigned>(execution.threads)));
  LLMC_TRY(std::unique_ptr<GraphExecutor> graph, GraphExecutor::create(*model));
  LLMC_TRY(std::vector<Tensor> inputs, readInputs(graph->program(), words));
  Trace trace(model->artifact.model());
  if (!traceFile.empty())
    graph->observer = &trace;
  int64_t begin = monotonicNow();
  LLMC_TRY(std::vector<Tensor> outputs, graph->run(inputs));
  double milliseconds = static_cast<double>(monotonicNow() - begin) / 1e6;
  if (!traceFile.empty())
    LLMC_CHECK(trace.write(traceFile));

  if (!folder.empty())
    LLMC_CHECK(makeFolder(folder));
  JsonWriter out;
  out.beginObject().member("version", 1).member("milliseconds", milliseconds);
  out.key("outputs").beginArray();
  std::string text;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string &name = graph->program().outputs[i].name;
    std::string path = folder + "/" + fileName(name);
    if (!folder.empty())
      LLMC_CHECK(writeNpy(path, outputs[i]));
    text += name + " " + shapeText(outputs[i]) +
            (folder.empty() ? "" : " " + path) + "\n";
    out.beginObject().member("name", name).member("type", elementTypeName(outputs[i].type));
    out.key("shape").beginArray();
    for (int64_t extent : outputs[i].shape)
      out.value(extent);
    out.end();
    if (!folder.empty())
      out.member("file", path);
    out.end();
  }
  out.end().end();
  return print(json ? out.text() + "\n" : text);
}

} // namespace llmc

#include "runtime/model/GraphExecutor.h"
#include "runtime/support/Json.h"
#include "runtime/support/OutputFile.h"
#include "runtime/support/TensorFile.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/LoadWords.h"
#include "runtime/verbs/OpenModel.h"
#include "runtime/verbs/Session.h"
#include "runtime/verbs/TensorWords.h"
#include "runtime/verbs/Trace.h"
#include "runtime/verbs/Verbs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <sys/stat.h>

namespace llmc {

namespace {

struct InferFlags {
  ExecutionFlags execution;
  std::vector<std::string> inputs, outputs, expected;
  std::string folder, trace;
  std::optional<double> tolerance;
  bool json = false;

  void add(Arguments &arguments) {
    arguments.flags = {
        {"out", 0, "NAME=FILE", "write an output as .npy or .pb, by the file's ending; may be given several times", &outputs},
        {"out-dir", 'o', "DIR", "write every output there as NAME.npy", &folder},
        {"expect", 'e', "NAME=FILE", "compare an output with this .npy or .pb; may be given several times", &expected},
        {"tolerance", 0, "X", "outputs may differ by X (1 + |expected|) (default: by type, 1e-4 for f32)", &tolerance, INT64_MIN, false, {}, {0}},
        {"threads", 't', "N", "threads (default: the cores that are free to use)", &execution.threads, 1, true},
        {"device", 0, "NAME", "auto, cpu, cuda or sim (default: auto)", &execution.device, INT64_MIN, true},
        {"trace", 0, "FILE", "write the time of every kernel for Perfetto", &trace},
        {"json", 0, "", "print JSON", &json},
    };
    arguments.positionals = {
        {"NAME=FILE", "an input: .npy, or .pb (ONNX TensorProto), whose own name may stand for NAME", &inputs, false}};
  }
};

/// The file of an output: names come from the model and may hold anything.
std::string fileName(const std::string &output) {
  std::string name;
  for (char c : output)
    name += c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ? '_' : c;
  if (name.empty() || name[0] == '.')
    name.insert(0, "_");
  return name.substr(0, 200);
}

Result<std::vector<Tensor>> inputsOf(const Program &program,
                                     ReadTensors &read) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < read.tensors.size(); ++i) {
    if (!read.tensors[i])
      return Error{Code::BadTensor, "an input is missing",
                   program.inputs[i].name, "no file was given for it",
                   "add " + program.inputs[i].name + "=FILE.npy"};
    tensors.push_back(*std::move(read.tensors[i]));
  }
  return tensors;
}

/// Where each output goes: any number of files.
using OutputPaths = std::vector<std::vector<std::string>>;

Result<OutputPaths> outputPaths(const Program &program,
                                const InferFlags &flags) {
  OutputPaths paths(program.outputs.size());
  for (const std::string &word : flags.outputs) {
    LLMC_TRY(TensorWord split,
             splitTensorWord(program.outputs, word, "output"));
    paths[split.index].push_back(split.path);
  }
  std::set<std::string> taken;
  for (size_t i = 0; i < paths.size() && !flags.folder.empty(); ++i) {
    std::string name = fileName(program.outputs[i].name), unique = name;
    // Different names may be the same as names of files.
    for (int n = 2; !taken.insert(unique).second; ++n)
      unique = name + "_" + std::to_string(n);
    paths[i].push_back(flags.folder + "/" + unique + ".npy");
  }
  return paths;
}

/// No output may overwrite what is read, and each needs a file of its own.
Status checkPaths(const InferFlags &flags, const OutputPaths &paths,
                  std::vector<std::string> read) {
  std::vector<std::string> written;
  for (const auto &files : paths)
    written.insert(written.end(), files.begin(), files.end());
  if (!flags.trace.empty())
    written.push_back(flags.trace);
  std::set<std::string> once;
  for (const std::string &path : written) {
    LLMC_CHECK(keepApart(path, read));
    if (!once.insert(path).second)
      return Error{Code::BadFlagValue, "two outputs go to the same file", path,
                   "the second would overwrite the first",
                   "give each a name of its own"};
  }
  return Status::ok();
}

Status makeFolder(const std::string &path) {
  if (::mkdir(path.c_str(), 0777) == 0 || errno == EEXIST)
    return Status::ok();
  return Error{Code::CannotCreate, "cannot create the folder", path,
               std::strerror(errno), "name another by --out-dir"};
}

/// What is told of an output.
struct OutputReport {
  std::vector<std::string> files;
  std::optional<TensorDifference> difference; ///< Where one was expected.
};

std::string describe(const Program &program, std::span<const Tensor> outputs,
                     std::span<const OutputReport> reports) {
  std::string text;
  for (size_t i = 0; i < outputs.size(); ++i) {
    text += program.outputs[i].name + " " + tensorTypeText(outputs[i]);
    for (const std::string &file : reports[i].files)
      text += " " + file;
    char number[32];
    if (const auto &difference = reports[i].difference) {
      std::snprintf(number, sizeof number, "%.3g", difference->largest);
      text += std::string(" differs by ") + number;
    }
    text += "\n";
  }
  return text;
}

std::string toJson(const Program &program, std::span<const Tensor> outputs,
                   std::span<const OutputReport> reports, double milliseconds) {
  JsonWriter out;
  out.beginObject().member("version", 1).member("milliseconds", milliseconds);
  out.key("outputs").beginArray();
  for (size_t i = 0; i < outputs.size(); ++i) {
    out.beginObject()
        .member("name", program.outputs[i].name)
        .member("type", elementTypeName(outputs[i].type));
    out.key("shape").beginArray();
    for (int64_t extent : outputs[i].shape)
      out.value(extent);
    out.end();
    if (!reports[i].files.empty())
      out.member("file", reports[i].files.back());
    if (const auto &difference = reports[i].difference)
      out.member("largestDifference", difference->largest)
          .member("elementsOutside", uint64_t(difference->elements));
    out.end();
  }
  return out.end().end().text() + "\n";
}

Error differs(const std::string &name, const TensorDifference &difference) {
  char number[32];
  std::snprintf(number, sizeof number, "%.3g", difference.largest);
  return {Code::OutputsDiffer, "an output is not what was expected", name,
          std::to_string(difference.elements) +
              " elements lie outside the tolerance, the first is number " +
              std::to_string(difference.first) +
              "; the largest difference is " + number,
          "check inputs and expected values, or allow more by --tolerance"};
}

} // namespace

Status runInfer(Invocation &invocation) {
  InferFlags flags;
  Arguments arguments;
  flags.add(arguments);
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  LLMC_CHECK(flags.execution.check());

  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<GraphExecutor> graph;
  auto use = [&](std::unique_ptr<LoadedModel> opened) -> Status {
    LLMC_TRY(graph, GraphExecutor::create(*opened));
    model = std::move(opened);
    return Status::ok();
  };
  LLMC_CHECK(openModel(invocation.file, flags.execution, Module::Kind::Graph, use));
  reportLoading(model->loadReport());
  const Program &program = graph->program();
  LLMC_TRY(ReadTensors given,
           readTensorWords(program.inputs, flags.inputs, "input"));
  LLMC_TRY(ReadTensors expected,
           readTensorWords(program.outputs, flags.expected, "output"));
  LLMC_TRY(std::vector<Tensor> inputs, inputsOf(program, given));
  LLMC_TRY(OutputPaths paths, outputPaths(program, flags));
  std::vector<std::string> read = {invocation.file};
  read.insert(read.end(), given.files.begin(), given.files.end());
  read.insert(read.end(), expected.files.begin(), expected.files.end());
  LLMC_CHECK(checkPaths(flags, paths, std::move(read)));
  if (!flags.folder.empty())
    LLMC_CHECK(makeFolder(flags.folder));
  for (const auto &files : paths)
    for (const std::string &path : files) {
      LLMC_CHECK(checkTensorName(path));
      LLMC_CHECK(OutputFile::check(path));
    }
  if (!flags.trace.empty())
    LLMC_CHECK(OutputFile::check(flags.trace));

  Trace trace(model->view());
  if (!flags.trace.empty())
    graph->observer = &trace;
  int64_t begin = monotonicNow();
  LLMC_TRY(std::vector<Tensor> outputs, graph->run(inputs));
  double milliseconds = static_cast<double>(monotonicNow() - begin) / 1e6;
  if (!flags.trace.empty())
    LLMC_CHECK(trace.write(flags.trace, model->loadReport()));

  std::vector<OutputReport> reports(outputs.size());
  std::optional<Error> difference;
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (const std::string &path : paths[i])
      LLMC_CHECK(writeTensor(path, outputs[i], program.outputs[i].name));
    reports[i].files = paths[i];
    if (!expected.tensors[i])
      continue;
    double tolerance =
        flags.tolerance.value_or(defaultTolerance(outputs[i].type));
    Result<TensorDifference> compared =
        compareTensors(outputs[i], *expected.tensors[i], tolerance);
    if (!compared) {
      compared.error().where = program.outputs[i].name;
      return compared.takeError();
    }
    reports[i].difference = *compared;
    if (compared->elements > 0 && !difference)
      difference = differs(program.outputs[i].name, *compared);
  }
  // With --json, stdout takes one object: the outputs or the error.
  if (difference && flags.json)
    return *std::move(difference);
  LLMC_CHECK(print(flags.json ? toJson(program, outputs, reports, milliseconds)
                              : describe(program, outputs, reports)));
  return difference ? Status(*std::move(difference)) : Status::ok();
}

} // namespace llmc

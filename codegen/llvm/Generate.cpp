/// generateKernels: cache, workers, and errors that name the kernel.
///
/// A kernel is printed as a module of its own in which its name is "kernel":
/// that text, the level and the build of the compiler are the key in the cache
/// and give the symbol its name. Workers parse the text in a context of their
/// own, so nothing of the caller's context matters to the result.
#include "codegen/Generate.h"

#include "codegen/llvm/ObjectCache.h"
#include "codegen/llvm/Workers.h"
#include "dialects/kernel/KernelDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <sched.h>

using namespace llmc;
using namespace llmc::codegen;

namespace {

/// One object to make.
struct Item {
  std::string text, level, key, symbol;
  std::string kernel; ///< The first kernel that needs it, for messages.
  std::string object;
};

} // namespace

/// The kernel alone, without locations, under the name `name`.
static std::string printAlone(mlir::func::FuncOp function,
                              llvm::StringRef name) {
  auto clone = function.clone();
  clone.setName(name);
  mlir::OpPrintingFlags flags;
  flags.useLocalScope();
  std::string text;
  llvm::raw_string_ostream stream(text);
  clone->print(stream, flags);
  clone->erase();
  return text;
}

static constexpr llvm::StringLiteral plainName = "kernel";

/// Runs in a worker.
static Result<std::string> generate(const Item &item) {
  mlir::DialectRegistry registry;
  LLMC_TRY(const Target *target, targetOfLevel(item.level));
  target->registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(item.text, &context);
  if (!module)
    return Error{Code::KernelFailed, "the kernel's text cannot be parsed", "",
                 "", ""};
  for (auto function : module->getOps<mlir::func::FuncOp>())
    function.setName(item.symbol);
  return generateHere(*module, item.level, EmitKind::Object);
}

/// Keeps the text of a kernel that failed; the file's path, or empty.
static std::string keepText(const Item &item) {
  llvm::SmallString<128> path;
  int descriptor;
  if (llvm::sys::fs::createTemporaryFile("llmc-" + item.symbol, "mlir",
                                         descriptor, path))
    return "";
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << "// level " << item.level << "\n" << item.text << "\n";
  stream.close();
  stream.clear_error();
  return path.str().str();
}

static Error failureOf(const Item &item, const WorkResult &result) {
  std::string path = keepText(item);
  return {Code::KernelFailed,
          "kernel " + item.kernel + " could not be generated for " + item.level,
          path, result.bytes,
          "this is a defect of llmc: report it with the file named above"};
}

/// Processors that this process may run on.
static unsigned availableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set))
    return 1;
  return std::max(1, CPU_COUNT(&set));
}

/// The distinct objects, and for each level and kernel which of them it is.
static std::vector<Item> listItems(mlir::ModuleOp kernels,
                                   llvm::ArrayRef<std::string> levels,
                                   std::vector<KernelObject> &objects,
                                   std::vector<size_t> &itemOf) {
  std::vector<Item> items;
  llvm::StringMap<size_t> known;
  for (const std::string &level : levels) {
    auto target = targetOfLevel(level);
    for (auto function : kernels.getOps<mlir::func::FuncOp>()) {
      if (!function->hasAttr(kernel::entryAttr))
        continue;
      Item item;
      item.text = printAlone(function, plainName);
      item.level = target ? (*target)->codeLevel(function, level).str() : level;
      item.kernel = function.getName().str();
      item.key = hashOf({item.text, item.level, ownBuildId()});
      item.symbol = "k_" + hashOf({item.text}).substr(0, 24);
      objects.push_back({item.kernel, level, item.symbol, ""});
      auto [entry, isNew] = known.try_emplace(item.key, items.size());
      itemOf.push_back(entry->second);
      if (isNew)
        items.push_back(std::move(item));
    }
  }
  return items;
}

Result<std::vector<KernelObject>> llmc::codegen::generateKernels(
    mlir::ModuleOp kernels, llvm::ArrayRef<std::string> levels,
    const GenerateOptions &options, GenerateStatistics *statistics) {
  for (const std::string &level : levels)
    if (auto target = targetOfLevel(level); !target)
      return target.takeError();
  std::vector<KernelObject> objects;
  std::vector<size_t> itemOf;
  std::vector<Item> items = listItems(kernels, levels, objects, itemOf);

  ObjectCache cache(options.cache, options.cacheFolder);
  std::vector<size_t> missing;
  for (size_t i = 0; i < items.size(); ++i)
    if (auto found = cache.find(items[i].key))
      items[i].object = std::move(*found);
    else
      missing.push_back(i);
  size_t done = items.size() - missing.size();
  if (statistics)
    *statistics = {done, missing.size()};
  auto report = [&] {
    if (options.progress)
      options.progress(done, items.size());
  };
  report();

  // Of several failures the first in order is reported, whatever the timing.
  std::vector<std::pair<size_t, WorkResult>> failures;
  unsigned jobs = options.jobs ? options.jobs : availableCores();
  LLMC_CHECK(runWorkers(
      missing.size(), jobs,
      [&](size_t i) { return generate(items[missing[i]]); },
      [&](size_t i, WorkResult result) {
        Item &item = items[missing[i]];
        ++done;
        if (result.kind == WorkResult::Kind::Done) {
          item.object = std::move(result.bytes);
          cache.insert(item.key, item.object);
        } else {
          failures.emplace_back(missing[i], std::move(result));
        }
        report();
      }));
  if (!failures.empty()) {
    auto &first = *std::min_element(
        failures.begin(), failures.end(),
        [](auto &a, auto &b) { return a.first < b.first; });
    return failureOf(items[first.first], first.second);
  }
  for (size_t i = 0; i < objects.size(); ++i)
    objects[i].object = items[itemOf[i]].object;
  return objects;
}

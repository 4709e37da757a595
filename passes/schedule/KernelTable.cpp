#include "passes/schedule/KernelTable.h"

using namespace mlir;

namespace llmc {

func::FuncOp KernelTable::get(StringRef family, ArrayRef<Type> types,
                              Body body) {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  Location loc = builder.getUnknownLoc();
  SmallVector<Type> all(types);
  all.append(2, builder.getIndexType());
  auto kernel = func::FuncOp::create(builder, loc, "kernel",
                                     builder.getFunctionType(all, {}));
  kernel->setAttr(kernel::entryAttr, builder.getUnitAttr());
  kernel->setAttr("kernel.family", builder.getStringAttr(family));
  Block *entry = kernel.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  ValueRange arguments = entry->getArguments();
  size_t count = types.size();
  body(builder, arguments.take_front(count), arguments[count],
       arguments[count + 1]);
  func::ReturnOp::create(builder, loc);

  std::string text;
  llvm::raw_string_ostream stream(text);
  kernel->print(stream);
  auto [known, isNew] = byText.try_emplace(text, kernel);
  if (!isNew) {
    kernel.erase();
    return known->second;
  }
  kernel.setSymName((family + "_" + Twine(counters[family]++)).str());
  return kernel;
}

} // namespace llmc

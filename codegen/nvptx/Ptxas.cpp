/// The assembler of a CUDA toolkit, where there is one: the run time then need
/// not compile, and what a kernel takes of the machine is known beforehand.
#include "codegen/llvm/TemporaryFile.h"
#include "codegen/nvptx/PtxModule.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llmc;
using namespace llmc::codegen;

std::string llmc::codegen::findPtxas() {
  if (const char *given = std::getenv("LLMC_PTXAS"))
    return given;
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  const char *usual = "/usr/local/cuda/bin/ptxas";
  return llvm::sys::fs::can_execute(usual) ? usual : "";
}

namespace {
/// The number before `what` in a line: `Used 40 registers`, `16 bytes spill stores`.
uint32_t numberBefore(llvm::StringRef line, llvm::StringRef what) {
  size_t at = line.find(what);
  if (at == llvm::StringRef::npos)
    return 0;
  llvm::StringRef before = line.take_front(at).rtrim();
  llvm::StringRef digits = before.take_back(
      before.size() - (before.find_last_not_of("0123456789") + 1));
  uint32_t number = 0;
  return digits.getAsInteger(10, number) ? 0 : number;
}

/// Reads what `-v` tells of each entry.
void readFigures(llvm::StringRef log, PtxModule &module) {
  struct Figures {
    uint32_t registers = 0, spills = 0;
  };
  llvm::StringMap<Figures> found;
  Figures *now = nullptr;
  while (!log.empty()) {
    auto [line, rest] = log.split('\n');
    log = rest;
    if (line.contains("Compiling entry function '"))
      now = &found[line.split('\'').second.split('\'').first];
    if (!now)
      continue;
    now->registers = std::max(now->registers, numberBefore(line, " registers"));
    now->spills = std::max(now->spills, numberBefore(line, " bytes stack frame") +
                                            numberBefore(line, " bytes spill stores") +
                                            numberBefore(line, " bytes spill loads"));
  }
  for (PtxEntry &entry : module.entries) {
    entry.registers = found[entry.symbol].registers;
    entry.spillBytes = found[entry.symbol].spills;
  }
}
} // namespace

Status llmc::codegen::assemble(PtxModule &module, const std::string &ptxas) {
  LLMC_TRY(auto input, TemporaryFile::write("ptx", module.text));
  LLMC_TRY(auto output, TemporaryFile::write("cubin", ""));
  LLMC_TRY(auto log, TemporaryFile::write("log", ""));
  llvm::StringRef words[] = {ptxas,      "-v",        "-arch", module.level,
                             input->path, "-o",        output->path};
  std::optional<llvm::StringRef> streams[] = {llvm::StringRef(), log->path.str(),
                                              log->path.str()};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(ptxas, words, std::nullopt, streams,
                                         /*SecondsToWait=*/600,
                                         /*MemoryLimit=*/0, &message);
  auto told = llvm::MemoryBuffer::getFile(log->path);
  llvm::StringRef text = told ? (*told)->getBuffer() : llvm::StringRef();
  // -1: it was not started; -2: it crashed or was ended after SecondsToWait.
  const char *what = status == -1   ? "ptxas cannot be started for the kernels of "
                     : status == -2 ? "ptxas did not end with the kernels of "
                                    : "ptxas refused the kernels of ";
  if (status != 0)
    return Error{Code::KernelFailed, what + module.level,
                 ptxas, message.empty() ? text.take_front(2000).str() : message,
                 "set LLMC_PTXAS to another ptxas, or to nothing to go without"};
  auto bytes = llvm::MemoryBuffer::getFile(output->path, /*IsText=*/false,
                                           /*RequiresNullTerminator=*/false);
  if (!bytes)
    return Error{Code::CannotRead, "what ptxas made cannot be read",
                 std::string(output->path.str()), bytes.getError().message(), ""};
  if (!(*bytes)->getBuffer().starts_with("\177ELF"))
    return Error{Code::KernelFailed, "ptxas made no cubin of the kernels of " + module.level,
                 ptxas, "it ended well, but what it wrote is no ELF file",
                 "set LLMC_PTXAS to another ptxas, or to nothing to go without"};
  module.cubin = (*bytes)->getBuffer().str();
  readFigures(text, module);
  return Status::ok();
}

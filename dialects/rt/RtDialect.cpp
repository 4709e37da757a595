#include "dialects/rt/RtDialect.h"
#include "dialects/rt/RtOps.h"

#include "dialects/rt/RtDialect.cpp.inc"
#include "dialects/rt/RtEnums.cpp.inc"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#define GET_ATTRDEF_CLASSES
#include "dialects/rt/RtAttrs.cpp.inc"

mlir::LogicalResult llmc::rt::WaitAttr::verify(
    llvm::function_ref<mlir::InFlightDiagnostic()> emitError, int64_t launch,
    int64_t mine, int64_t theirs) {
  if (launch < 0 || mine < 0 || theirs < 0 || (mine && !theirs))
    return emitError() << "(1) a wait for launch " << launch << ", " << mine
                       << " : " << theirs << " is impossible";
  return mlir::success();
}

void llmc::rt::RtDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/rt/RtAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/rt/RtOps.cpp.inc"
      >();
}

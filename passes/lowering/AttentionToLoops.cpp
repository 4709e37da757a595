#include "passes/lowering/GraphLowering.h"
namespace llmc { void populateAttention(LoweringTable &) {} }

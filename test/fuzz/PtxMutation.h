/// Damage to PTX that keeps it PTX: most damaged texts still load and run, so
/// that what executes them is reached and not only the parser.
#ifndef LLMC_TEST_FUZZ_PTXMUTATION_H
#define LLMC_TEST_FUZZ_PTXMUTATION_H

#include <random>
#include <string>

namespace llmc::fuzz {

/// A copy of \p text with one to four changes: operands swapped, registers,
/// labels and opcodes exchanged for others of the text, widths and shapes
/// changed, numbers moved to their borders, elements of vectors and whole
/// lines added and removed. \p other lends lines; it may be the same text.
std::string mutatePtx(const std::string &text, const std::string &other,
                      std::mt19937 &random);

} // namespace llmc::fuzz

#endif // LLMC_TEST_FUZZ_PTXMUTATION_H

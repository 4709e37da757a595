/// Split patterns as tables: tree, then a nondeterministic automaton whose
/// branches stand in order of preference, then the states that sets of its
/// threads make (Thompson 1968; the order after Cox, "Regular Expression
/// Matching: the Virtual Machine Approach", 2009).
#ifndef LLMC_FRONTENDS_TOKENIZER_COMPILEPATTERN_H
#define LLMC_FRONTENDS_TOKENIZER_COMPILEPATTERN_H

#include "runtime/tokenizer/SplitTable.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <string>
#include <string_view>
#include <vector>

namespace llmc::tokenizer {

/// The table of \p pattern, which translatePattern() made: it finds the matches
/// that PCRE2 finds. Empty where the pattern is none for an automaton or the
/// table would be too large; \p why then says so.
SplitTable compilePattern(std::string_view pattern, std::string &why);

/// Gives each pattern of \p model its table where it can have one, and says of
/// the others in \p notes that they are searched for at run time.
void tabulatePatterns(TokenizerModel &model, std::vector<std::string> &notes);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_COMPILEPATTERN_H

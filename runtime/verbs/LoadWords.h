/// How weights are read, in words for people and for programs.
#ifndef LLMC_RUNTIME_VERBS_LOADWORDS_H
#define LLMC_RUNTIME_VERBS_LOADWORDS_H

#include "runtime/model/WeightLoading.h"
#include "runtime/support/Json.h"

#include <string>

namespace llmc {

/// `read from the map of the file; the map gives 98 % of memory's rate`.
std::string describeLoading(const LoadReport &loading);
/// The member `load` of the object that is open.
void writeLoading(JsonWriter &json, const LoadReport &loading);
/// A line on stderr where a copy was wanted and is not there.
void reportLoading(const LoadReport &loading);

} // namespace llmc

#endif // LLMC_RUNTIME_VERBS_LOADWORDS_H

/// The filters of lists and mappings; filters() has them too.
#ifndef LLMC_RUNTIME_TEMPLATE_LISTFILTERS_H
#define LLMC_RUNTIME_TEMPLATE_LISTFILTERS_H

#include "runtime/template/Natives.h"

namespace llmc::chat {

std::span<const Native> listFilters();

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_LISTFILTERS_H

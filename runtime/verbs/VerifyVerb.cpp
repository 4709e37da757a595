#include "runtime/format/Artifact.h"
#include "runtime/support/Json.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Verbs.h"

namespace llmc {

Status runVerify(Invocation &invocation) {
  bool json = false;
  Arguments arguments;
  arguments.flags = {{"json", 0, "", "print JSON", &json}};
  LLMC_TRY(bool proceed, invocation.parse(arguments));
  if (!proceed)
    return Status::ok();
  // Opening checks all but the weights.
  LLMC_TRY(Artifact artifact, Artifact::open(invocation.file));
  uint64_t blocks = 0;
  for (size_t i = 0; i < artifact.sections().size(); ++i) {
    if (artifact.sections()[i].type == static_cast<uint32_t>(SectionType::Hashes))
      continue;
    LLMC_CHECK(artifact.checkSection(i));
    blocks += blockCount(artifact.sections()[i].size);
  }
  if (!artifact.tokenizer().empty())
    if (auto tokenizer = tokenizer::Tokenizer::load(artifact.tokenizer()); !tokenizer)
      return tokenizer.takeError();
  if (json) {
    JsonWriter out;
    out.beginObject()
        .member("version", 1)
        .member("good", true)
        .member("bytes", artifact.fileSize())
        .member("sections", uint64_t(artifact.sections().size()))
        .member("blocks", blocks);
    return print(out.end().text() + "\n");
  }
  return print("good: " + formatBytes(artifact.fileSize()) + " in " +
               std::to_string(artifact.sections().size()) + " sections, " +
               std::to_string(blocks) + " checksums match\n");
}

} // namespace llmc

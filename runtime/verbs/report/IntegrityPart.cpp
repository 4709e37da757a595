#include "runtime/verbs/report/Parts.h"

#include <cstdio>

namespace llmc::page {

namespace {

std::string hashText(const Hash128 &hash) {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high),
                static_cast<unsigned long long>(hash.low));
  return text;
}

} // namespace

Html integrityPart(const Subject &subject) {
  Html part;
  part << "<p>Every 2 MiB of a section have an XXH3-128 hash, and these have one, below. For this "
          "report all sections but the weights were compared with theirs; <code>verify</code> "
          "compares the weights too.</p>\n<div class='wide'><table><thead><tr><th>section<th "
          "class='n'>offset<th class='n'>bytes<th class='n'>alignment<th "
          "class='n'>blocks<th>hash<tbody>\n";
  const Artifact &artifact = subject.artifact;
  for (const SectionEntry &section : artifact.sections()) {
    std::string name(sectionTypeName(section.type));
    for (const KernelImage &image : subject.model().images)
      if (&section == &artifact.sections()[image.section])
        name += " " + shorten(image.level, 40);
    part << "<tr><td>" << name << "<td class='n'>" << count(section.offset) << "<td class='n'>"
         << count(section.size) << "<td class='n'>" << count(section.alignment) << "<td class='n'>"
         << count(blockCount(section.size)) << "<td><code>" << hashText(section.root)
         << "</code>\n";
  }
  part << "</table></div>\n";
  return part;
}

} // namespace llmc::page

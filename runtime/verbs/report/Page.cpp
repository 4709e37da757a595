#include "runtime/verbs/Verbs.h"
#include "runtime/verbs/report/Parts.h"
#include "runtime/verbs/report/Style.h"

#include <ranges>

namespace llmc::page {

std::string writePage(const Subject &subject) {
  struct Section {
    Markup id, title;
    Html (*part)(const Subject &);
  };
  const Section sections[] = {
      {"overview", "Overview", overviewPart}, {"programs", "Specialisations", programsPart},
      {"sizes", "Sizes", sizePart},           {"kernels-of", "Kernels", kernelPart},
      {"schedule", "Schedule", schedulePart}, {"memory", "Memory", memoryPart},
      {"devices", "GPUs", devicePart},        {"text", "Text", textPart},
      {"integrity", "Hashes", integrityPart},
  };
  auto isShown = [&](const Section &section) {
    return section.part != devicePart || !subject.model().devices.empty();
  };
  std::string name = shorten(subject.model().name.empty() ? subject.fileName : subject.model().name);
  Html page;
  // Nothing is loaded and no script runs, whatever a name may say.
  page << "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n<meta "
          "http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src "
          "'unsafe-inline'\">\n<meta name='viewport' "
          "content='width=device-width, initial-scale=1'>\n<title>"
       << name << " – llmc report</title>\n<style>" << Markup(style)
       << "</style>\n</head>\n<body>\n<header><h1>" << name << "</h1>\n<p class='lead-in'><code>"
       << shorten(subject.fileName) << "</code></p></header>\n<nav aria-label='Contents'>\n";
  for (const Section &section : sections | std::views::filter(isShown))
    page << "<a href='#" << section.id << "'>" << section.title << "</a>\n";
  page << "</nav>\n<main>\n";
  for (const Section &section : sections | std::views::filter(isShown))
    page << "<section id='" << section.id << "'>\n<h2>" << section.title << "</h2>\n"
         << section.part(subject) << "</section>\n";
  page << "</main>\n<footer>" << std::string(versionText)
       << " inspect --report</footer>\n</body>\n</html>\n";
  return page.text();
}

} // namespace llmc::page

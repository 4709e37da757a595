#include "runtime/verbs/Console.h"
#include "runtime/verbs/report/Parts.h"
#include "runtime/verbs/report/Treemap.h"

#include <algorithm>
#include <map>
#include <set>

namespace llmc::page {

namespace {

/// Weights of one shape and use.
struct WeightGroup {
  std::string role;    ///< The operators that read them.
  std::string kernels; ///< Likewise.
  const Weight *first = nullptr;
  size_t number = 0;
  uint64_t bytes = 0;
};

std::string joined(const std::set<std::string> &texts, size_t most) {
  std::string text;
  for (const std::string &part : texts) {
    if (most-- == 0)
      return text + " …";
    text += (text.empty() ? "" : ", ") + part;
  }
  return text;
}

/// Largest first.
std::vector<WeightGroup> groupWeights(const Model &model) {
  std::vector<std::set<std::string>> roles(model.weights.size()), kernels(model.weights.size());
  for (const Module &module : model.modules)
    for (const Program &program : module.programs)
      for (const Launch &launch : program.launches)
        for (BufferId id : launch.buffers)
          if (const Buffer &buffer = program.buffers[id]; buffer.space == Buffer::Space::Weight) {
            const Kernel &kernel = model.kernels[launch.kernel];
            roles[buffer.index].insert(kernel.op.empty() ? kernel.name : kernel.op);
            kernels[buffer.index].insert(kernel.name);
          }
  std::map<std::string, WeightGroup> groups;
  for (size_t i = 0; i < model.weights.size(); ++i) {
    const Weight &weight = model.weights[i];
    std::string role = roles[i].empty() ? "not used" : joined(roles[i], 4);
    std::string key = role + ";" + joined(kernels[i], 8) + ";" + weight.layout + ";" +
                      std::string(elementTypeName(weight.type));
    for (int64_t extent : weight.shape)
      key += "," + std::to_string(extent);
    WeightGroup &group = groups[key];
    if (!group.first) {
      group.role = role;
      group.kernels = joined(kernels[i], 8);
      group.first = &weight;
    }
    ++group.number;
    group.bytes += weight.bytes;
  }
  std::vector<WeightGroup> list;
  for (auto &[key, group] : groups)
    list.push_back(group);
  std::stable_sort(list.begin(), list.end(),
                   [](const WeightGroup &a, const WeightGroup &b) { return a.bytes > b.bytes; });
  return list;
}

/// A part of the file.
struct Piece {
  std::string name;
  std::string what;
  uint64_t bytes = 0;
  std::string colour; ///< A class of the style.
};

/// All of the file but the weights' own groups, in its order.
std::vector<Piece> filePieces(const Artifact &artifact) {
  const Model &model = artifact.model();
  std::vector<Piece> pieces;
  uint64_t known = 0;
  for (const SectionEntry &section : artifact.sections()) {
    std::string name(sectionTypeName(section.type)), what, colour = "other";
    for (const KernelImage &image : model.images)
      if (&section == &artifact.sections()[image.section]) {
        name += " " + shorten(image.level, 40);
        what = count(model.kernels.size()) + " kernels";
      }
    switch (static_cast<SectionType>(section.type)) {
    case SectionType::Stub:
      what = "the program that runs the model", colour = "stub";
      break;
    case SectionType::Header:
      what = "schedule, memory plan, names", colour = "header";
      break;
    case SectionType::Tokenizer:
      colour = "tokenizer";
      break;
    case SectionType::Kernels:
      colour = "kernels";
      break;
    case SectionType::Weights:
      what = count(model.weights.size()) + " tensors", colour = "weights";
      break;
    case SectionType::Hashes:
      what = "16 bytes for each 2 MiB";
      break;
    default:
      break;
    }
    pieces.push_back({name, what, section.size, colour});
    known += section.size;
  }
  uint64_t frame = artifact.sections().size() * sizeof(SectionEntry) + sizeof(Trailer);
  pieces.push_back({"section table and trailer", "", frame, "other"});
  pieces.push_back({"alignment", "zeros between sections", artifact.fileSize() - known - frame, "other"});
  return pieces;
}

/// The file as areas, weights by group.
Html drawFile(const std::vector<Piece> &pieces, const std::vector<WeightGroup> &groups) {
  std::vector<Piece> leaves;
  for (const Piece &piece : pieces) {
    if (piece.colour != "weights") {
      leaves.push_back(piece);
      continue;
    }
    uint64_t rest = piece.bytes;
    for (size_t i = 0; i < std::min(groups.size(), mostRows); ++i) {
      const WeightGroup &group = groups[i];
      if (group.bytes > rest)
        break;
      leaves.push_back({group.role, count(group.number) + " × " + shorten(group.first->name, 40),
                        group.bytes, "weights"});
      rest -= group.bytes;
    }
    leaves.push_back({"weights", "others and alignment", rest, "weights"});
  }
  std::vector<uint64_t> sizes;
  for (const Piece &leaf : leaves)
    sizes.push_back(leaf.bytes);
  std::vector<Box> boxes = treemap(sizes, {0, 0, 900, 300});
  Html svg;
  svg << "<svg class='treemap' role='img' aria-label='Sizes in the file' viewBox='0 0 900 300'>\n";
  for (size_t i = 0; i < leaves.size(); ++i) {
    const Box &box = boxes[i];
    if (box.width < 0.05 || box.height < 0.05)
      continue;
    std::string size = formatBytes(leaves[i].bytes);
    std::string name = shorten(leaves[i].name, 60);
    svg << "<g class='" << leaves[i].colour << "'><title>" << name
        << (leaves[i].what.empty() ? std::string() : ": " + leaves[i].what) << ", " << size
        << "</title><rect x='" << formatReal(box.x, 2) << "' y='" << formatReal(box.y, 2)
        << "' width='" << formatReal(box.width, 2) << "' height='" << formatReal(box.height, 2)
        << "'/>";
    double most = (box.width - 12) / 7; // characters
    if (most >= 5 && box.height >= 20) {
      svg << "<text x='" << place(box.x + 7) << "' y='" << place(box.y + 16) << "'>"
          << (double(name.size()) <= most ? name : shorten(name, size_t(most) - 1)) << "</text>";
      if (box.height >= 36 && double(size.size()) <= most)
        svg << "<text class='size' x='" << place(box.x + 7) << "' y='" << place(box.y + 31) << "'>"
            << size << "</text>";
    }
    svg << "</g>\n";
  }
  svg << "</svg>\n";
  return svg;
}

Html shareCell(uint64_t bytes, uint64_t all, const std::string &colour) {
  double share = all ? double(bytes) / double(all) : 0;
  Html cell;
  cell << "<td class='n'>" << percent(share) << "<td class='bar'><span class='track'><span class='fill "
       << colour << "' style='width:" << formatReal(100 * share, 2) << "%'></span></span>";
  return cell;
}

Html weightTable(const Model &model, const std::vector<WeightGroup> &groups) {
  uint64_t all = 0;
  for (const Weight &weight : model.weights)
    all += weight.bytes;
  Html table;
  table << "<h3>Weights</h3>\n<div class='wide'><table><thead><tr><th>read by<th>kernels<th "
           "class='n'>tensors<th>each<th>layout<th class='n'>bytes<th class='n'>share<th><tbody>\n";
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i == mostRows) {
      table << "<tr><td colspan='8'>" << count(groups.size() - i)
            << " smaller groups; <code>inspect --weights</code> lists all.\n";
      break;
    }
    const WeightGroup &group = groups[i];
    std::string shape(elementTypeName(group.first->type));
    for (size_t d = 0; d < group.first->shape.size(); ++d)
      shape += (d ? ", " : "[") + std::to_string(group.first->shape[d]);
    shape += group.first->shape.empty() ? "" : "]";
    table << "<tr><td>" << shorten(group.role) << "<td><code>" << shorten(group.kernels)
          << "</code><td class='n' title='the first is " << shorten(group.first->name) << "'>"
          << count(group.number) << "<td><code>" << shorten(shape, 60) << "</code><td>"
          << shorten(group.first->layout, 40) << "<td class='n'>" << formatBytes(group.bytes)
          << shareCell(group.bytes, all, "weights") << "\n";
  }
  table << "</table></div>\n";
  return table;
}

} // namespace

Html sizePart(const Subject &subject) {
  const Artifact &artifact = subject.artifact;
  std::vector<Piece> pieces = filePieces(artifact);
  std::vector<WeightGroup> groups = groupWeights(subject.model());
  Html part;
  part << "<figure>" << drawFile(pieces, groups)
       << "</figure>\n<div class='wide'><table id='file-sizes'><thead><tr><th>part<th>what<th "
          "class='n'>bytes<th class='n'>size<th class='n'>share<th><tbody>\n";
  for (const Piece &piece : pieces)
    part << "<tr><td>" << shorten(piece.name) << "<td class='note'>" << piece.what
         << "<td class='n' data-bytes='" << std::to_string(piece.bytes) << "'>"
         << count(piece.bytes) << "<td class='n'>" << formatBytes(piece.bytes)
         << shareCell(piece.bytes, artifact.fileSize(), piece.colour) << "\n";
  part << "<tfoot><tr><th>the file<td><td class='n'>" << count(artifact.fileSize())
       << "<td class='n'>" << formatBytes(artifact.fileSize()) << "<td class='n'>"
       << percent(1) << "<td></table></div>\n";
  if (!groups.empty())
    part << weightTable(subject.model(), groups);
  return part;
}

} // namespace llmc::page

/// A TemplateModel as bytes: the chat template's section of model.bin.
///
/// Little endian, no padding. A string is a u32 length and its bytes, a list a
/// u32 count and its elements:
///
///   "LCHT" u32 version, string source, string refusal, string reason
///   strings: list of strings
///   nodes: list of (u8 kind, u32 line, u32 text, i64 number,
///                   list of u32 children)
///   special tokens: list of (string name, string text)
#ifndef LLMC_RUNTIME_TEMPLATE_TEMPLATEFORMAT_H
#define LLMC_RUNTIME_TEMPLATE_TEMPLATEFORMAT_H

#include "runtime/support/Error.h"
#include "runtime/template/TemplateModel.h"

#include <cstddef>
#include <span>
#include <vector>

namespace llmc::chat {

/// Written in front; a reader takes exactly its own version.
inline constexpr uint32_t templateVersion = 1;
/// Deeper trees are refused.
inline constexpr uint32_t maxTemplateDepth = 400;

/// The bytes of \p model: the same model gives the same bytes.
std::vector<std::byte> serializeTemplate(const TemplateModel &model);

/// Reads untrusted bytes; allocates no more than a small multiple of them. What
/// it returns has passed checkTemplate(). Errors: ArtifactVersion,
/// ArtifactDamaged.
Result<TemplateModel> parseTemplate(std::span<const std::byte> bytes);

/// What must hold of a template before it is rendered:
///  1. children stand before their node, and no node is deeper than
///     maxTemplateDepth;
///  2. each node has the number and kinds of children that its kind says, and
///     only statements stand where statements are executed;
///  3. texts and names are strings of the table, and valid UTF-8;
///  4. filters and tests are known by name;
///  5. macros stand outside of loops and macros, break and continue within a
///     loop;
///  6. either there are nodes or there is a refusal.
/// Error: BadTemplate.
Status checkTemplate(const TemplateModel &model);

} // namespace llmc::chat

#endif // LLMC_RUNTIME_TEMPLATE_TEMPLATEFORMAT_H

/// Vocabularies that are plain lists: BERT's vocab.txt, tiktoken's ranks and
/// the list of RWKV's "world" models.
#ifndef LLMC_FRONTENDS_TOKENIZER_VOCABULARYFILES_H
#define LLMC_FRONTENDS_TOKENIZER_VOCABULARYFILES_H

#include "runtime/support/Error.h"
#include "runtime/tokenizer/TokenizerModel.h"

#include <optional>
#include <string>
#include <string_view>

namespace llmc::tokenizer {

/// What tokenizer_config.json says of a BERT; the defaults are the library's.
struct BertSettings {
  bool lowercase = true;
  bool spaceCjk = true;
  std::optional<bool> stripAccents; ///< Where it says nothing: as lowercase.
};

/// WordPiece from one token a line; the line is the id. [CLS] and [SEP] are put
/// around a text where there are such tokens.
/// Errors: BadTokenizer.
Result<TokenizerModel> readBertVocabulary(std::string_view text,
                                          const BertSettings &settings,
                                          const std::string &file);
/// The WordPiece of \p tokens (spelled as in vocab.txt), some of which may be
/// empty. Errors: BadTokenizer.
Result<TokenizerModel> bertModel(std::vector<std::string> tokens,
                                 const BertSettings &settings,
                                 const std::string &file);

/// Byte-level BPE from "<base64> <rank>" a line, of which the file's name says
/// the encoding ("cl100k_base.tiktoken").
/// Errors: BadTokenizer; UnsupportedTokenizer where the name is not known.
Result<TokenizerModel> readTiktoken(std::string_view text,
                                    const std::string &file);

/// Longest match from "<id> <Python literal> <bytes>" a line.
/// Errors: BadTokenizer.
Result<TokenizerModel> readRwkvVocabulary(std::string_view text,
                                          const std::string &file);

} // namespace llmc::tokenizer

#endif // LLMC_FRONTENDS_TOKENIZER_VOCABULARYFILES_H

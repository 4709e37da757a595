/// The vocabularies of the shared test data and the pairs that go with each.
#ifndef LLMC_TEST_UNIT_TOKENIZER_CONFORMANCEVOCABULARIES_H
#define LLMC_TEST_UNIT_TOKENIZER_CONFORMANCEVOCABULARIES_H

#include <utility>
#include <vector>

namespace llmc::tokenizer {

using Names = std::vector<const char *>;

struct Vocabulary {
  const char *folder;
  const char *file;
  const char *kind;
  Names iree;   ///< Models of iree-golden that use it.
  Names inpOut; ///< Stems of llama.cpp's pairs.
  /// Texts, and the JSON files with their ids.
  std::vector<std::pair<const char *, const char *>> texts = {};
};

// Models of iree-golden whose vocabulary and template are in the data.
inline const Names gpt2Models = {"EleutherAI/gpt-j-6b",
                                 "EleutherAI/gpt-neo-1.3B",
                                 "EleutherAI/gpt-neo-125M",
                                 "cerebras/Cerebras-GPT-1.3B",
                                 "cerebras/Cerebras-GPT-111M",
                                 "distilbert/distilgpt2",
                                 "gpt2",
                                 "tiktoken/r50k_base"};
inline const Names bertModels = {
    "BAAI/bge-base-en-v1.5",
    "BAAI/bge-large-en-v1.5",
    "BAAI/bge-small-en-v1.5",
    "ProsusAI/finbert",
    "Salesforce/blip-image-captioning-base",
    "Salesforce/blip-image-captioning-large",
    "YituTech/conv-bert-base",
    "bert-base-uncased",
    "distilbert/distilbert-base-uncased",
    "funnel-transformer/small",
    "google-bert/bert-large-uncased",
    "google/electra-base-discriminator",
    "google/mobilebert-uncased",
    "huawei-noah/TinyBERT_General_4L_312D",
    "intfloat/e5-base-v2",
    "intfloat/e5-large",
    "intfloat/e5-small-v2",
    "jinaai/jina-embeddings-v2-base-en",
    "jinaai/jina-embeddings-v2-small-en",
    "mixedbread-ai/mxbai-embed-large-v1",
    "nomic-ai/nomic-embed-text-v1.5",
    "sentence-transformers/all-MiniLM-L12-v2",
    "sentence-transformers/all-MiniLM-L6-v2",
    "sentence-transformers/multi-qa-MiniLM-L6-cos-v1",
    "sentence-transformers/multi-qa-distilbert-cos-v1",
    "sentence-transformers/paraphrase-MiniLM-L6-v2",
    "squeezebert/squeezebert-uncased",
    "thenlper/gte-base",
    "thenlper/gte-large",
    "thenlper/gte-small"};
inline const Names neoxModels = {
    "EleutherAI/gpt-neox-20b", "EleutherAI/pythia-1.4b",
    "EleutherAI/pythia-410m", "EleutherAI/pythia-6.9b",
    "togethercomputer/RedPajama-INCITE-7B-Base"};
inline const Names llamaModels = {
    "NousResearch/Llama-2-7b-hf", "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
    "llava-hf/llava-1.5-7b-hf", "llava-hf/llava-1.5-13b-hf"};
inline const Names phi3Models = {"microsoft/Phi-3-mini-4k-instruct"};
inline const Names robertaModels = {
    "FacebookAI/roberta-base",
    "FacebookAI/roberta-large",
    "allenai/biomed_roberta_base",
    "allenai/longformer-base-4096",
    "allenai/longformer-large-4096",
    "facebook/bart-base",
    "microsoft/codebert-base",
    "sentence-transformers/all-distilroberta-v1",
    "sentence-transformers/stsb-roberta-base-v2"};
inline const Names clipModels = {
    "laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    "laion/CLIP-ViT-bigG-14-laion2B-39B-b160k", "openai/clip-vit-base-patch16",
    "openai/clip-vit-base-patch32", "openai/clip-vit-large-patch14-336"};
inline const Names falconModels = {"tiiuae/falcon-40b", "tiiuae/falcon-7b"};

inline const std::vector<Vocabulary> vocabularies = {
    {"rten-reftests/models/gpt2",
     "tokenizer.json",
     "byte-level BPE",
     gpt2Models,
     {"ggml-vocab-gpt-2.gguf"},
     {{"monty-python-credits.txt", "monty-python-credits-gpt2.json"}}},
    {"rten-reftests/models/bert-base-uncased",
     "vocab.txt",
     "WordPiece",
     bertModels,
     {},
     {{"monty-python-credits.txt",
       "monty-python-credits-bert-base-uncased.json"},
      {"Metal_umlaut.txt", "Metal_umlaut-bert-base-uncased.json"}}},
    {"gpt-neox-20b", "tokenizer.json", "byte-level BPE", neoxModels, {}},
    {"ort-ext/llama2",
     "tokenizer.json",
     "SentencePiece BPE",
     llamaModels,
     {"ggml-vocab-llama-spm.gguf"}},
    {"llama2",
     "tokenizer.model",
     "SentencePiece BPE",
     llamaModels,
     {"ggml-vocab-llama-spm.gguf"}},
    {"ort-ext/phi-3-mini",
     "tokenizer.json",
     "SentencePiece BPE",
     phi3Models,
     {}},
    {"ort-ext/roberta-base",
     "tokenizer.json",
     "byte-level BPE",
     robertaModels,
     {}},
    {"ort-ext/clip", "tokenizer.json", "BPE with </w>", clipModels, {}},
    {"ort-ext/added-tokens", "tokenizer.json", "SentencePiece BPE", {}, {}},
    {"llama.cpp-vocab",
     "ggml-vocab-gpt-2.gguf",
     "byte-level BPE",
     gpt2Models,
     {"ggml-vocab-gpt-2.gguf"}},
    {"llama.cpp-vocab",
     "ggml-vocab-falcon.gguf",
     "byte-level BPE",
     falconModels,
     {"ggml-vocab-falcon.gguf"}},
    {"llama.cpp-vocab",
     "ggml-vocab-deepseek-llm.gguf",
     "byte-level BPE",
     {},
     {"ggml-vocab-deepseek-llm.gguf"}},
    {"llama.cpp-vocab",
     "ggml-vocab-gpt-neox.gguf",
     "byte-level BPE",
     neoxModels,
     {}},
    {"llama.cpp-vocab",
     "ggml-vocab-llama-spm.gguf",
     "SentencePiece BPE",
     llamaModels,
     {"ggml-vocab-llama-spm.gguf"}},
    {"llama.cpp-vocab",
     "ggml-vocab-bert-bge.gguf",
     "WordPiece",
     bertModels,
     {"ggml-vocab-bert-bge.gguf"}},
    {"sentencepiece", "test_model.model", "SentencePiece unigram", {}, {}},
    {"rwkv-world", "rwkv_vocab_v20230424.txt", "longest match", {}, {}},
    // Made from the vocabulary of GPT-2, which it is.
    {"", "r50k_base.tiktoken", "tiktoken", {"tiktoken/r50k_base"}, {}},
};

} // namespace llmc::tokenizer

#endif // LLMC_TEST_UNIT_TOKENIZER_CONFORMANCEVOCABULARIES_H

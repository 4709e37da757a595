#include "compiler/Recognition.h"

#include "dialects/llm/LlmOps.h"
#include "dialects/onnx/OnnxOps.h"
#include "passes/support/OnnxMatch.h"

using namespace mlir;

namespace llmc {

int64_t countAttention(ModuleOp module) {
  int64_t count = 0;
  module.walk([&](Operation *op) {
    auto softmax = dyn_cast<onnx::SoftmaxOp>(op);
    bool scores = softmax && rankedType(softmax.getResult()) &&
                  rankedType(softmax.getResult()).getRank() >= 3;
    count += scores || isa<onnx::AttentionOp, onnx::MultiHeadAttentionOp,
                           onnx::GroupQueryAttentionOp>(op);
  });
  return count;
}

std::vector<Recognised> recognised(ModuleOp module, int64_t attentionTotal) {
  int64_t attention = 0, rope = 0, rms = 0, layer = 0, caches = 0, linear = 0,
          embedding = 0, plainNorms = 0, plainLinears = 0;
  module.walk([&](Operation *op) {
    if (auto found = dyn_cast<llm::AttentionOp>(op)) {
      ++attention;
      rope += isa_and_nonnull<llm::RopeOp>(found.getQuery().getDefiningOp());
    }
    caches += isa<llm::KvAppendOp>(op);
    rms += isa<llm::RmsNormOp>(op);
    layer += isa<llm::LayerNormOp>(op);
    linear += isa<llm::LinearOp>(op);
    embedding += isa<llm::EmbeddingOp>(op);
    plainNorms += isa<onnx::ReduceMeanOp, onnx::RmsNormalizationOp,
                      onnx::LayerNormalizationOp>(op);
    auto product = dyn_cast<onnx::MatMulOp>(op);
    plainLinears += product && isWeight(product.getRhs());
  });
  std::vector<Recognised> list;
  list.push_back({"attention", attention, std::max(attention, attentionTotal)});
  if (rope > 0)
    list.push_back({"rope", rope, attention});
  if (rms > 0 || layer == 0)
    list.push_back({"rms_norm", rms, rms + plainNorms});
  if (layer > 0)
    list.push_back({"layer_norm", layer, layer + (rms > 0 ? 0 : plainNorms)});
  list.push_back({"kv cache", caches, std::max(attention, attentionTotal)});
  list.push_back({"linear", linear, linear + plainLinears});
  list.push_back({"embedding", embedding, std::max<int64_t>(embedding, 1)});
  return list;
}

} // namespace llmc

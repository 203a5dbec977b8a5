// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include "text/tokenizer_base.h"

namespace hearth::text {

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const format::Gguf& gguf) {
  Vocab vocab = TRY(load_vocab(gguf));
  switch (vocab.model) {
    case VocabModel::spm: return make_spm(std::move(vocab));
    case VocabModel::bpe: return make_bpe(gguf, std::move(vocab));
    default: break;
  }
  return fail(ErrorCode::unsupported, "{}: tokenizer.ggml.model \"{}\" is not supported yet",
              gguf.file_name(), vocab.model_name);
}

}  // namespace hearth::text

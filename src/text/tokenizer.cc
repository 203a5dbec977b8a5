// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include "text/tokenizer_base.h"

namespace hearth::text {

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const format::Gguf& gguf) {
  Vocab vocab = TRY(load_vocab(gguf));
  switch (vocab.model) {
    case VocabModel::spm:
      return make_spm(std::move(vocab));
    case VocabModel::bpe:
      return make_bpe(gguf, std::move(vocab));
    case VocabModel::wordpiece:
      return make_wordpiece(std::move(vocab));
    case VocabModel::unigram:
      return make_unigram(gguf, std::move(vocab));
    case VocabModel::rwkv:
      return make_rwkv(std::move(vocab));
    case VocabModel::plamo2:
      return make_plamo(gguf, std::move(vocab));
  }
  return fail(ErrorCode::unsupported, "{}: unknown kind of tokenizer", gguf.file_name());
}

}  // namespace hearth::text

// SPDX-License-Identifier: Apache-2.0
//
// Special tokens of a vocabulary: the ids that the metadata names, and the ones that converters
// forgot to name and llama.cpp recognises by their spelling (src/llama-vocab.cpp,
// llama_vocab::impl::load). Where llama.cpp goes through a hash table, and so takes candidates in
// no order, the lowest id wins.
#include <algorithm>
#include <array>
#include <initializer_list>

#include "text/vocab.h"

namespace hearth::text {
namespace {

using Spellings = std::initializer_list<std::string_view>;

bool contains_any(std::string_view text, Spellings parts) {
  return std::ranges::any_of(parts, [text](std::string_view part) { return text.contains(part); });
}

std::uint16_t& attribute_of(Vocab& vocab, TokenId id) {
  return vocab.attributes[static_cast<std::size_t>(id)];
}

struct NamedId {
  std::string_view key;
  TokenId Vocab::* id;
};

// The last three are older names that files still carry.
constexpr NamedId kNamedIds[] = {
    {"tokenizer.ggml.bos_token_id", &Vocab::bos},
    {"tokenizer.ggml.eos_token_id", &Vocab::eos},
    {"tokenizer.ggml.eot_token_id", &Vocab::eot},
    {"tokenizer.ggml.eom_token_id", &Vocab::eom},
    {"tokenizer.ggml.unknown_token_id", &Vocab::unknown},
    {"tokenizer.ggml.seperator_token_id", &Vocab::separator},
    {"tokenizer.ggml.padding_token_id", &Vocab::padding},
    {"tokenizer.ggml.mask_token_id", &Vocab::mask},
    {"tokenizer.ggml.fim_pre_token_id", &Vocab::fim_prefix},
    {"tokenizer.ggml.fim_suf_token_id", &Vocab::fim_suffix},
    {"tokenizer.ggml.fim_mid_token_id", &Vocab::fim_middle},
    {"tokenizer.ggml.fim_pad_token_id", &Vocab::fim_pad},
    {"tokenizer.ggml.fim_rep_token_id", &Vocab::fim_repository},
    {"tokenizer.ggml.fim_sep_token_id", &Vocab::fim_separator},
    {"tokenizer.ggml.prefix_token_id", &Vocab::fim_prefix},
    {"tokenizer.ggml.suffix_token_id", &Vocab::fim_suffix},
    {"tokenizer.ggml.middle_token_id", &Vocab::fim_middle},
};

// An id beyond the vocabulary never stands: the default goes, and one from the file is passed over.
Result<void> read_named_ids(const format::Gguf& gguf, Vocab& vocab) {
  for (const NamedId& named : kNamedIds) {
    TokenId& id = vocab.*named.id;
    if (id != kNoToken && static_cast<std::size_t>(id) >= vocab.size()) id = kNoToken;
    const auto stored = TRY(gguf.get_uint(named.key));
    if (stored && *stored < vocab.size()) id = static_cast<TokenId>(*stored);
  }
  return {};
}

Result<void> read_suppressed(const format::Gguf& gguf, Vocab& vocab) {
  const auto ids = TRY(gguf.get_int_array("tokenizer.ggml.suppress_tokens"));
  for (std::size_t i = 0; ids && i < ids->size(); ++i) {
    const std::int64_t id = ids->int_at(i);
    if (id >= 0 && static_cast<std::size_t>(id) < vocab.size())
      vocab.suppressed.push_back(static_cast<TokenId>(id));
  }
  return {};
}

Result<void> read_additions(const format::Gguf& gguf, Vocab& vocab) {
  vocab.add_bos = TRY(gguf.get_bool("tokenizer.ggml.add_bos_token"))
  .value_or(vocab.add_bos);
  vocab.add_eos = TRY(gguf.get_bool("tokenizer.ggml.add_eos_token"))
  .value_or(vocab.add_eos);
  if (vocab.pre && vocab.pre->gemma4) vocab.add_bos = true;  // llama.cpp pull request 21500
  vocab.lower_case = TRY(gguf.get_bool("tokenizer.ggml.normalizer.lowercase"))
  .value_or(vocab.lower_case);
  vocab.strip_accents = TRY(gguf.get_bool("tokenizer.ggml.normalizer.strip_accents"))
  .value_or(vocab.lower_case);
  return {};
}

struct SpelledRole {
  TokenId Vocab::* id;
  std::array<std::string_view, 12> spellings;
};

constexpr SpelledRole kSpelledRoles[] = {
    {&Vocab::eot,
     {"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>",
      "<EOT>", "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>"}},
    {&Vocab::eom, {"<|eom_id|>"}},
    {&Vocab::fim_prefix,
     {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
      "<|code_prefix|>", "<|prefix|>"}},
    {&Vocab::fim_suffix,
     {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
      "<|code_suffix|>", "<|suffix|>"}},
    {&Vocab::fim_middle,
     {"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>",
      "<|code_middle|>", "<|middle|>"}},
    {&Vocab::fim_pad, {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
    {&Vocab::fim_repository,
     {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
    {&Vocab::fim_separator, {"<|file_sep|>"}},
};

void recognise_roles(Vocab& vocab) {
  for (const SpelledRole& role : kSpelledRoles) {
    if (vocab.*role.id != kNoToken) continue;
    TokenId lowest = kNoToken;
    for (const std::string_view spelling : role.spellings) {
      const TokenId id = spelling.empty() ? kNoToken : vocab.find(spelling);
      if (id != kNoToken && (lowest == kNoToken || id < lowest)) lowest = id;
    }
    if (lowest == kNoToken) continue;
    vocab.*role.id = lowest;
    attribute_of(vocab, lowest) |= kAttrControl;
  }
}

// Control tokens that only fill the vocabulary up.
void mark_unused(Vocab& vocab) {
  for (std::size_t i = 0; i < vocab.size(); ++i) {
    if ((vocab.attributes[i] & kAttrControl) && vocab.spelled.at(i).contains("unused"))
      vocab.attributes[i] |= kAttrUnused;
  }
}

constexpr std::string_view kEndSpellings[] = {"<|eot_id|>",
                                              "<|im_end|>",
                                              "<|end|>",
                                              "<|return|>",
                                              "<|call|>",
                                              "<|flush|>",
                                              "<|calls|>",
                                              "<end_of_turn>",
                                              "<|endoftext|>",
                                              "</s>",
                                              "<|eom_id|>",
                                              "<EOT>",
                                              "_<EOT>",
                                              "[EOT]",
                                              "[EOS]",
                                              "<|end_of_text|>",
                                              "<end_of_utterance>",
                                              "<eos>",
                                              "<turn|>",
                                              "<|tool_response>",
                                              "<｜end▁of▁sentence｜>",
                                              "[e~["};

class EndSet {
 public:
  explicit EndSet(Vocab& vocab) : vocab_(vocab) {}

  void add(TokenId id) {
    if (id != kNoToken && !has(id)) vocab_.end_of_generation.push_back(id);
  }
  bool has(TokenId id) const {
    return std::ranges::find(vocab_.end_of_generation, id) != vocab_.end_of_generation.end();
  }
  bool has(std::string_view spelling) const {
    const TokenId id = vocab_.find(spelling);
    return id != kNoToken && has(id);
  }
  void remove(std::string_view spelling, std::uint16_t new_attribute) {
    const TokenId id = vocab_.find(spelling);
    std::erase(vocab_.end_of_generation, id);
    attribute_of(vocab_, id) = new_attribute;
  }

 private:
  Vocab& vocab_;
};

void collect_ends(Vocab& vocab) {
  EndSet ends(vocab);
  ends.add(vocab.fim_pad);
  ends.add(vocab.fim_repository);
  ends.add(vocab.fim_separator);
  for (const std::string_view spelling : kEndSpellings) {
    const TokenId id = vocab.find(spelling);
    if (id == kNoToken) continue;
    ends.add(id);
    attribute_of(vocab, id) |= kAttrControl;
  }
  // gpt-oss's channel marks are always rendered.
  for (const std::string_view spelling :
       {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"}) {
    if (const TokenId id = vocab.find(spelling); id != kNoToken)
      attribute_of(vocab, id) = kAttrUserDefined;
  }
  ends.add(vocab.eos);
  ends.add(vocab.eot);
  ends.add(vocab.eom);

  // Where a model has finer marks, <|end|> ends one message but not the turn.
  const bool calls = ends.has("<|call|>") || ends.has("<|calls|>");
  if (calls && ends.has("<|end|>") && (ends.has("<|return|>") || ends.has("<|flush|>")))
    ends.remove("<|end|>", kAttrUserDefined);
  // Gemma 4 and PLaMo write </s> as text.
  if (ends.has("</s>") && (ends.has("<|tool_response>") || ends.has("<|plamo:eos|>")))
    ends.remove("</s>", kAttrNormal);
  std::ranges::sort(vocab.end_of_generation);
}

void set_attribute(Vocab& vocab, std::string_view spelling, std::uint16_t bit, bool value) {
  const TokenId id = vocab.find(spelling);
  if (id == kNoToken) return;
  std::uint16_t& attribute = attribute_of(vocab, id);
  attribute = static_cast<std::uint16_t>(value ? attribute | bit : attribute & ~bit);
}

// Which special tokens eat white space is in no metadata: llama.cpp knows it by the model's name.
Result<void> set_stripping(const format::Gguf& gguf, Vocab& vocab) {
  std::string name(TRY(gguf.get_string("general.name")).value_or(""));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const std::string_view architecture = TRY(gguf.get_string("general.architecture"))
  .value_or("");
  const std::string_view pre = TRY(gguf.get_string("tokenizer.ggml.pre"))
  .value_or("");
  if (contains_any(pre, {"jina-v2-de", "jina-v2-es", "jina-v2-code"}) ||
      contains_any(architecture, {"nomic-bert-moe", "jina-bert-v3"})) {
    set_attribute(vocab, "<mask>", kAttrStripLeft, true);
  } else if (contains_any(name, {"phi-3", "phi3"})) {
    for (std::uint16_t& attribute : vocab.attributes) {
      if (attribute & (kAttrControl | kAttrUserDefined | kAttrUnknown))
        attribute |= kAttrStripRight;
    }
    set_attribute(vocab, "</s>", kAttrStripRight, true);
    for (const std::string_view spelling : {"<unk>", "<s>", "<|endoftext|>"})
      set_attribute(vocab, spelling, kAttrStripRight, false);
  } else if (contains_any(name, {"modern-bert"})) {
    set_attribute(vocab, "[MASK]", kAttrStripLeft, true);
  }
  return {};
}

}  // namespace

Result<void> load_special_tokens(const format::Gguf& gguf, Vocab& vocab) {
  TRY(read_named_ids(gguf, vocab));
  TRY(read_suppressed(gguf, vocab));
  TRY(read_additions(gguf, vocab));
  recognise_roles(vocab);
  mark_unused(vocab);
  collect_ends(vocab);
  return set_stripping(gguf, vocab);
}

}  // namespace hearth::text

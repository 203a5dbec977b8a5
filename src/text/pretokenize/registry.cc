// SPDX-License-Identifier: Apache-2.0
//
// Every pre-tokenizer that llama.cpp knows by name (src/llama-vocab.cpp, llama_vocab::impl::load),
// with the defaults that go with it. Many names share one list of cuts.
#include "text/pretokenize/cuts.h"
#include "text/pretokenize/pretokenizer.h"

namespace hearth::text {
namespace {

constexpr Cut kDefault[] = {cut_default_punctuation, cut_gpt2, cut_numbers, cut_ascii_triples};
constexpr Cut kGpt2[] = {cut_gpt2};
constexpr Cut kStarcoder[] = {cut_each_number, cut_gpt2};
constexpr Cut kFalcon[] = {cut_falcon_punctuation, cut_gpt2, cut_ascii_triples};
constexpr Cut kLlama3[] = {cut_llama3};
constexpr Cut kQwen2[] = {cut_qwen2};
constexpr Cut kQwen35[] = {cut_qwen35};
constexpr Cut kBailing[] = {cut_bailing};
constexpr Cut kUfakzeka[] = {cut_ufakzeka};
constexpr Cut kSeedCoder[] = {cut_seed_coder};
constexpr Cut kMinicpm5[] = {cut_number_triples, cut_minicpm5};
constexpr Cut kJais2[] = {cut_jais2};
constexpr Cut kExaoneMoe[] = {cut_exaone_moe};
constexpr Cut kKimiK2[] = {cut_kimi_k2};
constexpr Cut kLaguna[] = {cut_newline_runs, cut_qwen2};
constexpr Cut kTekken[] = {cut_tekken};
constexpr Cut kGpt4o[] = {cut_gpt4o};
constexpr Cut kGraniteMulti[] = {cut_granite_multi};
constexpr Cut kTinyAya[] = {cut_number_groups, cut_tiny_aya};
constexpr Cut kYoutu[] = {cut_youtu_scripts, cut_youtu};
constexpr Cut kDeepseekLlm[] = {cut_each_newline,    cut_deepseek_letters, cut_deepseek_punctuation,
                                cut_trailing_spaces, cut_deepseek_cjk,     cut_numbers};
constexpr Cut kDeepseekCoder[] = {cut_each_newline, cut_deepseek_coder_letters,
                                  cut_deepseek_coder_punctuation, cut_deepseek_cjk,
                                  cut_each_number};
constexpr Cut kDeepseek3[] = {cut_number_triples, cut_deepseek3_cjk, cut_deepseek3};
constexpr Cut kSpark[] = {cut_number_triples, cut_deepseek3_cjk, cut_spark, cut_each_number};
constexpr Cut kAfmoe[] = {cut_number_groups, cut_afmoe_scripts, cut_deepseek3};
constexpr Cut kSuperbpe[] = {cut_numbers, cut_ascii_groups};
constexpr Cut kBloom[] = {cut_bloom};
constexpr Cut kViking[] = {cut_bloom, cut_each_number};
constexpr Cut kChameleon[] = {
    cut_sentinels, cut_images, cut_chameleon_spaces, cut_each_number, cut_chameleon_punctuation,
    cut_gpt2};
constexpr Cut kLines[] = {cut_newline_runs};
constexpr Cut kWhitespace[] = {cut_words_only};

constexpr PreTokenizer kPreTokenizers[] = {
    {.name = "default", .cuts = kDefault},

    {.name = "llama3", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama-bpe", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "falcon3", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "falcon-h1", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "pixtral", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "midm-2.0", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "lfm2", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "jina-v5-nano", .cuts = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "dbrx", .cuts = kLlama3},
    {.name = "smaug-bpe", .cuts = kLlama3},
    {.name = "chatglm-bpe", .cuts = kLlama3, .no_default_bos = true},
    {.name = "glm4", .cuts = kLlama3, .ignore_merges = true, .no_default_bos = true},
    {.name = "glm5", .cuts = kLlama3, .ignore_merges = true, .no_default_bos = true},

    {.name = "gpt-2", .cuts = kGpt2},
    {.name = "phi-2", .cuts = kGpt2},
    {.name = "jina-es", .cuts = kGpt2},
    {.name = "jina-de", .cuts = kGpt2},
    {.name = "gigachat", .cuts = kGpt2},
    {.name = "jina-v2-es", .cuts = kGpt2},
    {.name = "jina-v2-de", .cuts = kGpt2},
    {.name = "a.x-4.0", .cuts = kGpt2},
    {.name = "mellum", .cuts = kGpt2},
    {.name = "modern-bert", .cuts = kGpt2},
    {.name = "jina-v1-en", .cuts = kGpt2},
    {.name = "jina-v2-code", .cuts = kGpt2},
    {.name = "roberta-bpe", .cuts = kGpt2},
    {.name = "mpt", .cuts = kGpt2},
    {.name = "olmo", .cuts = kGpt2},
    {.name = "jais", .cuts = kGpt2},
    {.name = "exaone4", .cuts = kGpt2},
    {.name = "trillion", .cuts = kGpt2},
    {.name = "granite-docling", .cuts = kGpt2},

    {.name = "starcoder", .cuts = kStarcoder},
    {.name = "refact", .cuts = kStarcoder},
    {.name = "command-r", .cuts = kStarcoder},
    {.name = "smollm", .cuts = kStarcoder},
    {.name = "codeshell", .cuts = kStarcoder},
    {.name = "exaone", .cuts = kStarcoder},
    {.name = "minerva-7b", .cuts = kStarcoder},
    {.name = "mellum2", .cuts = kStarcoder},
    {.name = "falcon", .cuts = kFalcon},

    {.name = "qwen2", .cuts = kQwen2},
    {.name = "deepseek-r1-qwen", .cuts = kQwen2},
    {.name = "kormo", .cuts = kQwen2},
    {.name = "f2llmv2", .cuts = kQwen2},
    {.name = "megrez", .cuts = kQwen2},
    {.name = "stablelm2", .cuts = kQwen2},
    {.name = "hunyuan", .cuts = kQwen2},
    {.name = "solar-open", .cuts = kQwen2},
    {.name = "grok-2", .cuts = kQwen2},
    {.name = "qwen35", .cuts = kQwen35},
    {.name = "bailingmoe", .cuts = kBailing},
    {.name = "bailingmoe2", .cuts = kBailing},
    {.name = "llada-moe", .cuts = kBailing},
    {.name = "seed-coder", .cuts = kSeedCoder},
    {.name = "ufakzeka", .cuts = kUfakzeka},
    {.name = "minicpm5", .cuts = kMinicpm5, .ignore_merges = true},
    {.name = "jais-2", .cuts = kJais2},
    {.name = "exaone-moe", .cuts = kExaoneMoe},
    {.name = "kimi-k2", .cuts = kKimiK2},
    {.name = "laguna", .cuts = kLaguna},

    {.name = "tekken", .cuts = kTekken, .ignore_merges = true, .add_bos = true},
    {.name = "gpt-4o", .cuts = kGpt4o},
    {.name = "llama4", .cuts = kGpt4o},
    {.name = "kanana2", .cuts = kGpt4o},
    {.name = "talkie", .cuts = kGpt4o},
    {.name = "minimax-m2", .cuts = kGpt4o},
    {.name = "granite-embed-multi-97m", .cuts = kGraniteMulti, .ignore_merges = true},
    {.name = "tiny_aya", .cuts = kTinyAya},
    {.name = "cohere2moe", .cuts = kTinyAya},
    {.name = "youtu", .cuts = kYoutu, .ignore_merges = true},

    {.name = "deepseek-llm", .cuts = kDeepseekLlm},
    {.name = "deepseek-coder", .cuts = kDeepseekCoder},
    {.name = "deepseek-v3", .cuts = kDeepseek3},
    {.name = "hunyuan-dense", .cuts = kDeepseek3},
    {.name = "hy_v4", .cuts = kDeepseek3},
    {.name = "joyai-llm", .cuts = kDeepseek3},
    {.name = "spark2_5", .cuts = kSpark},
    {.name = "afmoe", .cuts = kAfmoe},

    {.name = "poro-chat", .cuts = kBloom},
    {.name = "bloom", .cuts = kBloom},
    {.name = "gpt3-finnish", .cuts = kBloom},
    {.name = "viking", .cuts = kViking},
    {.name = "superbpe", .cuts = kSuperbpe},
    {.name = "chameleon", .cuts = kChameleon, .add_bos = true},

    {.name = "gemma4", .cuts = kLines, .raw_bytes = false, .escape_spaces = true, .gemma4 = true},
    {.name = "granite-embed-multi-311m",
     .cuts = kLines,
     .raw_bytes = false,
     .escape_spaces = true,
     .gemma4 = true},
    {.name = "sarvam-moe", .cuts = kLines, .raw_bytes = false, .escape_spaces = true},
    {.name = "whitespace", .cuts = kWhitespace, .raw_bytes = false},
};

}  // namespace

std::span<const PreTokenizer> all_pretokenizers() {
  return kPreTokenizers;
}

const PreTokenizer* find_pretokenizer(std::string_view name) {
  if (name.empty()) name = "default";
  for (const PreTokenizer& pre : kPreTokenizers) {
    if (pre.name == name) return &pre;
  }
  return nullptr;
}

void cut_words(const PreTokenizer& pre, const RuneText& text, WordEnds& ends, WordEnds& spare) {
  ends.assign(1, text.size());
  for (const Cut cut : pre.cuts) {
    spare.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      cut(text, begin, end, spare);
      begin = end;
    }
    std::swap(ends, spare);
  }
}

}  // namespace hearth::text

// SPDX-License-Identifier: Apache-2.0
#include "text/fit_vocab.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "format/gguf_copy.h"

namespace hearth::text {
namespace {

using Strings = std::vector<std::string>;

constexpr std::int32_t kUnused = 5;  // of tokenizer.ggml.token_type

// Merges are "left right", whose tokens must both be there, and the two together.
void drop_broken_merges(const Strings& tokens, Strings& merges) {
  const std::unordered_set<std::string_view> known(tokens.begin(), tokens.end());
  std::erase_if(merges, [&](const std::string& merge) {
    const std::size_t blank = merge.find(' ', 1);
    if (blank == std::string::npos) return true;
    const std::string left = merge.substr(0, blank), right = merge.substr(blank + 1);
    return !known.contains(left) || !known.contains(right) || !known.contains(left + right);
  });
}

}  // namespace

Result<FittedVocab> fit_vocab(const format::Gguf& source, std::uint32_t n_vocab) {
  FittedVocab fitted;
  fitted.n_before = TRY(source.require_array("tokenizer.ggml.tokens", format::ValueType::string))
  .size();
  Strings tokens;
  for (const format::KeyValue& pair : source.metadata()) {
    if (!pair.key.starts_with("tokenizer.")) continue;
    const format::Value& value = pair.value;
    if (pair.key.ends_with("_token_id") && value.integer >= n_vocab) {
      fitted.dropped.emplace_back(pair.key);
      continue;
    }
    format::WriteValue written = format::write_value(value);
    if (value.type == format::ValueType::array && value.array.size() == fitted.n_before) {
      if (pair.key == "tokenizer.ggml.tokens") {
        auto& all = std::get<Strings>(written);
        all.resize(std::min<std::size_t>(all.size(), n_vocab));
        while (all.size() < n_vocab) all.push_back(fmt::format("[PAD{}]", all.size()));
        tokens = all;
      } else if (auto* types = std::get_if<std::vector<std::int32_t>>(&written)) {
        types->resize(n_vocab, kUnused);
      } else if (auto* scores = std::get_if<std::vector<float>>(&written)) {
        scores->resize(n_vocab, 0.0f);
      }
    }
    fitted.metadata.push_back({std::string(pair.key), std::move(written)});
  }
  if (n_vocab < fitted.n_before) {
    for (format::WriteKeyValue& entry : fitted.metadata)
      if (entry.key == "tokenizer.ggml.merges")
        if (auto* merges = std::get_if<Strings>(&entry.value)) drop_broken_merges(tokens, *merges);
  }
  return fitted;
}

}  // namespace hearth::text

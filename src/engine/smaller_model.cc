// SPDX-License-Identifier: Apache-2.0
#include "engine/smaller_model.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/loaded_model.h"
#include "model/type_mix.h"

namespace hearth::engine {
namespace {

std::string_view label(const format::Gguf& gguf, std::string_view key) {
  return gguf.get_string(key).value_or(std::nullopt).value_or("");
}

// Divided by single blanks, without the words that name a quantisation: "Tiny 1B Q4_K_M" and
// "Tiny-1B" are one name.
std::string plain_name(std::string_view name) {
  std::string plain;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of(" -.:/"), name.size());
    const std::string_view word = name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
    if (word.empty() || model::find_type_mix(word) != nullptr) continue;
    if (!plain.empty()) plain += ' ';
    plain += word;
  }
  return plain;
}

}  // namespace

bool is_same_name(const format::Gguf& a, const format::Gguf& b) {
  const auto equal = [&](std::string_view key) { return label(a, key) == label(b, key); };
  if (!label(a, "general.basename").empty() && !label(b, "general.basename").empty())
    return equal("general.basename") && equal("general.size_label") && equal("general.finetune");
  const std::string name = plain_name(label(a, "general.name"));
  return !name.empty() && name == plain_name(label(b, "general.name"));
}

bool is_same_model(const format::Gguf& a, const format::Gguf& b) {
  if (!is_same_name(a, b)) return false;
  const auto first = model::read_hparams(a), second = model::read_hparams(b);
  return first && second && first->family == second->family && first->n_vocab == second->n_vocab &&
         first->n_embd == second->n_embd && first->n_layers == second->n_layers;
}

bool would_do_instead(const format::ModelFiles& refused, const format::ModelFiles& candidate,
                      const LoadOptions& options, std::uint64_t available_bytes) {
  if (candidate.total_bytes() >= refused.total_bytes() ||
      !is_same_model(refused.gguf(), candidate.gguf()))
    return false;
  const auto plan = model::compile_plan(candidate.gguf());
  if (!plan) return false;
  LoadOptions alone = options;
  alone.find_smaller = nullptr;  // one step is enough: the caller goes on by itself
  const auto memory = plan_memory(*plan, candidate, alone, {available_bytes, ""});
  return memory && memory->fits();
}

FindSmaller smaller_among(std::vector<Candidate> candidates) {
  const auto shared = std::make_shared<std::vector<Candidate>>(std::move(candidates));
  return [shared](const format::ModelFiles& refused, const LoadOptions& options,
                  std::uint64_t available_bytes) -> std::string {
    for (Candidate& candidate : *shared) {
      const auto files = format::ModelFiles::map(std::exchange(candidate.shards, {}));
      if (files && would_do_instead(refused, **files, options, available_bytes))
        return candidate.name;
    }
    return "";
  };
}

}  // namespace hearth::engine

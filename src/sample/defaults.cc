// SPDX-License-Identifier: Apache-2.0
#include "sample/defaults.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "sample/fields.h"

namespace hearth::sample {
namespace {

struct Family {
  std::string_view name;
  std::string_view mark;          // in a name, in lower case and without '-', '_', '.' and ' '
  std::string_view architecture;  // a prefix of general.architecture; empty: the mark alone decides
  float temp;
  std::int32_t top_k;
  float top_p, min_p, repeat_penalty;
  std::string_view source;
};

constexpr std::string_view kGuide = "the project's tuning guide, section 13";

// First match wins: an architecture match before a name match.
constexpr Family kFamilies[] = {
    {"Gemma 4", "gemma4", "gemma4", 1, 64, 0.95F, 0, 1, kGuide},
    {"Gemma 3", "gemma3", "gemma3", 1, 64, 0.95F, 0, 1, "the Gemma team"},
    {"Qwen3", "qwen3", "qwen3", 1, 40, 0.95F, 0.01F, 1, kGuide},
    {"gpt-oss", "gptoss", "gpt-oss", 1, 100, 1, 0, 1, kGuide},
    {"Sarvam", "sarvam", "", 1, 20, 1, 0, 1, kGuide},
};

std::string mark_of(std::string_view name) {
  std::string mark;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '.' || c == ' ') continue;
    mark += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return mark;
}

const Family* family_of(const ModelIdentity& model) {
  for (const Family& family : kFamilies) {
    if (!family.architecture.empty() && model.architecture.starts_with(family.architecture)) {
      return &family;
    }
  }
  for (const Family& family : kFamilies) {
    for (const std::string_view name : model.names) {
      if (mark_of(name).find(family.mark) != std::string::npos) return &family;
    }
  }
  return nullptr;
}

// What a file can say: exactly the keys that llama.cpp writes and reads.
struct FileField {
  std::string_view key;   // after kMetadataPrefix
  std::string_view name;  // in the table of fields
};

constexpr FileField kFields[] = {
    {"sequence", "samplers"},
    {"temp", "temperature"},
    {"top_k", "top_k"},
    {"top_p", "top_p"},
    {"min_p", "min_p"},
    {"xtc_probability", "xtc_probability"},
    {"xtc_threshold", "xtc_threshold"},
    {"penalty_last_n", "repeat_last_n"},
    {"penalty_repeat", "repeat_penalty"},
    {"mirostat", "mirostat"},
    {"mirostat_tau", "mirostat_tau"},
    {"mirostat_eta", "mirostat_eta"},
};

// Sets one field from a file's value; why not, if it cannot.
Result<void> set_from_file(const Field& field, const MetadataValue& value, SamplingParams& params) {
  if (field.real != nullptr || field.whole != nullptr) {
    if (!value.number) return fail(ErrorCode::usage, "{}: not a number", field.name);
    return set_number(params, field, field.name, *value.number);
  }
  if (value.number) return fail(ErrorCode::usage, "{}: not a string", field.name);
  std::vector<SamplerKind> samplers = TRY(parse_sampler_names(value.text));
  if (samplers.empty()) return fail(ErrorCode::usage, "{}: empty", field.name);
  params.samplers = std::move(samplers);
  return {};
}

std::string text_of(const Field& field, const SamplingParams& params) {
  if (field.real != nullptr) return fmt::format("{}", params.*field.real);
  if (field.whole != nullptr) return fmt::format("{}", params.*field.whole);
  return sampler_names(params.samplers);
}

}  // namespace

std::string_view name_of(ValueSource source) {
  switch (source) {
    case ValueSource::general:
      return "general default";
    case ValueSource::family:
      return "model family";
    case ValueSource::file:
      return "model file";
  }
  return "";
}

ChosenDefaults choose_defaults(const ModelIdentity& model,
                               std::span<const MetadataValue> metadata) {
  ChosenDefaults chosen;
  SamplingParams& params = chosen.params;
  const Family* family = family_of(model);
  if (family != nullptr) {
    chosen.family = family->name;
    chosen.family_source = family->source;
    params.temp = family->temp;
    params.top_k = family->top_k;
    params.top_p = family->top_p;
    params.min_p = family->min_p;
    params.repeat_penalty = family->repeat_penalty;
  }
  for (const FileField& row : kFields) {
    const Field& field = *find_field(row.name);
    constexpr std::string_view kOfFamily[] = {"temperature", "top_k", "top_p", "min_p",
                                              "repeat_penalty"};
    const bool familial = family != nullptr && std::ranges::count(kOfFamily, field.name) > 0;
    ValueSource source = familial ? ValueSource::family : ValueSource::general;
    for (const MetadataValue& value : metadata) {
      if (!value.key.starts_with(kMetadataPrefix) ||
          value.key.substr(kMetadataPrefix.size()) != row.key) {
        continue;
      }
      if (const auto set = set_from_file(field, value, params); set) {
        source = ValueSource::file;
      } else {
        chosen.warnings.push_back(fmt::format("The model file's {} was passed over: {}.",
                                              printable(value.key, 80), set.error().message));
      }
    }
    chosen.values.push_back({field.name, text_of(field, params), source});
  }
  return chosen;
}

}  // namespace hearth::sample

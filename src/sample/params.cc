// SPDX-License-Identifier: Apache-2.0
#include "sample/params.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/escape.h"
#include "sample/chain_internal.h"
#include "sample/fields.h"

namespace hearth::sample {
namespace {

Result<void> check_token(const char* field, std::int32_t id, std::size_t vocab_size) {
  const bool known = vocab_size == 0 || static_cast<std::size_t>(id) < vocab_size;
  if (id >= 0 && known) return {};
  return fail(ErrorCode::usage, "{}: there is no token {} in this vocabulary of {}", field, id,
              vocab_size);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The name without case, blanks, '_' and '-', which is all that llama.cpp's spellings differ in.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_' && c != '-' && c != ' ') plain += lower(c);
  }
  return plain;
}

}  // namespace

std::vector<SamplerKind> default_samplers() {
  using enum SamplerKind;
  return {penalties, dry, top_n_sigma, top_k, typical_p, top_p, min_p, xtc, temperature};
}

Result<void> validate(const SamplingParams& params, std::size_t vocab_size) {
  TRY(check_numbers(params));
  for (const LogitBias& entry : params.logit_bias) {
    TRY(check_token("logit_bias", entry.token, vocab_size));
    if (std::isnan(entry.bias) || entry.bias == std::numeric_limits<float>::infinity()) {
      return fail(ErrorCode::usage,
                  "logit_bias: the bias of token {} must be a number or -infinity", entry.token);
    }
  }
  for (const auto& breaker : params.dry_sequence_breakers) {
    if (breaker.empty()) {
      return fail(ErrorCode::usage, "dry_sequence_breakers: a sequence must not be empty");
    }
    for (const std::int32_t id : breaker) {
      TRY(check_token("dry_sequence_breakers", id, vocab_size));
    }
  }
  return {};
}

void forbid_tokens(SamplingParams& params, std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids) params.logit_bias.push_back({id, kDead});
}

Result<std::vector<SamplerKind>> parse_sampler_names(std::string_view text) {
  std::vector<SamplerKind> kinds;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string name = plain_name(text.substr(0, end));
    const auto matches = [&](const SamplerInfo& info) { return plain_name(info.name) == name; };
    const auto table = sampler_table();
    if (const auto found = std::ranges::find_if(table, matches); found != table.end()) {
      kinds.push_back(found->kind);
    } else if (name == "nucleus") {
      kinds.push_back(SamplerKind::top_p);
    } else if (name == "temp") {
      kinds.push_back(SamplerKind::temperature);
    } else if (name == "typ" || name == "typicalp" || name == "typical") {
      kinds.push_back(SamplerKind::typical_p);
    } else if (name == "infill") {
      return fail(ErrorCode::usage, "samplers: \"infill\" is not supported");
    } else {
      return fail(ErrorCode::usage, "samplers: there is no sampler \"{}\"; known are {};adaptive_p",
                  printable(text.substr(0, end), 40), sampler_names(default_samplers()));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return kinds;
}

Result<std::vector<SamplerKind>> parse_sampler_chars(std::string_view text) {
  std::vector<SamplerKind> kinds;
  for (const char c : text) {
    const auto table = sampler_table();
    const auto found = std::ranges::find(table, c, &SamplerInfo::letter);
    if (found != table.end()) {
      kinds.push_back(found->kind);
    } else if (c == 'i') {
      return fail(ErrorCode::usage, "sampler-seq: \"i\" (infill) is not supported");
    } else {
      return fail(ErrorCode::usage, "sampler-seq: \"{}\" is none of edskypmxta",
                  printable({&c, 1}));
    }
  }
  return kinds;
}

std::string_view name_of(SamplerKind kind) {
  return info_of(kind).name;
}

char char_of(SamplerKind kind) {
  return info_of(kind).letter;
}

std::string sampler_names(std::span<const SamplerKind> kinds) {
  std::string names;
  for (const SamplerKind kind : kinds) {
    if (!names.empty()) names += ';';
    names += name_of(kind);
  }
  return names;
}

}  // namespace hearth::sample

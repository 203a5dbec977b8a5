// SPDX-License-Identifier: Apache-2.0
#include "sample/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/escape.h"
#include "base/json.h"
#include "sample/candidates_internal.h"
#include "sample/chain_internal.h"

namespace hearth::sample {
namespace {

using P = SamplingParams;

constexpr double kAny = std::numeric_limits<double>::infinity();

// What is just above the largest float, as its shortest text is, is rounded to it.
constexpr double kFloatMost = std::numeric_limits<float>::max() * (1 + 0x1p-26);

// Where llama.cpp takes any number and treats a stretch of them as "off", so do we.
constexpr Field kFieldTable[] = {
    {"temperature", "temp", &P::temp, nullptr, nullptr, -kAny, kAny},
    {"dynatemp_range", "", &P::dynatemp_range, nullptr, nullptr, -kAny, kAny},
    {"dynatemp_exponent", "dynatemp_exp", &P::dynatemp_exponent, nullptr, nullptr, 0, kAny},
    {"top_k", "", nullptr, &P::top_k, nullptr, -kAny, kAny},
    {"top_p", "", &P::top_p, nullptr, nullptr, 0, 1},
    {"min_p", "", &P::min_p, nullptr, nullptr, 0, 1},
    {"typical_p", "typ_p", &P::typical_p, nullptr, nullptr, 0, kAny},
    {"top_n_sigma", "", &P::top_n_sigma, nullptr, nullptr, -kAny, kAny},
    {"xtc_probability", "", &P::xtc_probability, nullptr, nullptr, 0, 1},
    {"xtc_threshold", "", &P::xtc_threshold, nullptr, nullptr, 0, 1},
    {"min_keep", "", nullptr, &P::min_keep, nullptr, 0, kAny},
    {"repeat_last_n", "", nullptr, &P::repeat_last_n, nullptr, -1, kAny},
    // Its reciprocal must be finite too, since positive logits are divided by it.
    {"repeat_penalty", "repetition_penalty", &P::repeat_penalty, nullptr, nullptr, 1e-30, kAny},
    {"presence_penalty", "", &P::presence_penalty, nullptr, nullptr, -kAny, kAny},
    {"frequency_penalty", "", &P::frequency_penalty, nullptr, nullptr, -kAny, kAny},
    {"dry_multiplier", "", &P::dry_multiplier, nullptr, nullptr, -kAny, kAny},
    {"dry_base", "", &P::dry_base, nullptr, nullptr, -kAny, kAny},
    {"dry_allowed_length", "", nullptr, &P::dry_allowed_length, nullptr, 0, kAny},
    {"dry_penalty_last_n", "", nullptr, &P::dry_penalty_last_n, nullptr, -1, kAny},
    {"mirostat", "", nullptr, &P::mirostat, nullptr, 0, 2},
    {"mirostat_tau", "", &P::mirostat_tau, nullptr, nullptr, 0, kAny},
    {"mirostat_eta", "", &P::mirostat_eta, nullptr, nullptr, 0, kAny},
    {"adaptive_target", "", &P::adaptive_target, nullptr, nullptr, -kAny, 1},
    {"adaptive_decay", "", &P::adaptive_decay, nullptr, nullptr, 0, 1},
    {"logprobs", "", nullptr, nullptr, &P::logprobs},
    {"n_probs", "top_logprobs", nullptr, &P::n_probs, nullptr, 0, kMaxProbs},
    {"post_sampling_probs", "", nullptr, nullptr, &P::post_sampling_probs},
    {"seed", ""},
    {"logit_bias", ""},
    {"samplers", ""},
    {"dry_sequence_breakers", ""},
};

Result<void> set_seed(P& params, std::string_view name, const Json& value) {
  if (value.is_number_unsigned()) {
    params.seed = value.get<std::uint64_t>();
  } else if (value.is_number_integer() && value.get<std::int64_t>() == -1) {
    params.seed = kRandomSeed;
  } else {
    return fail(ErrorCode::usage, "{}: must be a whole number, or -1 for a fresh seed", name);
  }
  return {};
}

Result<LogitBias> make_bias(std::string_view name, const Json& token, const Json& bias) {
  std::optional<std::int64_t> id;
  if (token.is_number_integer()) {
    id = token.get<std::int64_t>();
  } else if (token.is_string()) {
    const auto& text = token.get_ref<const std::string&>();
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stopped == end) id = number;
  }
  if (!id || *id < 0 || *id > std::numeric_limits<std::int32_t>::max()) {
    return fail(ErrorCode::usage, "{}: {} is not the number of a token", name,
                printable(to_json_text(token), 40));
  }
  LogitBias entry{.token = static_cast<std::int32_t>(*id), .bias = kDead};
  if (bias.is_boolean() && !bias.get<bool>()) return entry;
  const double number = bias.is_number() ? bias.get<double>() : std::nan("");
  if (!(std::abs(number) <= std::numeric_limits<float>::max())) {
    return fail(ErrorCode::usage, "{}: the bias of token {} must be a number or false", name, *id);
  }
  entry.bias = static_cast<float>(number);
  return entry;
}

Result<void> set_logit_bias(P& params, std::string_view name, const Json& value) {
  std::vector<LogitBias> biases;
  if (value.is_object()) {
    for (const auto& [token, bias] : value.items()) {
      biases.push_back(TRY(make_bias(name, Json(token), bias)));
    }
  } else if (value.is_array()) {
    for (const Json& pair : value) {
      if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number()) {
        return fail(ErrorCode::usage, "{}: must be a list of [token, bias]", name);
      }
      biases.push_back(TRY(make_bias(name, pair[0], pair[1])));
    }
  } else {
    return fail(ErrorCode::usage, "{}: must be an object or a list, not {}", name,
                value.type_name());
  }
  params.logit_bias = std::move(biases);
  return {};
}

// llama.cpp's server reads a text as letters, its command line as names.
Result<std::vector<SamplerKind>> samplers_in_text(std::string_view text) {
  const bool are_letters = std::ranges::all_of(text, [](char c) {
    const auto table = sampler_table();
    return std::ranges::find(table, c, &SamplerInfo::letter) != table.end();
  });
  return are_letters ? parse_sampler_chars(text) : parse_sampler_names(text);
}

Result<void> set_samplers(P& params, std::string_view name, const Json& value) {
  std::vector<SamplerKind> kinds;
  if (value.is_string()) {
    kinds = TRY(samplers_in_text(value.get_ref<const std::string&>()));
  } else if (value.is_array()) {
    for (const Json& entry : value) {
      const bool is_name = entry.is_string() && !entry.get_ref<const std::string&>().empty() &&
                           entry.get_ref<const std::string&>().find(';') == std::string::npos;
      if (!is_name) {
        return fail(ErrorCode::usage, "{}: {} is not the name of a sampler", name,
                    printable(to_json_text(entry), 40));
      }
      kinds.push_back(TRY(parse_sampler_names(entry.get_ref<const std::string&>())).front());
    }
  } else {
    return fail(ErrorCode::usage, "{}: must be a list of names or a text, not {}", name,
                value.type_name());
  }
  params.samplers = std::move(kinds);
  return {};
}

Result<void> set_breakers(std::vector<std::string>* breakers, std::string_view name,
                          const Json& value) {
  if (breakers == nullptr) return fail(ErrorCode::usage, "{}: cannot be set here", name);
  if (!value.is_array() ||
      !std::ranges::all_of(value, [](const Json& text) { return text.is_string(); })) {
    return fail(ErrorCode::usage, "{}: must be a list of texts", name);
  }
  *breakers = value.get<std::vector<std::string>>();
  return {};
}

// The double whose shortest text is the float's: 0.95 and not 0.949999988079071.
double as_written(float value) {
  const std::string text = fmt::format("{}", value);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<void> check_number(const Field& field, std::string_view name, double number) {
  const double type_most =
      field.whole != nullptr ? double{std::numeric_limits<std::int32_t>::max()} : kFloatMost;
  if (!std::isfinite(number)) return fail(ErrorCode::usage, "{}: must be a finite number", name);
  if (field.whole != nullptr && number != std::floor(number)) {
    return fail(ErrorCode::usage, "{}: {} is not a whole number", name, number);
  }
  const double least = std::max(field.least, -type_most), most = std::min(field.most, type_most);
  if (number >= least && number <= most) return {};
  if (std::isfinite(field.least) && std::isfinite(field.most)) {
    return fail(ErrorCode::usage, "{}: {} is not between {} and {}", name, number, least, most);
  }
  return number < least ? fail(ErrorCode::usage, "{}: {} is below {}", name, number, least)
                        : fail(ErrorCode::usage, "{}: {} is above {}", name, number, most);
}

}  // namespace

std::span<const Field> fields() {
  return kFieldTable;
}

const Field* find_field(std::string_view name) {
  for (const Field& field : kFieldTable) {
    if (name == field.name || (!name.empty() && name == field.alias)) return &field;
  }
  return nullptr;
}

Result<void> set_number(SamplingParams& params, const Field& field, std::string_view name,
                        double number) {
  TRY(check_number(field, name, number));
  if (field.whole != nullptr) {
    params.*field.whole = static_cast<std::int32_t>(number);
  } else {
    params.*field.real = static_cast<float>(number);
  }
  return {};
}

Result<void> check_numbers(const SamplingParams& params) {
  for (const Field& field : kFieldTable) {
    if (field.real != nullptr) TRY(check_number(field, field.name, as_written(params.*field.real)));
    if (field.whole != nullptr) TRY(check_number(field, field.name, params.*field.whole));
  }
  return {};
}

Result<void> set_field(SamplingParams& params, std::string_view name, const Json& value,
                       std::vector<std::string>* dry_breakers) {
  const Field* const field = find_field(name);
  if (field == nullptr) {
    return fail(ErrorCode::usage, "{}: there is no such field of sampling", printable(name, 40));
  }
  if (value.is_null()) return {};
  if (field->flag != nullptr) {
    if (!value.is_boolean()) {
      return fail(ErrorCode::usage, "{}: must be true or false, not {}", name, value.type_name());
    }
    params.*field->flag = value.get<bool>();
    return {};
  }
  if (field->whole != nullptr || field->real != nullptr) {
    if (field->whole != nullptr ? !value.is_number_integer() : !value.is_number()) {
      return fail(ErrorCode::usage, "{}: must be a {}, not {}", name,
                  field->whole != nullptr ? "whole number" : "number",
                  value.is_number() ? "a fraction" : value.type_name());
    }
    return set_number(params, *field, name, value.get<double>());
  }
  if (field->name == "seed") return set_seed(params, name, value);
  if (field->name == "logit_bias") return set_logit_bias(params, name, value);
  if (field->name == "samplers") return set_samplers(params, name, value);
  return set_breakers(dry_breakers, name, value);
}

Result<void> apply_fields(SamplingParams& params, std::string_view json_object,
                          std::vector<std::string>* dry_breakers) {
  const Json object = TRY(parse_json(json_object));
  if (!object.is_object()) {
    return fail(ErrorCode::usage, "the fields of sampling must be a JSON object");
  }
  SamplingParams changed = params;
  std::vector<std::string> breakers;
  if (dry_breakers != nullptr) breakers = *dry_breakers;
  std::vector<const Field*> seen;
  for (const auto& [name, value] : object.items()) {
    TRY(set_field(changed, name, value, dry_breakers != nullptr ? &breakers : nullptr));
    const Field* const field = find_field(name);
    if (std::ranges::count(seen, field) > 0) {
      return fail(ErrorCode::usage, "{}: is {} under another name, and both are given", name,
                  name == field->name ? field->alias : field->name);
    }
    seen.push_back(field);
  }
  TRY(validate(changed));
  params = std::move(changed);
  if (dry_breakers != nullptr) *dry_breakers = std::move(breakers);
  return {};
}

Json to_json(const SamplingParams& params) {
  Json object = Json::object();
  for (const Field& field : kFieldTable) {
    const std::string name(field.name);
    if (field.real != nullptr) object[name] = as_written(params.*field.real);
    if (field.whole != nullptr) object[name] = params.*field.whole;
    if (field.flag != nullptr) object[name] = params.*field.flag;
  }
  object["seed"] = params.seed == kRandomSeed ? Json(-1) : Json(params.seed);
  Json biases = Json::array();
  for (const LogitBias& entry : params.logit_bias) {
    biases.push_back(
        {entry.token, entry.bias == kDead ? Json(false) : Json(as_written(entry.bias))});
  }
  object["logit_bias"] = std::move(biases);
  Json names = Json::array();
  for (const SamplerKind kind : params.samplers) names.push_back(std::string(name_of(kind)));
  object["samplers"] = std::move(names);
  return object;
}

}  // namespace hearth::sample

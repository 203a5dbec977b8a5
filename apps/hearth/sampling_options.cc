// SPDX-License-Identifier: Apache-2.0
#include "sampling_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/escape.h"
#include "nearest.h"
#include "sample/dry_breakers.h"
#include "sample/fields.h"
#include "unescape.h"

namespace hearth::app {
namespace {

using sample::SamplingParams;

// One number that a flag sets. The value stays text until it is asked for, because what was not
// given must leave the model's default alone.
struct Knob {
  const char* names;
  const char* help;
  std::string_view field;     // in the table of sample/fields.h
  const char* variable = "";  // see Flag::variable; the knobs that have one are the usual ones
};

constexpr Knob kKnobs[] = {
    {"--temp,--temperature", "temperature; 0 is greedy (default: the model's, else 0.8)",
     "temperature", "TEMPERATURE"},
    {"--top-k", "keep the k likeliest tokens; 0: all (default: the model's, else 40)", "top_k",
     "TOP_K"},
    {"--top-p", "keep the likeliest tokens that make up p (default: the model's, else 0.95)",
     "top_p", "TOP_P"},
    {"--min-p",
     "keep tokens of at least p times the best one's chance (default: the model's, else 0.05)",
     "min_p", "MIN_P"},
    {"--typical,--typical-p", "keep the tokens of typical surprise that make up p (default 1: off)",
     "typical_p"},
    {"--top-nsigma,--top-n-sigma",
     "keep logits within n standard deviations of the best (default -1: off)", "top_n_sigma"},
    {"--xtc-probability", "chance that the likeliest choices are left out (default 0: off)",
     "xtc_probability"},
    {"--xtc-threshold", "a choice that can be left out has at least this chance (default 0.1)",
     "xtc_threshold"},
    {"--repeat-last-n", "how many tokens are recent; -1: all (default 64)", "repeat_last_n"},
    {"--repeat-penalty", "divide the logits of recent tokens (default 1: off)", "repeat_penalty",
     "REPEAT_PENALTY"},
    {"--presence-penalty", "subtract from the logits of recent tokens (default 0)",
     "presence_penalty", "PRESENCE_PENALTY"},
    {"--frequency-penalty", "subtract for each time a recent token came up (default 0)",
     "frequency_penalty", "FREQUENCY_PENALTY"},
    {"--dry-multiplier", "DRY: strength of the penalty on repeating a passage (default 0: off)",
     "dry_multiplier"},
    {"--dry-base", "DRY: growth of the penalty with each repeated token (default 1.75)",
     "dry_base"},
    {"--dry-allowed-length", "DRY: repetitions up to this length are free (default 2)",
     "dry_allowed_length"},
    {"--dry-penalty-last-n", "DRY: how far to look back; -1: everything (default 64)",
     "dry_penalty_last_n"},
    {"--dynatemp-range", "vary the temperature by this much with the entropy (default 0: off)",
     "dynatemp_range"},
    {"--dynatemp-exp", "exponent of the dynamic temperature (default 1)", "dynatemp_exponent"},
    {"--mirostat", "1 or 2: Mirostat in place of the samplers above (default 0: off)", "mirostat"},
    {"--mirostat-ent,--mirostat-tau", "Mirostat: the surprise to aim at, in bits (default 5)",
     "mirostat_tau"},
    {"--mirostat-lr,--mirostat-eta", "Mirostat: learning rate (default 0.1)", "mirostat_eta"},
    {"--adaptive-target",
     "adaptive-p: draw tokens near this probability, when --samplers names it (default -1: off)",
     "adaptive_target"},
    {"--adaptive-decay", "adaptive-p: how long it remembers what was drawn (default 0.9)",
     "adaptive_decay"},
};

std::vector<std::string> names_of(const Knob& knob) {
  std::vector<std::string> names;
  std::string_view rest = knob.names;
  while (!rest.empty()) {
    names.emplace_back(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(rest.size(), names.back().size() + 1));
  }
  return names;
}

const sample::Field& field_of(const Knob& knob) {
  return *sample::find_field(knob.field);
}

template <class T>
Result<T> parse_number(std::string_view flag, std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end)
    return fail(ErrorCode::usage, "{} '{}': not a {}", flag, printable(text, 40),
                std::is_integral_v<T> ? "whole number" : "number");
  return number;
}

// "15043+1", "15043-0.5", "15043-inf"
Result<sample::LogitBias> parse_logit_bias(std::string_view text) {
  const std::size_t sign = text.find_first_of("+-");
  if (sign == 0 || sign == std::string_view::npos)
    return fail(ErrorCode::usage, "--logit-bias {}: give TOKEN+BIAS or TOKEN-BIAS",
                printable(text, 40));
  constexpr std::string_view kFlag = "--logit-bias";
  const auto token = TRY(parse_number<std::int32_t>(kFlag, text.substr(0, sign)));
  const auto size = TRY(parse_number<float>(kFlag, text.substr(sign + 1)));
  return sample::LogitBias{token, text[sign] == '-' ? -size : size};
}

// -1, as elsewhere, asks for a fresh seed.
Result<std::uint64_t> parse_seed(std::string_view text) {
  if (text == "-1") return sample::kRandomSeed;
  return parse_number<std::uint64_t>("--seed", text);
}

}  // namespace

SamplingOptions::SamplingOptions() : values_(std::size(kKnobs)) {}

void SamplingOptions::declare(Flags& flags) {
  Flags sampling = flags.under("Sampling");
  sampling.add("-s,--seed", seed_, "seed of the random numbers (default -1: a fresh one)")
      .value("N");
  sampling.add("--greedy", greedy_, "always the likeliest token (the same as --temp 0)");
  for (std::size_t i = 0; i < std::size(kKnobs); ++i) {
    const Knob& knob = kKnobs[i];
    Flag& flag = sampling.add(knob.names, values_[i], knob.help)
                     .value(field_of(knob).real != nullptr ? "X" : "N")
                     .variable(knob.variable);
    if (flag.variable_name.empty()) flag.rare();
  }
  sampling
      .add("--samplers", samplers_,
           "which samplers in which order (default "
           "\"penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature\")")
      .value("NAMES")
      .rare();
  sampling
      .add("--sampler-seq,--sampling-seq", sampler_letters_,
           "the same with one letter each (default edskypmxt)")
      .value("LETTERS")
      .rare();
  sampling
      .add("--dry-sequence-breaker", dry_breakers_,
           "DRY: a text that ends a repetition; may be repeated; \"none\": no such text "
           "(default \"\\n\" \":\" \"\\\"\" \"*\")")
      .rare();
  sampling
      .add("-l,--logit-bias", logit_bias_,
           "TOKEN+BIAS or TOKEN-BIAS, added to a token's logit; may be repeated")
      .value("BIAS")
      .rare();
}

Result<SamplingParams> SamplingOptions::over(SamplingParams params) const {
  for (std::size_t i = 0; i < std::size(kKnobs); ++i) {
    const std::optional<std::string>& value = values_[i];
    if (!value) continue;
    const std::string_view names = kKnobs[i].names;
    const std::string_view flag = names.substr(0, names.find(','));
    const sample::Field& field = field_of(kKnobs[i]);
    if (field.real != nullptr) {
      params.*field.real = TRY(parse_number<float>(flag, *value));
    } else {
      params.*field.whole = TRY(parse_number<std::int32_t>(flag, *value));
    }
  }
  if (greedy_) params.temp = 0;
  if (seed_) params.seed = TRY(parse_seed(*seed_));
  if (samplers_ && sampler_letters_)
    return fail(ErrorCode::usage, "give either --samplers or --sampler-seq");
  if (samplers_) params.samplers = TRY(sample::parse_sampler_names(*samplers_));
  if (sampler_letters_) params.samplers = TRY(sample::parse_sampler_chars(*sampler_letters_));
  for (const std::string& text : logit_bias_)
    params.logit_bias.push_back(TRY(parse_logit_bias(text)));
  TRY(sample::validate(params));
  return params;
}

Result<void> SamplingOptions::set(std::string_view name, std::string value) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  std::vector<std::string> known = {"seed", "samplers", "num_predict", "stop"};
  if (flag == "--seed") {
    seed_ = std::move(value);
    return {};
  }
  if (flag == "--samplers") {
    samplers_ = std::move(value);
    sampler_letters_.reset();
    return {};
  }
  for (std::size_t i = 0; i < std::size(kKnobs); ++i) {
    const std::vector<std::string> names = names_of(kKnobs[i]);
    const sample::Field& field = field_of(kKnobs[i]);
    known.emplace_back(field.name);
    if (sample::find_field(name) != &field &&
        std::find(names.begin(), names.end(), flag) == names.end())
      continue;
    values_[i] = std::move(value);
    if (field.real == &SamplingParams::temp) greedy_ = false;
    return {};
  }
  const std::string guess = nearest(std::string(name), known);
  return fail(ErrorCode::usage, "there is no parameter '{}'{}", printable(name, 40),
              guess.empty() ? "" : "; did you mean " + guess + "?");
}

std::vector<std::pair<std::string, std::string>> SamplingOptions::describe(
    const SamplingParams& params) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const Knob& knob : kKnobs) {
    const sample::Field& field = field_of(knob);
    values.emplace_back(field.name, field.real != nullptr ? fmt::format("{}", params.*field.real)
                                                          : fmt::format("{}", params.*field.whole));
  }
  values.emplace_back("seed", params.seed == sample::kRandomSeed ? "-1 (a fresh one each time)"
                                                                 : fmt::format("{}", params.seed));
  return values;
}

std::vector<std::string> SamplingOptions::dry_breakers() const {
  if (dry_breakers_.empty())
    return {std::begin(sample::kDefaultDryBreakers), std::end(sample::kDefaultDryBreakers)};
  std::vector<std::string> texts;
  for (const std::string& text : dry_breakers_) {
    if (text == "none") {
      texts.clear();
    } else {
      texts.push_back(unescape(text));
    }
  }
  return texts;
}

}  // namespace hearth::app

// SPDX-License-Identifier: Apache-2.0
#include "chat_parameters.h"

#include <fmt/format.h>

#include <charconv>

#include "base/escape.h"

namespace hearth::app {
namespace {

Result<std::int32_t> parse_limit(const std::string& value) {
  std::int32_t limit = 0;
  const char* const end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, limit);
  if (error != std::errc() || stopped != end || limit < -2)
    return fail(ErrorCode::usage, "num_predict '{}': give a number of tokens, or -1 for no limit",
                printable(value, 40));
  return limit < 0 ? -1 : limit;
}

}  // namespace

ChatParameters::ChatParameters(SamplingOptions flags, sample::SamplingParams defaults,
                               engine::Request request)
    : sampling_(std::move(flags)),
      defaults_(std::move(defaults)),
      request_(std::move(request)),
      first_sampling_(sampling_),
      first_request_(request_) {}

Result<void> ChatParameters::set(const std::string& name, const std::string& value) {
  if (name == "num_predict") {
    request_.max_tokens = TRY(parse_limit(value));
  } else if (name == "stop") {
    request_.stop = {value};
  } else if (name == "num_ctx") {
    return fail(ErrorCode::usage, "the context is made when the model is loaded: start with -c {}",
                printable(value, 20));
  } else {
    SamplingOptions changed = sampling_;
    TRY(changed.set(name, value));
    request_.sampling = TRY(changed.over(defaults_));
    request_.dry_breakers = changed.dry_breakers();
    sampling_ = std::move(changed);
  }
  set_here_[name] = value;
  return {};
}

Result<void> ChatParameters::replace(const std::map<std::string, std::string>& parameters) {
  ChatParameters fresh(first_sampling_, defaults_, first_request_);
  for (const auto& [name, value] : parameters) TRY(fresh.set(name, value));
  *this = std::move(fresh);
  return {};
}

std::string ChatParameters::to_text() const {
  std::string text;
  const auto line = [&](const std::string& name, const std::string& value) {
    text +=
        fmt::format("  {:<20}{}{}\n", name, value, set_here_.contains(name) ? "  (set here)" : "");
  };
  for (const auto& [name, value] : SamplingOptions::describe(request_.sampling)) line(name, value);
  line("num_predict", fmt::format("{}", request_.max_tokens));
  for (const std::string& stop : request_.stop) line("stop", "\"" + printable(stop) + "\"");
  return text;
}

}  // namespace hearth::app

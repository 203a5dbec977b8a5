// SPDX-License-Identifier: Apache-2.0
#include "server/router.h"

#include <algorithm>
#include <optional>

#include "base/check.h"

namespace hearth::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Cuts the front segment off; both paths start behind a '/'.
std::string_view cut_segment(std::string_view& path) {
  const std::size_t end = std::min(path.size(), path.find('/'));
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(path.size(), end + 1));
  return segment;
}

using PathParams = std::vector<std::pair<std::string_view, std::string>>;

std::optional<PathParams> fit(std::string_view pattern, std::string_view path) {
  if (pattern.find('{') == std::string_view::npos)
    return pattern == path ? std::optional(PathParams()) : std::nullopt;
  const auto n_segments = [](std::string_view text) { return std::ranges::count(text, '/'); };
  PathParams params;
  const bool takes_rest = pattern.ends_with("*}");
  if (takes_rest ? n_segments(path) < n_segments(pattern) : n_segments(path) != n_segments(pattern))
    return std::nullopt;
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  while (!pattern.empty()) {
    std::string_view wanted = cut_segment(pattern);
    if (!wanted.starts_with('{')) {
      if (cut_segment(path) != wanted) return std::nullopt;
      continue;
    }
    const std::string_view name = wanted.substr(1, wanted.find_first_of("*}") - 1);
    const std::string_view value = wanted.ends_with("*}") ? path : cut_segment(path);
    if (value.empty()) return std::nullopt;
    params.emplace_back(name, percent_decoded(value));
  }
  return params;
}

}  // namespace

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::open:
      return "open";
    case Scope::infer:
      return "infer";
    case Scope::observe:
      return "observe";
    case Scope::manage:
      return "manage";
  }
  return "?";
}

std::string_view Call::param(std::string_view name) const {
  for (const auto& [key, value] : params)
    if (key == name) return value;
  return {};
}

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) CHECK(route.path.starts_with('/') && route.handler);
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match match;
  const Method wanted = method == Method::head ? Method::get : method;
  for (const Route& route : routes_) {
    auto params = fit(route.path, path);
    if (!params) continue;
    if (route.method == wanted) return {&route, std::move(*params), {}};
    if (std::ranges::find(match.allowed, route.method) == match.allowed.end())
      match.allowed.push_back(route.method);
  }
  if (std::ranges::find(match.allowed, Method::get) != match.allowed.end())
    match.allowed.push_back(Method::head);
  return match;
}

std::string allow_text(std::span<const Method> methods) {
  std::string text;
  for (const Method method : methods) {
    if (!text.empty()) text += ", ";
    text += name_of(method);
  }
  return text;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool has_two = text[i] == '%' && i + 2 < text.size();
    const int high = has_two ? hex_digit(text[i + 1]) : -1;
    const int low = has_two ? hex_digit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace hearth::server

// SPDX-License-Identifier: Apache-2.0
#include "traffic/target.h"

#include <chrono>
#include <optional>

#include "base/escape.h"
#include "traffic/client.h"

namespace hearth::traffic {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kMaxBody = 4 << 20;

}  // namespace

std::string Target::url() const {
  return base_url + (is_chat ? "/chat/completions" : "/completions");
}

std::vector<std::string> Target::headers() const {
  if (api_key.empty()) return {};
  return {"Authorization: Bearer " + api_key};
}

std::string Target::body(const std::string& prompt, std::uint32_t n_output) const {
  Json body;
  body["model"] = model;
  if (is_chat) {
    Json message;
    message["role"] = "user";
    message["content"] = prompt;
    body["messages"].push_back(std::move(message));
  } else {
    body["prompt"] = prompt;
  }
  body["max_tokens"] = n_output;
  body["temperature"] = 0;
  body["stream"] = true;
  body["stream_options"]["include_usage"] = true;
  if (ignores_end) body["ignore_eos"] = true;
  if (extra.is_object()) body.update(extra);
  return to_json_text(body);
}

Result<std::string> parse_base_url(std::string_view text) {
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f; };
  std::string url(text);
  if (url.find("://") == std::string::npos) url = "http://" + url;
  while (url.ends_with('/')) url.pop_back();
  const bool is_known = url.starts_with("http://") || url.starts_with("https://");
  if (!is_known || url.ends_with(':') || url.find_first_of("?#@") != std::string::npos ||
      !std::ranges::all_of(url, is_plain))
    return fail(ErrorCode::usage, "'{}': give a server's address, as http://127.0.0.1:8080",
                printable(text, 200));
  if (!url.ends_with("/v1")) url += "/v1";
  return url;
}

Result<std::string> find_model(const Target& target) {
  const std::string url = target.base_url + "/models";
  std::string body;
  std::optional<TransferEnd> end;
  Client client({.headers = target.headers()},
                {.bytes =
                     [&](TransferId, int, std::string_view bytes) {
                       body += bytes.substr(0, kMaxBody - std::min(kMaxBody, body.size()));
                     },
                 .end = [&](TransferId, const TransferEnd& how) { end = how; }});
  client.begin(1, url, "");
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!end && std::chrono::steady_clock::now() < deadline)
    client.run(std::chrono::milliseconds(100));
  if (!end) return fail(ErrorCode::failed, "{}: no answer within {} s", url, kPatience.count());
  if (!end->failure.empty()) return fail(ErrorCode::failed, "{}: {}", url, printable(end->failure));
  if (end->status != 200)
    return fail(ErrorCode::failed, "{}: HTTP {}; say which model with -m", url, end->status);
  const auto json = parse_json(body);
  if (json && json->is_object()) {
    const Json data = json->value("data", Json());
    if (data.is_array() && !data.empty() && data.front().is_object()) {
      const Json id = data.front().value("id", Json());
      if (id.is_string()) return id.get<std::string>();
    }
  }
  return fail(ErrorCode::not_found, "{}: it lists no model; say which with -m", url);
}

}  // namespace hearth::traffic

// SPDX-License-Identifier: Apache-2.0
#include "traffic/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "base/json.h"

namespace hearth::traffic {
namespace {

constexpr std::size_t kMaxErrorBody = 16 << 10;

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

bool has_text(const Json& object, const char* name) {
  const Json* text = member(object, name);
  return text != nullptr && text->is_string() && !text->get_ref<const std::string&>().empty();
}

bool brings_text(const Json& choice) {
  if (has_text(choice, "text")) return true;
  const Json* delta = member(choice, "delta");
  if (delta == nullptr) return false;
  const Json* calls = member(*delta, "tool_calls");
  return has_text(*delta, "content") || has_text(*delta, "reasoning_content") ||
         has_text(*delta, "reasoning") || (calls != nullptr && !calls->empty());
}

std::uint32_t count_in(const Json& usage, const char* name) {
  const Json* count = member(usage, name);
  if (count == nullptr || !count->is_number_unsigned()) return 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(count->get<std::uint64_t>(), UINT32_MAX));
}

// OpenAI's {"error": {"message"}}, or {"error": "..."}, or what was sent, as it is.
std::string message_of(std::string_view body) {
  const auto json = parse_json(body);
  const Json* error = json ? member(*json, "error") : nullptr;
  if (error != nullptr && error->is_string()) return printable(error->get<std::string>());
  const Json* message = error == nullptr ? nullptr : member(*error, "message");
  if (message != nullptr && message->is_string()) return printable(message->get<std::string>());
  return printable(body);
}

}  // namespace

void AnswerReader::fail(std::string error, std::string reason) {
  if (!answer_.error.empty()) return;  // the first one is the cause
  answer_.error = std::move(error);
  answer_.reason = std::move(reason);
}

void AnswerReader::take_bytes(int status, std::string_view bytes, double at) {
  if (status < 200 || status > 299) {
    error_body_ += bytes.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, error_body_.size()));
    return;
  }
  if (!events_.feed(bytes, [&](std::string_view data) { take_event(data, at); }))
    fail("broken stream", "an event without an end");
}

void AnswerReader::take_event(std::string_view data, double at) {
  last_event_at_ = at;
  if (data == "[DONE]") {
    has_end_ = true;
    return;
  }
  const auto chunk = parse_json(data);
  if (!chunk) return fail("broken stream", "an event that is not JSON");
  if (member(*chunk, "error") != nullptr) return fail("error event", message_of(data));
  if (const Json* usage = member(*chunk, "usage"); usage != nullptr && usage->is_object()) {
    answer_.has_usage = true;
    answer_.n_prompt = count_in(*usage, "prompt_tokens");
    answer_.n_output = count_in(*usage, "completion_tokens");
    if (const Json* details = member(*usage, "prompt_tokens_details"))
      answer_.n_cached = count_in(*details, "cached_tokens");
  }
  const Json* choices = member(*chunk, "choices");
  if (choices == nullptr || !choices->is_array()) return;
  bool is_text = false;
  for (const Json& choice : *choices) {
    is_text = is_text || brings_text(choice);
    has_end_ = has_end_ || member(choice, "finish_reason") != nullptr;
  }
  if (is_text) answer_.text_at.push_back(at);
}

Answer AnswerReader::finish(int status, std::string_view failure, double at) {
  answer_.end_at = has_end_ ? last_event_at_ : at;
  if (status >= 300) {
    fail(fmt::format("HTTP {}", status), message_of(error_body_));
  } else if (status == 0) {
    fail("no answer", printable(failure));
  } else if (!has_end_) {
    fail("broken stream", failure.empty() ? "it ended before the answer" : printable(failure));
  } else if (!answer_.has_usage) {
    answer_.n_output = static_cast<std::uint32_t>(answer_.text_at.size());
  }
  return std::move(answer_);
}

}  // namespace hearth::traffic

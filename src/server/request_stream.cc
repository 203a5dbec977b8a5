// SPDX-License-Identifier: Apache-2.0
#include "server/request_stream.h"

#include <iterator>
#include <utility>

namespace hearth::server {
namespace {

// Whether the second could be said together with the first.
bool continues(const wire::Text& first, const wire::Text& second) {
  return first.is_reasoning == second.is_reasoning;
}

void append(wire::Text& to, wire::Text&& more) {
  to.text += more.text;
  to.tokens.insert(to.tokens.end(), more.tokens.begin(), more.tokens.end());
  std::move(more.positions.begin(), more.positions.end(), std::back_inserter(to.positions));
}

}  // namespace

bool ends_request(const wire::ToFront& event) {
  return std::holds_alternative<wire::Finished>(event) ||
         std::holds_alternative<wire::Failed>(event) ||
         std::holds_alternative<wire::Tokens>(event) ||
         std::holds_alternative<wire::Rendered>(event) ||
         std::holds_alternative<wire::Embedding>(event);
}

wire::RequestId request_of(const wire::ToFront& event) {
  return std::visit(
      [](const auto& message) -> wire::RequestId {
        if constexpr (requires { message.id; }) {
          return message.id;
        } else {
          return 0;
        }
      },
      event);
}

RequestStream::~RequestStream() {
  if (!has_ended_ && gone_) gone_();
}

void RequestStream::on_news(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  if (!events_.empty()) wake_();
}

std::vector<wire::ToFront> RequestStream::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

std::vector<wire::ToFront> RequestStream::take_within(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  has_events_.wait_for(lock, patience, [this] { return !events_.empty(); });
  return std::exchange(events_, {});
}

void RequestStream::push(wire::ToFront event) {
  const std::lock_guard lock(mutex_);
  if (has_ended_) return;
  has_ended_ = ends_request(event);
  auto* more = std::get_if<wire::Text>(&event);
  auto* last = events_.empty() ? nullptr : std::get_if<wire::Text>(&events_.back());
  if (more != nullptr && last != nullptr && continues(*last, *more)) {
    append(*last, std::move(*more));
    return;  // the reader has not come for the first part yet
  }
  events_.push_back(std::move(event));
  has_events_.notify_one();
  if (wake_) wake_();
}

}  // namespace hearth::server
